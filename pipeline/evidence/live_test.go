package evidence_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// indexed is what a line of the index says.
type indexed struct {
	Incident string
	File     string
	Calls    int
	Missing  []struct{ Cause string }
}

func index(t *testing.T, dir string) (list []indexed) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, evidence.Folder, evidence.Index))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var l indexed
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

// remember is a Live in a new folder, which is read to from a channel, and what ends it.
func remember(t *testing.T, cfg evidence.Config) (l *evidence.Live, dir string, packets chan<- packet.Raw, end func() evidence.Stats) {
	t.Helper()
	dir = t.TempDir()
	store, err := evidence.Create(dir, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	l = evidence.NewLive(cfg, packet.Defaults(), store, []evidence.Interface{{Name: "mirror", Snap: 1 << 18}})
	in, read := make(chan packet.Raw), make(chan struct{})
	go func() {
		defer close(read)
		l.Read(func() (packet.Raw, error) {
			raw, ok := <-in
			if !ok {
				return raw, io.EOF
			}
			return raw, nil
		})
	}()
	return l, dir, in, func() evidence.Stats {
		close(in)
		<-read
		stats, err := l.Close()
		if err != nil {
			t.Fatal(err)
		}
		return stats
	}
}

func passes(packets chan<- packet.Raw, at int, p sent) {
	packets <- packet.Raw{Time: p.at, Frame: p.frame, WireLen: len(p.frame), Link: packet.LinkRaw, Where: packet.Where{Offset: int64(at)}}
}

// An incident that goes on has a slice for what was shown first, written once its window is over, and one for what came later.
func TestLive(t *testing.T) {
	sentPackets := []sent{
		{10 * second, frame(client, server, syn, 100, "")},
		{10 * second, frame(client, server, ack, 101, "call")},
		{10*second + second/2, frame(server, client, ack, 1, "answer")},
		{11 * second, frame(other, server, syn, 500, "")},
		{13 * second, frame(other, server, ack, 501, "another")},
		{13 * second, frame(client, server, ack, 105, "call")},
		{20 * second, frame(other, server, ack, 508, "late")},
	}
	l, dir, packets, end := remember(t, evidence.Defaults())
	for i, p := range sentPackets[:4] {
		passes(packets, i, p)
	}
	first := alerted("u", client, 7, 10*second, 10*second+second/2, 1)
	if err := l.Write(context.Background(), append(noEvidence(), first)); err != nil {
		t.Fatal(err)
	}
	for i, p := range sentPackets[4:6] {
		passes(packets, 4+i, p)
	}
	// Shown again, with what has come since.
	again := alerted("u", client, 7, 13*second, 13*second, 5)
	again.Signal.Evidence = append(again.Signal.Evidence, first.Signal.Evidence...)
	if err := l.Write(context.Background(), append(noEvidence(), again, alerted("v", other, 8, 13*second, 13*second, 4))); err != nil {
		t.Fatal(err)
	}
	passes(packets, 6, sentPackets[6])
	if stats := end(); stats.Files != 3 || stats.Incidents != 3 || stats.Cut != 0 || stats.Refused != 0 {
		t.Errorf("%+v", stats)
	}
	var names []string
	for _, e := range index(t, dir) {
		names = append(names, e.Incident+" "+e.File)
		if e.Calls != 1 || len(e.Missing) > 0 {
			t.Errorf("%+v", e)
		}
	}
	if want := []string{"u evidence/u-1.pcapng", "u evidence/u-2.pcapng", "v evidence/v-3.pcapng"}; !reflect.DeepEqual(names, want) {
		t.Errorf("written are %v, want %v", names, want)
	}
	folder := filepath.Join(dir, evidence.Folder)
	for name, want := range map[string][]int{"u-1": {0, 1, 2}, "u-2": {0, 5}, "v-3": {3, 4}} {
		if got := kept(t, folder, name, sentPackets); !reflect.DeepEqual(got, want) {
			t.Errorf("%s holds %v, want %v", name, got, want)
		}
	}
}

// What is no longer remembered is told, and what has no room on the disk is counted.
func TestLiveBounds(t *testing.T) {
	cfg := evidence.Defaults()
	cfg.RingBytes, cfg.MaxDisk = 64<<10, 6000
	l, dir, packets, end := remember(t, cfg)
	passes(packets, 0, sent{second, frame(client, server, syn, 100, "")})
	passes(packets, 1, sent{second, frame(client, server, ack, 101, "forgotten")})
	body := strings.Repeat("x", 500)
	const last = 2000
	for i := 2; i < last; i++ {
		passes(packets, i, sent{second + clock.Time(i)*second/100, frame(other, server, ack, uint32(i), body)})
	}
	passes(packets, last, sent{30 * second, frame(client, server, ack, 110, "call")})
	early, late := alerted("u", client, 7, second, second, 1), alerted("u", client, 7, 30*second, 30*second, last)
	early.Signal.Evidence = append(early.Signal.Evidence, late.Signal.Evidence...)
	if err := l.Write(context.Background(), append(noEvidence(), early, alerted("w", other, 9, 15*second, 20*second, 1900))); err != nil {
		t.Fatal(err)
	}
	stats := end()
	list := index(t, dir)
	if len(list) != 1 || len(list[0].Missing) != 2 || !strings.Contains(list[0].Missing[1].Cause, "ring_bytes") || stats.Cut != 1 || stats.Refused != 1 {
		t.Errorf("%+v, and the index says %+v", stats, list)
	}
}

// TestRing: what is remembered has its bound, and costs no memory of its own.
func TestRing(t *testing.T) {
	raw := packet.Raw{Time: second, Frame: make([]byte, 1000), WireLen: 1000, Link: packet.LinkRaw}
	put := evidence.RememberAll(1<<20, 1000)
	held := 0
	for range 10_000 {
		held = max(held, put(&raw))
	}
	if held < 600 || held > 1<<20/1000 {
		t.Errorf("%d packets of 1000 bytes are held in 1 MiB", held)
	}
	if n := testing.AllocsPerRun(5000, func() { raw.Time++; put(&raw) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// A disk that fails is told once, and ends the evidence alone.
func TestLiveFails(t *testing.T) {
	dir := t.TempDir()
	store, err := evidence.Create(dir, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, evidence.Folder, "u-1.pcapng.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	l := evidence.NewLive(evidence.Defaults(), packet.Defaults(), store, nil)
	var told []string
	l.Say = func(line string) { told = append(told, line) }
	given := 0
	l.Read(func() (packet.Raw, error) {
		if given++; given > 4 {
			return packet.Raw{}, io.EOF
		}
		f := frame(client, server, ack, uint32(given), "call")
		return packet.Raw{Time: clock.Time(given) * second, Frame: f, WireLen: len(f), Link: packet.LinkRaw, Where: packet.Where{Offset: int64(given)}}, nil
	})
	batch := append(noEvidence(), alerted("u", client, 7, second, second, 1), alerted("v", client, 7, 2*second, 2*second, 2))
	if err := l.Write(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	stats, err := l.Close()
	if err == nil || stats.Files != 0 || len(told) != 1 || !strings.Contains(told[0], "u-1.pcapng.new") || !strings.HasSuffix(told[0], "; no more of it is written") {
		t.Errorf("%+v, %v, said %q", stats, err, told)
	}
}

// noEvidence is a batch that begins with an alert about no call.
func noEvidence() []alert.Alert { return []alert.Alert{{UID: "health"}} }
