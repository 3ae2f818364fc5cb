package main

import (
	"strings"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/inventory"
	"auscult/sensor/page"
)

// finds shows endpoints that the inventory holds anew. It is asked on the goroutine that owns it.
type finds struct {
	pipeline.Watcher
	apis  *inventory.Inventory
	page  *page.Page
	known int
}

// Watch shows them, and asks the watcher within.
func (f *finds) Watch(dst []alert.Alert, s *pipeline.Sample) []alert.Alert {
	if f.apis.Len() > f.known {
		fresh := f.apis.Fresh(f.known)
		list := make([]page.Endpoint, 0, len(fresh))
		for i := range fresh {
			list = append(list, foundOf(&fresh[i]))
		}
		f.known = f.apis.Len()
		f.page.Found(list, f.known)
	}
	return f.Watcher.Watch(dst, s)
}

// foundOf is one of the inventory, as the page shows it.
func foundOf(e *inventory.Endpoint) page.Endpoint {
	first, _ := time.Parse(time.RFC3339Nano, e.First) // it was written so
	out := page.Endpoint{At: first.UnixMilli(), Call: strings.TrimSpace(e.Method + " " + e.Route), Host: e.Host, Why: e.Why, PHI: e.Classes}
	if e.State != inventory.Unjudged {
		out.State = string(e.State)
	}
	for _, a := range e.Authentication {
		out.Auth = append(out.Auth, a.Name)
	}
	return out
}
