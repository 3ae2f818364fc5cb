package replay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"auscult/sensor/packet"
)

// AUSCULT_BENCH_PCAP names a capture to measure with instead of the generated one.
func benchFile(b *testing.B) (path string, size int64) {
	b.Helper()
	if path = os.Getenv("AUSCULT_BENCH_PCAP"); path == "" {
		path = write(b, b.TempDir(), "bench.pcap", pcapSized(64<<20, 900))
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, info.Size()
}

// pcapSized is a pcap of about size bytes, of frames of n bytes.
func pcapSized(size, n int) []byte {
	b := make([]byte, 0, size+n)
	b = append(b, pcapHead(little, magicMicro)...)
	f := bytes.Repeat([]byte{0x5a}, n)
	for i := 0; len(b) < size; i++ {
		b = little.u32s(b, uint32(1000+i/1000), uint32(i%1000), uint32(n), uint32(n))
		b = append(b, f...)
	}
	return b
}

// BenchmarkMerge is the reader alone: what one goroutine needs to walk a file.
func BenchmarkMerge(b *testing.B) {
	path, size := benchFile(b)
	b.SetBytes(size)
	b.ReportAllocs()
	var packets int
	for b.Loop() {
		packets = 0
		m := mergeOf(b, Defaults(), path)
		for raw, _ := m.next(); raw != nil; raw, _ = m.next() {
			packets++
		}
	}
	b.ReportMetric(float64(packets), "packets")
}

func mergeOf(t testing.TB, cfg Config, paths ...string) *merge {
	t.Helper()
	env := &env{ctx: context.Background(), cfg: cfg, pool: newPool(cfg.BlockBytes, 4), before: func() error { return nil }}
	f := &finder{env: env}
	f.find(paths)
	return newMerge(env, f.streams, func(*Fault, *Notice) {})
}

// BenchmarkLanes is the whole source; every lane looks at every packet's first byte.
func BenchmarkLanes(b *testing.B) {
	path, size := benchFile(b)
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				lanes, err := New(Defaults(), path).Open(context.Background(), n)
				if err != nil {
					b.Fatal(err)
				}
				done := make(chan int, n)
				for _, l := range lanes {
					go func() {
						sum := 0
						for raw, err := l.Next(); err == nil; raw, err = l.Next() {
							sum += int(raw.Frame[0])
						}
						done <- sum
					}()
				}
				for range lanes {
					<-done
				}
			}
		})
	}
}

func BenchmarkPcapng(b *testing.B) {
	file := bytes.NewBuffer(ngOf())
	f := bytes.Repeat([]byte{0x5a}, 900)
	for i := range 64 << 10 {
		file.Write(ngEnhanced(little, 0, uint64(i), len(f), f))
	}
	path := write(b, b.TempDir(), "bench.pcapng", file.Bytes())
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		m := mergeOf(b, Defaults(), path)
		for raw, _ := m.next(); raw != nil; raw, _ = m.next() {
		}
	}
}

// endless repeats the records of a file for ever.
type endless struct{ head, body []byte }

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) == 0 {
		e.head = e.body
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	return n, nil
}

// TestNextAllocatesNothing gates the whole way of a packet in steady state, blocks and batches included.
func TestNextAllocatesNothing(t *testing.T) {
	for name, file := range map[string][]byte{"pcap": pcapOf(seconds(500)...), "pcapng": ngOf(seconds(500)...)} {
		t.Run(name, func(t *testing.T) {
			first := len(pcapHead(little, magicMicro))
			if name == "pcapng" {
				first = len(ngOf())
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			src := New(small(), "-")
			src.Stdin = &endless{file, file[first:]}
			lanes, err := src.Open(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			for range 20000 {
				lanes[0].Next()
			}
			var raw packet.Raw
			if n := testing.AllocsPerRun(20, func() {
				for range 5000 {
					if raw, err = lanes[0].Next(); err != nil {
						t.Fatal(err)
					}
				}
			}); n > 0 {
				t.Errorf("5000 packets allocate %v times", n)
			}
			cancel()
			for ; err != io.EOF; _, err = lanes[0].Next() {
			}
			if len(raw.Frame) == 0 {
				t.Error("no frame")
			}
		})
	}
}
