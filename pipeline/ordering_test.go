package pipeline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestOrdering sorts as a stable sort does, whatever is out of place.
func TestOrdering(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var o ordering
	for n := range 300 {
		calls := make([]call.Call, r.IntN(80))
		spread := 1 + r.IntN(40)
		for i := range calls {
			calls[i].Order = call.Order{Time: clock.Time(i / (1 + n%3)), Flow: uint64(r.IntN(3)), Seq: uint32(r.IntN(2))}
			if n%4 > 0 && r.IntN(4) == 0 {
				calls[i].Time += clock.Time(r.IntN(spread))
			}
			calls[i].Conn = uint64(i) // tells those of one Order apart
		}
		want := slices.Clone(calls)
		slices.SortStableFunc(want, func(a, b call.Call) int { return a.Order.Compare(b.Order) })
		o.sort(calls)
		for i := range calls {
			if calls[i].Order != want[i].Order || calls[i].Conn != want[i].Conn {
				t.Fatalf("round %d: %d is %v of %d, want %v of %d", n, i, calls[i].Order, calls[i].Conn, want[i].Order, want[i].Conn)
			}
		}
	}
}
