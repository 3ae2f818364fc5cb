package phi

import (
	"bytes"

	"auscult/sensor/fhir"
)

// maxID is the longest identifier, in bytes, that is believed to be one.
const maxID = 128

// span is a part of Scanner.stack.
type span struct {
	off  uint32
	n    uint16
	from uint16 // the value of the record that is learned, from 1; 0 for none
}

// frame is one open container: what was found in it so far. What it means is settled when it closes, so the order
// of its members does not matter.
type frame struct {
	key          keyInfo // of the member it stands under
	strong, weak Class
	mark         uint32 // length of the stack when it opened
	items        int32  // elements of an array
	rows         int32  // records in the outermost arrays below
	entries      int32  // elements of the entry array below
	longest      int32  // elements of the longest of the outermost arrays below
	total        int64
	own          span // logical id
	patient      span // id of the patient it names
	number       span // business identifier of a patient
	val          span
	kind         fhir.Type
	system       namespace
	code         uint64 // up to eight bytes of a code
	codeFrom     uint16 // as in span
	slot         uint8
	like         uint8 // whether the objects in it may be of a pattern, see rowsOf
	array        bool
	fhir         bool // inside a FHIR resource
	anonymous    bool // inside a resource that is about nobody
	staff        bool
	prefixed     bool // has members that speak of a patient other than itself
	human        bool // has members that only people have
	rpc          bool // is a JSON-RPC message
	numberType   string
}

// open begins a container under the current key.
func (s *Scanner) open(array bool) {
	if s.memo.met.later > 0 {
		s.catchUp()
	}
	p := &s.frames[s.depth]
	k, slot := s.k, s.slot
	if p.array {
		k, slot = p.key, p.slot
	}
	if p.array {
		p.items++
	}
	if k.role == inheritKey {
		k, slot = p.key, p.slot
	}
	if k.traits&noise != 0 && p.fhir || s.depth+1 >= len(s.frames) {
		if s.depth+1 >= len(s.frames) {
			s.stats.Deep++
			s.unlearn()
		}
		s.skip, s.wantKey = 1, false
		return
	}
	if !array && k.class != 0 && k.traits&leaf == 0 && (k.check == anything || k.check == words) {
		s.claim(p, k)
	}
	if array {
		s.arrays++
	}
	s.depth++
	f := &s.frames[s.depth]
	// Field by field: a literal is built aside and copied, which costs twice as much.
	*f = frame{}
	f.key, f.slot, f.array, f.fhir, f.anonymous = k, slot, array, p.fhir, p.anonymous
	f.total, f.mark = -1, uint32(len(s.stack))
	f.staff = p.staff || k.traits&staff != 0
	if array {
		f.like = s.rowsOf(k)
	}
	s.wantKey = !array
	s.k, s.slot = k, slot
}

// claim gives f the class of a key in it.
func (s *Scanner) claim(f *frame, k keyInfo) {
	if k.traits&weak != 0 {
		f.weak |= k.class
	} else {
		f.strong |= k.class
	}
	if k.traits&prefix != 0 {
		f.prefixed = true
	}
}

// under makes key the current key.
func (s *Scanner) under(key []byte) {
	s.catchUp()
	if len(key) > maxID {
		s.unlearn()
	}
	if s.learn.on {
		s.learn.met(key)
	}
	e := s.memo.classify(key)
	s.k, s.slot = e.info, e.slot
	if e.body != s.memo.met.body {
		s.meet(key, e)
	}
}

// value is a whole string or number under the current key.
func (s *Scanner) value(v []byte) {
	f := &s.frames[s.depth]
	k := s.k
	if f.array {
		k = f.key
	} else if k.role == inheritKey {
		k = f.key
	}
	s.member(f, k, v)
}

// member is a value v under a key in f.
func (s *Scanner) member(f *frame, k keyInfo, v []byte) {
	if len(v) == 0 {
		return
	}
	switch k.role {
	case plainRole, nameKey, addressKey:
	case resourceType:
		if t := fhir.Lookup(v); t != 0 && !f.array {
			f.kind, f.fhir, f.anonymous = t, true, t.Anonymous()
		}
		return
	case ownID:
		if isMark(v) {
			if !endsABHA(v) {
				s.rules(ownMark)
			}
			if f.own.n == 0 {
				f.own = s.keep(v)
			}
		}
		s.abhaAddress(f, v)
		return
	case referenceKey:
		s.reference(f, v)
		return
	case totalKey:
		f.total = number(v)
		s.rules(whatever) // a Bundle, which has a total, is never learned
		return
	case systemKey:
		f.system = namespaceOf(v)
		return
	case valueKey:
		s.abhaAddress(f, v)
		if len(v) <= maxID && !endsABHA(v) {
			s.rules(keptValue)
		}
		if f.key.role == identifierKey || f.key.role == telecomKey {
			if f.val.n == 0 {
				f.val = s.keep(v)
			}
		}
		return
	case codeKey:
		f.code = pack(v)
		guarded := f.strong&Diagnosis != 0 || f.key.class&Diagnosis != 0
		if guarded {
			s.sensitive(f, v)
		}
		if s.learn.on {
			f.codeFrom = s.learn.cur
			s.codes(v, guarded)
		}
		return
	case urlKey:
		s.rules(whatever)
		if f.key.role == requestKey {
			s.target(f, v)
		}
		return
	case locationKey:
		s.rules(whatever)
		if f.key.role == responseKey {
			s.target(f, v)
		}
		return
	case subjectKey:
		s.reference(f, v)
		return
	case documentKey:
		if s.depth == 1 && !f.fhir && bytes.IndexByte(v, '{') >= 0 {
			s.graphQL(f, v)
		}
		return
	case rpcKey:
		f.rpc = true
		s.rules(whatever)
		return
	case codingKey, entryKey, requestKey, responseKey, containedKey, identifierKey, telecomKey, securityKey,
		wrapperKey, inheritKey, partKey:
		s.rules(whatever)
		return
	}
	if k.traits&person != 0 {
		f.human = true
	}
	if k.class == 0 && k.id == noID || !pass(k.check, v) {
		if len(v) > 0 && v[0] == '$' && isHash(v) {
			f.strong |= Credential
		}
		if k.check == email && isABHAAddress(v) {
			f.strong |= ABHA
		}
		s.judged(k, v, false)
		return
	}
	s.claim(f, k)
	if k.class&Diagnosis != 0 {
		s.sensitive(f, v)
	}
	switch k.id {
	case patientID:
		s.names(f, v)
	case businessID:
		s.business(f, v, k.class)
	case recordID:
		if !f.fhir {
			s.emit(Resource, "", v)
		}
		if k.class == 0 {
			s.bare(v)
		}
	}
	s.judged(k, v, true)
}

// close ends the innermost container and settles what it was.
func (s *Scanner) close() {
	s.wantKey = false
	if s.depth == 0 {
		return
	}
	f := &s.frames[s.depth]
	s.depth--
	p := &s.frames[s.depth]
	if s.depth == 0 {
		s.k, s.slot = keyInfo{}, 0 // the next text stands under no key
	}
	if f.array {
		s.arrays--
		s.closeArray(p, f)
		return
	}
	switch {
	case f.kind != 0:
		s.closeResource(f)
	case p.fhir || f.key.role != plainRole && f.key.role != wrapperKey && f.key.role != patientKey:
		s.closePart(p, f)
	case p.array || s.depth == 0 || f.key.role == wrapperKey || f.key.role == patientKey:
		s.closeRecord(p, f)
	default:
		s.closePart(p, f)
	}
	if s.depth == 0 {
		s.roots++
	}
	s.stack = s.stack[:min(int(f.mark), len(s.stack))]
	s.adopt(p, f)
}

// adopt moves the ids that a part gave its owner down to where the owner keeps its own: f's share of the stack was
// just given up, but not yet written over. The one that stands first is moved first, not to be written over either.
func (s *Scanner) adopt(p, f *frame) {
	first, then := &p.patient, &p.number
	if then.off < first.off {
		first, then = then, first
	}
	if first.n > 0 && first.off >= f.mark {
		s.move(first)
	}
	if then.n > 0 && then.off >= f.mark {
		s.move(then)
	}
}

func (s *Scanner) move(at *span) {
	id := s.stack[:cap(s.stack)][at.off : at.off+uint32(at.n)]
	at.off = uint32(len(s.stack))
	s.stack = append(s.stack, id...)
}

// inherit gives p the ids that f held, where p has none.
func (p *frame) inherit(f *frame) {
	if p.patient.n == 0 {
		p.patient = f.patient
	}
	if p.number.n == 0 {
		p.number, p.numberType = f.number, f.numberType
	}
}

func (s *Scanner) closeArray(p, f *frame) {
	p.strong |= f.strong
	p.weak |= f.weak
	p.rows += f.rows
	p.prefixed = p.prefixed || f.prefixed
	p.human = p.human || f.human
	p.inherit(f)
	if f.key.role == entryKey {
		p.entries += f.items
	}
	// A list of words inside a record is not a list of records.
	if s.arrays == 0 && (s.depth == 0 || f.rows > 0) {
		p.longest = max(p.longest, f.items)
	}
	if s.depth == 0 {
		s.list = max(s.list, int(p.longest))
		s.roots++
		s.records += int(f.rows)
		p.rows = 0
		s.classes |= f.strong
	}
}

// closePart gives what an object held to the object it is part of.
func (s *Scanner) closePart(p, f *frame) {
	c, w := f.strong, f.weak
	switch f.key.role {
	case identifierKey:
		c |= s.identifier(p, f)
	case telecomKey:
		v := s.kept(f.val)
		form, class := isPhone(v), Phone
		if f.system == emailSystem {
			form, class = isEmail(v), Email
		}
		if form {
			c |= class
		}
		s.reached(f, form)
	case codingKey, securityKey:
		c |= s.coding(p, f)
	case nameKey, addressKey, partKey:
	default:
		if !f.fhir {
			w = 0
		}
	}
	if f.staff && !p.staff {
		c, w = c&^identity, w&^identity
	} else {
		p.inherit(f)
	}
	p.strong |= c
	p.weak |= w
	p.rows += f.rows
	p.longest = max(p.longest, f.longest)
	if f.key.role == entryKey && !p.array {
		p.entries++
	}
	if f.key.role == partKey && f.key.traits&staff == 0 {
		p.prefixed = p.prefixed || f.prefixed
		p.human = p.human || f.human
	}
}

// closeRecord settles an object outside FHIR: a row of a list, a root, or what an envelope held.
func (s *Scanner) closeRecord(p, f *frame) {
	c := f.strong
	proofs := (c | f.weak).proofs()
	if f.number.n > 0 && c&numbers == 0 {
		proofs++
	}
	// A name and an address alone may be a shop's.
	if f.rpc {
		f.own.n = 0
	}
	human := proofs >= 2 && (c.proofs() > 0 || f.number.n > 0 || f.human)
	known := true
	switch {
	case f.staff:
		c &^= identity
		known = false
	case f.patient.n > 0:
		s.personKept(f.patient, "Patient", false)
	case f.own.n > 0 && f.key.role == patientKey, f.own.n > 0 && human && !f.prefixed:
		s.personKept(f.own, "Patient", true)
		s.emitKept(Patient, "Patient", f.own)
		f.own.n = 0
	case f.number.n > 0:
		s.personKept(f.number, f.numberType, true)
	default:
		known = false
	}
	if f.own.n > 0 && !f.staff {
		s.emitKept(Resource, "", f.own)
	}
	if known || !f.staff && (human || proofs > 0 && f.human || f.prefixed) {
		c |= f.weak
	}
	s.classes |= c
	if f.rows == 0 && (p.array || f.own.n > 0 || known || c != 0) {
		f.rows = 1
	}
	if p.array && s.arrays < 2 {
		p.rows++
		return
	}
	p.longest = max(p.longest, f.longest)
	if s.depth == 0 {
		s.list = max(s.list, int(f.longest))
		s.records += int(f.rows)
		return
	}
	if !p.array {
		p.rows += f.rows
	}
}

// number is the value of a whole number; -1 when v is none.
func number(v []byte) int64 {
	if !allDigits(v) || len(v) > 18 {
		return -1
	}
	var n int64
	for _, c := range v {
		n = n*10 + int64(c-'0')
	}
	return n
}

// pack holds up to eight bytes of a code, in upper case.
func pack[S []byte | string](v S) uint64 {
	var n uint64
	for i := range min(len(v), 8) {
		c := v[i]
		if c-'a' < 26 {
			c &^= 0x20
		}
		n = n<<8 | uint64(c)
	}
	return n
}

// sensitive marks f when v is a code of the guarded kind.
func (s *Scanner) sensitive(f *frame, v []byte) {
	if isSensitive(bytes.TrimSpace(v)) {
		f.strong |= Sensitive
	}
}
