package tls

import "bytes"

// TableStats counts what a Table read.
type TableStats struct {
	Secrets uint64 // lines with a secret that was new
	Bad     uint64 // lines that are none
	Dropped uint64 // the oldest secrets, dropped at Config.Secrets
}

// Table holds the secrets that came with the capture itself (pcapng Decryption Secrets Blocks), before those of
// a shared store. It belongs to one goroutine; what it holds depends on the lines it was given alone.
type Table struct {
	Stats TableStats

	most    int
	secrets map[ID][]byte
	order   []ID // a ring once it is full
	oldest  int
	version uint64
	shared  Secrets
}

// NewTable returns an empty Table that holds up to most secrets and then asks shared, which may be nil.
func NewTable(most int, shared Secrets) *Table {
	return &Table{most: most, secrets: map[ID][]byte{}, shared: shared}
}

// Add reads lines of a key log.
func (t *Table) Add(lines []byte) {
	var s Secret
	for len(lines) > 0 {
		line := lines
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, lines = lines[:i], lines[i+1:]
		} else {
			lines = nil
		}
		switch ParseKeyLog(&s, line) {
		case Good:
			t.put(&s)
		case Bad:
			t.Stats.Bad++
		}
	}
}

func (t *Table) put(s *Secret) {
	old, known := t.secrets[s.ID]
	if known && bytes.Equal(old, s.Value()) {
		return
	}
	t.version++
	t.Stats.Secrets++
	t.secrets[s.ID] = bytes.Clone(s.Value())
	if known {
		return
	}
	if len(t.order) < t.most {
		t.order = append(t.order, s.ID)
		return
	}
	delete(t.secrets, t.order[t.oldest])
	t.order[t.oldest] = s.ID
	t.oldest = (t.oldest + 1) % t.most
	t.Stats.Dropped++
}

// Lookup is the secret with that name, or nil.
func (t *Table) Lookup(label Label, random *[32]byte) []byte {
	if b, ok := t.secrets[ID{label, *random}]; ok {
		return b
	}
	if t.shared == nil {
		return nil
	}
	return t.shared.Lookup(label, random)
}

// Version grows with every secret that is added, here or in the shared store.
func (t *Table) Version() uint64 {
	if t.shared == nil {
		return t.version
	}
	return t.version + t.shared.Version()
}
