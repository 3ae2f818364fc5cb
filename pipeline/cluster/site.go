package cluster

import (
	"fmt"
	"slices"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Counts is what became of calls and batches. It only grows.
type Counts struct {
	Calls    uint64 // judged
	Late     uint64 // calls that came after their sensor had been left behind
	Missed   uint64 // batches that never came
	Repeated uint64 // batches that came again
	Broken   uint64 // batches that could not be read
	Refused  uint64 // messages that are no batches of a site whose key is known
	Alerts   uint64
}

// Add adds o.
func (c *Counts) Add(o *Counts) {
	c.Calls += o.Calls
	c.Late += o.Late
	c.Missed += o.Missed
	c.Repeated += o.Repeated
	c.Broken += o.Broken
	c.Refused += o.Refused
	c.Alerts += o.Alerts
}

// site merges the calls of one site's sensors into their one order and judges them. What it does depends on the
// batches that it is given, in their order, and on nothing else: no clock, and not on when it is asked.
type site struct {
	name    string
	cfg     *Config
	judged  func() *pipeline.Site // a new one
	say     func(string)
	judge   *pipeline.Site // nil: nothing came since the beginning, or the last end
	streams []*stream      // in order of sensor and run
	past    map[string]run // of sensors, the newest that is over
	*reading
	released clock.Time // every call before it was judged, or will not be
	sensors  int        // that publish, as the newest batch says
	live     bool       // some of them are
	began    int64      // offset of the first batch since the last end
	through  int64      // offset up to which all was read before a restart
	count    Counts
	said     map[string]bool // what is said once
}

// run is a run of a sensor that is over.
type run struct {
	ID  uint64 `cbor:"1,keyasint"`
	Seq uint64 `cbor:"2,keyasint"`
}

// add takes a batch and appends to dst what can be said now.
func (s *site) add(dst []alert.Alert, o *opened) []alert.Alert {
	h, offset := &o.batch, o.offset
	st := s.stream(h, offset)
	if st == nil {
		return dst
	}
	switch {
	case h.Seq <= st.Seq:
		s.repeat(offset)
		return dst
	case h.Seq > st.Seq+1:
		n := h.Seq - st.Seq - 1
		s.count.Missed += n
		s.say(fmt.Sprintf("site %s: %d batches of sensor %s are missing: its spool was full, or the topic has dropped them", s.name, n, h.Sensor))
	}
	if h.Calls > 0 {
		st.push(held{batch: *h, offset: offset, before: st.place, late: max(s.released, st.Mark), zipped: o.zipped, calls: o.calls})
	}
	st.place = place{h.Seq, max(st.Mark, h.Mark), h.Kind}
	s.sensors, s.live = h.Sensors, s.live || !h.Replay
	dst = s.advance(dst)
	if offset >= s.through {
		s.tellBehind()
	}
	return s.finish(dst)
}

func (s *site) repeat(offset int64) {
	if offset >= s.through {
		s.count.Repeated++
	}
}

// stream is the one that h belongs to, begun where it is new; nil when it is over.
func (s *site) stream(h *batch, offset int64) *stream {
	if p, ok := s.past[h.Sensor]; ok && h.Run <= p.ID {
		s.repeat(offset)
		return nil
	}
	key := &stream{sensor: h.Sensor, run: h.Run}
	i, found := slices.BinarySearchFunc(s.streams, key, (*stream).compare)
	if found {
		return s.streams[i]
	}
	if i < len(s.streams) && s.streams[i].sensor == h.Sensor || len(s.streams) >= 2*maxSensors || len(s.past) >= 4*maxSensors { // a later run has begun
		s.repeat(offset)
		return nil
	}
	if len(s.streams) == 0 && s.judge == nil {
		s.began = offset
	}
	if i > 0 && s.streams[i-1].sensor == h.Sensor && s.streams[i-1].Kind == more {
		s.streams[i-1].Kind = left // without a word
	}
	s.streams = slices.Insert(s.streams, i, key)
	return key
}

// advance judges what no sensor can send anything before any more, or what is not waited for any longer.
func (s *site) advance(dst []alert.Alert) []alert.Alert {
	var marks []clock.Time // of those that will send more; one that was not heard yet is at 0
	top, heard := clock.Time(0), 0
	for i, st := range s.streams {
		if i == 0 || s.streams[i-1].sensor != st.sensor {
			heard++
		}
		mark := st.Mark
		if st.Kind == more {
			marks = append(marks, mark)
		} else if len(st.queue) > 0 {
			mark = max(mark, st.queue[len(st.queue)-1].First)
		}
		if mark != clock.Never {
			top = max(top, mark)
		}
	}
	for range s.sensors - heard {
		marks = append(marks, 0)
	}
	slices.Sort(marks)
	low := clock.Never
	if len(marks) > 0 {
		low = marks[0]
		if s.live {
			low = max(low, top.Add(-s.cfg.Lag))
		}
	}
	dst = s.release(dst, low)
	for s.waiting() > s.cfg.MaxWaiting {
		dst = s.release(dst, s.oldest())
	}
	return dst
}

// oldest is where the first of the batches that wait ends.
func (s *site) oldest() clock.Time {
	end := clock.Never - 1
	for _, st := range s.streams {
		if len(st.queue) > 0 {
			end = min(end, max(st.queue[0].Mark, st.queue[0].First))
		}
	}
	return end + 1
}

// release judges every call before to that was not judged, in their order.
func (s *site) release(dst []alert.Alert, to clock.Time) []alert.Alert {
	last := s.released
	for {
		var best *stream
		var first *call.Call
		second := call.Order{Time: to}
		for _, st := range s.streams {
			c := st.first(to, s.reading, s)
			switch {
			case c == nil:
			case first == nil || c.Order.Compare(first.Order) < 0:
				if first != nil {
					second = first.Order
				}
				best, first = st, c
			case c.Order.Compare(second) < 0:
				second = c.Order
			}
		}
		if best == nil {
			break
		}
		from := best.next
		for best.next++; best.next < len(best.calls) && best.calls[best.next].Order.Compare(second) < 0; {
			best.next++
		}
		if s.judge == nil {
			var err error
			if s.judge, err = s.newJudge(); err != nil {
				s.say(fmt.Sprintf("site %s: %v", s.name, err))
			}
		}
		n := len(dst)
		for i := from; i < best.next; i++ {
			c := &best.calls[i]
			if c.Kind == call.HTTP && !c.Running {
				s.count.Calls++
			}
			dst = s.judge.Observe(dst, c)
		}
		last = best.calls[best.next-1].Time
		s.count.Alerts += uint64(len(dst) - n)
	}
	if to == clock.Never { // nobody is waited for, but somebody may come back
		to = last
	}
	s.released = max(s.released, to)
	return dst
}

// newJudge is one that has judged nothing, and remembers. It judges even if it cannot remember.
func (s *site) newJudge() (*pipeline.Site, error) {
	j := s.judged()
	return j, j.Remember()
}

// finish ends what is over: runs that a later one follows, and the site when all its captures are at their end.
func (s *site) finish(dst []alert.Alert) []alert.Alert {
	over, heard := true, 0
	kept := s.streams[:0]
	for i, st := range s.streams {
		last := i+1 == len(s.streams) || s.streams[i+1].sensor != st.sensor
		over = over && (!last || st.Kind == ended)
		if last {
			heard++
		} else if len(st.queue) == 0 {
			continue
		}
		kept = append(kept, st)
	}
	clear(s.streams[len(kept):])
	s.streams = kept
	if heard == 0 || !over || heard < s.sensors {
		return dst
	}
	if s.judge != nil {
		n := len(dst)
		dst = s.judge.Close(dst)
		s.count.Alerts += uint64(len(dst) - n)
	}
	for _, st := range s.streams {
		s.past[st.sensor] = run{st.run, st.Seq}
	}
	s.judge, s.streams, s.released, s.live = nil, nil, 0, false
	return dst
}

// over is whether all that was begun is at its end.
func (s *site) over() bool { return len(s.streams) == 0 }

// waiting is how many bytes of calls wait.
func (s *site) waiting() (n int) {
	for _, st := range s.streams {
		n += st.bytes
	}
	return n
}

// tellBehind says once of each sensor that it is not waited for.
func (s *site) tellBehind() {
	for _, st := range s.streams {
		behind := st.Kind == more && st.Mark < s.released
		if behind && !st.behind {
			s.say(fmt.Sprintf("site %s: sensor %s is behind the others; what it sends from before is late and will not be judged", s.name, st.sensor))
		}
		st.behind = behind
	}
}

// late counts n calls of st that came too late.
func (s *site) late(st *stream, n int) {
	s.count.Late += uint64(n)
	s.sayOnce("late "+st.sensor, fmt.Sprintf("site %s: calls of sensor %s came too late and are not judged (further ones are only counted)", s.name, st.sensor))
}

// sayOnce says line unless something was said of what.
func (s *site) sayOnce(what, line string) {
	if !s.said[what] && len(s.said) < 2*maxSensors {
		s.said[what] = true
		s.say(line)
	}
}
