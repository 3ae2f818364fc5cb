package tcp

import "auscult/sensor/clock"

// schedule puts p where due belongs in the heap, or takes it out if due is Never.
func (t *Table) schedule(p *pending, due clock.Time) {
	switch {
	case due == clock.Never && p.at < 0, due == p.due && p.at >= 0:
		p.due = due
		return
	case p.at < 0:
		p.due, p.at = due, len(t.heap)
		t.heap = append(t.heap, p)
		t.up(p.at)
		return
	case due != clock.Never:
		p.due = due
		t.up(p.at)
		t.down(p.at)
		return
	}
	i, n := p.at, len(t.heap)-1
	t.heap[i] = t.heap[n]
	t.heap[i].at = i
	t.heap[n] = nil
	t.heap = t.heap[:n]
	if i < n {
		t.up(i)
		t.down(i)
	}
	p.due, p.at = due, -1
}

func (t *Table) less(i, j int) bool {
	a, b := t.heap[i], t.heap[j]
	return a.due < b.due || a.due == b.due && a.conn.ID < b.conn.ID
}

func (t *Table) swap(i, j int) {
	h := t.heap
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (t *Table) up(i int) {
	for i > 0 && t.less(i, (i-1)/2) {
		t.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (t *Table) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(t.heap) {
			return
		}
		if c+1 < len(t.heap) && t.less(c+1, c) {
			c++
		}
		if !t.less(c, i) {
			return
		}
		t.swap(i, c)
		i = c
	}
}
