package phi

// column tallies the numbers under one key that says nothing: eight distinct ones with a right check digit, and
// hardly any without, are what the check digit is of.
type column struct {
	used     bool
	slot     uint8
	n        uint8 // digits
	distinct uint8
	passed   int32
	tried    int32
	seen     [columnProof]uint64
}

const (
	columns     = 16
	columnProof = 8 // eight random numbers of 12 digits all pass with odds of 1e-8
)

// bare is a value under a key that says nothing.
func (s *Scanner) bare(v []byte) {
	n := len(v)
	switch n {
	case 10, 12, 16:
		switch {
		case isDigit(v[0]) && allDigits(v):
			s.tally(v)
		case n == 10 && isPAN(v):
			s.frames[s.depth].strong |= PAN
		}
	}
	if s.learn.on && s.learn.cur > 0 && isDull(v) {
		s.learn.rule(dullText)
	}
	s.plain(&s.frames[s.depth], v)
}

// plain gives f the class of what is plain without a key: an address like name@abdm, the hash of a password.
func (s *Scanner) plain(f *frame, v []byte) {
	if len(v) > 0 && v[0] == '$' && isHash(v) {
		f.strong |= Credential
	}
	s.abhaAddress(f, v)
}

// abhaAddress gives f the class of an address like name@abdm, which is plain without a key.
func (s *Scanner) abhaAddress(f *frame, v []byte) {
	if endsABHA(v) {
		f.strong |= ABHA
	}
}

// endsABHA is isABHAAddress, sooner.
func endsABHA(v []byte) bool {
	n := len(v)
	return n > 5 && (v[n-5] == '@' || v[n-4] == '@') && isABHAAddress(v)
}

func (s *Scanner) tally(v []byte) {
	s.unlearn()
	n := uint8(len(v))
	var c *column
	for i := range s.columns {
		c = &s.columns[i]
		if !c.used {
			*c = column{used: true, slot: s.slot, n: n}
			break
		}
		if c.slot == s.slot && c.n == n {
			break
		}
	}
	if c.slot != s.slot || c.n != n {
		return
	}
	c.tried++
	if n == 10 && !isNPI(v) || n != 10 && !isAadhaar(v) {
		return
	}
	c.passed++
	if c.distinct == columnProof {
		return
	}
	h := digest(v, 0)
	for _, o := range c.seen[:c.distinct] {
		if o == h {
			return
		}
	}
	c.seen[c.distinct] = h
	c.distinct++
}

// proven are the classes of the columns that are sure: at least 95 of 100 pass.
func (s *Scanner) proven() Class {
	var c Class
	for i := range s.columns {
		o := &s.columns[i]
		if !o.used {
			break
		}
		if o.distinct < columnProof || int64(o.passed)*100 < int64(o.tried)*95 {
			continue
		}
		if o.n == 10 {
			c |= NPI
		} else {
			c |= Aadhaar
		}
	}
	return c
}
