package main

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"auscult/detectors"
	"auscult/sensor/capture"
)

// metrics is a registry of what w knows, of the Go runtime's memory and of the process. Labels are interfaces of this
// machine, severities and causes, all of them few; nothing of what was seen on the line is in them.
func metrics(w *watch) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(newExporter(w), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// exporter reads the counters when it is asked.
type exporter struct {
	w                                        *watch
	received, packets, bytes, drops, freezes *prometheus.Desc
	tagged, hardware, up                     *prometheus.Desc
	calls, alerts, lost, lag, ready          *prometheus.Desc
	read, readBytes                          *prometheus.Desc
	build                                    *prometheus.Desc
}

func newExporter(w *watch) *exporter {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("auscult_"+name, help, labels, nil)
	}
	return &exporter{
		w:         w,
		received:  desc("capture_received_packets_total", "Packets that passed the filter, by the kernel's count; those it dropped too.", "interface"),
		packets:   desc("capture_packets_total", "Packets taken from the interface.", "interface"),
		bytes:     desc("capture_bytes_total", "Bytes of them, as captured.", "interface"),
		drops:     desc("capture_dropped_packets_total", "Packets that the kernel dropped, as the ring was full.", "interface"),
		freezes:   desc("capture_freezes_total", "Times the ring was full.", "interface"),
		tagged:    desc("capture_tagged_packets_total", "Packets with a VLAN tag that the kernel had taken out.", "interface"),
		hardware:  desc("capture_card_stamped_packets_total", "Packets stamped by the network card.", "interface"),
		up:        desc("capture_up", "Whether the interface is up.", "interface"),
		lost:      desc("lost_total", "What was lost, or not taken as it was, by cause.", "interface", "cause", "unit"),
		read:      desc("packets_total", "Packets that the pipeline has read."),
		readBytes: desc("bytes_total", "Bytes of them."),
		calls:     desc("calls_total", "HTTP calls that are over."),
		alerts:    desc("alerts_total", "Messages about incidents, by severity.", "severity"),
		lag:       desc("lag_seconds", "How far packet time is behind the clock."),
		ready:     desc("ready", "Whether it captures and its outputs are open."),
		build:     desc("build_info", "The version that runs.", "version"),
	}
}

// Describe tells nothing ahead, which makes the registry check what Collect gives instead.
func (e *exporter) Describe(chan<- *prometheus.Desc) {}

// Collect gives every counter as it stands.
func (e *exporter) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	total := func(d *prometheus.Desc, n uint64, labels ...string) {
		send(d, prometheus.CounterValue, float64(n), labels...)
	}
	stats := e.w.src.Stats()
	for n := range stats.Interfaces {
		e.link(&stats.Interfaces[n], total, send)
	}
	for _, c := range clockLosses {
		total(e.lost, *c.of(&stats), "", c.name, c.unit)
	}
	total(e.read, e.w.prog.Packets.Load())
	total(e.readBytes, e.w.prog.Bytes.Load())
	total(e.calls, e.w.prog.Calls.Load())
	for s := detectors.Informational; s <= detectors.Critical; s++ {
		total(e.alerts, e.w.sinks.alerts(s), strings.ToLower(s.String()))
	}
	send(e.lag, prometheus.GaugeValue, e.w.lag().Seconds())
	send(e.ready, prometheus.GaugeValue, number(e.w.unready() == ""))
	send(e.build, prometheus.GaugeValue, 1, version())
}

// link gives the counters of one interface.
func (e *exporter) link(i *capture.InterfaceStats, total func(*prometheus.Desc, uint64, ...string),
	send func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
	total(e.received, i.Received, i.Name)
	total(e.packets, i.Packets, i.Name)
	total(e.bytes, i.Bytes, i.Name)
	total(e.drops, i.Dropped, i.Name)
	total(e.freezes, i.Freezes, i.Name)
	total(e.tagged, i.Tagged, i.Name)
	total(e.hardware, i.Hardware, i.Name)
	send(e.up, prometheus.GaugeValue, number(i.Up), i.Name)
	for _, c := range interfaceLosses {
		total(e.lost, *c.of(i), i.Name, c.name, c.unit)
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
