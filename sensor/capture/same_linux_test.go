package capture_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/pseudonym"
)

// results is what a run wrote: calls and alerts, as their files hold them.
func results(t *testing.T, ctx context.Context, workers int, src pipeline.Source, end func(calls uint64)) (calls, alerts string) {
	t.Helper()
	keyer, err := pseudonym.FromKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	names := &pseudonym.Names{Keys: keyer}
	var c, a bytes.Buffer
	cfg := pipeline.Defaults()
	cfg.Workers, cfg.Alert.Keys = workers, keyer
	var prog pipeline.Progress
	if end != nil {
		go func() {
			for ctx.Err() == nil {
				time.Sleep(10 * time.Millisecond)
				end(prog.Packets.Load())
			}
		}()
	}
	out := pipeline.Output{
		Alerts: []pipeline.Sink{sink.NewLines(&a, "alerts", names, ocsf.Meta{})},
		Calls:  sink.NewCallLog(&c, "calls", names, 0),
	}
	if _, err := pipeline.Run(ctx, cfg, src, out, &prog); err != nil {
		t.Fatal(err)
	}
	return c.String(), a.String()
}

// TestReplayGivesTheSame runs the whole sensor live, records beside it, and replays the recording.
func TestReplayGivesTheSame(t *testing.T) {
	for _, name := range []string{"sequential-walk", "sqlmap", "word-list"} {
		path := filepath.Join("../../pcaps", name, "traffic.pcap")
		veth(t, "rx0", "tx0")
		src := listen(t, small(), "rx0")
		var file bytes.Buffer
		src.Record = &file
		ctx, stop := context.WithCancel(t.Context())
		packets := frames(t, path)
		packets = packets[:min(len(packets), 3000)]
		out := open(t, "tx0")
		go func() {
			for i, f := range packets {
				// No more than the rings hold, each in a block of its own: nothing may be lost here.
				for i-int(src.Stats().Interfaces[0].Packets) > 200 {
					time.Sleep(time.Millisecond)
				}
				out.send(t, f)
			}
		}()
		calls, alerts := results(t, ctx, 2, src, func(n uint64) {
			if n >= uint64(len(packets)) {
				stop()
			}
		})
		stop()
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		if st := src.Stats().Interfaces[0]; st.Packets != uint64(len(packets)) {
			t.Fatalf("%s: %d packets sent, counted %+v", name, len(packets), st)
		}
		recording := filepath.Join(t.TempDir(), "live.pcapng")
		if err := os.WriteFile(recording, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3} {
			again, told := results(t, t.Context(), workers, replay.New(replay.Defaults(), recording), nil)
			if again != calls {
				t.Errorf("%s: live and replay with %d workers differ in %d and %d bytes of calls", name, workers, len(calls), len(again))
			}
			if told != alerts {
				t.Errorf("%s: live and replay with %d workers differ in %d and %d bytes of alerts", name, workers, len(alerts), len(told))
			}
		}
		if len(calls) == 0 || len(alerts) == 0 {
			t.Errorf("%s: %d bytes of calls, %d of alerts", name, len(calls), len(alerts))
		}
		run(t, "link", "del", "rx0")
	}
}
