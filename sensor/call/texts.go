package call

import (
	"bytes"

	"auscult/sensor/http"
)

// Bounds of what Texts keep of one body, in bytes.
const (
	maxAsked    = 16 << 10 // of a request
	maxAnswered = 8 << 10  // of a response
	maxAtRest   = 4 << 10  // a buffer past it is not kept for the next exchange
)

// Texts keeps the beginnings of the two bodies of an exchange, for Build to read the values that were sent, who
// logged in, which token was handed out and what the response gives away. It belongs to one exchange at a time and is
// used again after Reset. The zero value keeps what it is given; in a Purse it keeps no more than that has left.
type Texts struct {
	sides [2]keptText
	purse *Purse
}

// Purse bounds the bytes that many Texts keep at once.
type Purse struct {
	Left  int
	Short uint64 // bodies of which something was not kept because nothing was left
}

type keptText struct {
	b     []byte
	limit int
	purse *Purse
	short bool
}

// Scan keeps the first bytes of the body.
func (k *keptText) Scan(b []byte) {
	room := k.limit - len(k.b)
	if room == 0 || len(b) == 0 {
		return
	}
	b = b[:min(len(b), room)]
	if p := k.purse; p != nil {
		if len(b) > p.Left {
			if !k.short {
				k.short = true
				p.Short++
			}
			k.limit = len(k.b) + p.Left // it keeps the beginning, without holes
			b = b[:p.Left]
		}
		p.Left -= len(b)
	}
	k.b = append(k.b, b...)
}

// Close has nothing to do: what is cut off is read as far as it goes.
func (k *keptText) Close(bool) {}

// In makes t keep its bytes in p.
func (t *Texts) In(p *Purse) { t.purse = p }

// Side is the scanner of one body.
func (t *Texts) Side(s http.Side) http.Scanner {
	k := &t.sides[s]
	if k.purse != nil {
		k.purse.Left += len(k.b)
	}
	k.b = k.b[:0]
	k.limit, k.purse, k.short = maxAsked, t.purse, false
	if s == http.Response {
		k.limit = maxAnswered
	}
	return k
}

// Reset forgets both bodies and gives their room back.
func (t *Texts) Reset() {
	for s := range t.sides {
		k := &t.sides[s]
		if k.purse != nil {
			k.purse.Left += len(k.b)
		}
		if cap(k.b) > maxAtRest {
			k.b = nil
		}
		*k = keptText{b: k.b[:0]}
	}
	t.purse = nil
}

// MayText is whether a body of that type on side s can be text whose beginning says something.
func MayText(s http.Side, contentType []byte) bool {
	var buf [64]byte
	low := lower(buf[:0], contentType[:min(len(contentType), len(buf))])
	media, _, _ := bytes.Cut(low, []byte(";"))
	for _, not := range [...]string{"image/", "video/", "audio/", "font", "text/css", "javascript", "dicom", "pdf", "zip",
		"grpc", "protobuf", "event-stream", "hl7"} {
		if bytes.Contains(media, []byte(not)) {
			return false
		}
	}
	return s == http.Response || !bytes.Contains(media, []byte("octet-stream"))
}

// Page is whether a response of that type is worth keeping whatever was asked for: it is for people to read, as the
// pages of consoles and of errors are.
func Page(contentType []byte) bool {
	var buf [16]byte
	low := lower(buf[:0], contentType[:min(len(contentType), len(buf))])
	return bytes.HasPrefix(low, []byte("text/html")) || bytes.HasPrefix(low, []byte("text/plain"))
}

// Tells is whether the response to x is worth keeping by what is known of x: it is an error, answers a write, or the
// target shows characters of an attack. What the words of its path say is the caller's to ask.
func Tells(x *http.Exchange) bool {
	if x.Status >= 400 {
		return true
	}
	switch string(x.Method) {
	case "GET", "HEAD", "OPTIONS":
		return telling(x.Target)
	}
	return true
}

// telling is whether a target, as sent, has characters that attacks need and API calls rarely have.
func telling(target []byte) bool {
	query := false
	for i := 0; i < len(target); i++ {
		c := target[i]
		if !tellingByte[c] {
			continue
		}
		next := byte(0)
		if i+1 < len(target) {
			next = target[i+1]
		}
		switch c {
		case '?':
			query = true
		case '.':
			if next == '.' {
				return true
			}
		case '$':
			if next == '{' || next == '(' || i > 0 && target[i-1] == '[' {
				return true
			}
		case ':':
			if query && next == '/' {
				return true
			}
		case '%':
			if i+2 >= len(target) {
				continue
			}
			hi, lo := hexDigit(next), hexDigit(target[i+2])
			if hi >= 0 && lo >= 0 && tellingCode(byte(hi<<4|lo)) {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// tellingCode is whether a character that was sent percent-encoded is worth a look.
func tellingCode(c byte) bool {
	return c < ' ' || tellingByte[c] && c != '?' && c != ':' || c == '/'
}

// tellingByte marks what telling looks at.
var tellingByte = [256]bool{'\'': true, '"': true, '<': true, '>': true, '`': true, '{': true, '(': true, ';': true, '|': true,
	'\\': true, '.': true, '$': true, ':': true, '%': true, '?': true, 0: true, '\r': true, '\n': true}
