package cluster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

const second = clock.Time(1e9)

// sender is a sensor of a test that says what the test wants.
type sender struct {
	t    *testing.T
	seal *seal
	h    batch
}

func newSender(t *testing.T, sensor string, sensors int) *sender {
	t.Helper()
	seal, err := newSeal(keyer(t), callsPurpose)
	if err != nil {
		t.Fatal(err)
	}
	return &sender{t, seal, batch{Site: "h1", Sensor: sensor, Run: 1, Sensors: sensors}}
}

// send is the next message: calls at these times, and the mark behind them.
func (s *sender) send(k kind, mark clock.Time, times ...clock.Time) []byte {
	s.t.Helper()
	s.h.Seq++
	h := s.h
	h.Kind, h.Mark, h.Calls = k, mark, len(times)
	var r record
	var b []byte
	for i, at := range times {
		if i == 0 {
			h.First = at
		}
		c := call.Call{Order: call.Order{Time: at, Flow: uint64(len(h.Sensor)), Seq: uint32(i)}, Start: at, Method: "GET", Target: "/x",
			Path: "/x", Status: 200, Client: packet.Endpoint{Port: 1}, Server: packet.Endpoint{Port: 80}}
		b = r.encode(b, &c)
	}
	m, err := s.seal.appendBatch(nil, &h, b)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// reader is a partition of a test, with what it says.
type reader struct {
	*partition
	opener *opener
	offset int64
	lines  []string
}

func newReader(t *testing.T, cfg Config) *reader {
	t.Helper()
	r := &reader{}
	b := newBench(t)
	r.partition = newPartition(&cfg, b, func(line string) { r.lines = append(r.lines, line) })
	r.opener = newTestOpener(t, b)
	return r
}

// read takes messages and is how many calls were judged by then.
func (r *reader) read(t *testing.T, messages ...[]byte) uint64 {
	t.Helper()
	for _, m := range messages {
		o := r.opener.open(r.offset, m)
		if err := r.take(&o); err != nil {
			t.Fatal(err)
		}
		r.offset++
	}
	c := r.total()
	return c.Calls
}

func wantCalls(t *testing.T, got, want uint64, when string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d calls were judged, want %d", when, got, want)
	}
}

// TestWaitsForAll: no call is judged before every sensor that there is has said that it sends nothing from before.
func TestWaitsForAll(t *testing.T) {
	r := newReader(t, Defaults())
	a, bb := newSender(t, "a", 2), newSender(t, "bb", 2)
	wantCalls(t, r.read(t, a.send(more, 10*second, 1*second, 2*second)), 0, "the other sensor was not heard")
	wantCalls(t, r.read(t, bb.send(more, 0)), 0, "it was heard")
	wantCalls(t, r.read(t, bb.send(more, 2*second)), 1, "its mark is at 2 s")
	wantCalls(t, r.read(t, bb.send(more, 5*second, 3*second)), 3, "its mark is at 5 s")
	wantCalls(t, r.read(t, bb.send(left, 6*second, 6*second), a.send(more, 11*second)), 4, "it left, and the other went on")
	if any, all := r.over(); any || all {
		t.Error("the site is over, though one sensor goes on")
	}
	if c := r.total(); c.Late+c.Missed+c.Repeated+c.Broken+c.Refused > 0 {
		t.Errorf("%+v", c)
	}
}

// TestLeftBehind: a live sensor that is silent for longer than the lag is not waited for; what it sends from before is
// counted, said, and not judged.
func TestLeftBehind(t *testing.T) {
	cfg := Defaults()
	r := newReader(t, cfg)
	a, bb := newSender(t, "a", 2), newSender(t, "bb", 2)
	r.read(t, bb.send(more, 0), bb.send(more, 5*second), a.send(more, 10*second, 6*second, 7*second))
	at := 6*second + clock.Time(cfg.Lag)
	wantCalls(t, r.read(t, a.send(more, at)), 0, "the lag is not over")
	wantCalls(t, r.read(t, a.send(more, at+2)), 1, "the lag is over for the first call")
	wantCalls(t, r.read(t, a.send(more, at+10*second)), 2, "and for the second")
	wantCalls(t, r.read(t, bb.send(more, at+20*second, 5*second, 6*second, at+1)), 3, "it comes back with two calls of before, and one in time")
	if c := r.total(); c.Late != 2 {
		t.Errorf("%d calls late, want 2", c.Late)
	}
	if text := strings.Join(r.lines, "\n"); !strings.Contains(text, "sensor bb is behind") || !strings.Contains(text, "sensor bb came too late") {
		t.Errorf("said %q", text)
	}
}

// TestReplaysWait: the time of captures is not that of the day, so however far one is ahead, it waits; but not in more
// memory than it may.
func TestReplaysWait(t *testing.T) {
	cfg := Defaults()
	cfg.MaxWaiting = 200 << 10
	r := newReader(t, cfg)
	a, bb := newSender(t, "a", 2), newSender(t, "bb", 2)
	a.h.Replay, bb.h.Replay = true, true
	wantCalls(t, r.read(t, a.send(more, 1e6*second, second, 1e5*second)), 0, "the other capture has not begun")
	wantCalls(t, r.read(t, bb.send(more, 3*second)), 1, "it is at 3 s")
	times := make([]clock.Time, 1000)
	n := uint64(2)
	for i := range 150 {
		for j := range times {
			times[j] = clock.Time(1e6+i)*second + clock.Time(j)*1000
		}
		r.read(t, a.send(more, clock.Time(1e6+i+1)*second, times...))
		n += uint64(len(times))
		if w := r.sites["h1"].waiting(); w > cfg.MaxWaiting {
			t.Fatalf("%d bytes wait, more than %d", w, cfg.MaxWaiting)
		}
	}
	if c := r.total(); c.Calls < n/4 || c.Calls > n-uint64(len(times)) {
		t.Errorf("%d of %d calls were judged: some for want of room, and others wait", c.Calls, n)
	}
	wantCalls(t, r.read(t, bb.send(ended, clock.Never), a.send(ended, clock.Never)), n, "both are at their end")
	if any, all := r.over(); !any || !all {
		t.Error("the site is not over")
	}
}

// TestMissingAndAgain: batches that never came and such that come again are counted.
func TestMissingAndAgain(t *testing.T) {
	r := newReader(t, Defaults())
	a := newSender(t, "a", 1)
	one, _, three := a.send(more, 2*second, second), a.send(more, 3*second, 2*second), a.send(more, 4*second, 3*second)
	wantCalls(t, r.read(t, one, one, three, three, one), 2, "one of three is missing")
	if c := r.total(); c.Missed != 1 || c.Repeated != 3 {
		t.Errorf("%d missing and %d repeated, want 1 and 3", c.Missed, c.Repeated)
	}
	old := newSender(t, "a", 1)
	a.h.Run, a.h.Seq = 2, 0 // it died without a word, and began anew
	wantCalls(t, r.read(t, a.send(more, 0), a.send(more, 6*second, 5*second), old.send(more, 9*second, 8*second)), 3, "a new run has begun")
}

// TestRefused: whoever does not hold the key of a site changes nothing.
func TestRefused(t *testing.T) {
	r := newReader(t, Defaults())
	a := newSender(t, "a", 1)
	good := a.send(more, 2*second, second)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		r.read(t, bad, good[:i])
	}
	wantCalls(t, r.read(t), 0, "one byte is wrong")
	if len(r.sites) != 0 {
		t.Errorf("%d sites came to be", len(r.sites))
	}
	if c := r.total(); c.Refused != uint64(2*len(good)) {
		t.Errorf("%d were refused, want %d", c.Refused, 2*len(good))
	}
	u := newSender(t, "a", 1)
	u.h.Site = "unknown"
	r.read(t, u.send(more, 0))
	if text := strings.Join(r.lines, "\n"); !strings.Contains(text, `site "unknown": its calls cannot be opened: no key`) {
		t.Errorf("said %q", text)
	}
	wantCalls(t, r.read(t, good), 1, "it is whole")
}

// TestNothingInTheClear: the brokers see nothing of what a call says.
func TestNothingInTheClear(t *testing.T) {
	var log topic
	p, err := NewPublisher(Defaults(), Origin{Site: "h1", Sensor: "s", Run: 1}, keyer(t), &log)
	if err != nil {
		t.Fatal(err)
	}
	c := call.Call{Order: call.Order{Time: second}, Method: "GET", Target: "/Patient/MRN-4711", Principal: call.Principal{ID: "dr.rao"}}
	if err := p.Publish([]call.Call{c}); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, m := range log.messages {
		for _, secret := range []string{"MRN-4711", "dr.rao", "Patient", "GET"} {
			if bytes.Contains(m, []byte(secret)) {
				t.Errorf("%q is in the message %q", secret, m)
			}
		}
	}
	if len(log.messages) != 2 {
		t.Errorf("%d messages, want a first and a last", len(log.messages))
	}
}

func TestPublisherNames(t *testing.T) {
	for _, o := range []Origin{{Site: "", Sensor: "s"}, {Site: "a/b", Sensor: "s"}, {Site: "h1", Sensor: ""}} {
		if _, err := NewPublisher(Defaults(), o, keyer(t), &topic{}); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// FuzzTake: whatever a holder of the key sends, nothing panics, and nothing grows without bound.
func FuzzTake(f *testing.F) {
	var r record
	c := call.Call{Order: call.Order{Time: 5 * second, Flow: 1}, Method: "GET", Path: "/Patient/1", Objects: []call.Object{{Type: "Patient", ID: "1", Key: 9}}}
	f.Add(uint8(0), uint8(1), int64(10*second), int64(5*second), 1, r.encode(nil, &c), []byte("x"))
	f.Add(uint8(2), uint8(2), int64(clock.Never), int64(0), 0, []byte{}, []byte("AUC1\x00\x01\xa0"))
	seal, err := newSeal(keyer(f), callsPurpose)
	if err != nil {
		f.Fatal(err)
	}
	cfg := Defaults()
	f.Fuzz(func(t *testing.T, k, sensors uint8, mark, first int64, n int, calls, raw []byte) {
		b := newBench(t)
		p, o := newPartition(&cfg, b, func(string) {}), newTestOpener(t, b)
		take := func(offset int64, m []byte) error {
			o := o.open(offset, m)
			return p.take(&o)
		}
		take(0, raw)
		for i := range 3 {
			h := batch{Site: "h", Sensor: fmt.Sprint("s", i&1), Run: 1, Seq: uint64(i + 1), Kind: kind(k), Sensors: int(sensors),
				Mark: clock.Time(mark), First: clock.Time(first), Calls: n}
			m, err := seal.appendBatch(nil, &h, calls)
			if err != nil {
				t.Fatal(err)
			}
			if err := take(int64(i+1), m); err != nil {
				t.Fatal(err)
			}
		}
		cp := p.snapshot()
		text, err := cp.encode(cfg.MaxState)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := o.heads.checkpoint(text); err != nil || back.Offset > back.Through {
			t.Errorf("checkpoint %+v (%v)", back, err)
		}
	})
}
