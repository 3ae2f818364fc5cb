package pcaps

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

const walk = "sequential-walk/traffic.pcap"

// Law 1: time comes from packets. The same capture, a year later by its own clock, says the same a year later, but
// that the tokens in it are then long over; and a capture whose clock steps back still gives times that never do.
func TestLawTimeComesFromPackets(t *testing.T) {
	const year = 365 * 24 * time.Hour
	shifted := filepath.Join(t.TempDir(), "traffic.pcap")
	write(t, shifted, restamp(t, read(t, walk), func(_ int, sec uint32) uint32 { return sec + uint32(year/time.Second) }))
	_, before, _ := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), walk))
	_, after, _ := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), shifted))
	over := func(s said) bool { return s.kind() == "weak_token" }
	a, b := alertsOf(t, before), alertsOf(t, after)
	if slices.ContainsFunc(a, over) || !slices.ContainsFunc(b, over) {
		t.Errorf("tokens that are over are not told when they are: %+v, shifted %+v", a, b)
	}
	b = slices.DeleteFunc(b, over)
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d alerts, %d when shifted", len(a), len(b))
	}
	for i := range a {
		if b[i].kind() != a[i].kind() || b[i].Time-a[i].Time != year.Milliseconds() {
			t.Errorf("alert %d, %s, moved by %d ms and is %s, want %d", i, a[i].kind(), b[i].Time-a[i].Time, b[i].kind(), year.Milliseconds())
		}
	}

	stepped := filepath.Join(t.TempDir(), "traffic.pcap")
	write(t, stepped, restamp(t, read(t, walk), func(i int, sec uint32) uint32 { return sec - uint32(i%7) }))
	var last clock.Time
	for _, p := range newLive(t, stepped).packets {
		if p.Time < last {
			t.Fatalf("time went back from %d to %d", last, p.Time)
		}
		last = p.Time
	}
}

// restamp rewrites the seconds of every record of a little-endian pcap file.
func restamp(t *testing.T, file []byte, f func(i int, sec uint32) uint32) []byte {
	t.Helper()
	if binary.LittleEndian.Uint16(file) != 0xc3d4 && binary.LittleEndian.Uint16(file) != 0x3c4d {
		t.Fatal("not a little-endian pcap file")
	}
	out := bytes.Clone(file)
	for i, at := 0, 24; at+16 <= len(out); i++ {
		binary.LittleEndian.PutUint32(out[at:], f(i, binary.LittleEndian.Uint32(out[at:])))
		at += 16 + int(binary.LittleEndian.Uint32(out[at+8:]))
	}
	return out
}

// ticking shows the time at every grid step of a pause, up to a hundred, and then ever more rarely: many more sweeps
// than the packets alone make.
type ticking struct{ pipeline.Source }

type tickingLane struct {
	pipeline.Lane
	held packet.Raw
	have bool
	now  clock.Time
	step clock.Time
	n    int
}

func (s ticking) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	lanes, err := s.Source.Open(ctx, workers)
	for i := range lanes {
		lanes[i] = &tickingLane{Lane: lanes[i]}
	}
	return lanes, err
}

func (l *tickingLane) Next() (packet.Raw, error) {
	if !l.have {
		raw, err := l.Lane.Next()
		if err != nil {
			return raw, err
		}
		if l.now == 0 {
			l.now = raw.Time
		}
		l.held, l.have, l.step, l.n = raw, true, clock.Grid, 0
	}
	if l.now+l.step < l.held.Time {
		l.now += l.step
		if l.n++; l.n > 100 {
			l.step *= 2
		}
		return packet.Raw{Time: l.now}, nil
	}
	l.now, l.have = l.held.Time, false
	return l.held, nil
}

// Law 2: a verdict depends on a key's own records and the grid; a sweep never decides.
func TestLawSweepsDecideNothing(t *testing.T) {
	for _, name := range cases(t) {
		path := filepath.Join(name, "traffic.pcap")
		calls, alerts, _ := run(t, pipeline.Defaults(), ticking{replay.New(replay.Defaults(), path)})
		same(t, name+": calls", calls, read(t, filepath.Join(name, "calls.jsonl")))
		same(t, name+": alerts", alerts, read(t, filepath.Join(name, "alerts.jsonl")))
	}
}

// Law 3: what silence makes known carries its own deadline, whenever it is noticed.
func TestLawSilenceHasItsOwnTime(t *testing.T) {
	// The first connection of the capture loses its end; a later packet of another one moves time on.
	packets := newLive(t, walk).packets
	decoder := packet.New(packet.Defaults())
	var s packet.Segment
	var first packet.Flow
	var cut, other []packet.Raw
	for _, raw := range packets {
		if decoder.Decode(&s, &raw) != packet.OK {
			continue
		}
		switch {
		case first == (packet.Flow{}):
			first = s.Flow
			fallthrough
		case s.Flow == first && len(cut) < 4: // the handshake and the request
			cut = append(cut, raw)
		case s.Flow != first && s.Flags&packet.SYN != 0 && len(other) == 0:
			other = append(other, raw)
		}
	}
	cfg := pipeline.Defaults()
	idle := clock.Time(cfg.Extract.TCP.Idle)
	known := cut[len(cut)-1].Time + idle // the deadline
	for _, later := range []clock.Time{idle + clock.Grid, 2 * idle, 50 * idle} {
		wake := other[0]
		wake.Time = cut[len(cut)-1].Time + later
		o := &ordered{t: t}
		src := &live{packets: append(append([]packet.Raw(nil), cut...), wake)}
		if _, err := pipeline.Run(context.Background(), cfg, src, pipeline.Output{Calls: o}, nil); err != nil {
			t.Fatal(err)
		}
		if len(o.orders) != 1 || o.orders[0].Time != known {
			t.Errorf("woken after %v: known at %+v, want one call at %d", later, o.orders, known)
		}
	}
}

// ordered is a CallSink that keeps the order it is given, and checks that it only grows.
type ordered struct {
	t      *testing.T
	orders []call.Order
}

func (o *ordered) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if n := len(o.orders); n > 0 && o.orders[n-1].Compare(batch[i].Order) >= 0 {
			o.t.Errorf("call %d: %+v is not after %+v", n, batch[i].Order, o.orders[n-1])
		}
		o.orders = append(o.orders, batch[i].Order)
	}
	return nil
}

func (o *ordered) Close() error { return nil }

// clients drops what servers say: every request then waits until its connection or the capture ends, and many
// calls become known in one instant.
type clients struct{ pipeline.Source }

type clientsLane struct {
	pipeline.Lane
	decoder *packet.Decoder
}

func (s clients) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	lanes, err := s.Source.Open(ctx, workers)
	for i := range lanes {
		lanes[i] = &clientsLane{lanes[i], packet.New(packet.Defaults())}
	}
	return lanes, err
}

func (l *clientsLane) Next() (packet.Raw, error) {
	raw, err := l.Lane.Next()
	var s packet.Segment
	if err == nil && l.decoder.Decode(&s, &raw) == packet.OK && s.Flow.Src(s.Dir).Port < s.Flow.Src(s.Dir.Other()).Port {
		raw.Frame = nil // time goes on
	}
	return raw, err
}

// Law 4: every record has its place in one total order.
func TestLawOneOrder(t *testing.T) {
	for _, name := range cases(t) {
		for _, oneSided := range []bool{false, true} {
			var first []call.Order
			for _, workers := range []int{1, 2, 3, 8} {
				cfg := pipeline.Defaults()
				cfg.Workers = workers
				o := &ordered{t: t}
				var src pipeline.Source = replay.New(replay.Defaults(), filepath.Join(name, "traffic.pcap"))
				if oneSided {
					src = clients{src}
				}
				if _, err := pipeline.Run(context.Background(), cfg, src, pipeline.Output{Calls: o}, nil); err != nil {
					t.Fatal(err)
				}
				if len(o.orders) == 0 {
					t.Errorf("%s: no calls", name)
				}
				if first == nil {
					first = o.orders
				}
				if !slices.Equal(first, o.orders) {
					t.Errorf("%s, one-sided %v: %d workers give another order than one", name, oneSided, workers)
				}
			}
		}
	}
}

// Law 5: a cache holds only pure functions. What comes out is the same with a memo that forgets everything.
func TestLawMemoMayForget(t *testing.T) {
	for _, bytes := range []int64{0, 1, 4096} {
		for _, name := range cases(t) {
			cfg := pipeline.Defaults()
			cfg.Extract.MemoBytes = bytes
			calls, alerts, _ := run(t, cfg, replay.New(replay.Defaults(), filepath.Join(name, "traffic.pcap")))
			same(t, fmt.Sprintf("%s: calls, memo of %d bytes", name, bytes), calls, read(t, filepath.Join(name, "calls.jsonl")))
			same(t, fmt.Sprintf("%s: alerts, memo of %d bytes", name, bytes), alerts, read(t, filepath.Join(name, "alerts.jsonl")))
		}
	}
}

// Law 6: limits are per partition or per key; what they shed is counted and does not depend on the workers.
func TestLawLimitsShedTheSame(t *testing.T) {
	tight := pipeline.Defaults()
	tight.EpochCalls = 1
	tight.Extract.TCP.MaxConns = 1
	tight.Extract.TCP.MaxFlowBuffer = 128 << 10
	tight.Extract.TCP.MaxBuffer = 128 << 10
	tight.Extract.Scanners = 1
	tight.Extract.HTTP.Pending = 1
	tight.Extract.PHI.IDs = 1
	for _, name := range cases(t) {
		path := filepath.Join(name, "traffic.pcap")
		var calls, alerts []byte
		var stats pipeline.Stats
		for i, workers := range []int{1, 2, 3, 8} {
			tight.Workers = workers
			c, a, s := run(t, tight, replay.New(replay.Defaults(), path))
			if i == 0 {
				calls, alerts, stats = c, a, s
				continue
			}
			same(t, fmt.Sprintf("%s: calls, %d workers", name, workers), c, calls)
			same(t, fmt.Sprintf("%s: alerts, %d workers", name, workers), a, alerts)
			if fmt.Sprint(s) != fmt.Sprint(stats) {
				t.Errorf("%s, %d workers: counts %+v, with one %+v", name, workers, s, stats)
			}
		}
		if len(stats.Ledger) == 0 {
			t.Errorf("%s: nothing was shed, or nothing was said of it", name)
		}
	}
}

// Law 7: encodings have a fixed field order, and an incident's id is the same in every run with the same key.
func TestLawEncodingIsFixed(t *testing.T) {
	for _, name := range cases(t) {
		for _, file := range []string{"calls.jsonl", "alerts.jsonl"} {
			var rank map[string]int
			for line := range bytes.Lines(read(t, filepath.Join(name, file))) {
				d := json.NewDecoder(bytes.NewReader(line))
				keys := topKeys(t, d)
				if rank == nil {
					rank = map[string]int{}
				}
				for i := 1; i < len(keys); i++ {
					if rank[keys[i]+"\x00"+keys[i-1]] > 0 {
						t.Fatalf("%s/%s: %q and %q change places", name, file, keys[i-1], keys[i])
					}
					rank[keys[i-1]+"\x00"+keys[i]]++
				}
			}
		}
	}
	first, err := os.ReadFile("sequential-walk/alerts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, alerts, _ := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), walk))
		same(t, "alerts of another run", alerts, first)
	}
}

// topKeys are the keys of the outermost object, in order.
func topKeys(t *testing.T, d *json.Decoder) (keys []string) {
	t.Helper()
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, tok.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}
