package outbox

import "bytes"

// scan reads the frames of a stretch of a file, over damage.
type scan struct {
	b        []byte
	off      int    // of the next frame in b
	from     uint64 // the next record's number is at least this
	repaired int    // frames that one flipped bit was put right in
	damaged  int    // stretches that were passed over
}

// next is the next record; it borrows b. At the end, or at what cannot be read any more, it is false, and off is
// where that begins.
func (s *scan) next() (Record, bool) {
	r, size, ok, _ := parseFrame(s.b[s.off:])
	if ok && r.Number >= s.from {
		return s.take(r, size), true
	}
	if r, size, ok = repairFrame(s.b[s.off:], s.from); ok {
		s.repaired++
		return s.take(r, size), true
	}
	// Behind the damage frames begin again at a mark.
	for at := s.off + 1; at < len(s.b); at++ {
		i := bytes.Index(s.b[at:], mark)
		if i < 0 {
			break
		}
		at += i
		if r, size, ok, _ = parseFrame(s.b[at:]); ok && r.Number >= s.from {
			s.damaged++
			s.off = at
			return s.take(r, size), true
		}
	}
	return Record{}, false
}

func (s *scan) take(r Record, size int) Record {
	s.off += size
	s.from = r.Number + 1
	return r
}
