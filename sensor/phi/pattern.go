package phi

import "auscult/sensor/fhir"

// Rows of a list, and the successive answers of an API, are records of one pattern: the same text but for some of
// its values. A pattern is the text of one such record with what reading it came to, and which of its values may be
// others without that changing. A record that has the text, and values that keep to it, is not read member by member
// but compared, and what its pattern came to is done with its own values. It is never a guess: what comes out is what
// reading it would have given.

const (
	patterns      = 16   // that a Scanner knows at a time
	patternText   = 4096 // bytes of the text of one, without the longer values
	patternRaw    = 8192 // bytes of a record that may be one
	patternValues = 192
	patternEvents = 255 // members that matter to Props
	treeText      = 128 // bytes of a container that nobody looks into, but whose parts are told apart
	valueText     = 48  // a longer value is sure to be another the next time
)

// place is all that reading a record looks at of what is around it.
type place struct {
	of, under        keyInfo
	slot, underSlot  uint8
	array, fhir      bool
	anonymous, staff bool
	depth, arrays    uint16
}

// rule is what a value of a pattern must keep to, beside its shape.
type rule uint8

const (
	asIs            rule = iota // be the same
	whatever                    // nothing
	passedOver                  // be a container
	dullText                    // say nothing where its key says nothing
	ownMark                     // be the id of its object
	pointer                     // be a reference to a type
	byClass                     // be, or not be, of its key's class
	keptValue                   // say nothing by itself
	codeValue                   // be no code that is guarded
	identifierValue             // be, or not be, an identifier of a kind
	contactValue                // be, or not be, an e-mail address or a phone number
)

// shape is how a value is written.
type shape uint8

const (
	stringShape shape = iota
	numeric
	worded // true, false, null, or what is no value
	nested // a container, after the bracket that opens it
)

// value is one value of a pattern.
type value struct {
	off, n  uint32 // in text
	name    span   // in names: what was made of it, when that is kept
	rule    rule
	shape   shape
	loose   bool // has been another
	told    bool // given as an identifier, or kept
	raw     bool // looked at as it is written
	holds   bool // passes the check of its key, is an identifier, an address
	about   bool // a reference beside which a urn names a patient; a code that stands for a diagnosis
	untyped bool
	of      namespace
	typ     fhir.Type
	k       keyInfo
	code    uint64
}

// deed is an identifier that a pattern gives, or a person.
type deed struct {
	value  uint16
	person bool
	own    bool
	kind   Kind
	typ    string
}

// event is a key that is met, or a scalar under one that grants something.
type event struct {
	key   span // in keys; empty for a scalar
	value uint16
	slot  uint8
}

// sums are what reading a record adds to what is around it.
type sums struct {
	strong, weak           Class
	sure, classes          Class
	rows, entries, longest int32
	prefixed, human        bool
	numberType             string
	patient, number        span // from is what counts
	nameless, records      int
	list, roots            int
}

// pattern is a record that others may be like.
type pattern struct {
	place
	text, names, keys []byte
	values            []value
	loose             []uint8 // of values
	deeds             []deed
	events            []event
	sums              sums
	k                 keyInfo // the current key after it
	slot              uint8
	next              uint8  // the one after it
	used              bool   // since the hand last passed
	grants            uint64 // bits of the slots of its scalars that grant something
	body              uint32 // the last in which its keys were met
}

// take adds what s and the container p have gathered to w, and leaves them with nothing.
func (w *sums) take(s *Scanner, p *frame) {
	*w = sums{strong: p.strong, weak: p.weak, sure: s.sure, classes: s.classes, rows: p.rows, entries: p.entries,
		longest: p.longest, prefixed: p.prefixed, human: p.human, numberType: p.numberType, patient: p.patient, number: p.number,
		nameless: s.nameless, records: s.records, list: s.list, roots: s.roots}
	p.strong, p.weak, p.rows, p.entries, p.longest, p.prefixed, p.human = 0, 0, 0, 0, 0, false, false
	p.numberType, p.patient, p.number = "", span{}, span{}
	s.sure, s.classes, s.nameless, s.records, s.list, s.roots = 0, 0, 0, 0, 0, 0
}

// give adds w, but for who it names, to what s and p have gathered.
func (w *sums) give(s *Scanner, p *frame) {
	p.strong |= w.strong
	p.weak |= w.weak
	p.rows += w.rows
	p.entries += w.entries
	p.longest = max(p.longest, w.longest)
	p.prefixed = p.prefixed || w.prefixed
	p.human = p.human || w.human
	s.sure |= w.sure
	s.classes |= w.classes
	s.nameless += w.nameless
	s.records += w.records
	s.list = max(s.list, w.list)
	s.roots += w.roots
}

// rowsOf is whether the objects in an array under k, which s has just opened, may have patterns: 0 for no, 2 for
// surely, 1 for unless what is around has one.
func (s *Scanner) rowsOf(k keyInfo) uint8 {
	if s.depth > 6 {
		return 0
	}
	// A code looks for the identifier that it may be in.
	for d := s.depth; d >= max(s.depth-2, 0); d-- {
		if s.frames[d].key.role == identifierKey {
			return 0
		}
	}
	switch k.role {
	case entryKey, wrapperKey, plainRole, patientKey:
	default:
		return 0
	}
	if s.depth == 1 || s.depth == 2 && (k.role == entryKey || k.role == wrapperKey) {
		return 2
	}
	return 1
}

// place is where the next object stands.
func (s *Scanner) place() place {
	f := &s.frames[s.depth]
	p := place{of: f.key, slot: f.slot, array: f.array, fhir: f.fhir, anonymous: f.anonymous, staff: f.staff,
		depth: uint16(s.depth), arrays: uint16(s.arrays)}
	if !f.array {
		p.under, p.underSlot = s.k, s.slot
	}
	return p
}
