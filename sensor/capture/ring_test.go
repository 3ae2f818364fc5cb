package capture

import (
	"bytes"
	"encoding/binary"
	"testing"

	"auscult/pipeline/lanes"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// fill writes packets into a block as the kernel does, and closes it.
func fill(b *block, stamps []clock.Time, frames ...[]byte) {
	at := blockHeader
	native.PutUint32(b.mem[blockFirst:], uint32(at))
	native.PutUint32(b.mem[blockPackets:], uint32(len(frames)))
	for i, f := range frames {
		h := b.mem[at:]
		step := (96 + len(f) + 15) &^ 15
		native.PutUint32(h[hdrNext:], uint32(step))
		native.PutUint32(h[hdrSec:], uint32(stamps[i]/1e9))
		native.PutUint32(h[hdrNsec:], uint32(stamps[i]%1e9))
		native.PutUint32(h[hdrSnap:], uint32(len(f)))
		native.PutUint32(h[hdrLen:], uint32(len(f)))
		native.PutUint32(h[hdrStatus:], 1)
		native.PutUint16(h[hdrMAC:], 96)
		copy(h[96:], f)
		at += step
	}
	native.PutUint32(b.mem[blockStatus:], statusUser)
}

// rig is a reader of made-up rings of four blocks each.
func rig(rings int, now *clock.Time) *reader {
	return rigged(rings, func() (wall, ticks clock.Time) { return *now, *now })
}

// fanOf is a fan to one lane.
func fanOf(cfg Config) *lanes.Fan { return lanes.NewFan(1, cfg.InFlight, cfg.BatchPackets, nil) }

func rigged(rings int, clock func() (wall, ticks clock.Time)) *reader {
	cfg := Defaults()
	cfg.BatchPackets = 8
	r := &reader{
		fan: fanOf(cfg), window: 100e6, clock: clock, publish: func() {},
		time: timeline{step: 1e9},
	}
	for i := range rings {
		one := &ring{port: &port{index: uint32(i), link: packet.LinkEthernet, longest: 1522}}
		for range 4 {
			one.blocks = append(one.blocks, &block{mem: make([]byte, 4096)})
		}
		r.rings = append(r.rings, one)
	}
	return r
}

// read is what the lane has, as the first byte of each frame and the time.
func read(r *reader) (names string, times []clock.Time) {
	l := r.fan.Lanes()[0]
	for raw, ok := l.Poll(); ok; raw, ok = l.Poll() {
		if raw.Frame == nil {
			names += "."
		} else {
			names += string(raw.Frame[:1])
		}
		times = append(times, raw.Time)
	}
	return names, times
}

func named(name byte) []byte { return append([]byte{name}, make([]byte, 60)...) }

const second = clock.Time(1e9)

func TestMergeWaitsForAQuietRing(t *testing.T) {
	now := 1000 * second
	r := rig(2, &now)
	fill(r.rings[0].blocks[0], []clock.Time{now - 50e6, now - 10e6}, named('a'), named('c'))
	r.pass()
	if got, _ := read(r); got != "." {
		t.Errorf("%q is handed over though the other ring may bring earlier ones", got)
	}
	fill(r.rings[1].blocks[0], []clock.Time{now - 30e6, now - 10e6}, named('b'), named('d'))
	now += 20e6
	r.pass()
	if got, _ := read(r); got != "abc" { // of two at one time the one of the first ring is first
		t.Errorf("%q is handed over", got)
	}
	now += second
	r.pass()
	if got, times := read(r); got != "d." || times[1] != (now-100e6).Floor() {
		t.Errorf("%q is handed over at %v", got, times)
	}
	fill(r.rings[0].blocks[1], []clock.Time{now - second/2, now}, named('e'), named('f')) // the first is late
	r.pass()
	r.final = true
	r.pass()
	if got, times := read(r); got != "ef" || times[0] != (now-100e6).Floor() || r.time.held != 1 {
		t.Errorf("%q at %v, %d held", got, times, r.time.held)
	}
}

func TestBlocksComeBackWhenTheLanesLeft(t *testing.T) {
	now := 1000 * second
	r := rig(1, &now)
	for round := range 10 {
		b := r.rings[0].blocks[round%4]
		fill(b, []clock.Time{now, now, now}, named('x'), named('y'), named('z'))
		r.pass()
		if *b.status() != statusUser {
			t.Fatal("a block is given back while a lane holds it")
		}
		if got, _ := read(r); got != "xyz" {
			t.Fatalf("round %d gives %q", round, got)
		}
		if *b.status() != 0 || b.refs.Load() != 0 {
			t.Fatal("a block is not given back")
		}
	}
}

func TestClockSetBack(t *testing.T) {
	now, set := 10000*second, clock.Time(0)
	r := rigged(1, func() (wall, ticks clock.Time) { return now + set, now })
	blocks := r.rings[0].blocks
	fill(blocks[0], []clock.Time{now - 2, now}, named('a'), named('b'))
	r.pass()
	read(r)
	// One was stamped before the clock was set back, and is read after.
	set = -3600 * second
	fill(blocks[1], []clock.Time{now + 1e6, now + set + 5e6, now + set + 6e6}, named('c'), named('d'), named('e'))
	at := now
	now += 10e6
	r.pass()
	if got, times := read(r); got != "cde" || times[0] != at+1e6 || times[1] != at+5e6 || times[2] != at+6e6 || r.time.steps != 1 {
		t.Errorf("%q at %v, %d steps", got, times, r.time.steps)
	}
	// The same where the clock is set right again.
	fill(blocks[2], []clock.Time{now + set + 1e6, now + 2e6}, named('f'), named('g'))
	set, at = 0, now
	now += 10e6
	r.pass()
	if got, times := read(r); got != "fg" || times[0] != at+1e6 || times[1] != at+2e6 || r.time.shift != 0 || r.time.held != 0 {
		t.Errorf("%q at %v", got, times)
	}
	// A little back, time stands still.
	set = -second / 2
	fill(blocks[3], []clock.Time{now + set, now + set + 1}, named('h'), named('i'))
	r.pass()
	if got, times := read(r); got != "hi" || times[0] != at+2e6 || times[1] != at+2e6 || r.time.held != 2 || r.time.steps != 1 {
		t.Errorf("%q at %v, %d held", got, times, r.time.held)
	}
}

func TestStampsOfTheFutureAreNotBelieved(t *testing.T) {
	now := 10000 * second
	r := rig(1, &now)
	fill(r.rings[0].blocks[0], []clock.Time{now + 37*second, now}, named('a'), named('b'))
	r.pass()
	if got, times := read(r); got != "ab" || times[0] != now || times[1] != now || r.time.ahead != 1 {
		t.Errorf("%q at %v", got, times)
	}
}

func TestTagIsPutBack(t *testing.T) {
	b := &block{mem: make([]byte, 4096)}
	f := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, 10)
	fill(b, []clock.Time{1}, f)
	h := b.mem[blockHeader:]
	native.PutUint32(h[hdrStatus:], statusVLAN)
	native.PutUint32(h[hdrTCI:], 0x3123)
	want := binary.BigEndian.AppendUint32(append([]byte(nil), f[:12]...), 0x81003123)
	want = append(want, f[12:]...)
	var got frame
	w := b.start()
	if !b.next(&w, &got, true) || !bytes.Equal(got.data, want) || got.wire != len(want) {
		t.Errorf("%x", got.data)
	}
}

// FuzzBlock walks blocks that no kernel would make.
func FuzzBlock(f *testing.F) {
	good := &block{mem: make([]byte, 1024)}
	fill(good, []clock.Time{1, 2}, named('a'), named('b'))
	f.Add(good.mem, true)
	f.Add(good.mem[:blockHeader+hdrSize], false)
	f.Fuzz(func(t *testing.T, mem []byte, ethernet bool) {
		if len(mem) < blockHeader {
			return
		}
		b := &block{mem: bytes.Clone(mem)}
		w := b.start()
		var got frame
		for n := 0; w.left > 0 && b.next(&w, &got, ethernet); n++ {
			if n > len(mem)/hdrSize {
				t.Fatal("more packets than there is room for")
			}
			if len(got.data) > len(mem)-blockHeader-hdrSize || got.wire < len(got.data) {
				t.Fatalf("%d bytes of %d in a block of %d", len(got.data), got.wire, len(mem))
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	now := 1000 * second
	r := rig(2, &now)
	turn := 0
	l := r.fan.Lanes()[0]
	one, two := named('a'), named('b')
	stamps := make([]clock.Time, 2)
	allocs := testing.AllocsPerRun(1000, func() {
		now += 1e6
		stamps[0], stamps[1] = now, now
		for _, ring := range r.rings {
			fill(ring.blocks[turn%4], stamps, one, two)
		}
		turn++
		r.pass()
		for _, ok := l.Poll(); ok; _, ok = l.Poll() {
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for four packets", allocs)
	}
}

// BenchmarkReader is the whole of a packet's way from the ring to a lane.
func BenchmarkReader(b *testing.B) {
	now := 1000 * second
	r := rig(1, &now)
	r.fan = fanOf(Defaults())
	l := r.fan.Lanes()[0]
	mem := make([]byte, 1<<20)
	r.rings[0].blocks = []*block{{mem: mem}}
	var frames [][]byte
	var stamps []clock.Time
	for range 1000 {
		frames, stamps = append(frames, make([]byte, 900)), append(stamps, now)
	}
	fill(r.rings[0].blocks[0], stamps, frames...)
	b.SetBytes(900)
	b.ReportAllocs()
	for n := 0; n < b.N; n += len(frames) {
		native.PutUint32(mem[blockStatus:], statusUser)
		r.pass()
		for _, ok := l.Poll(); ok; _, ok = l.Poll() {
		}
	}
}
