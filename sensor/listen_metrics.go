package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"auscult/detectors"
	"auscult/sensor/capture"
)

// metrics is a registry of what w knows, of the Go runtime's memory and of the process. Labels are interfaces of this
// machine, severities, detectors, causes and tables, all of them few; nothing of what was seen on the line is in them.
func metrics(w *watch) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(&exporter{w}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// metric is one counter or gauge of an S, whose labels are those that its function of values gives.
type metric[S any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*S) float64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("auscult_"+name, help, labels, nil)
}

func total[S any](name, help string, of func(*S) uint64, labels ...string) metric[S] {
	return metric[S]{describe(name, help, labels...), prometheus.CounterValue, func(s *S) float64 { return float64(of(s)) }}
}

func gauge[S any](name, help string, of func(*S) float64, labels ...string) metric[S] {
	return metric[S]{describe(name, help, labels...), prometheus.GaugeValue, of}
}

// send gives the metric of s.
func (m *metric[S]) send(out chan<- prometheus.Metric, s *S, labels ...string) {
	out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(s), labels...)
}

var linkMetrics = [...]metric[capture.InterfaceStats]{
	total("capture_received_packets_total", "Packets that passed the filter, by the kernel's count; those it dropped too.",
		func(i *capture.InterfaceStats) uint64 { return i.Received }, "interface"),
	total("capture_packets_total", "Packets taken from the interface.",
		func(i *capture.InterfaceStats) uint64 { return i.Packets }, "interface"),
	total("capture_bytes_total", "Bytes of them, as captured.", func(i *capture.InterfaceStats) uint64 { return i.Bytes }, "interface"),
	total("capture_dropped_packets_total", "Packets that the kernel dropped, as the ring was full.",
		func(i *capture.InterfaceStats) uint64 { return i.Dropped }, "interface"),
	total("capture_missed_packets_total", "Packets that the card lost, or the kernel on the way to the ring.",
		func(i *capture.InterfaceStats) uint64 { return i.Missed }, "interface"),
	total("capture_freezes_total", "Times the ring was full.", func(i *capture.InterfaceStats) uint64 { return i.Freezes }, "interface"),
	total("capture_tagged_packets_total", "Packets with a VLAN tag that the kernel had taken out.",
		func(i *capture.InterfaceStats) uint64 { return i.Tagged }, "interface"),
	total("capture_giant_packets_total", "Packets that offloading made of several.",
		func(i *capture.InterfaceStats) uint64 { return i.Giant }, "interface"),
	total("capture_cut_packets_total", "Packets cut by the snap length.",
		func(i *capture.InterfaceStats) uint64 { return i.Cut }, "interface"),
	total("capture_card_stamped_packets_total", "Packets stamped by the network card.",
		func(i *capture.InterfaceStats) uint64 { return i.Hardware }, "interface"),
	total("capture_downs_total", "Times the interface went down or away.",
		func(i *capture.InterfaceStats) uint64 { return i.Downs }, "interface"),
	gauge("capture_ring_blocks", "Blocks of the interface's rings.",
		func(i *capture.InterfaceStats) float64 { return float64(i.Blocks) }, "interface"),
	gauge("capture_ring_blocks_waiting", "Of them, those that wait to be read or are being read.",
		func(i *capture.InterfaceStats) float64 { return float64(i.Waiting) }, "interface"),
	gauge("capture_up", "Whether the interface is up.", func(i *capture.InterfaceStats) float64 { return number(i.Up) }, "interface"),
}

var watchMetrics = [...]metric[watch]{
	total("packets_total", "Packets that the pipeline has read.", func(w *watch) uint64 { return w.prog.Packets.Load() }),
	total("bytes_total", "Bytes of them.", func(w *watch) uint64 { return w.prog.Bytes.Load() }),
	total("calls_total", "HTTP calls that are over.", func(w *watch) uint64 { return w.prog.Calls.Load() }),
	gauge("lag_seconds", "How far packet time is behind the clock.", func(w *watch) float64 { return w.lag().Seconds() }),
	gauge("ready", "Whether it captures and its outputs are open.", func(w *watch) float64 { return number(w.unready() == "") }),
}

var (
	lostDesc   = describe("lost_total", "What was lost, or not taken as it was, by cause.", "interface", "cause", "unit")
	alertsDesc = describe("alerts_total", "Messages about incidents, by severity.", "severity")
	buildDesc  = describe("build_info", "The version that runs.", "version")
)

// exporter reads the counters when it is asked.
type exporter struct{ w *watch }

// Describe tells nothing ahead, which makes the registry check what Collect gives instead.
func (e *exporter) Describe(chan<- *prometheus.Desc) {}

// Collect gives every counter as it stands; those of the pipeline's stages are those of its newest sample.
func (e *exporter) Collect(out chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	stats := e.w.src.Stats()
	for n := range stats.Interfaces {
		i := &stats.Interfaces[n]
		for m := range linkMetrics {
			linkMetrics[m].send(out, i, i.Name)
		}
		for _, c := range interfaceLosses {
			count(lostDesc, *c.of(i), i.Name, c.name, c.unit)
		}
	}
	for _, c := range clockLosses {
		count(lostDesc, *c.of(&stats), "", c.name, c.unit)
	}
	for i := range watchMetrics {
		watchMetrics[i].send(out, e.w)
	}
	for s := detectors.Informational; s <= detectors.Critical; s++ {
		count(alertsDesc, e.w.sinks.alerts(s), strings.ToLower(s.String()))
	}
	out <- prometheus.MustNewConstMetric(buildDesc, prometheus.GaugeValue, 1, version())
	e.w.sampled(out, count)
	if e.w.memory != nil {
		for i := range memoryMetrics {
			memoryMetrics[i].send(out, e.w.memory)
		}
	}
	if e.w.outbox != nil {
		delivering(e.w.outbox, out, count)
	}
	if e.w.out != nil {
		e.w.out.publishing(out)
	}
	if e.w.page != nil {
		paged(e.w.page, out)
	}
}

// text is every counter that is not zero in a line of its own, named as in /metrics.
func (w *watch) text() ([]byte, error) {
	r := prometheus.NewRegistry()
	r.MustRegister(&exporter{w})
	families, err := r.Gather()
	var b []byte
	for _, f := range families {
		for _, m := range f.Metric {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() // it is one of them
			if value == 0 {
				continue
			}
			var labels []string
			for _, l := range m.Label {
				if l.GetValue() != "" {
					labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
				}
			}
			b = append(b, f.GetName()...)
			if len(labels) > 0 {
				b = fmt.Appendf(b, "{%s}", strings.Join(labels, ","))
			}
			b = fmt.Appendf(b, " %s\n", strconv.FormatFloat(value, 'f', -1, 64))
		}
	}
	return b, err
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
