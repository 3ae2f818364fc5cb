package phi

import "slices"

// Kept is a Report that outlives its Scanner's body, with what the scanning counted. It is never written again.
type Kept struct {
	Size   int    // of its memory, in bytes, roughly
	bytes  uint64 // as Stats count them
	Report Report
}

// Keep makes k a copy of the report of a body that was read to its end since Stats gave before; it is false, and k as it
// was, when a limit was met in the body, whose counting depends on more than that.
func (s *Scanner) Keep(k *Kept, before Stats) bool {
	d := s.stats
	d.Bodies -= before.Bodies
	d.Bytes -= before.Bytes
	if !s.closed || s.drained || s.report.Truncated || d.Bodies != 1 || d != before.with(d.Bodies, d.Bytes) {
		return false
	}
	*k = Kept{Report: s.report, bytes: d.Bytes}
	r := &k.Report
	r.scanner = nil
	n := 0
	for _, id := range r.IDs {
		n += len(id.Value)
	}
	props := s.report.Props()
	for _, p := range props {
		n += len(p.Name) + len(p.Value)
	}
	text := make([]byte, 0, n)
	own := func(b []byte) []byte {
		if b == nil {
			return nil
		}
		at := len(text)
		text = append(text, b...)
		return text[at:len(text):len(text)]
	}
	r.IDs = slices.Clone(r.IDs)
	for i := range r.IDs {
		id := &r.IDs[i]
		id.Value = own(id.Value)
	}
	r.props = slices.Clone(props)
	for i := range r.props {
		p := &r.props[i]
		p.Name, p.Value = own(p.Name), own(p.Value)
	}
	k.Size = 256 + n + 48*len(r.IDs) + 56*len(r.props)
	return true
}

// Count counts the body of k as read once more.
func (s *Scanner) Count(k *Kept) {
	s.stats.Bodies++
	s.stats.Bytes += k.bytes
}

// with is s with these two counts.
func (s Stats) with(bodies, bytes uint64) Stats {
	s.Bodies, s.Bytes = bodies, bytes
	return s
}
