package phi

import "bytes"

// maxColumns bounds the columns of a table that are looked at; the rest of a row is passed over.
const maxColumns = 64

// table is what the first row of a CSV text said (RFC 4180).
type table struct {
	keys      [maxColumns]keyInfo
	slots     [maxColumns]uint8
	n         int // columns; 0 before the first row
	separator byte
	quoted    bool // the piece ended inside quotes
}

// rows reads the next piece of a CSV text. Its first row names the columns; every other is a record.
func (s *Scanner) rows(b []byte) {
	start := 0
	for i, c := range b {
		switch {
		case c == '"':
			s.table.quoted = !s.table.quoted
		case c != '\n' || s.table.quoted:
		case len(s.carry) == 0:
			s.row(b[start:i])
			start = i + 1
		default:
			s.hold(b[start:i])
			s.row(s.carry)
			s.carry = s.carry[:0]
			start = i + 1
		}
	}
	s.hold(b[start:])
}

func (s *Scanner) endRows() {
	s.row(s.carry)
	s.carry = s.carry[:0]
}

// row reads one row; of one longer than a token its first part.
func (s *Scanner) row(v []byte) {
	if len(v) > s.cfg.Token {
		s.stats.Long++
		v = v[:s.cfg.Token]
	}
	v = bytes.TrimRight(v, "\r")
	if len(v) == 0 {
		return
	}
	t := &s.table
	if t.n == 0 {
		t.separator = separatorOf(v)
		for len(v) > 0 && t.n < maxColumns {
			var name []byte
			name, v = s.cell(v)
			s.under(name)
			t.keys[t.n], t.slots[t.n] = s.k, s.slot
			t.n++
		}
		s.k = keyInfo{}
		s.open(true)
		return
	}
	s.k = keyInfo{}
	s.open(false)
	for i := 0; i < t.n && len(v) > 0; i++ {
		var cell []byte
		cell, v = s.cell(v)
		s.k, s.slot = t.keys[i], t.slots[i]
		if len(cell) == 0 {
			continue
		}
		if s.k == (keyInfo{}) {
			s.bare(cell)
			continue
		}
		s.member(&s.frames[s.depth], s.k, cell)
	}
	s.close()
}

// separatorOf is the separator that the names of the columns stand between.
func separatorOf(v []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte(",;\t|") {
		if n := bytes.Count(v, []byte{c}); n > most {
			best, most = c, n
		}
	}
	return best
}

// cell is the first cell of v, without its quotes, and what follows it. A doubled quote stays doubled.
func (s *Scanner) cell(v []byte) (cell, rest []byte) {
	v = bytes.TrimLeft(v, " ")
	if len(v) > 0 && v[0] == '"' {
		i := 1
		for i < len(v) {
			if v[i] == '"' {
				if i+1 == len(v) || v[i+1] != '"' {
					break
				}
				i++
			}
			i++
		}
		i = min(i, len(v))
		cell, v = v[1:i], v[i:]
		if i = bytes.IndexByte(v, s.table.separator); i < 0 {
			return cell, nil
		}
		return cell, v[i+1:]
	}
	cell, rest, _ = bytes.Cut(v, []byte{s.table.separator})
	return bytes.TrimSpace(cell), rest
}
