package replay

import (
	"cmp"
	"fmt"
	"slices"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// merge is the packets of many streams in order of time, ties by their index. A stream is opened when its first
// packet is due, so a folder of a year's rotated files holds one or two open at a time. Time never goes back:
// what is stamped earlier than a packet before it gets that one's time. One goroutine.
type merge struct {
	env   *env
	heap  []*stream // a binary heap by less; heap[0] is due
	taken bool      // heap[0].raw has been handed out
	high  clock.Time
	stats Stats
	ended func(*Fault, *Notice)
	sieve sieve
	exact bool // packets keep their stamps, though time goes back by them
}

func newMerge(env *env, streams []*stream, ended func(*Fault, *Notice)) *merge {
	m := &merge{env: env, heap: slices.Clone(streams), ended: ended, sieve: sieve{filter: env.cfg.Filter}}
	// A sorted slice is a heap.
	slices.SortFunc(m.heap, func(a, b *stream) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.index, b.index)) })
	return m
}

func less(a, b *stream) bool { return a.key < b.key || a.key == b.key && a.index < b.index }

// next returns the packet that is due and the block that holds its frame, both valid until the next call; nil
// ends it. All streams are closed then.
func (m *merge) next() (*packet.Raw, *block) {
	for len(m.heap) > 0 {
		s := m.heap[0]
		if m.taken || !s.begun {
			m.taken = false
			if m.forward(s) {
				m.sink()
				continue
			}
			m.drop()
			continue
		}
		m.taken = true
		if s.raw.Frame == nil {
			return &s.raw, s.win.blk // secrets that no packet follows
		}
		if counter := m.unwanted(s); counter != nil {
			*counter++
			if s.raw.Secrets == nil {
				continue
			}
			s.raw.Frame = nil // what it brings opens packets that are wanted
			return &s.raw, s.win.blk
		}
		m.count(s)
		return &s.raw, s.win.blk
	}
	return nil, nil
}

// forward moves s to its next packet, and reports whether there is one.
func (m *merge) forward(s *stream) bool {
	var err error
	if s.begun {
		err = s.next()
	} else {
		err = s.begin(m.env)
	}
	if err == nil {
		return true
	}
	fault, notice := s.verdict(m.env.ctx, err, &m.stats)
	m.ended(fault, notice)
	return false
}

// unwanted is the counter of those packets that the first one of s is not handed out for; nil when it is.
func (m *merge) unwanted(s *stream) *uint64 {
	if t := s.raw.Time; t < m.env.cfg.From || m.env.cfg.To != 0 && t >= m.env.cfg.To {
		return &m.stats.OutsideWindow
	}
	if m.sieve.filter == nil {
		return nil
	}
	taken, err := m.sieve.takes(&s.raw)
	if err != nil {
		m.ended(nil, &Notice{s.path, -1, fmt.Sprintf("%v; frames of link type %d are left out", err, s.raw.Link)})
	}
	if taken {
		return nil
	}
	return &m.stats.FilteredOut
}

func (m *merge) count(s *stream) {
	if s.raw.Time < m.high {
		m.stats.Backwards++
		if !m.exact {
			s.raw.Time = m.high
		}
	}
	m.high = max(m.high, s.raw.Time)
	if s.stat.Packets == 0 {
		s.stat.First = m.high
	}
	s.stat.Last = m.high
	s.stat.Packets++
	s.stat.Bytes += uint64(len(s.raw.Frame))
}

// sink moves the first stream down to where its key belongs.
func (m *merge) sink() {
	h := m.heap
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && less(h[child+1], h[child]) {
			child++
		}
		if !less(h[child], h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// drop takes the first stream out.
func (m *merge) drop() {
	last := len(m.heap) - 1
	m.heap[0], m.heap[last] = m.heap[last], nil
	m.heap = m.heap[:last]
	m.sink()
}

// close ends what has not ended by itself.
func (m *merge) close() {
	for _, s := range m.heap {
		if s.begun {
			s.close()
		}
	}
	m.heap = nil
}
