package extract

// What the tests of package extract_test look at inside: they cannot be in this package, as the file source that
// feeds them is above it.

var FormOf = formOf

// Scanning is how many scanners are out, in all partitions.
func (e *Extractor) Scanning() (n int) {
	for _, part := range e.parts {
		if part != nil {
			n += part.scanning
		}
	}
	return n
}

// Occupy makes every partition behave as if n scanners were out.
func (e *Extractor) Occupy(n int) {
	for _, part := range e.parts {
		part.scanning = n
	}
}

// Wait returns when the memo has taken in what it was given.
func (m *Memo) Wait() { m.claims.Wait() }

// Remembered is how many bodies e would know again.
func (e *Extractor) Remembered() int {
	all := map[*known]bool{}
	for _, g := range []generation{e.repeats.young, e.repeats.old} {
		for _, s := range g.slots {
			if s.k != nil {
				all[s.k] = true
			}
		}
	}
	return len(all)
}

// Held is how many bytes of buffers hold bodies back.
func (e *Extractor) Held() (n int) {
	for _, part := range e.parts {
		if part != nil {
			n += part.held
		}
	}
	return n
}
