package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
)

// publishedMetrics are of the calls that are sent to be judged elsewhere.
var publishedMetrics = [...]metric[publication]{
	total("published_calls_total", "Calls handed over to be judged by auscult detect.", func(p *publication) uint64 { return p.Calls }),
	total("published_batches_total", "Batches that they were sealed in.", func(p *publication) uint64 { return p.Batches }),
	total("published_bytes_total", "Size of these.", func(p *publication) uint64 { return p.Bytes }),
}

// spoolMetrics are of the batches that wait for the brokers.
var spoolMetrics = [...]metric[outbox.Stats]{
	total("spool_shed_batches_total", "Batches let go for want of room or for their age before the brokers had them.", func(s *outbox.Stats) uint64 {
		return s.Shed.Total() + s.Expired.Total()
	}),
	gauge("spool_bytes", "Calls on disk.", func(s *outbox.Stats) float64 { return float64(s.Bytes) }),
	gauge("spool_failing", "Whether the disk refuses to write.", func(s *outbox.Stats) float64 { return number(s.Failing != "") }),
}

// sendingMetrics are of their way to the brokers.
var sendingMetrics = [...]metric[sink.SinkStats]{
	total("sent_batches_total", "Batches that the brokers took.", func(s *sink.SinkStats) uint64 { return s.Sent }),
	total("sending_refused_batches_total", "Batches that the brokers will never take.", func(s *sink.SinkStats) uint64 { return s.Refused }),
	gauge("sending_lag_batches", "Batches that wait for the brokers.", func(s *sink.SinkStats) float64 { return float64(s.Lag.Alerts) }),
	gauge("sending_lag_seconds", "Age of the oldest of them.", func(s *sink.SinkStats) float64 { return s.Lag.Age.Round(time.Millisecond).Seconds() }),
	gauge("sending_failing", "Whether the brokers do not take calls now.", func(s *sink.SinkStats) float64 { return number(s.Failing != "") }),
}

// publishing gives what became of the calls that are published, if they are.
func (o *outputs) publishing(out chan<- prometheus.Metric) {
	p := o.publication()
	if p == nil {
		return
	}
	for i := range publishedMetrics {
		publishedMetrics[i].send(out, p)
	}
	kept, targets := o.spool.Stats()
	for i := range spoolMetrics {
		spoolMetrics[i].send(out, &kept)
	}
	for i := range sendingMetrics {
		sendingMetrics[i].send(out, &targets[0])
	}
}
