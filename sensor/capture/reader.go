package capture

import (
	"auscult/pipeline/lanes"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// reader takes the packets of all rings, in one order of time, into batches. One goroutine.
type reader struct {
	fan     *lanes.Fan
	rings   []*ring
	time    timeline
	clock   func() (wall, ticks clock.Time)
	window  clock.Time
	final   bool   // no more packets come: none waits for another
	offset  int64  // where the next packet is in a recording
	publish func() // makes the counters known; called between batches
}

// pass fills and hands over one batch. dry says that the rings have no more that can be handed over now; more is
// false when nobody reads the lanes any longer.
func (r *reader) pass() (packets int, dry, more bool) {
	defer r.publish()
	r.time.look(r.clock())
	for {
		safe := r.safe()
		due, bound := first(r.rings, safe, &r.time)
		if due == nil {
			r.idle(safe)
			r.fan.Flush()
			return packets, true, true
		}
		for ok := true; ok && due.raw.Time <= bound; ok = due.has {
			if !r.fan.Room() {
				return packets, false, false
			}
			r.hand(due)
			packets++
			due.has = due.forward(&r.time)
			if r.fan.Full() {
				r.fan.Flush()
				return packets, false, true
			}
		}
	}
}

// safe is the time before which a ring that has nothing now will have nothing: the kernel gives up a block in which
// something waits after at most two of its timeouts.
func (r *reader) safe() clock.Time {
	if r.final {
		return clock.Never
	}
	return r.time.now - r.window
}

// hand puts the packet that is due into the current batch.
func (r *reader) hand(due *ring) {
	raw := &due.raw
	raw.Time = r.time.pass(raw.Time)
	raw.Link, raw.Where = due.port.link, packet.Where{File: due.port.index, Offset: r.offset}
	r.offset += recordBytes(len(raw.Frame))
	due.count()
	r.fan.Put(raw, due.cur, &due.cur.mark)
}

// idle tells the lanes that time goes on where no packet says so, at most once for each step of the grid.
func (r *reader) idle(safe clock.Time) {
	mark := safe.Floor()
	if mark <= r.time.high || r.final || !r.fan.Room() {
		return
	}
	r.time.high = mark
	r.fan.PutTime(&packet.Raw{Time: mark})
}
