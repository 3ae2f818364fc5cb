package phi

import "bytes"

// pairs reads the next piece of key=value&key=value (WHATWG URL section 5.1).
func (s *Scanner) pairs(b []byte) {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			s.hold(b)
			return
		}
		if len(s.carry) == 0 {
			s.pair(b[:i])
		} else {
			s.hold(b[:i])
			s.pair(s.carry)
			s.carry = s.carry[:0]
		}
		b = b[i+1:]
	}
}

func (s *Scanner) endPairs() {
	s.pair(s.carry)
	s.carry = s.carry[:0]
}

func (s *Scanner) pair(v []byte) {
	if len(v) > s.cfg.Token {
		s.stats.Long++
		return
	}
	key, val, _ := bytes.Cut(v, []byte{'='})
	s.under(s.unpercent(key))
	s.field(s.unpercent(val))
}

// field is the value of a field that stands outside any container. A key that takes ids takes several, by commas.
func (s *Scanner) field(v []byte) {
	f := &s.frames[0]
	k := s.k
	if k.traits&grants != 0 {
		s.grant(v)
		k.traits &^= grants
	}
	if k == (keyInfo{}) {
		s.bare(v)
		return
	}
	if k.role == subjectKey {
		k = keyInfo{id: patientID, check: marked}
	}
	if k.id != patientID && k.role != ownID {
		s.member(f, k, v)
		return
	}
	for len(v) > 0 {
		var one []byte
		one, v, _ = bytes.Cut(v, []byte{','})
		if k.role == ownID && isMark(one) {
			s.emit(Resource, "", one)
			continue
		}
		mark := len(s.stack)
		s.member(f, k, one)
		if f.patient.n > 0 {
			s.person(s.kept(f.patient), "Patient", false)
			f.patient, s.stack = span{}, s.stack[:mark]
		}
	}
}
