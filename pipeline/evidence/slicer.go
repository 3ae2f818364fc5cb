package evidence

import (
	"bytes"
	"cmp"
	"slices"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Interface is where a packet was captured.
type Interface struct {
	Link packet.LinkType
	Snap uint32 // the longest frame that was kept; 0 for any
	Name string // empty where the capture has none
}

// record is one frame that is kept. Its bytes are its own.
type record struct {
	at    uint64 // its place in the capture
	time  clock.Time
	wire  int
	where packet.Where
	in    Interface
	frame []byte
}

// Slicer is shown the packets of a capture, in order, and keeps what shows the incidents. It gives up a slice when
// nothing more can come to it. One goroutine.
type Slicer struct {
	cfg     Config
	done    func(*Slice) error
	decoder *packet.Decoder
	held    fragments
	byFlow  map[packet.Flow][]*part
	open    []*Slice
	due     clock.Time // when the first of open is over
	high    clock.Time
	at      uint64
	total   int64
	gone    clock.Time // packets up to then are not shown to it; 0: all are
}

// Slice is what is kept of one incident. A Slice that was given up is nobody else's.
type Slice struct {
	UID   string
	Calls int // that show the incident
	Lost  Lost

	parts []*part
	bytes int64
	last  clock.Time // nothing comes after it
}

// Lost counts what a slice lacks.
type Lost struct {
	Connections int   // past Config.MaxConnections
	Calls       int   // packets that began a call and are not in the slice
	Packets     int   // past Config.MaxBytes or MaxTotal
	Bytes       int64 // of these
	Early       int   // connections of which packets came so long before that they are not kept any more, or may have
	Torn        int   // IP datagrams of which only the last fragment is there: the others came too long before
}

// part is what is kept of one connection.
type part struct {
	*connection
	slice   *Slice
	records []record
	opened  bool // its SYN was seen
	seq     uint32
	silent  bool // nothing was sent since
	over    bool
	met     []bool // by connection.begins
}

// NewSlicer is for the incidents that c has noted. done takes each slice, with or without packets, and its error ends
// the slicing.
func NewSlicer(c *Collector, frames packet.Config, done func(*Slice) error) *Slicer {
	s := &Slicer{cfg: c.cfg, done: done, decoder: packet.New(frames), held: fragments{cfg: frames}, byFlow: map[packet.Flow][]*part{}, due: clock.Never}
	for _, in := range c.incidents {
		sl := &Slice{UID: in.uid, Calls: max(in.calls, len(in.shown)), Lost: Lost{Connections: len(in.more)}}
		for _, conn := range in.conns {
			p := &part{connection: conn, slice: sl, met: make([]bool, len(conn.begins))}
			sl.parts = append(sl.parts, p)
			sl.last = max(sl.last, conn.to)
			s.byFlow[conn.flow] = append(s.byFlow[conn.flow], p)
		}
		s.open = append(s.open, sl)
		s.due = min(s.due, sl.last)
	}
	return s
}

// Over is whether nothing is wanted any more.
func (s *Slicer) Over() bool { return len(s.open) == 0 }

// Packet takes the next packet, which is borrowed. Its time may be earlier than that of one before it.
func (s *Slicer) Packet(raw *packet.Raw, in Interface) error {
	s.at++
	s.high = max(s.high, raw.Time)
	if s.high > s.due {
		if err := s.give(false); err != nil {
			return err
		}
	}
	before := s.decoder.Stats.Reassembled
	var seg packet.Segment
	r := record{at: s.at, time: raw.Time, wire: raw.WireLen, where: raw.Where, in: in, frame: raw.Frame}
	switch s.decoder.Decode(&seg, raw) {
	case packet.Fragment:
		s.held.hold(r)
		return nil
	case packet.OK:
	default:
		return nil
	}
	parts := s.byFlow[seg.Flow]
	if len(parts) == 0 {
		return nil
	}
	frames, torn := []record{r}, false
	if s.decoder.Stats.Reassembled > before {
		frames, torn = s.held.completed(r, &seg)
	}
	for _, p := range parts {
		if s.offer(p, &seg, frames) && torn {
			p.slice.Lost.Torn++
		}
	}
	return nil
}

// offer gives p the frames of one segment of its flow, and says whether it wants them.
func (s *Slicer) offer(p *part, seg *packet.Segment, frames []record) bool {
	if p.over = p.over || s.high > p.to; p.over {
		return false
	}
	if seg.Flags&packet.SYN != 0 && !(p.opened && seg.Flags&packet.ACK != 0) {
		again := p.opened && seg.Seq == p.seq
		switch {
		case again:
		case s.high > p.start && p.opened:
			p.over = true // another connection between the same two ports
			return false
		default:
			s.drop(p)
			p.opened, p.seq, p.silent = true, seg.Seq, true
		}
	}
	opening := p.silent && len(seg.Payload) == 0
	p.silent = opening
	if s.high < p.from && !p.whole && !opening {
		return false
	}
	for i := range frames {
		s.keep(p, &frames[i])
	}
	return true
}

// keep copies r, as far as the bounds go.
func (s *Slicer) keep(p *part, r *record) {
	n := recordBytes(len(r.frame))
	if p.slice.bytes+n > s.cfg.MaxBytes || s.total+n > s.cfg.MaxTotal {
		p.slice.Lost.Packets++
		p.slice.Lost.Bytes += int64(len(r.frame))
		return
	}
	p.slice.bytes += n
	s.total += n
	if i := slices.Index(p.begins, r.where); i >= 0 {
		p.met[i] = true
	}
	own := *r
	own.frame = bytes.Clone(r.frame)
	p.records = append(p.records, own)
}

// drop forgets what was kept of an earlier connection between the same two ports.
func (s *Slicer) drop(p *part) {
	for i := range p.records {
		n := recordBytes(len(p.records[i].frame))
		p.slice.bytes -= n
		s.total -= n
	}
	p.records = nil
	clear(p.met)
}

// Close gives up all slices.
func (s *Slicer) Close() error { return s.give(true) }

// give gives up the slices that are over, or all of them.
func (s *Slicer) give(all bool) error {
	kept := s.open[:0]
	s.due = clock.Never
	for i, sl := range s.open {
		if !all && s.high <= sl.last {
			kept = append(kept, sl)
			s.due = min(s.due, sl.last)
			continue
		}
		for _, p := range sl.parts {
			for _, met := range p.met {
				if !met {
					sl.Lost.Calls++
				}
			}
			if s.gone > 0 && (p.from <= s.gone || !p.opened) {
				sl.Lost.Early++
			}
			s.forget(p)
		}
		if err := s.done(sl); err != nil {
			s.open = append(kept, s.open[i+1:]...)
			return err
		}
	}
	clear(s.open[len(kept):])
	s.open = kept
	return nil
}

func (s *Slicer) forget(p *part) {
	rest := slices.DeleteFunc(s.byFlow[p.flow], func(o *part) bool { return o == p })
	if len(rest) == 0 {
		delete(s.byFlow, p.flow)
		return
	}
	s.byFlow[p.flow] = rest
}

// inOrder lists what is kept of all connections in the order of the capture, and the connection of each.
func (sl *Slice) inOrder() (all []record, of []int) {
	type place struct{ part, i int }
	var places []place
	for i, p := range sl.parts {
		for j := range p.records {
			places = append(places, place{i, j})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(sl.parts[a.part].records[a.i].at, sl.parts[b.part].records[b.i].at), cmp.Compare(a.part, b.part))
	})
	for _, at := range places {
		r := sl.parts[at.part].records[at.i]
		if n := len(all); n > 0 && all[n-1].at == r.at {
			continue // two connections of the same ports that touch
		}
		all, of = append(all, r), append(of, at.part)
	}
	return all, of
}
