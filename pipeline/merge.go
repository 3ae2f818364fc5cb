package pipeline

import (
	"slices"

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
	queue []sheaf    // none of them empty
	next  int        // in the first
	ended bool
}

func newMerger(workers []*worker) *merger {
	m := &merger{workers: workers, heads: make([]head, len(workers))}
	for i := range m.heads {
		m.heads[i].mark = -clock.Never
	}
	return m
}

// next puts into p every call that is below the lowest watermark, in order; sampled says that these are all before
// counted.at, by which the workers counted that. ok is false when all workers have ended and nothing is left.
func (m *merger) next(p *parcel) (sampled, ok bool) {
	for {
		low := m.lowest()
		h := &m.heads[low]
		if h.ended {
			m.drain(p, clock.Never)
			return false, false
		}
		b, open := <-m.workers[low].full
		if !open {
			h.ended, h.mark = true, clock.Never
			continue
		}
		h.add(b)
		m.drain(p, m.heads[m.lowest()].mark)
		if sampled := m.counted.add(&b, len(m.workers)); sampled || len(p.runs) > 0 {
			return sampled, true
		}
	}
}

// add takes b behind what is left of earlier batches.
func (h *head) add(b batch) {
	h.mark = b.mark
	if len(b.calls) > 0 {
		h.queue = append(h.queue, b.sheaf)
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

// drain puts the calls before mark into p, merging the workers' sorted runs: where they lie, as a call is a KiB.
func (m *merger) drain(p *parcel, mark clock.Time) {
	for {
		best, first, second := -1, call.Order{Time: mark}, call.Order{Time: mark}
		for i := range m.heads {
			h := &m.heads[i]
			if len(h.queue) == 0 {
				continue
			}
			switch order := h.queue[0].calls[h.next].Order; {
			case order.Compare(first) < 0:
				best, first, second = i, order, first
			case order.Compare(second) < 0:
				second = order
			}
		}
		if best < 0 {
			return
		}
		h := &m.heads[best]
		calls, from := h.queue[0].calls, h.next
		for h.next++; h.next < len(calls) && calls[h.next].Order.Compare(second) < 0; {
			h.next++
		}
		p.runs = append(p.runs, calls[from:h.next])
		if h.next == len(calls) {
			p.done = append(p.done, used{h.queue[0], m.workers[best].empty})
			h.queue, h.next = slices.Delete(h.queue, 0, 1), 0
		}
	}
}
