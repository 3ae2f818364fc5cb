package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"auscult/sensor/page"
)

// pageMetrics are of the live page.
var pageMetrics = [...]metric[page.Counts]{
	gauge("page_clients", "Browsers that follow the live page.", func(c *page.Counts) float64 { return float64(c.Clients) }),
	gauge("page_incidents", "Incidents that it keeps.", func(c *page.Counts) float64 { return float64(c.Kept) }),
	total("page_left_incidents_total", "Incidents that had to go for want of room.", func(c *page.Counts) uint64 { return c.Left }),
	total("page_messages_total", "Messages handed to browsers.", func(c *page.Counts) uint64 { return c.Messages }),
	total("page_slow_clients_total", "Browsers let go, as they were too slow.", func(c *page.Counts) uint64 { return c.Slow }),
	total("page_busy_total", "Requests refused, as there were too many.", func(c *page.Counts) uint64 { return c.Full }),
	total("page_logins_total", "Logins.", func(c *page.Counts) uint64 { return c.Logins }),
	total("page_denied_total", "Requests refused for want of a token, or of its role.", func(c *page.Counts) uint64 { return c.Denied }),
	total("page_foreign_total", "Requests refused, as they came from another site or under another name.", func(c *page.Counts) uint64 { return c.Foreign }),
	total("page_expected_total", "Incidents marked as expected.", func(c *page.Counts) uint64 { return c.Allowed }),
}

// paged gives what the page counts.
func paged(p *page.Page, out chan<- prometheus.Metric) {
	c := p.Counts()
	for i := range pageMetrics {
		pageMetrics[i].send(out, &c)
	}
}
