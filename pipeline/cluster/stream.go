package cluster

import (
	"cmp"
	"fmt"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// stream is what one run of a sensor has sent and was not judged yet.
type stream struct {
	sensor string
	run    uint64
	place              // behind the newest batch
	queue  []held      // oldest first
	bytes  int         // of queue
	behind bool        // it is not waited for now
	calls  []call.Call // of queue[0], once it was opened
	next   int         // in calls
	open   bool        // queue[0] is in calls
}

// place is how far a stream was read.
type place struct {
	Seq  uint64     `cbor:"1,keyasint"`
	Mark clock.Time `cbor:"2,keyasint"`
	Kind kind       `cbor:"3,keyasint,omitzero"`
}

// held is a batch that waits: its calls as they are compressed, no longer sealed.
type held struct {
	batch
	offset int64
	before place      // of the stream
	late   clock.Time // its calls before this came too late, or were judged before a restart
	zipped []byte
	calls  []call.Call // nil: in zipped only
}

// ahead is how many batches of a stream are kept as they will be judged.
const ahead = 2

// push queues a batch with calls.
func (s *stream) push(h held) {
	if len(s.queue) >= ahead { // it waits: what is compressed is a tenth
		h.calls = nil
	}
	s.queue = append(s.queue, h)
	s.bytes += len(h.zipped)
}

// first is the first call that is not judged, if it is before to; opening what it is in.
func (s *stream) first(to clock.Time, r *reading, site *site) *call.Call {
	for len(s.queue) > 0 {
		h := &s.queue[0]
		if !s.open {
			if h.First >= to {
				return nil
			}
			if err := s.load(h, r); err != nil {
				site.count.Broken++
				site.sayOnce("broken "+s.sensor, fmt.Sprintf("site %s: a batch of %d calls of sensor %s cannot be read (further ones are only counted): %v", site.name, h.Calls, s.sensor, err))
			}
			late := 0
			for s.next < len(s.calls) && s.calls[s.next].Time < h.late {
				s.next++
				late++
			}
			if late > 0 && h.offset >= site.through {
				site.late(s, late)
			}
		}
		if s.next < len(s.calls) {
			if c := &s.calls[s.next]; c.Time < to {
				return c
			}
			return nil
		}
		s.drop()
	}
	return nil
}

// load brings the calls of h, where they were not read ahead or were let go.
func (s *stream) load(h *held, r *reading) (err error) {
	s.open, s.next, s.calls = true, 0, h.calls
	if s.calls == nil {
		s.calls, err = r.load(nil, &h.batch, h.zipped)
	}
	return err
}

// drop forgets the oldest batch.
func (s *stream) drop() {
	s.bytes -= len(s.queue[0].zipped)
	s.queue[0] = held{}
	s.queue = s.queue[1:]
	s.calls, s.next, s.open = nil, 0, false
}

// resume is where the stream is to be read on from after a restart.
func (s *stream) resume() place {
	if len(s.queue) > 0 {
		return s.queue[0].before
	}
	return s.place
}

func (s *stream) compare(o *stream) int {
	return cmp.Or(cmp.Compare(s.sensor, o.sensor), cmp.Compare(s.run, o.run))
}
