package phi

// follower compares records with the patterns that are known.
type follower struct {
	list    [patterns]pattern
	n       int
	last    uint8  // the pattern followed last
	hand    uint8  // the next to give up its room, unless it was used
	credit  int    // bytes that may be compared in vain
	study   int    // bytes that may be learned
	heldNow bool   // the piece ended in a record that may have a pattern
	blocked bool   // the record that comes next has none
	held    []byte // that record, so far
	spare   []byte

	// the comparison at hand
	now   uint8
	step  int
	pos   int // in the record
	from  int // in the text
	found [patternValues]extent
}

// extent is where in a record something stands.
type extent struct{ off, n uint32 }

// outcome is how a comparison ended.
type outcome uint8

const (
	missed outcome = iota
	followed
	unended
)

const (
	creditMost = 1 << 16
	creditPart = 8    // one byte in so many is compared in vain at most
	studyPart  = 16   // one byte in so many is learned at most
	studyCost  = 1024 // bytes: what learning a record costs beside its own
)

// follow passes over the record that begins at b[i], if it is of a pattern, and returns where the rest begins; 0 if it
// is of none, and -1 if that hangs on the next piece.
func (s *Scanner) follow(b []byte, i int) int {
	t := &s.patterns
	at := s.place()
	if t.blocked {
		t.blocked = false
	} else if t.credit > 0 {
		switch s.compare(b[i:], at) {
		case followed:
			return i + t.pos
		case unended:
			t.held, t.heldNow = append(t.held[:0], b[i:]...), true
			return -1
		}
	}
	if t.study > 0 && t.credit > 0 {
		s.learnFrom(i, at)
	}
	return 0
}

// compare tries the patterns that stand at a place on the record that begins b: first the one that came next the
// last time.
func (s *Scanner) compare(b []byte, at place) outcome {
	t := &s.patterns
	first := t.list[t.last].next
	if int(first) < t.n && t.list[first].place == at {
		if o := s.try(first, b); o != missed {
			return o
		}
	}
	return s.others(b, at, first)
}

// others tries the patterns that stand at a place, but for one.
func (s *Scanner) others(b []byte, at place, but uint8) outcome {
	t := &s.patterns
	for i := range t.n {
		if r := &t.list[i]; i != int(but) && r.place == at {
			if o := s.try(uint8(i), b); o != missed {
				return o
			}
		}
	}
	return missed
}

func (s *Scanner) try(i uint8, b []byte) outcome {
	t := &s.patterns
	t.now, t.step, t.pos, t.from = i, 0, 0, 0
	return s.goOn(b)
}

// goOn goes on with the comparison at hand; b begins with the record.
func (s *Scanner) goOn(b []byte) outcome {
	t := &s.patterns
	r := &t.list[t.now]
	o := s.match(r, b)
	switch {
	case o == unended && (len(b) > patternRaw || t.credit <= 0):
		o = missed
		fallthrough
	case o == missed:
		t.credit -= t.pos + valueText
	case o == followed:
		t.credit = min(t.credit+t.pos, creditMost)
		s.apply(r, b)
	default:
		t.credit -= (len(b) - t.pos) / 4 // it is looked at again, for the end of a value
	}
	return o
}

// match compares b with r.
func (s *Scanner) match(r *pattern, b []byte) outcome {
	t := &s.patterns
	step, pos, from := t.step, t.pos, t.from
	o := missed
	for {
		var v *value
		end := len(r.text)
		if step < len(r.loose) {
			v = &r.values[r.loose[step]]
			end = int(v.off)
		}
		run, rest := r.text[from:end], b[pos:]
		if len(rest) < len(run) {
			if string(rest) == string(run[:len(rest)]) {
				o = unended
				break
			}
			if !r.loosen(step, from, run, rest) {
				break
			}
			continue
		}
		if string(rest[:len(run)]) != string(run) {
			if !r.loosen(step, from, run, rest) {
				break
			}
			continue
		}
		if v == nil {
			pos += len(run)
			o = followed
			break
		}
		rest = rest[len(run):]
		n, plain := v.length(rest)
		if n < 0 {
			o = unended
			break
		}
		text := rest[:n:n]
		if v.shape != stringShape && !plain {
			break
		}
		if !v.raw && v.rule != passedOver {
			if n == 0 || n > s.cfg.Token || !plain && v.told {
				break
			}
			if !plain {
				text = s.unescape(text)
			}
		}
		name, ok := text, true
		if v.rule != whatever && v.rule != passedOver {
			if name, ok = v.keeps(text); !ok {
				break
			}
		}
		pos += len(run)
		if v.told {
			t.found[r.loose[step]] = extent{uint32(pos + cap(text) - cap(name)), uint32(len(name))}
		}
		pos += n
		from = end + int(v.n)
		step++
	}
	t.step, t.pos, t.from = step, pos, from
	return o
}

// loosen finds the value in which rest is other than run, the text from from on, and lets it be another from now on.
func (r *pattern) loosen(step, from int, run, rest []byte) bool {
	i := 0
	for run[i] == rest[i] {
		i++
	}
	i += from
	for at := range r.values {
		v := &r.values[at]
		if int(v.off) > i {
			return false
		}
		if v.loose || v.rule == asIs || int(v.off) < from || int(v.off+v.n) < i {
			continue
		}
		v.loose = true
		clear(r.text[v.off : v.off+v.n])
		r.loose = append(r.loose, 0)
		copy(r.loose[step+1:], r.loose[step:])
		r.loose[step] = uint8(at)
		return true
	}
	return false
}

// settle reads what was held back, as if no pattern were known.
func (s *Scanner) settle() {
	t := &s.patterns
	for t.heldNow {
		b := t.held
		t.held, t.spare = t.spare, t.held
		t.heldNow, t.blocked = false, true
		s.tokens(b)
		if s.learn.on {
			s.pause(b)
		}
	}
}

// rejoinRecord goes on with the record that was held back, in b. It returns how much of b was read.
func (s *Scanner) rejoinRecord(b []byte) int {
	t := &s.patterns
	before, at := len(t.held), s.place()
	part := max(len(t.list[t.now].text)+valueText-before, 256)
	for took := 0; took < len(b); part = patternRaw {
		part := min(len(b)-took, part)
		t.held = append(t.held, b[took:took+part]...)
		took += part
		o := s.goOn(t.held)
		if o == missed {
			o = s.others(t.held, at, t.now)
		}
		switch o {
		case followed:
			t.heldNow = false
			return t.pos - before
		case missed:
			t.held = t.held[:before]
			s.settle()
			return 0
		}
	}
	return len(b)
}
