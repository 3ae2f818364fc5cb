package tcp_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestTenMillionFlows: half-open scans, scans with data on the SYN and short conversations, a new flow every
// microsecond. What they leave is bounded by the configuration, not by their number.
func TestTenMillionFlows(t *testing.T) {
	flows := 10_000_000
	if testing.Short() {
		flows = 1_000_000
	}
	cfg := tcp.Defaults()
	table := tcp.New(cfg)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	dst := make([]tcp.Event, 0, 64)
	steps := opened(step{0, seg('c', "PA", 100, 1000, "request")}, step{0, seg('s', "PA", 1000, 107, "answer")},
		step{0, seg('c', "FA", 107, 1006, "")}, step{0, seg('s', "FA", 1006, 108, "")})
	early := seg('c', "S", 99, 0, "early")
	now, mark, most := start, start.Floor(), 0
	give := func(s *packet.Segment, i int) {
		s.Flow.A.Addr[12], s.Flow.A.Addr[13], s.Flow.A.Addr[14] = byte(i), byte(i>>8), byte(i>>16)
		dst = table.Segment(dst[:0], now, s)
	}
	for i := range flows {
		now += clock.Time(time.Microsecond)
		for ; mark+clock.Grid <= now; mark += clock.Grid {
			dst = table.Expire(dst[:0], mark+clock.Grid)
		}
		switch i & 7 {
		case 0: // one in eight says something
			for _, s := range steps {
				give(s.seg, i)
			}
		case 1:
			give(early, i)
		default:
			give(steps[0].seg, i)
		}
		most = max(most, table.Len())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d flows, at most %d at once, %.1f MB more than before, %+v", flows, most, float64(grown)/1e6, table.Stats)
	// Connections with their index, remembered bytes, and the pages of data on SYNs.
	if bound := int64(256*cfg.MaxConns + 2*cfg.Recent + cfg.MaxBuffer); grown > bound || most > cfg.MaxConns {
		t.Errorf("%d bytes more than before, bound %d; %d connections", grown, bound, most)
	}
	table.Expire(dst[:0], now+20_000*ms)
	if table.Len() != 0 {
		t.Errorf("%d connections left after the scans", table.Len())
	}
}

// orders are ways to send n single bytes, or pieces, that make the most of a buffer.
var orders = map[string]func(i, n int) (at, length int){
	"in order":       func(i, n int) (int, int) { return i, 1 },
	"every other":    func(i, n int) (int, int) { return (2*i + 1) % (n + 1 - n&1), 1 },
	"reversed":       func(i, n int) (int, int) { return n - 1 - i, 1 },
	"from both ends": func(i, n int) (int, int) { return []int{i/2 + 1, n - 1 - i/2}[i&1], 1 },
	"overlap by one": func(i, n int) (int, int) { return n - 1 - i, 2 },
	"all from here":  func(i, n int) (int, int) { return n - 1 - i, 300 },
	"the same":       func(i, n int) (int, int) { return 1, 1000 },
}

// TestLinear: the worst order of segments costs a bounded multiple of the same segments in order, up to the
// bound of the buffer. Medians of several runs, and a generous ratio: a quadratic cost would be in the hundreds.
func TestLinear(t *testing.T) {
	const n = 16_000
	cost := func(policy tcp.Overlap, order func(i, n int) (int, int)) time.Duration {
		var runs []time.Duration
		for range 5 {
			cfg := tcp.Defaults()
			cfg.Overlap = policy
			table := tcp.New(cfg)
			dst := make([]tcp.Event, 0, 1<<14)
			for _, s := range opened() {
				dst = table.Segment(dst[:0], start, s.seg)
			}
			s := seg('c', "A", 0, 1000, "")
			text := make([]byte, 1000)
			runs = append(runs, shared.Spent(func() {
				for i := range n {
					at, length := order(i, n)
					s.Seq, s.Payload = 100+uint32(at), text[:length]
					dst = table.Segment(dst[:0], start, s)
				}
			}))
		}
		slices.Sort(runs)
		return runs[len(runs)/2]
	}
	for _, policy := range []tcp.Overlap{tcp.First, tcp.Last, tcp.Linux} {
		base := cost(policy, orders["in order"])
		for name, order := range orders {
			ratio := float64(cost(policy, order)) / float64(base)
			t.Logf("%s, %s: %.0f ns a segment, %.1f times in order", policy, name, ratio*float64(base)/n, ratio)
			if ratio > 150 {
				t.Errorf("%s, %s: %.1f times in order", policy, name, ratio)
			}
		}
	}
}
