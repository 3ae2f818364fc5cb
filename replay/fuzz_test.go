package replay

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// walk reads bytes with one decoder, in reads of a few bytes, and checks what must hold for any input.
func walk(t *testing.T, dec decoder, b []byte) ([]packet.Raw, error) {
	t.Helper()
	cfg := small()
	w := newWindow(io.MultiReader(bytes.NewReader(b[:len(b)/3]), bytes.NewReader(b[len(b)/3:])), newPool(cfg.BlockBytes, 2), func() error { return nil })
	defer w.close()
	var out []packet.Raw
	for {
		var raw packet.Raw
		if err := dec.next(w, &raw); err != nil {
			return out, err
		}
		if len(raw.Frame) > cfg.MaxFrame || raw.WireLen < len(raw.Frame) || raw.Time < 0 || raw.Time > latest {
			t.Fatalf("packet %d: %s", len(out), show(raw))
		}
		if n := raw.Where.Offset; n < 0 || n > int64(len(b)) || !bytes.Contains(b[n:], raw.Frame) {
			t.Fatalf("packet %d is not at %d", len(out), n)
		}
		raw.Frame = bytes.Clone(raw.Frame)
		out = append(out, raw)
	}
}

// wantOracle: where pcapgo reads a packet before its first error, so do we, unless a bound of ours ended it.
func wantOracle(t *testing.T, b []byte, got []packet.Raw, end error) {
	t.Helper()
	want, _ := shared.Read(b)
	if end != io.EOF {
		want = want[:min(len(want), len(got))]
	}
	if len(got) < len(want) {
		t.Fatalf("got %d packets, pcapgo %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i].Frame, want[i].Frame) || got[i].Link != want[i].Link {
			t.Fatalf("packet %d: got %s, pcapgo %s", i, show(got[i]), show(want[i]))
		}
	}
}

func FuzzPcap(f *testing.F) {
	f.Add(pcapOf(seconds(3)...))
	f.Add(append(pcapHead(bigEnd, magicNano), bigEnd.u32s(nil, 1, 2, 3, 4)...))
	f.Add(append(pcapHead(little, magicModified), little.u32s(nil, 1, 2, 0, 0, 5, 6)...))
	f.Add(append(pcapOf(sec(1)), little.u32s(nil, 1, 1, 0xffffffff, 0xffffffff)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4 {
			return
		}
		dec, ok := newPcap(b, small())
		if !ok {
			return
		}
		got, end := walk(t, dec, b)
		if dec.frac == 1000 || dec.frac == 1 {
			wantOracle(t, b, got, end)
		}
	})
}

func FuzzPcapng(f *testing.F) {
	f.Add(ngOf(seconds(3)...))
	f.Add(slices.Concat(ngSection(bigEnd), ngIface(bigEnd, 113, 9, ngOpt(bigEnd, optTsresol, []byte{0x8a})),
		ngEnhanced(bigEnd, 0, 77, 5, []byte("hello")), ngBlock(bigEnd, blockSimple, bigEnd.u32s(nil, 0)), ngSection(little)))
	f.Add(append(ngOf(sec(1)), little.u32s(nil, 0x99, 0xfffffffc, 0)...))
	f.Add(append(ngOf(sec(1)), ngIface(little, 1, 0, ngOpt(little, optTsoffset, bytes.Repeat([]byte{0xff}, 8)))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 12 {
			return
		}
		if dec, ok := newPcapng(b, small()); ok {
			walk(t, dec, b)
		}
	})
}

// FuzzSource gives whole inputs, compression and all, to a source of two lanes.
func FuzzSource(f *testing.F) {
	f.Add(pcapOf(seconds(3)...))
	f.Add(gzipped(f, ngOf(seconds(3)...)))
	f.Add(zstded(f, gzipped(f, pcapOf(seconds(3)...))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		cfg := small()
		cfg.MaxZstdWindow = 1 << 20
		src := New(cfg, "-")
		src.Stdin = bytes.NewReader(b)
		lanes := runAll(t, t.Context(), src, 2)
		wantSame(t, lanes[1], lanes[0])
		var high clock.Time
		for _, raw := range lanes[0] {
			if raw.Time < high {
				t.Fatalf("time goes back from %d to %d", high, raw.Time)
			}
			high = raw.Time
		}
		if st := src.Stats(); st.Packets != uint64(len(lanes[0])) {
			t.Fatalf("%d packets, stats %+v", len(lanes[0]), st)
		}
	})
}
