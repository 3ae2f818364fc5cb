package replay

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// TestMergeOrder merges random files and compares with a stable sort of all their packets.
func TestMergeOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		dir := t.TempDir()
		var paths []string
		var want []packet.Raw
		for file := range 1 + rng.IntN(9) {
			var times []clock.Time
			at := rng.IntN(20)
			for range rng.IntN(30) {
				at += rng.IntN(3)
				times = append(times, sec(at))
			}
			b := pcapOf(times...)
			offset := int64(pcapHeader)
			for i, at := range times {
				f := frame(i)
				want = append(want, packet.Raw{Time: at, Frame: f, WireLen: len(f), Link: 1, Where: packet.Where{File: uint32(file), Offset: offset}})
				offset += int64(16 + len(f))
			}
			paths = append(paths, write(t, dir, fmt.Sprintf("%d.pcap", file), b))
		}
		slices.SortStableFunc(want, func(a, b packet.Raw) int { return cmp.Compare(a.Time, b.Time) })
		src := New(small(), paths...)
		got := run(t, src)
		wantSame(t, got, want)
		st := src.Stats()
		if st.Packets != uint64(len(want)) || st.Backwards != 0 || len(st.Files) != len(paths) {
			t.Fatalf("round %d: stats %+v", round, st)
		}
		if len(want) > 0 && (st.First != want[0].Time || st.Last != want[len(want)-1].Time) {
			t.Fatalf("round %d: stats %+v, want %d to %d", round, st, want[0].Time, want[len(want)-1].Time)
		}
	}
}

func times(raws []packet.Raw) []clock.Time {
	var out []clock.Time
	for _, r := range raws {
		out = append(out, r.Time/1e9)
	}
	return out
}

// TestTimeNeverGoesBack: within a file, and over two of which one is out of order.
func TestTimeNeverGoesBack(t *testing.T) {
	got, src := readBytes(t, small(), pcapOf(sec(5), sec(3), sec(6), sec(1), sec(1), sec(7)))
	if want := []clock.Time{5, 5, 6, 6, 6, 7}; !slices.Equal(times(got), want) {
		t.Errorf("got %v, want %v", times(got), want)
	}
	if st := src.Stats(); st.Backwards != 3 || st.First != sec(5) || st.Last != sec(7) {
		t.Errorf("stats %+v", st)
	}

	dir := t.TempDir()
	src = New(small(), write(t, dir, "a", pcapOf(sec(2), sec(9), sec(3))), write(t, dir, "b", pcapOf(sec(4), sec(10))))
	got = run(t, src)
	if want := []clock.Time{2, 4, 9, 9, 10}; !slices.Equal(times(got), want) {
		t.Errorf("got %v, want %v", times(got), want)
	}
	if st := src.Stats(); st.Backwards != 1 || st.Files[0].Packets != 3 || st.Files[1].Packets != 2 || st.Files[1].First != sec(4) {
		t.Errorf("stats %+v", st)
	}
}

// TestWindow: both ends, and a stamp outside does not move time.
func TestWindow(t *testing.T) {
	file := pcapOf(sec(1), sec(2), sec(99), sec(3), sec(4), sec(5))
	f := func(from, to clock.Time, outside, backwards uint64, want ...clock.Time) {
		t.Helper()
		cfg := small()
		cfg.From, cfg.To = from, to
		got, src := readBytes(t, cfg, file)
		st := src.Stats()
		if !slices.Equal(times(got), want) || st.OutsideWindow != outside || st.Backwards != backwards || st.Packets != uint64(len(want)) {
			t.Errorf("%d to %d: got %v, want %v; stats %+v", from, to, times(got), want, st)
		}
	}
	f(0, 0, 0, 3, 1, 2, 99, 99, 99, 99)
	f(sec(2), sec(5), 3, 0, 2, 3, 4)
	f(sec(4), 0, 3, 2, 99, 99, 99)
	f(0, sec(3), 4, 0, 1, 2)
	f(sec(200), 0, 6, 0)
}

// TestFewOpenAtATime: of many files that follow one another, only those that overlap are open.
func TestFewOpenAtATime(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 50 {
		paths = append(paths, write(t, dir, fmt.Sprintf("%02d.pcap", i), pcapOf(sec(10*i), sec(10*i+5), sec(10*i+15))))
	}
	slices.Reverse(paths)
	m := mergeOf(t, small(), paths...)
	most, packets := 0, 0
	for raw, _ := m.next(); raw != nil; raw, _ = m.next() {
		open := 0
		for _, s := range m.heap {
			if s.begun {
				open++
			}
		}
		most, packets = max(most, open), packets+1
	}
	if most > 3 || packets != 150 {
		t.Errorf("%d open at a time, %d packets", most, packets)
	}
}

// TestFileGoneMeanwhile: a file that was there when the source looked, and not when its time came.
func TestFileGoneMeanwhile(t *testing.T) {
	dir := t.TempDir()
	a, b := write(t, dir, "a.pcap", pcapOf(seconds(200)...)), write(t, dir, "b.pcap", pcapOf(sec(5000)))
	cfg := small()
	cfg.BlockBytes = 1 << 20
	src := New(cfg, a, b)
	found := src.find(t.Context())
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	env := &env{ctx: t.Context(), cfg: cfg, pool: newPool(cfg.BlockBytes, 4), before: t.Context().Err}
	m := newMerge(env, found.streams, src.note)
	n := 0
	for raw, _ := m.next(); raw != nil; raw, _ = m.next() {
		if !bytes.Equal(raw.Frame, frame(n)) {
			t.Fatalf("packet %d is %x", n, raw.Frame)
		}
		n++
	}
	if f := src.Faults(); n != 200 || len(f) != 1 || f[0].Path != b || f[0].What != "no such file; check the name" {
		t.Errorf("%d packets, faults %v", n, f)
	}
}
