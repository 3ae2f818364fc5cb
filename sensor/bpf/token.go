package bpf

import (
	"net/netip"
	"strconv"
	"strings"
)

// kind is what a token is.
type kind uint8

const (
	end     kind = iota
	word         // a keyword or a name
	escaped      // \name: a name even where it is a keyword
	number       // decimal or 0x…
	dotted       // an IPv4 address, or the first two or three bytes of one
	colons       // an IPv6 address
	mac          // an Ethernet address
	sign         // an operator or bracket
)

// token is one word of an expression. text is what stands there; of a name, in the form that the tables have.
type token struct {
	kind  kind
	text  string
	at    int // byte offset
	value uint32
	addr  netip.Addr // of dotted, filled up with zero bytes, and of colons
	parts int        // of dotted: how many bytes were given
	ether [6]byte
}

// scan cuts the expression into tokens.
func (p *parser) scan() error {
	s, inside := p.text, 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\\':
			n := i + 1
			for n < len(s) && isWord(s[n]) {
				n++
			}
			if n == i+1 {
				return p.wrong(token{text: s[i:n], at: i}, `a name must follow \`)
			}
			p.tokens = append(p.tokens, token{kind: escaped, text: s[i+1 : n], at: i})
			i = n
		case isWord(c) || c == ':' && inside == 0:
			// A colon parts offset and size in brackets, and belongs to an address anywhere else.
			n := i + 1
			for n < len(s) && (isWord(s[n]) || s[n] == '-' || s[n] == '_' || s[n] == ':' && inside == 0) {
				n++
			}
			for s[n-1] == '-' || s[n-1] == '_' {
				n--
			}
			t, what := classify(s[i:n])
			t.at = i
			if what != "" {
				return p.wrong(t, "%s", what)
			}
			p.tokens = append(p.tokens, t)
			i = n
		default:
			n := operator(s[i:])
			if n == 0 {
				return p.wrong(token{text: s[i : i+1], at: i}, "this character has no meaning here")
			}
			switch c {
			case '[':
				inside++
			case ']':
				inside--
			}
			p.tokens = append(p.tokens, token{kind: sign, text: s[i : i+n], at: i})
			i += n
		}
	}
	p.tokens = append(p.tokens, token{kind: end, at: len(s)})
	return nil
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.'
}

// operator is the length of the operator that s begins with; 0 when none does.
func operator(s string) int {
	if len(s) >= 2 {
		switch s[:2] {
		case "&&", "||", "<<", ">>", "<=", ">=", "!=", "==":
			return 2
		}
	}
	if strings.IndexByte("+-*/%&|^<>=!()[]:", s[0]) >= 0 {
		return 1
	}
	return 0
}

// classify says what a run of letters, digits, dots, dashes and colons is; what is not empty when it is nothing.
func classify(s string) (t token, what string) {
	t = token{kind: word, text: s}
	if strings.Contains(s, ":") {
		if t.ether, t.kind = parseMAC(s, ":"); t.kind == mac {
			return t, ""
		}
		a, err := netip.ParseAddr(s)
		if err != nil {
			return t, "neither an IPv6 address nor an Ethernet address"
		}
		t.kind, t.addr = colons, a
		return t, ""
	}
	if c := s[0]; c < '0' || c > '9' {
		if t.ether, t.kind = parseMAC(s, "-"); t.kind == mac {
			return t, ""
		}
		return t, ""
	}
	if strings.Trim(s, "0123456789.") == "" && strings.Contains(s, ".") {
		return parseDotted(t)
	}
	if len(s) > 1 && s[0] == '0' && strings.Trim(s, "0123456789") == "" {
		return t, "a number with a leading zero, which some would read as octal; write it without, or 0x…"
	}
	v, err := strconv.ParseUint(s, 0, 32)
	if err == nil && !strings.Contains(s, "_") && len(s) > 1 && (s[1] == 'b' || s[1] == 'B' || s[1] == 'o' || s[1] == 'O') {
		return t, "numbers are decimal or 0x…"
	}
	if err == nil {
		t.kind, t.value = number, uint32(v)
		return t, ""
	}
	if strings.Trim(s, "0123456789") == "" {
		return t, "more than 32 bits can hold"
	}
	if t.ether, t.kind = parseMAC(s, "-"); t.kind == mac {
		return t, ""
	}
	return t, ""
}

// parseMAC reads six bytes in hexadecimal between separators; kind is word when s is none.
func parseMAC(s, sep string) (a [6]byte, k kind) {
	parts := strings.Split(s, sep)
	if len(parts) != len(a) {
		return a, word
	}
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 16, 8)
		if err != nil || len(part) > 2 {
			return a, word
		}
		a[i] = byte(v)
	}
	return a, mac
}

// parseDotted reads two to four bytes.
func parseDotted(t token) (token, string) {
	var a [4]byte
	parts := strings.Split(t.text, ".")
	if len(parts) > len(a) {
		return t, "not an IPv4 address"
	}
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return t, "not an IPv4 address"
		}
		a[i] = byte(v)
	}
	t.kind, t.addr, t.parts = dotted, netip.AddrFrom4(a), len(parts)
	return t, ""
}
