package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"auscult/internal/whole"
)

func TestOwner(t *testing.T) {
	for function, want := range map[string]string{
		"auscult/sensor/tcp.(*Table).Segment":                                        "tcp",
		"auscult/sensor/http/http1.(*Parser).fields":                                 "http",
		"auscult/sensor/http/inflate.(*Decoder).Write":                               "decode",
		"github.com/klauspost/compress/flate.(*decompressor).huffSym":                "decode",
		"auscult/sensor/call.hash[go.shape.[]uint8]":                                 "call",
		"slices.BinarySearch[go.shape.[]auscult/sensor/call.Object,go.shape.uint64]": "",
		"auscult/detectors/stats.(*Set).add":                                         "detect",
		"auscult/pipeline/lanes.(*Lane).Next":                                        "read",
		"auscult/pipeline.(*worker).run":                                             "",
		"auscult/sensor/fhir.lookup":                                                 "",
		"runtime.memmove":                                                            "",
	} {
		got := ""
		if i := owner(packageOf(function)); i >= 0 {
			got = stages[i].name
		}
		if got != want {
			t.Errorf("%s belongs to %q, want %q", function, got, want)
		}
	}
}

// TestTable lays what the runtime does to whoever asked for it, and what nobody asked for to the rest.
func TestTable(t *testing.T) {
	at := func(names ...string) (out []*profile.Location) {
		for _, n := range names {
			out = append(out, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: n}}}})
		}
		return out
	}
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples"}, {Type: "cpu"}}, Sample: []*profile.Sample{
		{Location: at("runtime.memmove", "auscult/sensor/tcp.put", "auscult/pipeline.(*worker).run"), Value: []int64{3, 300}},
		{Location: at("runtime.gcDrain"), Value: []int64{1, 100}},
	}}
	var sum tally
	sum.add(measure{whole.Run{CPU: 3 * time.Second, Packets: 1000, Calls: 100, Bytes: 1e6}, p})
	sum.add(measure{whole.Run{CPU: 2 * time.Second, Packets: 1000, Calls: 100, Bytes: 1e6}, p})
	text := sum.table("the command", 10*time.Millisecond)
	for _, want := range []string{"2.00 CPU s", "| tcp | connections, order, loss, repeats | 75.0 % | 1500000 | 15000000 | 150.0 |", "| rest |", "| 25.0 % | 500000 |",
		"| phi | bodies scanned for health data and patients | 0.0 % | 0 | 0 | 0.0 |", "`the command`"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.md")
	if err := os.WriteFile(path, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "before\n"+begin+"new\n"+end+"after\n" {
		t.Errorf("%q", b)
	}
	if err := os.WriteFile(path, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, "new\n"); err == nil {
		t.Error("a file without marks is taken")
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"-n", "0", "a"}} {
		if err := run(args, new(strings.Builder), new(strings.Builder)); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if _, err := memoryRead(1 << 20); err != nil {
		t.Error(err)
	}
}
