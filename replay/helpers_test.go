package replay

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"auscult/pipeline"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// small makes every path through the reader short: blocks, batches and flight of a few packets.
func small() Config {
	c := Defaults()
	c.MaxFrame = 2048
	c.BlockBytes = c.MaxFrame + blockSlack
	c.InFlight = 2
	c.BatchPackets = 3
	return c
}

// drain copies what a lane gives.
func drain(t testing.TB, l pipeline.Lane) []packet.Raw {
	t.Helper()
	var out []packet.Raw
	for {
		raw, err := l.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		raw.Frame = bytes.Clone(raw.Frame)
		out = append(out, raw)
	}
}

// run reads src to its end on one lane.
func run(t testing.TB, src *Source) []packet.Raw {
	t.Helper()
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return drain(t, lanes[0])
}

// runAll reads src to its end on n lanes at once.
func runAll(t testing.TB, ctx context.Context, src *Source, n int) [][]packet.Raw {
	t.Helper()
	lanes, err := src.Open(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]packet.Raw, n)
	var wg sync.WaitGroup
	for i, l := range lanes {
		wg.Go(func() { out[i] = drain(t, l) })
	}
	wg.Wait()
	return out
}

func same(a, b packet.Raw) bool {
	return a.Time == b.Time && a.WireLen == b.WireLen && a.Link == b.Link && a.Where == b.Where && bytes.Equal(a.Frame, b.Frame)
}

func show(r packet.Raw) string {
	return fmt.Sprintf("%d ns, %d of %d bytes %x, link %d, %+v", r.Time, len(r.Frame), r.WireLen, r.Frame[:min(8, len(r.Frame))], r.Link, r.Where)
}

func wantSame(t testing.TB, got, want []packet.Raw) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if !same(got[i], want[i]) {
			t.Fatalf("packet %d: got %s, want %s", i, show(got[i]), show(want[i]))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d packets, want %d", len(got), len(want))
	}
}

// write puts a file into a folder of the test.
func write(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// frame is the i-th test frame: its bytes and length tell it from the others.
func frame(i int) []byte {
	return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 20+i%50)
}

// order writes integers as a file of one byte order does.
type order struct{ binary.AppendByteOrder }

var (
	little = order{binary.LittleEndian}
	bigEnd = order{binary.BigEndian}
)

func (o order) u32s(b []byte, vs ...uint32) []byte {
	for _, v := range vs {
		b = o.AppendUint32(b, v)
	}
	return b
}

// pcapHead is a pcap file's header, version 2.4 and Ethernet.
func pcapHead(o order, magic uint32) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	return o.u32s(b, 0, 0, 65535, 1)
}

// pcapOf is a microsecond pcap of frames at the given times.
func pcapOf(times ...clock.Time) []byte {
	b := pcapHead(little, magicMicro)
	for i, t := range times {
		f := frame(i)
		b = little.u32s(b, uint32(t/1e9), uint32(t%1e9/1000), uint32(len(f)), uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

func sec(n int) clock.Time { return clock.Time(n) * 1e9 }

// seconds is n times, a second apart.
func seconds(n int) []clock.Time {
	out := make([]clock.Time, n)
	for i := range out {
		out[i] = sec(1000 + i)
	}
	return out
}

// ngBlock frames a pcapng block.
func ngBlock(o order, kind uint32, body []byte) []byte {
	body = append(slices.Clip(body), make([]byte, -len(body)&3)...)
	n := uint32(len(body) + 12)
	return o.AppendUint32(append(o.u32s(nil, kind, n), body...), n)
}

func ngSection(o order) []byte {
	b := o.AppendUint16(o.AppendUint32(nil, byteOrderMagic), 1)
	return ngBlock(o, blockSection, o.AppendUint64(o.AppendUint16(b, 0), ^uint64(0)))
}

func ngIface(o order, link packet.LinkType, snap uint32, opts []byte) []byte {
	b := o.AppendUint16(o.AppendUint16(nil, uint16(link)), 0)
	return ngBlock(o, blockInterface, append(o.AppendUint32(b, snap), opts...))
}

func ngOpt(o order, code uint16, value []byte) []byte {
	b := append(o.AppendUint16(o.AppendUint16(nil, code), uint16(len(value))), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

func ngEnhanced(o order, id uint32, stamp uint64, wire int, data []byte) []byte {
	return ngBlock(o, blockEnhanced, append(o.u32s(nil, id, uint32(stamp>>32), uint32(stamp), uint32(len(data)), uint32(wire)), data...))
}

// ngOf is a pcapng of frames at the given times, in microseconds.
func ngOf(times ...clock.Time) []byte {
	b := slices.Concat(ngSection(little), ngIface(little, packet.LinkEthernet, 0, nil))
	for i, t := range times {
		b = append(b, ngEnhanced(little, 0, uint64(t/1000), len(frame(i)), frame(i))...)
	}
	return b
}
