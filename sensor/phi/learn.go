package phi

import (
	"bytes"

	"auscult/sensor/fhir"
)

// learner makes a pattern of the record that is being read.
type learner struct {
	on     bool
	place  place
	start  int    // of the record, in the piece
	done   int    // bytes of it in the pieces before
	token  int    // where in the record a value began that goes on in the next piece
	cur    uint16 // the value at hand, from 1; 0 for none
	before sums

	text, names, keys []byte
	values            []value
	deeds             []deed
	events            []event
}

// learnFrom learns the record that begins at b[i].
func (s *Scanner) learnFrom(i int, at place) {
	l := &s.learn
	*l = learner{on: true, place: at, start: i, text: l.text[:0], names: l.names[:0], keys: l.keys[:0], values: l.values[:0],
		deeds: l.deeds[:0], events: l.events[:0]}
	l.before.take(s, &s.frames[s.depth])
	s.patterns.study -= studyCost
}

// unlearn gives up: what the record has come to so far stands.
func (s *Scanner) unlearn() {
	l := &s.learn
	if !l.on {
		return
	}
	l.on = false
	s.restore()
}

// restore puts back what was gathered before the record.
func (s *Scanner) restore() {
	l := &s.learn
	p := &s.frames[l.place.depth]
	l.before.give(s, p)
	if l.before.patient.n > 0 {
		p.patient = l.before.patient
	}
	if l.before.number.n > 0 {
		p.number, p.numberType = l.before.number, l.before.numberType
	}
}

// pause keeps the part of the record that is in a piece that ends.
func (s *Scanner) pause(b []byte) {
	l := &s.learn
	if len(l.text)+len(b)-l.start > patternRaw {
		s.unlearn()
		return
	}
	l.text = append(l.text, b[l.start:]...)
	s.patterns.study -= len(b) - l.start
	l.start, l.done = 0, len(l.text)
}

// at is where in the record b[i] stands.
func (l *learner) at(i int) int { return l.done + i - l.start }

// scalar notes a value of the record, which is about to be looked at.
func (s *Scanner) scalar(from, to int, form shape) {
	l := &s.learn
	if len(l.values) == patternValues {
		s.unlearn()
		return
	}
	l.values = append(l.values, value{off: uint32(from), n: uint32(to - from), shape: form})
	l.cur = uint16(len(l.values))
	if form == nested {
		l.rule(passedOver)
	}
}

// rule notes that the value at hand matters only so far.
func (l *learner) rule(r rule) *value {
	v := &l.values[l.cur-1]
	v.rule = r
	return v
}

// rules notes the same, of what may be no value of a record that is learned.
func (s *Scanner) rules(r rule) {
	if s.learn.on && s.learn.cur > 0 {
		s.learn.rule(r)
	}
}

// pin notes that the value that p was kept of matters as it is.
func (s *Scanner) pin(from uint16) {
	if s.learn.on && from > 0 {
		s.learn.values[from-1].rule = asIs
	}
}

// named notes what was made of the value at hand, v; it fails when something else was, too.
func (l *learner) named(v []byte) bool {
	at := &l.values[l.cur-1].name
	if at.n == 0 && len(v) <= maxID {
		*at = span{off: uint32(len(l.names)), n: uint16(len(v))}
		l.names = append(l.names, v...)
	}
	return string(l.names[at.off:at.off+uint32(at.n)]) == string(v)
}

// did notes an identifier or a person that came of the value from.
func (s *Scanner) did(d deed) {
	if !s.learn.on {
		return
	}
	if d.value == 0 {
		s.unlearn()
		return
	}
	s.learn.deeds = append(s.learn.deeds, d)
}

// met notes that key was met.
func (l *learner) met(key []byte) {
	l.cur = 0
	if len(key) == 0 {
		return
	}
	for i := range l.events {
		if e := &l.events[i]; e.key.n > 0 && string(l.keys[e.key.off:e.key.off+uint32(e.key.n)]) == string(key) {
			return
		}
	}
	l.events = append(l.events, event{key: span{off: uint32(len(l.keys)), n: uint16(len(key))}})
	l.keys = append(l.keys, key...)
}

// granting notes that the value at hand, v, may let somebody do something.
func (s *Scanner) granting(v []byte) {
	l := &s.learn
	if !l.on {
		return
	}
	if l.cur == 0 || !l.named(v) {
		s.unlearn()
		return
	}
	l.events = append(l.events, event{value: l.cur, slot: s.slot})
}

// learned ends the record at b[i]: it becomes a pattern.
func (s *Scanner) learned(b []byte, i int) {
	l := &s.learn
	l.on = false
	p := &s.frames[l.place.depth]
	var w sums
	w.take(s, p)
	w.give(s, p)
	p.patient, p.number, p.numberType = w.patient, w.number, w.numberType
	s.restore()
	if len(l.text)+i-l.start > patternRaw || len(l.events) > patternEvents {
		return
	}
	l.text = append(l.text, b[l.start:i]...)
	s.patterns.study -= i - l.start
	s.patterns.add(s, w)
}

// size is how long the text is without the longer values.
func (l *learner) size() int {
	n := len(l.text)
	for i := range l.values {
		if v := &l.values[i]; v.long() {
			n -= int(v.n)
		}
	}
	return n
}

func (v *value) long() bool { return v.rule != asIs && v.n > valueText }

// refers notes that the value at hand is a reference to something of type t; 0 for none.
func (s *Scanner) refers(t fhir.Type, about bool) {
	if s.learn.on && s.learn.cur > 0 {
		v := s.learn.rule(pointer)
		v.typ, v.about = t, about
	}
}

// judged notes that the value at hand is one under k that passes its check, or not.
func (s *Scanner) judged(k keyInfo, v []byte, holds bool) {
	if !s.learn.on || s.learn.cur == 0 {
		return
	}
	as := value{rule: byClass, k: k, holds: holds}
	if holds && k.id == patientID {
		as.typ, _ = parseReference(v)
	}
	if _, ok := as.keeps(v); !ok {
		return
	}
	at := s.learn.rule(byClass)
	at.k, at.holds, at.typ = k, holds, as.typ
}

// identified notes how the value of an identifier was judged.
func (s *Scanner) identified(f *frame, untyped, holds bool) {
	if v := s.keptFrom(f); v != nil {
		s.pin(f.codeFrom)
		v.rule, v.of, v.code, v.untyped, v.holds = identifierValue, f.system, f.code, untyped, holds
	}
}

// reached notes how the value of a telecom was judged.
func (s *Scanner) reached(f *frame, holds bool) {
	if v := s.keptFrom(f); v != nil {
		v.rule, v.of, v.holds = contactValue, f.system, holds
	}
}

// keptFrom is the value that f kept, if a record is learned and it was nothing else.
func (s *Scanner) keptFrom(f *frame) *value {
	if !s.learn.on || f.val.from == 0 {
		return nil
	}
	if v := &s.learn.values[f.val.from-1]; v.rule == keptValue {
		return v
	}
	return nil
}

// codes notes that the value at hand is a code; guarded is whether it matters which.
func (s *Scanner) codes(v []byte, guarded bool) {
	if s.learn.cur > 0 && !(guarded && isSensitive(bytes.TrimSpace(v))) {
		s.learn.rule(codeValue).about = guarded
	}
}

// rawly notes that the value at hand was looked at as it is written.
func (l *learner) rawly() { l.values[l.cur-1].raw = true }

// keeps is the value at hand, of which v was made.
func (l *learner) keeps(s *Scanner, v []byte) (from uint16) {
	if l.cur == 0 || !l.named(v) {
		s.unlearn()
		return 0
	}
	return l.cur
}

// skipped notes that a container was passed over, up to b[i].
func (s *Scanner) skipped(i int) {
	if s.learn.on {
		s.scalar(s.learn.token, s.learn.at(i), nested)
	}
}

// skippedParts notes each value of a container that was passed over, from b[i] to b[end]: a small one is all but always
// made of the same parts.
func (s *Scanner) skippedParts(b []byte, i, end int) {
	for i < end && s.learn.on {
		from, form := i, worded
		switch c := b[i]; {
		case c == '"':
			from++
			i, _ = quote(b, from)
			form = stringShape
		case delimits[c]:
			i++
			continue
		default:
			for !delimits[b[i]] {
				i++
			}
			if isDigit(c) || c == '-' {
				form = numeric
			}
		}
		s.scalar(s.learn.at(from), s.learn.at(i), form)
		if form == stringShape {
			i++
		}
		if s.learn.on {
			s.learn.rule(whatever).raw = true
		}
	}
}

// forgetNames is called for each body, when the count of bodies is at body.
func (t *follower) forgetNames(body uint32) {
	if body > 1 {
		return
	}
	for i := range t.list {
		t.list[i].body = 0
	}
}
