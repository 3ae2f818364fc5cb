package pipeline

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// merger puts the batches of all workers into the one total order. It always reads the worker that is furthest
// behind, so that no worker's queue grows while another is waited for.
type merger struct {
	workers []*worker
	heads   []head
	counted gather
}

// head is what is left of one worker's newest batches.
type head struct {
	mark  clock.Time // every call before it has arrived
	calls []call.Call
	next  int
	ended bool
}

func newMerger(workers []*worker) *merger {
	m := &merger{workers: workers, heads: make([]head, len(workers))}
	for i := range m.heads {
		m.heads[i].mark = -clock.Never
	}
	return m
}

// next appends to dst every call that is below the lowest watermark, in order; sampled says that these are all before
// counted.at, by which the workers counted that. ok is false when all workers have ended and nothing is left.
func (m *merger) next(dst []call.Call) (_ []call.Call, sampled, ok bool) {
	for {
		low := m.lowest()
		h := &m.heads[low]
		if h.ended {
			return m.drain(dst, clock.Never), false, false
		}
		b, open := <-m.workers[low].full
		if !open {
			h.ended, h.mark = true, clock.Never
			continue
		}
		h.add(b, m.workers[low].empty)
		mark, before := m.heads[m.lowest()].mark, len(dst)
		if before == 0 && m.alone(low, mark) {
			dst, h.calls = h.calls, dst
		} else {
			dst = m.drain(dst, mark)
		}
		if sampled := m.counted.add(&b, len(m.workers)); sampled || len(dst) > before {
			return dst, sampled, true
		}
	}
}

// add takes b behind what is left of earlier batches.
func (h *head) add(b batch, empty chan<- []call.Call) {
	if h.next == len(h.calls) {
		if h.calls != nil {
			give(empty, h.calls)
		}
		h.calls, h.next = b.calls, 0
	} else {
		h.calls = append(h.calls, b.calls...)
		give(empty, b.calls)
	}
	h.mark = b.mark
}

func give(empty chan<- []call.Call, calls []call.Call) {
	clear(calls) // their strings pin arena chunks
	select {
	case empty <- calls[:0]:
	default:
	}
}

func (m *merger) lowest() int {
	low := 0
	for i := range m.heads {
		if m.heads[i].mark < m.heads[low].mark {
			low = i
		}
	}
	return low
}

// alone is whether the calls before mark are all that is left of one worker, and none of another.
func (m *merger) alone(worker int, mark clock.Time) bool {
	for i := range m.heads {
		h := &m.heads[i]
		switch n := len(h.calls); {
		case i == worker && (n == 0 || h.next > 0 || h.calls[n-1].Time >= mark):
			return false
		case i != worker && h.next < n && h.calls[h.next].Time < mark:
			return false
		}
	}
	return true
}

// drain appends the calls before mark, merging the workers' sorted runs.
func (m *merger) drain(dst []call.Call, mark clock.Time) []call.Call {
	for {
		best := -1
		for i := range m.heads {
			h := &m.heads[i]
			if h.next == len(h.calls) || h.calls[h.next].Time >= mark {
				continue
			}
			if best < 0 || h.calls[h.next].Order.Compare(m.heads[best].calls[m.heads[best].next].Order) < 0 {
				best = i
			}
		}
		if best < 0 {
			return dst
		}
		h := &m.heads[best]
		dst = append(dst, h.calls[h.next])
		h.next++
	}
}
