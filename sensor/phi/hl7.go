package phi

import (
	"bytes"

	"auscult/sensor/er7"
)

// segments reads the next piece of HL7 v2 messages, with or without MLLP framing.
func (s *Scanner) segments(b []byte) {
	for {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			s.hold(b)
			return
		}
		if len(s.carry) == 0 {
			s.segment(b[:i])
		} else {
			s.hold(b[:i])
			s.segment(s.carry)
			s.carry = s.carry[:0]
		}
		b = b[i+1:]
	}
}

func (s *Scanner) endSegments() {
	s.segment(s.carry)
	s.carry = s.carry[:0]
}

// segment reads one segment; of one longer than a token its first part.
func (s *Scanner) segment(v []byte) {
	if len(v) > s.cfg.Token {
		s.stats.Long++
		v = v[:s.cfg.Token]
	}
	v = bytes.TrimLeft(v, "\x0b\x1c")
	if len(v) < 4 {
		return
	}
	id := string(v[:3])
	switch id {
	case "MSH", "FHS", "BHS":
		s.hl7 = er7.Declared(v)
		if id == "MSH" {
			s.records++
			s.list++
		}
		return
	}
	h := &s.hl7
	if h.Field == 0 || v[3] != h.Field {
		return
	}
	switch id {
	case "PID":
		s.pid(v)
	case "NK1", "GT1":
		s.claimField(v, 2, words, Name)
		s.claimField(v, 3, words, Name)
	case "IN1", "IN2":
		s.sure |= Insurance
	case "PV1", "SCH":
		s.sure |= Encounter
	case "DG1":
		s.sure |= Diagnosis
		if isSensitive(er7.Part(er7.Part(v, h.Field, 3), h.Component, 0)) {
			s.sure |= Sensitive
		}
	case "AL1", "IAM":
		s.sure |= Allergy
	case "OBR", "OBX":
		s.sure |= Observation
	case "RXA":
		s.sure |= Immunization
	case "RXE", "RXO", "RXD", "RXG":
		s.sure |= Medication
	case "PR1":
		s.sure |= Procedure
	}
}

// pid reads the segment that names the patient (HL7 v2.5 section 3.4.2).
func (s *Scanner) pid(v []byte) {
	h := &s.hl7
	best, rank := []byte(nil), 3
	for list := er7.Part(v, h.Field, 3); len(list) > 0; {
		var one []byte
		one, list, _ = bytes.Cut(list, []byte{h.Repeat})
		id := er7.Part(one, h.Component, 0)
		if !isMark(id) {
			continue
		}
		r := 2
		t, c := "mrn", MRN
		switch string(er7.Part(one, h.Component, 4)) {
		case "MR":
			r = 0
		case "SS":
			t, c = "ssn", SSN
		case "PI", "PT", "":
			r = 1
		}
		s.sure |= c
		s.emit(Business, t, id)
		if r < rank {
			best, rank = id, r
		}
	}
	if best == nil {
		best = er7.Part(er7.Part(v, h.Field, 2), h.Component, 0)
	}
	if isMark(best) {
		s.person(best, "mrn", true)
	} else {
		s.nameless++
	}
	s.claimField(v, 5, words, Name)
	s.claimField(v, 7, date, BirthDate)
	s.claimField(v, 11, words, Address)
	s.claimField(v, 13, phone, Phone)
	s.claimField(v, 14, phone, Phone)
	s.claimField(v, 19, ssn, SSN)
}

// claimField gives the body class c when field n holds what check wants in one of its components.
func (s *Scanner) claimField(v []byte, n int, want check, c Class) {
	h := &s.hl7
	for list := er7.Part(v, h.Field, n); len(list) > 0; {
		var one []byte
		one, list, _ = bytes.Cut(list, []byte{h.Component})
		if len(one) > 0 && pass(want, one) {
			s.sure |= c
			return
		}
	}
}
