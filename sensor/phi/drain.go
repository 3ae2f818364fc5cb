package phi

// Drain says what was found so far of a body that goes on, with its counts as they stand now. What is open, a
// record or a text, is not in it before it closes. IDs[Told:] are new since the Drain before; what was told may be
// left out later. The Report is valid until the next Scan.
//
// A body that is drained may last for hours, so each Drain gives it the scan limit anew, and where the bounds on
// what is told apart are reached the Scanner begins to tell apart again: then Again is set, and someone may count
// twice, but nobody is left out.
func (s *Scanner) Drain() *Report {
	if s.closed {
		return &s.report
	}
	s.settle()
	s.unlearn()
	s.drained = true
	s.renew()
	records := s.report.Records
	s.fill(s.cut)
	r := &s.report
	r.Records = max(records, r.Records+s.openRows())
	s.told = len(s.marks)
	return r
}

// renew gives the body the scan limit anew. After bytes that were not read only a form in which every text begins
// of its own can be read on.
func (s *Scanner) renew() {
	if s.seen > s.limit {
		s.cut = true
		switch s.form {
		case NDJSON, EventStream, Messages:
			s.adrift = true
		default:
			return
		}
	}
	s.limit = s.seen + s.cfg.ScanLimit
}

// openRows are the records of a list that has not ended.
func (s *Scanner) openRows() int {
	for i := range s.depth {
		if f := &s.frames[i+1]; f.array {
			return int(f.rows)
		}
	}
	return 0
}

// forgetTold makes room for new identifiers.
func (s *Scanner) forgetTold() {
	if s.told == 0 {
		return
	}
	keep := s.marks[s.told:]
	n := 0
	for i := range keep {
		at := keep[i].at
		keep[i].at.off = uint32(n)
		n += copy(s.arena[n:], s.arena[at.off:at.off+uint32(at.n)])
	}
	s.arena = s.arena[:n]
	s.marks = s.marks[:copy(s.marks, keep)]
	s.told = 0
}
