package phi

// add makes a pattern of what was learned, which adds w to what is around it.
func (t *follower) add(s *Scanner, w sums) {
	l := &s.learn
	if l.size() > patternText {
		return
	}
	i := t.room()
	r := &t.list[i]
	*r = pattern{place: l.place, text: r.text[:0], names: append(r.names[:0], l.names...), keys: append(r.keys[:0], l.keys...),
		values: append(r.values[:0], l.values...), loose: r.loose[:0], deeds: append(r.deeds[:0], l.deeds...),
		events: append(r.events[:0], l.events...), sums: w, k: s.k, slot: s.slot, next: i, body: s.memo.met.body}
	from := 0
	for at := range r.values {
		v := &r.values[at]
		end := int(v.off)
		long := v.long()
		r.text = append(r.text, l.text[from:end]...)
		v.off, from = uint32(len(r.text)), end
		if long {
			from += int(v.n)
			v.n, v.loose = 0, true
			r.loose = append(r.loose, uint8(at))
		}
	}
	r.text = append(r.text, l.text[from:]...)
	for i := range r.events {
		if e := &r.events[i]; e.key.n == 0 {
			r.values[e.value-1].told = true
			r.grants |= 1 << (e.slot % 64)
		}
	}
	for i := range r.deeds {
		r.values[r.deeds[i].value-1].told = true
	}
	for _, p := range [...]span{w.patient, w.number} {
		if p.n > 0 {
			r.values[p.from-1].told = true
		}
	}
	t.list[t.last].next, t.last = i, i
}

// room is where the next pattern may stand.
func (t *follower) room() uint8 {
	if t.n < patterns {
		t.n++
		return uint8(t.n - 1)
	}
	for t.list[t.hand].used {
		t.list[t.hand].used = false
		t.hand = (t.hand + 1) % patterns
	}
	i := t.hand
	t.hand = (t.hand + 1) % patterns
	return i
}
