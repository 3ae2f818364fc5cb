package pseudonym

import (
	"encoding/binary"
	"strings"

	"auscult/sensor/call"
)

const (
	maxNumber  = 6 // digits of a number that may be shown: a page, a port
	maxVersion = 3 // digits in a level of a path that may be shown: v2, R4
)

// Names writes whatever could name a person: the one place that decides between the clear and a pseudonym.
// Every method appends to dst plain text, which the caller escapes for its format. One goroutine owns it.
type Names struct {
	Reveal bool // the operator asked for names in the clear
	Keys   *Keyer
	// Keep is told of every pseudonym of a principal, an object or a client application that is written; it may be nil.
	Keep   func(Kept)
	now    *Keyer // of the moment
	decode []byte // scratch: a percent-decoded word
}

// Clone is an equal Names for another goroutine.
func (n *Names) Clone() *Names { return &Names{Reveal: n.Reveal, Keys: n.Keys.Clone(), Keep: n.Keep} }

// User appends who p is.
func (n *Names) User(dst []byte, p *call.Principal) []byte {
	if n.Reveal {
		return append(dst, p.ID...)
	}
	return n.kept(n.keys().Principal(dst, p), len(dst), p, nil)
}

// Object appends the name of a patient or record. Only the identifier counts, not its type, so that a value in
// a path and the same value in a body are seen to be one.
func (n *Names) Object(dst []byte, id string) []byte {
	if n.Reveal {
		return append(dst, id...)
	}
	return n.told(dst, Object, id)
}

// App appends the name of a client application, which may be a person's own credential.
func (n *Names) App(dst []byte, id string) []byte {
	if n.Reveal {
		return append(dst, id...)
	}
	return n.told(dst, App, id)
}

// Token appends the pseudonym of a credential, given its hash. There is no clear form: it is a secret.
func (n *Names) Token(dst []byte, token uint64) []byte {
	k := n.keys()
	k.buf = binary.BigEndian.AppendUint64(k.buf[:0], token)
	return k.appendBuf(dst, Token)
}

// Word appends a short word of the protocol that names no person: a role, an issuer, a host, a method. It is
// what the sender wrote, so what does not look like such a word becomes a pseudonym.
func (n *Names) Word(dst []byte, s string) []byte {
	if n.Reveal || plainWord(s, maxNumber) {
		return append(dst, s...)
	}
	return n.keys().Append(dst, Text, s)
}

// Agent appends a User-Agent, at most 256 bytes of it, with numbers as long as identity numbers blotted out. One
// with a mail address in it becomes a pseudonym.
func (n *Names) Agent(dst []byte, s string) []byte {
	if n.Reveal {
		return append(dst, s...)
	}
	if strings.Contains(s, "@") {
		return n.keys().Append(dst, Text, s)
	}
	if len(s) > 256 {
		s = s[:256]
	}
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		switch {
		case j-i >= 9:
			dst = append(dst, '#')
		case j > i:
			dst = append(dst, s[i:j]...)
		default:
			j = i + 1
			if c := s[i]; c >= ' ' && c < 0x7f {
				dst = append(dst, c)
			} else {
				dst = append(dst, '_')
			}
		}
		i = j
	}
	return dst
}

// Addresses appends a list of addresses as a proxy header carries it; anything else becomes a pseudonym.
func (n *Names) Addresses(dst []byte, s string) []byte {
	if n.Reveal || (len(s) <= 256 && strings.Trim(s, "0123456789abcdefABCDEF.:, []") == "" && strings.ContainsAny(s, ".:")) {
		return append(dst, s...)
	}
	return n.keys().Append(dst, Text, s)
}

// Text appends what a detector wrote about p: {principal} becomes its name, each of ids, identifiers in the clear that
// the finding is about, its pseudonym wherever it stands as a word, and every path what Endpoint makes of it.
func (n *Names) Text(dst []byte, s string, p *call.Principal, ids []string) []byte {
	const hole = "{principal}"
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], hole) {
			dst = n.User(dst, p)
			i += len(hole)
			continue
		}
		if !n.Reveal && (i == 0 || !wordByte(s[i-1])) {
			if end := pathEnd(s, i); end > 0 {
				dst = n.template(dst, s[i:end], known{nil, ids, p.ID})
				i = end
				continue
			}
			if p.ID != "" && wordAt(s[i:], p.ID) {
				dst = n.User(dst, p)
				i += len(p.ID)
				continue
			}
			if id := longestAt(s[i:], ids); id != "" {
				dst = n.Object(dst, id)
				i += len(id)
				continue
			}
		}
		dst = append(dst, s[i])
		i++
	}
	return dst
}

// pathEnd is where the path ends that begins at i in a text; 0 when none does.
func pathEnd(s string, i int) int {
	if s[i] != '/' || i > 0 && strings.IndexByte(" \"'(`", s[i-1]) < 0 {
		return 0
	}
	end := len(s)
	if n := strings.IndexAny(s[i:], " \"')`"); n >= 0 {
		end = i + n
	}
	return i + len(strings.TrimRight(s[i:end], ",;:."))
}

// longestAt is the longest of ids that stands at the start of s as a word. Bare numbers of up to four digits
// are left: a title is full of counts.
func longestAt(s string, ids []string) string {
	best := ""
	for _, id := range ids {
		if len(id) > len(best) && (len(id) > 4 || !allDigits(id)) && wordAt(s, id) {
			best = id
		}
	}
	return best
}

func wordAt(s, w string) bool {
	return strings.HasPrefix(s, w) && (len(s) == len(w) || !wordByte(s[len(w)]))
}

func wordByte(c byte) bool { return isDigit(c) || isLetter(c) || c >= 0x80 }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// plainWord is whether s is built like a name of the protocol: letters, digits and a few marks, at most 128
// bytes, no mail address, and no run of more than digits digits.
func plainWord(s string, digits int) bool {
	if len(s) > 128 {
		return false
	}
	run := 0
	for i := range len(s) {
		c := s[i]
		if isDigit(c) {
			if run++; run > digits {
				return false
			}
			continue
		}
		run = 0
		if !isLetter(c) && strings.IndexByte("_-.:/,* +[]$", c) < 0 {
			return false
		}
	}
	return true
}
