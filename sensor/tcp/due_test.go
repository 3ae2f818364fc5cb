package tcp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/tcp"
)

// TestDue: once Due has said that nothing before a packet can become known any more, nothing does, whatever comes.
func TestDue(t *testing.T) {
	cfg := tcp.Defaults()
	cfg.MaxConns, cfg.MaxBuffer, cfg.MaxFlowBuffer, cfg.Recent = 3, 8192, 6144, 8192
	cfg.Idle, cfg.HalfClosed = 20*time.Second, 9*time.Second
	r := rand.New(rand.NewPCG(7, 8))
	var settled, open int
	for range 1000 {
		ops := make([]byte, r.IntN(1200))
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		table := tcp.New(cfg)
		now, mark, floor := start, start.Floor(), clock.Time(0)
		check := func(events []tcp.Event) {
			for _, e := range events {
				if e.Time < floor {
					t.Fatalf("an event of %d is known after all before %d was", e.Time, floor)
				}
			}
		}
		for _, s := range wild(ops) {
			before := now
			now += s.wait * ms
			switch {
			case now == before:
			case table.Due(now) >= now:
				floor = now
				settled++
			default:
				open++
			}
			for ; mark+4*clock.Grid <= now.Floor(); mark += 4 * clock.Grid {
				check(table.Expire(nil, mark))
			}
			check(table.Segment(nil, now, s.seg))
		}
		check(table.Close(nil, now))
	}
	if settled < 1000 || open < 1000 {
		t.Errorf("%d packets with all known before them, %d with something due: the input tests little", settled, open)
	}
}
