package exposure

import (
	"encoding/binary"
)

// Read says what body, the beginning of a response, shows. It looks for a few hundred phrases that products write
// and people do not, in one pass: of the text it reads every fourth group of four bytes, and each phrase is known
// by a run of seven of its bytes, which holds such a group wherever it stands. Time is linear in the body; nothing
// is allocated; nothing of the body is kept.
func Read(status int, contentType string, body []byte) Shown {
	if len(body) < groupSize || opaque(contentType) {
		return Shown{}
	}
	r := reading{body: body, fault: status >= 400, best: len(clues)}
	i := 0
	for ; i+4*groupSize <= len(body); i += 4 * groupSize {
		b := body[i : i+4*groupSize : i+4*groupSize]
		lo, hi := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		g0, g1, g2, g3 := uint32(lo), uint32(lo>>32), uint32(hi), uint32(hi>>32)
		if index.sieve[slot(g0)/64]>>(slot(g0)%64)&1 != 0 {
			r.group(g0, i)
		}
		if index.sieve[slot(g1)/64]>>(slot(g1)%64)&1 != 0 {
			r.group(g1, i+groupSize)
		}
		if index.sieve[slot(g2)/64]>>(slot(g2)%64)&1 != 0 {
			r.group(g2, i+2*groupSize)
		}
		if index.sieve[slot(g3)/64]>>(slot(g3)%64)&1 != 0 {
			r.group(g3, i+3*groupSize)
		}
	}
	for ; i+groupSize <= len(body); i += groupSize {
		g := binary.LittleEndian.Uint32(body[i:])
		if index.sieve[slot(g)/64]>>(slot(g)%64)&1 != 0 {
			r.group(g, i)
		}
	}
	if r.best == len(clues) {
		return Shown{}
	}
	return Shown{Set: r.set, Product: clues[r.best].product}
}

// reading is what one Read has found so far.
type reading struct {
	body   []byte
	fault  bool // the response is of an error
	set    Set
	best   int              // the first in the table of the clues found: what it names is the Product
	halves [maxPairs]uint16 // by pair: one more than the clue of it that was found
}

// group looks up one group of bytes, which stands at i, among the phrases.
func (r *reading) group(g uint32, i int) {
	for at := index.heads[g*spread>>(32-headBits)]; at != 0; at = index.marks[at].next {
		m := &index.marks[at]
		if m.group != g {
			continue
		}
		c := &clues[m.clue]
		start := i - int(m.back)
		if start < 0 || len(r.body)-start < len(c.text) || string(r.body[start:start+len(c.text)]) != c.text {
			continue
		}
		r.found(int(m.clue), c, start)
	}
}

// found judges a phrase that stands at start.
func (r *reading) found(n int, c *clue, start int) {
	rest := r.body[start+len(c.text):]
	switch c.when {
	case inError:
		if !r.fault {
			return
		}
	case half:
		p := &r.halves[index.pair[n]]
		if *p == 0 {
			*p = uint16(n) + 1
		}
		if *p == uint16(n)+1 {
			return
		}
	case first:
		if start != 0 {
			return
		}
	case opensLine:
		if start != 0 && r.body[start-1] != '\n' {
			return
		}
	case beforeDigit:
		if len(rest) == 0 || rest[0]-'0' > 9 {
			return
		}
	case beforeException:
		if !exception(rest) {
			return
		}
	case beforeUser:
		if !login(rest) {
			return
		}
	case beforeKey:
		if !cloudKey(rest) {
			return
		}
	case beforeValue:
		if !value(rest) {
			return
		}
	}
	r.set |= c.shows
	r.best = min(r.best, n)
}

// opaque is whether a body of this type is not text that a server wrote: pictures, archives, and scripts and styles,
// which are full of words for developers.
func opaque(contentType string) bool {
	for _, p := range [...]string{"image/", "audio/", "video/", "font/", "text/css", "text/javascript",
		"application/javascript", "application/x-javascript", "application/pdf", "application/zip",
		"application/gzip", "application/dicom;", "application/wasm", "multipart/"} {
		if len(contentType) >= len(p) && contentType[:len(p)] == p {
			return true
		}
	}
	return contentType == "application/dicom"
}

// exception is whether a class name that ends in Exception or Error begins rest, as in java.lang.|NullPointerException.
func exception(rest []byte) bool {
	n := 0
	for n < len(rest) && n < 80 && (rest[n]|0x20-'a' < 26 || rest[n] == '.' || rest[n] == '$') {
		n++
	}
	name := string(rest[:n])
	return n > 5 && name[n-5:] == "Error" || n > 9 && name[n-9:] == "Exception"
}

// login is whether user:password@ begins rest, as in a connection string. A password of stars was hidden.
func login(rest []byte) bool {
	colon := -1
	for i, c := range rest[:min(len(rest), 128)] {
		switch {
		case c == '@':
			return colon >= 0 && i > colon+1 && rest[colon+1] != '*'
		case c == ':' && colon < 0:
			colon = i
		case c <= ' ' || c == '/' || c == '"' || c == '<' || c == '>' || c == '\'':
			return false
		}
	}
	return false
}

// cloudKey is whether the id of an AWS access key stands within a few bytes of the start of rest.
func cloudKey(rest []byte) bool {
	for i := 0; i < 8 && i+20 <= len(rest); i++ {
		if id := string(rest[i : i+4]); id != "AKIA" && id != "ASIA" {
			continue
		}
		for _, c := range rest[i+4 : i+20] {
			if c-'A' >= 26 && c-'0' > 9 {
				return false
			}
		}
		return true
	}
	return false
}

// value is whether rest begins with something that is not empty, not hidden and not a placeholder.
func value(rest []byte) bool {
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		rest = rest[1:]
	}
	return len(rest) > 3 && rest[0] > ' ' && rest[1] > ' ' && rest[0] != '*' && rest[0] != '<' && rest[0] != '$' && rest[0] != '{' &&
		rest[0] != '"' && rest[0] != '\'' && rest[0] != ';' && rest[0] != '&' && rest[0] != '%'
}

const (
	groupSize = 4
	window    = 2*groupSize - 1 // every run of as many bytes holds a whole group, wherever it stands
	sieveBits = 16
	headBits  = 11
	maxPairs  = 48
	spread    = 0x9e3779b1
)

func slot(g uint32) uint32 { return g * spread >> (32 - sieveBits) }

// index finds clues by groups of their bytes. It is made once from the table and never written to again.
var index = build()

type table struct {
	sieve [1 << sieveBits / 64]uint64 // whether a group may be one of a clue
	heads [1 << headBits]uint16
	marks []mark  // the first is none
	pair  []uint8 // of each clue that is a half
}

// mark is a group of bytes that stands in a clue.
type mark struct {
	group uint32
	clue  uint16
	next  uint16
	back  uint8 // where in the clue
}

func build() *table {
	t := &table{marks: make([]mark, 1), pair: make([]uint8, len(clues))}
	pairs := 0
	for n := range clues {
		c := &clues[n]
		at := rarest(c.text)
		for k := range groupSize {
			g := binary.LittleEndian.Uint32([]byte(c.text[at+k : at+k+groupSize]))
			head := &t.heads[g*spread>>(32-headBits)]
			t.marks = append(t.marks, mark{group: g, clue: uint16(n), next: *head, back: uint8(at + k)})
			*head = uint16(len(t.marks) - 1)
			t.sieve[slot(g)/64] |= 1 << (slot(g) % 64)
		}
		if c.when != half {
			continue
		}
		p := pairs
		for o := range n {
			if clues[o].when == half && clues[o].shows == c.shows && clues[o].product == c.product {
				p = int(t.pair[o])
				break
			}
		}
		pairs = max(pairs, p+1)
		t.pair[n] = uint8(p)
	}
	return t
}

// rarest is where in text the window stands whose bytes are the least common in what APIs answer.
func rarest(text string) int {
	const common = " etaoinsrldcumph\":,./-_"
	best, least := 0, 1<<30
	for at := 0; at+window <= len(text); at++ {
		n := 0
		for _, c := range []byte(text[at : at+window]) {
			for k := range len(common) {
				if common[k] == c {
					n += len(common) - k
				}
			}
		}
		if n < least {
			best, least = at, n
		}
	}
	return best
}
