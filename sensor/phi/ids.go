package phi

// names is that v under a key of f is a patient's id.
func (s *Scanner) names(f *frame, v []byte) {
	if t, id := parseReference(v); t != 0 {
		if t.Name() != "Patient" {
			s.reference(f, v)
			return
		}
		v = id
	}
	if !isMark(v) || f.staff || f.anonymous {
		return
	}
	if f.patient.n == 0 {
		f.patient = s.keep(v)
	}
	s.emit(Patient, "Patient", v)
}

// business is that v under a key of f is a number given to a patient.
func (s *Scanner) business(f *frame, v []byte, c Class) {
	if f.staff || f.anonymous || !isMark(v) {
		return
	}
	t := numberType(c)
	if f.number.n == 0 {
		f.number, f.numberType = s.keep(v), t
	}
	s.emit(Business, t, v)
}

func numberType(c Class) string {
	switch {
	case c&SSN != 0:
		return "ssn"
	case c&Aadhaar != 0:
		return "aadhaar"
	case c&ABHA != 0:
		return "abha"
	case c&MBI != 0:
		return "mbi"
	}
	return "mrn"
}

// keep remembers v until the object it stands in closes.
func (s *Scanner) keep(v []byte) span {
	if len(v) > maxID {
		v = v[:maxID]
	}
	at := span{off: uint32(len(s.stack)), n: uint16(len(v))}
	s.stack = append(s.stack, v...)
	if s.learn.on {
		at.from = s.learn.keeps(s, v)
	}
	return at
}

func (s *Scanner) kept(p span) []byte { return s.stack[p.off : p.off+uint32(p.n)] }

// personKept is person of what was kept.
func (s *Scanner) personKept(p span, t string, own bool) {
	s.did(deed{value: p.from, person: true, typ: t, own: own})
	s.addPerson(s.kept(p), t, own)
}

// emitKept is emit of what was kept.
func (s *Scanner) emitKept(kind Kind, t string, p span) {
	s.did(deed{value: p.from, kind: kind, typ: t})
	s.addID(kind, t, s.kept(p))
}

// person counts a patient once by an identifier of type t. Own is whether the record is the patient's own.
func (s *Scanner) person(v []byte, t string, own bool) {
	if s.learn.on {
		s.did(deed{value: s.learn.keeps(s, v), person: true, typ: t, own: own})
	}
	s.addPerson(v, t, own)
}

func (s *Scanner) addPerson(v []byte, t string, own bool) {
	added, full := s.people.add(digest(v, seed(t)))
	if full {
		s.stats.Full++
		added = own
	}
	if full && s.drained {
		s.people.reset(s.cfg.Distinct)
		s.people.add(digest(v, seed(t)))
		added, s.again = true, true
	}
	if added {
		s.count++
	}
}

func seed(t string) uint64 { return digest([]byte(t), 0) }

// emit keeps an identifier, if it is new.
func (s *Scanner) emit(kind Kind, t string, v []byte) {
	if s.learn.on {
		s.did(deed{value: s.learn.keeps(s, v), kind: kind, typ: t})
	}
	s.addID(kind, t, v)
}

func (s *Scanner) addID(kind Kind, t string, v []byte) {
	if len(v) == 0 || len(v) > maxID {
		return
	}
	added, full := s.ids.add(digest(v, seed(t)))
	if full {
		s.stats.Full++
	}
	if full && s.drained {
		s.ids.reset(s.cfg.Distinct)
		added, full = s.ids.add(digest(v, seed(t)))
	}
	if !added && !full {
		return
	}
	if len(s.marks) >= s.cfg.IDs {
		s.forgetTold()
	}
	if full || len(s.marks) >= s.cfg.IDs {
		s.more++
		s.stats.MoreIDs++
		return
	}
	off := len(s.arena)
	s.arena = append(s.arena, v...)
	s.marks = append(s.marks, held{kind: kind, typ: t, at: span{off: uint32(off), n: uint16(len(v))}})
}

// held is an identifier in the arena.
type held struct {
	kind Kind
	typ  string
	at   span
}
