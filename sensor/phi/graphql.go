package phi

import "bytes"

// graphQL takes the identifiers that stand as literals in the arguments of a GraphQL document (October 2021,
// section 2.6): patient(id: "5"), or node(patientId: 5). Those in variables are found where they stand.
func (s *Scanner) graphQL(f *frame, v []byte) {
	s.unlearn()
	doc := v
	for {
		i := bytes.IndexByte(v, ':')
		if i < 0 {
			return
		}
		end := i
		for end > 0 && v[end-1] == ' ' {
			end--
		}
		start := end
		for start > 0 && (isLetter(v[start-1]) || isDigit(v[start-1]) || v[start-1] == '_') {
			start--
		}
		key, field := v[start:end], asked(doc[:len(doc)-len(v)+start])
		v = bytes.TrimLeft(v[i+1:], " ")
		var val []byte
		if len(v) > 0 && v[0] == '"' {
			if val, v, _ = bytes.Cut(v[1:], []byte{'"'}); len(val) == 0 {
				continue // the quotes of a block string, or nothing
			}
		} else {
			n := 0
			for n < len(v) && isDigit(v[n]) {
				n++
			}
			val, v = v[:n], v[n:]
		}
		if len(key) == 0 || len(val) == 0 {
			continue
		}
		switch k := s.memo.classify(key).info; {
		case k.role == ownID && !isMark(val):
		case k.role == ownID && s.memo.classify(field).info.role == patientKey:
			s.names(f, val)
		case k.role == ownID:
			s.emit(Resource, "", val)
		case k.role == patientKey, k.id != noID:
			s.member(f, k, val)
		}
	}
}

// asked is the field whose arguments are open at the end of doc; empty if none are.
func asked(doc []byte) []byte {
	i := bytes.LastIndexByte(doc, '(')
	if i < 0 || bytes.IndexByte(doc[i:], ')') >= 0 {
		return nil
	}
	start := i
	for start > 0 && (isLetter(doc[start-1]) || isDigit(doc[start-1]) || doc[start-1] == '_') {
		start--
	}
	return doc[start:i]
}
