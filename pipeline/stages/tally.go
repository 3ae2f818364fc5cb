package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// stages are the stages in the order in which a packet meets them, each with the packages that it owns. Longer names come
// first where one begins with another.
var stages = []struct {
	name, does string
	packages   []string
}{
	{"read", "records of the capture, handed to the worker", []string{"auscult/replay", "auscult/pipeline/lanes", "auscult/sensor/bpf"}},
	{"packet", "link layers, tunnels, IP, TCP header", []string{"auscult/sensor/packet"}},
	{"tcp", "connections, order, loss, repeats", []string{"auscult/sensor/tcp"}},
	{"http", "heads, framing, pairing", []string{"auscult/sensor/http/http1", "auscult/sensor/http/http2", "auscult/sensor/http/websocket",
		"auscult/sensor/hl7", "auscult/sensor/tls", "auscult/sensor/http"}},
	{"decode", "content codings", []string{"auscult/sensor/http/inflate", "github.com/klauspost/compress", "github.com/andybalholm/brotli"}},
	{"phi", "bodies scanned for health data and patients", []string{"auscult/sensor/phi"}},
	{"call", "who, what, which objects, with what result", []string{"auscult/sensor/call", "auscult/sensor/extract", "auscult/sensor/inject",
		"auscult/sensor/openapi", "github.com/dgraph-io/ristretto"}},
	{"detect", "every detector, incidents", []string{"auscult/detectors", "auscult/pipeline/alert", "github.com/axiomhq/hyperloglog"}},
	{"write", "findings encoded and written", []string{"auscult/pipeline/ocsf", "auscult/pipeline/sink", "auscult/sensor/pseudonym"}},
	{"rest", "merge of the workers, garbage, start", nil},
}

// tally sums measures of one capture.
type tally struct {
	cpu                   time.Duration // the least
	packets, bytes, calls int64
	spent                 []int64 // by stage, in all profiles
	total                 int64
}

func (t *tally) add(m measure) {
	if t.cpu == 0 || m.CPU < t.cpu {
		t.cpu = m.CPU
	}
	t.packets, t.bytes, t.calls = m.Packets, m.Bytes, m.Calls
	if t.spent == nil {
		t.spent = make([]int64, len(stages))
	}
	last := len(m.profile.SampleType) - 1 // nanoseconds
	for _, s := range m.profile.Sample {
		t.spent[stageOf(s)] += s.Value[last]
		t.total += s.Value[last]
	}
}

// stageOf is the stage that owns the innermost frame of a sample; the last one when none does.
func stageOf(s *profile.Sample) int {
	for _, at := range s.Location { // the leaf comes first
		for _, line := range at.Line { // and in a location what was inlined
			if line.Function == nil {
				continue
			}
			if i := owner(packageOf(line.Function.Name)); i >= 0 {
				return i
			}
		}
	}
	return len(stages) - 1
}

// packageOf is the import path in the name of a function: auscult/sensor/tcp.(*Table).Segment.
func packageOf(function string) string {
	slash := strings.LastIndexByte(strings.SplitN(function, "[", 2)[0], '/') + 1
	name, _, _ := strings.Cut(function[slash:], ".")
	return function[:slash] + name
}

// owner is the stage of a package, -1 for those that work for several.
func owner(pkg string) int {
	best, length := -1, 0
	for i, s := range stages {
		for _, p := range s.packages {
			if (pkg == p || strings.HasPrefix(pkg, p+"/")) && len(p) > length {
				best, length = i, len(p)
			}
		}
	}
	return best
}

// table is the table as Markdown. read is the time of a bare memory read of the capture.
func (t *tally) table(command string, read time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d packets, %d exchanges, %d MB: %.2f CPU s, %.0f exchanges and %.0f Mbit a CPU second (`%s`).\n\n", t.packets, t.calls,
		t.bytes/1e6, t.cpu.Seconds(), float64(t.calls)/t.cpu.Seconds(), float64(t.bytes)*8/1e6/t.cpu.Seconds(), command)
	b.WriteString("| stage | what it does | share | ns a packet | ns an exchange | times a bare memory read |\n|---|---|--:|--:|--:|--:|\n")
	row := func(name, does string, cost float64) {
		fmt.Fprintf(&b, "| %s | %s | %.1f %% | %.0f | %.0f | %.1f |\n", name, does, 100*cost/float64(t.cpu), cost/float64(t.packets), cost/float64(t.calls),
			cost/float64(read))
	}
	for i, s := range stages {
		row(s.name, s.does, float64(t.cpu)*float64(t.spent[i])/float64(t.total))
	}
	row("all", "", float64(t.cpu))
	row("a bare memory read", "of the capture's bytes, eight at a time", float64(read))
	return b.String()
}
