package pipeline

import (
	"errors"
	"fmt"
	"io"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

// Partitions is the fixed number of flow partitions. State lives in them, not in workers.
const Partitions = extract.Partitions

// handful is how many calls, a KiB each, are handed over before the grid mark if nothing can become known before
// them any more: so few that they are in the cache still when the next goroutine reads them.
const handful = 64

// batch is what one worker hands to the owner: its calls of all times before mark, in order.
type batch struct {
	mark clock.Time
	sheaf
	stats *extract.Stats // as of mark, where that is to be sampled
}

// sheaf is calls with the arena that all of them are carved from. It goes from the worker to the owner and the writer and
// back again, so that their memory stays in cache.
type sheaf struct {
	calls []call.Call
	arena *call.Arena
}

// worker turns one lane into batches. It owns the flow partitions p with p mod workers == index, and everything
// in its extractor. One goroutine.
type worker struct {
	lane  Lane
	ex    *extract.Extractor
	full  chan batch  // to the owner, closed at the end
	empty chan sheaf  // used ones that come back
	arena *call.Arena // of the calls that are being made
	prog  *Progress
	due   sampler
	order ordering
	err   error // read by Run after full is closed
}

func (w *worker) run() {
	defer close(w.full)
	var now, next clock.Time
	var packets, bytes uint64
	report := func() { // one lane speaks for all of them: every lane sees the same packets
		if w.prog != nil {
			w.prog.Packets.Add(packets)
			w.prog.Bytes.Add(bytes)
		}
		packets, bytes = 0, 0
	}
	defer report()
	w.arena = new(call.Arena)
	w.ex.Carve(w.arena)
	started := false
	for {
		raw, err := w.lane.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.err = fmt.Errorf("read packets: %w", err)
			}
			break
		}
		if raw.Secrets != nil {
			w.ex.Secrets(raw.Secrets)
			if raw.Frame == nil {
				continue // they have no time of their own
			}
		}
		if !started {
			started, next = true, raw.Time.Floor()+clock.Grid
			w.due.pass(raw.Time, w.sample)
		}
		if raw.Time >= next {
			mark := raw.Time.Floor()
			w.due.pass(mark, w.sample)
			w.ex.Expire(mark - 1)
			w.hand(mark, w.ex.Take, nil)
			next = mark + clock.Grid
			report()
		} else if w.ex.Ready() >= handful && raw.Time > now && w.ex.Settled(raw.Time) {
			w.hand(raw.Time, w.ex.TakeSome, nil)
		}
		now = raw.Time
		if raw.Frame == nil {
			continue
		}
		packets++
		bytes += uint64(len(raw.Frame))
		w.ex.Packet(&raw)
	}
	w.ex.Close(now)
	w.hand(clock.Never, w.ex.Take, nil)
}

// hand sorts and sends what the extractor has, with stats if any, and gives it a used sheaf to go on with.
func (w *worker) hand(mark clock.Time, take func([]call.Call) []call.Call, stats *extract.Stats) {
	var spare sheaf
	select {
	case spare = <-w.empty:
	default:
		spare = sheaf{make([]call.Call, 0, handful+handful/4), new(call.Arena)} // some packets end several
	}
	calls := take(spare.calls)
	w.order.sort(calls)
	w.full <- batch{mark, sheaf{calls, w.arena}, stats}
	w.arena = spare.arena
	w.ex.Carve(w.arena)
}
