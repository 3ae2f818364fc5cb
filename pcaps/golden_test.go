// Package pcaps holds one folder for each case: traffic.pcap, the calls and alerts that must come out of it, and
// a README that says what happened. The test runs every case through the whole sensor, with several numbers of
// workers, from the file and from a fake live source, and compares bytes.
package pcaps

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"auscult/pipeline"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/pseudonym"
)

var update = flag.Bool("update", false, "rewrite calls.jsonl and alerts.jsonl")

// key is that of the golden files: pseudonyms depend on it.
var key = bytes.Repeat([]byte("auscult golden.."), 2)

// cases are the folders of all cases, every third in short mode.
func cases(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*/traffic.pcap")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var names []string
	for i := range paths {
		if i%3 == 0 || !testing.Short() { // the race detector and an emulated processor take ten times as long
			names = append(names, filepath.Dir(paths[i]))
		}
	}
	return names
}

// run is one whole run over src, with what it wrote.
func run(t *testing.T, cfg pipeline.Config, src pipeline.Source) (calls, alerts []byte, stats pipeline.Stats) {
	t.Helper()
	keyer, err := pseudonym.FromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Alert.Keys = keyer
	names := &pseudonym.Names{Keys: keyer}
	dir := t.TempDir()
	callLog, err := sink.OpenCallLog(filepath.Join(dir, "calls.jsonl"), names, 0)
	if err != nil {
		t.Fatal(err)
	}
	meta := ocsf.Meta{Version: "golden", Tenant: "default", Sensor: "test"}
	file, err := sink.OpenFile(filepath.Join(dir, "alerts.jsonl"), names, meta)
	if err != nil {
		t.Fatal(err)
	}
	stats, err = pipeline.Run(context.Background(), cfg, src, pipeline.Output{Alerts: []pipeline.Sink{file}, Calls: callLog}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, filepath.Join(dir, "calls.jsonl")), read(t, filepath.Join(dir, "alerts.jsonl")), stats
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGolden(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(name, "traffic.pcap")
			for i, workers := range []int{1, 2, 3, 8} {
				cfg := pipeline.Defaults()
				cfg.Workers = workers
				calls, alerts, stats := run(t, cfg, replay.New(replay.Defaults(), path))
				if stats.Calls == 0 {
					t.Fatal("no calls")
				}
				if i == 0 && *update {
					write(t, filepath.Join(name, "calls.jsonl"), calls)
					write(t, filepath.Join(name, "alerts.jsonl"), alerts)
				}
				same(t, fmt.Sprintf("calls, %d workers", workers), calls, read(t, filepath.Join(name, "calls.jsonl")))
				same(t, fmt.Sprintf("alerts, %d workers", workers), alerts, read(t, filepath.Join(name, "alerts.jsonl")))

				calls, alerts, live := run(t, cfg, newLive(t, path))
				same(t, fmt.Sprintf("calls, live, %d workers", workers), calls, read(t, filepath.Join(name, "calls.jsonl")))
				same(t, fmt.Sprintf("alerts, live, %d workers", workers), alerts, read(t, filepath.Join(name, "alerts.jsonl")))
				if fmt.Sprint(live) != fmt.Sprint(stats) {
					t.Errorf("%d workers: live counts %+v, replay %+v", workers, live, stats)
				}
			}
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// same reports the first line in which got and want differ.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			t.Errorf("%s: line %d\n got %s\nwant %s", what, i+1, g[i], w[i])
			return
		}
	}
	t.Errorf("%s: %d lines, want %d", what, len(g)-1, len(w)-1)
}
