package phi

import "auscult/sensor/er7"

// Scanner reads one body after another. It is owned by one goroutine; Reset begins the next body, and after a few
// bodies it no longer allocates.
type Scanner struct {
	cfg    Config
	stats  Stats
	report Report

	hint, form Form // of the whole body
	part       Form // of what is read now: a part of a multipart body, else form
	sniffing   bool
	closed     bool
	midway     bool // the body may begin inside a value
	seen       int64
	limit      int64 // how far the body is read
	cut        bool  // some of it was not
	adrift     bool  // and the next text has yet to be found
	drained    bool  // the body is told in parts
	told       int   // of marks, in an earlier part
	again      bool  // someone may have been counted twice

	// the reader of syntax
	lex     lexState
	escaped bool
	pending bool // the piece ended inside an escape
	wantKey bool
	skip    int // containers open in what is passed over
	carry   []byte
	scratch []byte
	k       keyInfo
	slot    uint8
	heads   [2][headSize]byte
	headLen int
	text    []byte // XML character data before the tag that is read
	markup  markup
	multi   multipart
	hl7     er7.Separators // of the message that is read
	table   table
	docs    documents

	unquoted []byte

	// the reader of records
	frames      []frame // the first is what stands outside any container
	around      frame   // stands for what is around that: nothing
	depth       int
	arrays      int
	stack       []byte
	classes     Class // outside FHIR
	sure        Class
	count       int
	urns        int // patients named by urn:uuid alone
	nameless    int // Patient resources without any identifier
	records     int
	list        int
	roots       int
	entries     int
	bundled     bool
	bundleDepth int
	total       int64
	more        int
	arena       []byte
	marks       []held
	ids, people set
	columns     [columns]column
	memo        memo
	learn       learner
	patterns    follower
}

// New is a Scanner that is ready for a body whose form is not known.
func New(cfg Config) *Scanner {
	s := &Scanner{patterns: follower{credit: creditMost, study: creditMost}, cfg: cfg, frames: make([]frame, cfg.Depth+1), unquoted: make([]byte, 0, 1<<10)}
	s.Reset(Unknown)
	return s
}

// Reset makes s ready for the next body. Form is what its Content-Type says; Unknown if it says nothing.
func (s *Scanner) Reset(form Form) {
	s.report = Report{IDs: s.report.IDs[:0], scanner: s}
	s.memo.forgetNames()
	s.patterns.forgetNames(s.memo.met.body)
	s.midway = false
	s.hint, s.form, s.part, s.sniffing, s.closed, s.seen = form, Unknown, Unknown, true, false, 0
	s.limit, s.cut, s.adrift, s.drained, s.told, s.again = s.cfg.ScanLimit, false, false, false, 0, false
	s.docs = documents{}
	s.carry, s.headLen = s.carry[:0], 0
	s.multi = multipart{boundary: s.multi.boundary[:0], window: s.multi.window[:0]}
	s.begin()
	s.classes, s.sure, s.count, s.urns, s.nameless, s.records, s.list, s.roots = 0, 0, 0, 0, 0, 0, 0, 0
	s.entries, s.bundled, s.bundleDepth, s.total, s.more = 0, false, 0, -1, 0
	s.arena, s.marks = s.arena[:0], s.marks[:0]
	s.ids.reset(s.cfg.Distinct)
	s.people.reset(s.cfg.Distinct)
	for i := 0; i < columns && s.columns[i].used; i++ {
		s.columns[i] = column{}
	}
	if form == Binary {
		s.form, s.part, s.sniffing = Binary, Binary, false
	}
}

// Midway says, after Reset, that the body is a piece of a larger one and may begin anywhere in it, as a partial
// answer does (RFC 9110 section 15.3.7). What stands before its first whole name or value is lost.
func (s *Scanner) Midway() { s.midway = true }

// begin makes the readers ready for a text of its own.
func (s *Scanner) begin() {
	s.lex, s.escaped, s.pending, s.wantKey, s.skip = between, false, false, false, 0
	s.k, s.slot, s.text = keyInfo{}, 0, s.text[:0]
	s.markup, s.hl7 = markup{}, er7.Separators{}
	s.table.n, s.table.quoted = 0, false
	s.depth, s.arrays, s.stack = 0, 0, s.stack[:0]
	s.frames[0] = frame{total: -1, like: 1}
	s.learn.on, s.patterns.heldNow, s.patterns.blocked = false, false, false
}

// Scan reads the next piece of the body, cut anywhere.
func (s *Scanner) Scan(b []byte) {
	room := s.limit - s.seen
	s.seen += int64(len(b))
	s.stats.Bytes += uint64(len(b))
	if int64(len(b)) > room {
		over := int64(len(b)) - max(room, 0)
		s.stats.Unscanned += uint64(over)
		b = b[:max(room, 0)]
	}
	if len(b) > 0 {
		s.read(b)
	}
}

func (s *Scanner) read(b []byte) {
	if s.adrift {
		var found bool
		if b, found = s.rejoin(b); !found || len(b) == 0 {
			return
		}
	}
	if s.sniffing && s.form == Unknown {
		if b = s.sniff(b, false); s.form == Unknown || len(b) == 0 {
			return
		}
	}
	switch s.form {
	case Multipart:
		s.multipart(b)
	case EventStream:
		s.events(b)
	case Messages:
		s.messages(b)
	default:
		s.feed(b)
	}
}

// feed gives b to the reader of its form.
func (s *Scanner) feed(b []byte) {
	switch s.part {
	case JSON, NDJSON:
		s.json(b)
	case XML:
		s.xml(b)
	case URLEncoded:
		s.pairs(b)
	case HL7v2:
		s.segments(b)
	case CSV:
		s.rows(b)
	case Multipart:
		s.multipart(b)
	case EventStream:
		s.events(b)
	case Messages:
		s.messages(b)
	case Text:
		if s.form == Multipart {
			s.hold(b)
		}
	}
}

// end finishes what is open in the text that is read now; open is whether it ended inside a value.
func (s *Scanner) end() (open bool) {
	s.settle()
	s.unlearn()
	switch s.part {
	case JSON, NDJSON:
		if s.lex == inScalar {
			s.lex = between
			s.literal(s.carry)
		}
		open = s.lex != between || s.depth > 0 || s.skip > 0
	case XML:
		open = s.xmlOpen()
	case URLEncoded:
		s.endPairs()
	case HL7v2:
		s.endSegments()
	case CSV:
		s.endRows()
	case Text:
		s.endField()
	}
	for s.depth > 0 {
		s.close()
	}
	s.closeRoot()
	return open
}

// closeRoot settles what stood outside any container: the fields of a form.
func (s *Scanner) closeRoot() {
	f := &s.frames[0]
	if f.strong|f.weak == 0 && f.patient.n+f.number.n+f.own.n == 0 {
		return
	}
	if s.count > 0 {
		f.number = span{} // another field named the patient
	}
	s.closeRecord(&s.around, f)
	*f = frame{total: -1, like: 1}
}

// Close ends the body; complete is false when some of it was lost.
func (s *Scanner) Close(complete bool) {
	if s.closed {
		return
	}
	s.closed = true
	if s.sniffing && s.form == Unknown {
		s.sniff(nil, true)
	}
	var open bool
	switch s.form {
	case Multipart:
		open = s.endMultipart()
	case EventStream, Messages:
		open = s.endDocument()
	default:
		open = s.end()
	}
	if s.form == JSON && s.roots > 1 {
		s.form = NDJSON
	}
	s.stats.Bodies++
	s.fill(open || !complete || s.cut || s.seen > s.limit)
}

// Report is what was found. It is whole after Close, and valid until Reset.
func (s *Scanner) Report() *Report { return &s.report }

// Stats are the counts over all bodies so far.
func (s *Scanner) Stats() Stats { return s.stats }

func (s *Scanner) fill(truncated bool) {
	r := &s.report
	before := r.People
	r.Told, r.Again = s.told, s.again
	r.Form, r.Bytes, r.Truncated = s.form, s.seen, truncated
	r.People = s.count
	if r.People == 0 {
		r.People = max(s.urns, s.nameless)
	}
	r.People = max(r.People, before) // what was told stands
	s.classes |= s.proven()
	r.Classes = s.sure | s.classes&^clinical
	if r.People > 0 || r.Classes&identity != 0 {
		r.Classes |= s.classes
	} else {
		r.Codes = s.classes & clinical
	}
	r.Records, r.Entries, r.Total, r.MoreIDs = s.records, s.list, s.total, s.more
	if s.bundled {
		r.Entries = s.entries
	}
	r.IDs = r.IDs[:0]
	for _, m := range s.marks {
		r.IDs = append(r.IDs, ID{Kind: m.kind, Type: m.typ, Value: s.arena[m.at.off:][:m.at.n:m.at.n]})
	}
}
