package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
)

// keptMetrics are of the outbox, what is durable of the alerts.
var keptMetrics = [...]metric[outbox.Stats]{
	total("outbox_appended_alerts_total", "Alerts made durable.", func(s *outbox.Stats) uint64 { return s.Appended }),
	total("outbox_syncs_total", "Times that the disk was asked to keep them.", func(s *outbox.Stats) uint64 { return s.Syncs }),
	total("outbox_late_batches_total", "Batches that the run went on without, as the disk was slow.", func(s *outbox.Stats) uint64 { return s.Late }),
	total("outbox_failures_total", "Writes that the disk refused; each was tried again in a new file.", func(s *outbox.Stats) uint64 { return s.Failures }),
	total("outbox_too_large_alerts_total", "Alerts past 16 MiB, never taken.", func(s *outbox.Stats) uint64 { return s.TooLarge }),
	total("outbox_repaired_bits_total", "Flipped bits found and put right.", func(s *outbox.Stats) uint64 { return s.Repaired }),
	total("outbox_damaged_total", "Stretches of a file that could not be read any more.", func(s *outbox.Stats) uint64 { return s.Damaged }),
	total("outbox_torn_bytes_total", "Bytes of writes that never ended.", func(s *outbox.Stats) uint64 { return s.Torn }),
	gauge("outbox_pending_bytes", "Alerts in memory that are not durable yet.", func(s *outbox.Stats) float64 { return float64(s.Pending) }),
	gauge("outbox_bytes", "Size on disk.", func(s *outbox.Stats) float64 { return float64(s.Bytes) }),
	gauge("outbox_alerts", "Alerts on disk.", func(s *outbox.Stats) float64 { return float64(s.Records) }),
	gauge("outbox_failing", "Whether the disk refuses to write.", func(s *outbox.Stats) float64 { return number(s.Failing != "") }),
}

// targetMetrics are of one target that alerts are delivered to.
var targetMetrics = [...]metric[sink.SinkStats]{
	total("delivered_alerts_total", "Alerts that the target took.", func(s *sink.SinkStats) uint64 { return s.Sent }, "sink"),
	total("delivery_cut_alerts_total", "Of them, those whose evidence was cut to fit.", func(s *sink.SinkStats) uint64 { return s.Cut }, "sink"),
	total("delivery_refused_alerts_total", "Alerts that the target will never take.", func(s *sink.SinkStats) uint64 { return s.Refused }, "sink"),
	total("delivery_retries_total", "Times that a batch was tried again.", func(s *sink.SinkStats) uint64 { return s.Retried }, "sink"),
	total("delivery_missed_alerts_total", "Alerts that left the outbox before the target had them.", func(s *sink.SinkStats) uint64 { return s.Lag.Missed }, "sink"),
	total("delivery_broken_cursors_total", "Times that the place in the outbox could not be written.", func(s *sink.SinkStats) uint64 { return s.Lag.Broken }, "sink"),
	gauge("delivery_lag_alerts", "Alerts that wait for the target.", func(s *sink.SinkStats) float64 { return float64(s.Lag.Alerts) }, "sink"),
	gauge("delivery_lag_bytes", "Their size.", func(s *sink.SinkStats) float64 { return float64(s.Lag.Bytes) }, "sink"),
	gauge("delivery_lag_seconds", "Age of the oldest of them.", func(s *sink.SinkStats) float64 { return s.Lag.Age.Round(time.Millisecond).Seconds() }, "sink"),
	gauge("delivery_failing", "Whether the target does not take alerts now.", func(s *sink.SinkStats) float64 { return number(s.Failing != "") }, "sink"),
}

var (
	shedDesc     = describe("outbox_shed_alerts_total", "Alerts let go for want of room or for their age before every target had them.", "reason", "kind")
	failuresDesc = describe("delivery_errors_total", "Failed deliveries, by cause.", "sink", "cause")
)

// delivering gives what stands in the outbox, and what becomes of it.
func delivering(o *sink.Outbox, out chan<- prometheus.Metric, count func(d *prometheus.Desc, n uint64, labels ...string)) {
	kept, targets := o.Stats()
	for i := range keptMetrics {
		keptMetrics[i].send(out, &kept)
	}
	for _, why := range []struct {
		reason string
		of     outbox.Kinds
	}{{"room", kept.Shed}, {"age", kept.Expired}} {
		count(shedDesc, why.of.Openings, why.reason, "opening")
		count(shedDesc, why.of.Updates, why.reason, "update")
		count(shedDesc, why.of.Closings, why.reason, "closing")
	}
	for i := range targets {
		t := &targets[i]
		for m := range targetMetrics {
			targetMetrics[m].send(out, t, t.Name)
		}
		for _, c := range sink.Causes() {
			count(failuresDesc, t.Errors[c], t.Name, c.String())
		}
	}
}
