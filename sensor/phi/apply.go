package phi

// apply does for the record that begins b, which is of pattern r, what reading it does.
func (s *Scanner) apply(r *pattern, b []byte) {
	t := &s.patterns
	p := &s.frames[s.depth]
	r.used = true
	t.list[t.last].next, t.last = t.now, t.now
	switch m := &s.memo.met; {
	case r.body != m.body && s.depth == 0 && m.fresh() && len(r.events) <= s.cfg.Props:
		s.meetLater(r, b)
	case r.body != m.body || m.at >= 0 && r.grants>>(m.granting%64)&1 != 0:
		s.meetAll(r, b)
	}
	if p.array {
		p.items++
	}
	r.sums.give(s, p)
	for i := range r.deeds {
		d := &r.deeds[i]
		v := r.named(t, b, d.value)
		if d.person {
			s.person(v, d.typ, d.own)
		} else {
			s.emit(d.kind, d.typ, v)
		}
	}
	if w := &r.sums; w.patient.n > 0 && p.patient.n == 0 {
		p.patient = s.keep(r.named(t, b, w.patient.from))
	}
	if w := &r.sums; w.number.n > 0 && p.number.n == 0 {
		p.number, p.numberType = s.keep(r.named(t, b, w.number.from)), w.numberType
	}
	s.k, s.slot, s.wantKey = r.k, r.slot, false
}

// named is what is made of a value of the record that begins b.
func (r *pattern) named(t *follower, b []byte, i uint16) []byte {
	if r.values[i-1].loose {
		at := t.found[i-1]
		return b[at.off : at.off+at.n]
	}
	at := r.values[i-1].name
	return r.names[at.off : at.off+uint32(at.n)]
}

// meetAll meets the names of a record of pattern r.
func (s *Scanner) meetAll(r *pattern, b []byte) {
	s.catchUp()
	for i := range r.events {
		e := &r.events[i]
		if e.key.n == 0 {
			s.slot = e.slot
			s.grant(r.named(&s.patterns, b, e.value))
			continue
		}
		s.meetKey(r.keys[e.key.off : e.key.off+uint32(e.key.n)])
	}
	r.body = s.memo.met.body
}

// meetLater puts off meeting the names of a record of pattern r, with which the body begins: all but always it ends with
// it, too, and nobody asks. Of the record what may be a property's value is kept.
func (s *Scanner) meetLater(r *pattern, b []byte) {
	m := &s.memo.met
	m.later, r.body = s.patterns.now+1, m.body
	m.text, m.ends = m.text[:0], m.ends[:0]
	for i := range r.events {
		if e := &r.events[i]; e.key.n == 0 {
			v := r.named(&s.patterns, b, e.value)
			m.text = append(m.text, v[:min(len(v), maxPropValue+1)]...)
			m.ends = append(m.ends, len(m.text))
		}
	}
}

// catchUp meets the names that were put off.
func (s *Scanner) catchUp() {
	m := &s.memo.met
	if m.later == 0 {
		return
	}
	r := &s.patterns.list[m.later-1]
	m.later = 0
	slot, from, n := s.slot, 0, 0
	for i := range r.events {
		e := &r.events[i]
		if e.key.n == 0 {
			s.slot = e.slot
			s.grant(m.text[from:m.ends[n]])
			from, n = m.ends[n], n+1
			continue
		}
		s.meetKey(r.keys[e.key.off : e.key.off+uint32(e.key.n)])
	}
	s.slot = slot
}

// meetKey meets key, if this body has not had it.
func (s *Scanner) meetKey(key []byte) {
	if e := s.memo.classify(key); e.body != s.memo.met.body {
		s.meet(key, e)
	}
}
