package phi

import (
	"bytes"

	"auscult/sensor/fhir"
)

// target is the URL of a batch entry, which is a call of its own: Patient/123, Patient/123/Observation,
// Patient/123/$everything, Observation?patient=123,124, Patient?_id=1,2, Patient?identifier=system|123.
func (s *Scanner) target(f *frame, v []byte) {
	s.unlearn()
	path, query, _ := bytes.Cut(v, []byte{'?'})
	path = bytes.TrimRight(path, "/")
	typ := fhir.Lookup(path[bytes.LastIndexByte(path, '/')+1:])
	if slash := bytes.LastIndexByte(path, '/'); slash > 0 {
		// What stands below an instance is about that instance.
		if last := path[slash+1:]; typ != 0 || last[0] == '$' || string(last) == "*" {
			if t, _ := parseReference(path[:slash]); t != 0 {
				path = path[:slash]
			}
		}
	}
	s.reference(f, path)
	for len(query) > 0 {
		var arg []byte
		arg, query, _ = bytes.Cut(query, []byte{'&'})
		key, val, _ := bytes.Cut(arg, []byte{'='})
		key, _, _ = bytes.Cut(key, []byte{':'})
		s.targets(f, typ, key, s.unpercent(val))
	}
}

// targets takes the values, by commas, of a search parameter of resources of type typ.
func (s *Scanner) targets(f *frame, typ fhir.Type, key, list []byte) {
	of := typ.Name()
	role := s.memo.classify(key).info.role
	for len(list) > 0 {
		var v []byte
		v, list, _ = bytes.Cut(list, []byte{','})
		switch {
		case role == patientKey || role == subjectKey || string(key) == "_id" && of == "Patient":
			mark := len(s.stack)
			s.names(f, v)
			if f.patient.n > 0 {
				s.person(s.kept(f.patient), "Patient", false)
				f.patient, s.stack = span{}, s.stack[:mark]
			}
		case string(key) == "_id" && typ != 0 && isMark(v):
			s.emit(Resource, of, v)
		case string(key) == "identifier" && of == "Patient":
			if v = v[bytes.LastIndexByte(v, '|')+1:]; isMark(v) {
				s.person(v, "mrn", false)
				s.emit(Business, "mrn", v)
			}
		}
	}
}
