package http1

import (
	"bytes"
	"hash/maphash"

	"auscult/sensor/http"
)

// Heads remembers what clients and servers repeat: the header fields of whole requests, and the lines of responses
// and of other requests. It answers only for heads in which nothing is odd, as the reading of each line would, so that
// what it has forgotten changes speed alone. It belongs to one goroutine, whose Pools have the same Config.
type Heads struct {
	seed   maphash.Seed
	once   [keptFields]uint64 // hashes of fields that came once
	fields [keptFields / 2][2]*known
	size   int    // bytes of fields
	number uint64 // of the latest fields kept

	lines [keptLines]*line
	first [2]*line // what the latest head of a side began with

	// of the head at hand
	ready bool
	hash  uint64 // of its fields, not 0 when they are to be kept
	hit   *known // its fields, else they are in spans
	names http.Names
	spans []span
}

// Bounds of what is remembered, for each worker.
const (
	keptFields = 2048    // requests
	keptBytes  = 1 << 20 // of their fields: past it all are forgotten
	maxFields  = 2 << 10 // bytes of those of one request
	keptLines  = 256
	linePlaces = 8   // of one line among them
	maxLine    = 128 // bytes of one line
	maxSpan    = 1 << 16
)

// known is the header fields of a request. It is never written again, so that exchanges may point into it.
type known struct {
	hash    uint64
	number  uint64
	text    []byte
	headers []http.Header
	names   http.Names
}

// line is the line of a header, as it came the last time.
type line struct {
	text   []byte // with CRLF; no more than its prefix if that was too long
	name   int    // bytes of the name
	prefix int    // and with the colon and the space behind it
	missed uint8  // times that the value was another
	names  http.Names
	next   *line // the line that followed
}

// span is a header of the head at hand: where its name and value stand.
type span struct{ name, colon, value, end uint32 }

// NewHeads returns Heads that remember nothing yet.
func NewHeads() *Heads { return &Heads{seed: maphash.MakeSeed()} }

// head is the length of the head at the start of b if it is known: a start line of nl bytes before its LF, and header
// fields up to an empty line, in which nothing is odd. Else it is 0.
func (h *Heads) head(b []byte, nl int, side http.Side, limit int) int {
	h.ready, h.hash, h.hit = false, 0, nil
	if nl == 0 || b[nl-1] != '\r' || len(b) > maxSpan {
		return 0
	}
	start, rest := b[:nl-1], b[nl+1:]
	if side == http.Request && len(rest) <= maxFields && bytes.HasSuffix(rest, []byte("\r\n\r\n")) {
		h.hash = maphash.Bytes(h.seed, rest) | 1
		if k := h.find(rest); k != nil {
			if bytes.IndexByte(start, '\r') >= 0 || bytes.IndexByte(start, 0) >= 0 {
				return 0
			}
			h.ready, h.hit, h.hash = true, k, 0
			return len(b)
		}
	}
	n := h.read(b, nl+1, side, limit)
	if n == 0 {
		return 0
	}
	if n != len(b) {
		h.hash = 0 // what was hashed is more than the fields
	}
	head := b[:n]
	if bytes.Count(head, []byte{'\r'}) != len(h.spans)+2 || bytes.IndexByte(head, 0) >= 0 {
		return 0
	}
	h.ready = true
	return n
}

// find is the fields of that text, of which h.hash is the hash, if they are remembered.
func (h *Heads) find(text []byte) *known {
	for _, k := range h.fields[h.hash/2%uint64(len(h.fields))] {
		if k != nil && k.hash == h.hash && bytes.Equal(k.text, text) {
			return k
		}
	}
	return nil
}

// read cuts the lines of b from at on into spans and returns the end of the empty line; 0 when one is odd or not there.
// It does not look for CR and NUL inside of them.
func (h *Heads) read(b []byte, at int, side http.Side, limit int) int {
	h.spans, h.names = h.spans[:0], http.Told
	before := &h.first[side]
	for {
		rest := b[at:]
		if len(rest) >= 2 && rest[0] == '\r' && rest[1] == '\n' {
			return at + 2
		}
		if len(h.spans) == limit {
			return 0
		}
		l := *before
		var n int // of the line with its LF
		switch {
		case l != nil && len(l.text) > l.prefix && len(rest) > len(l.text) && string(rest[:len(l.text)]) == string(l.text):
			n = len(l.text)
		default:
			if l == nil || len(rest) < l.prefix || string(rest[:l.prefix]) != string(l.text[:l.prefix]) {
				if l = h.line(rest); l == nil {
					return 0
				}
				*before = l
			}
			nl := bytes.IndexByte(rest[l.prefix:], '\n')
			if nl < 1 || rest[l.prefix+nl-1] != '\r' {
				return 0
			}
			n = l.prefix + nl + 1
			l.learn(rest[:n])
		}
		from, to := l.prefix, n-2
		for from < to && isSpace(rest[from]) {
			from++
		}
		for to > from && isSpace(rest[to-1]) {
			to--
		}
		h.spans = append(h.spans, span{uint32(at), uint32(at + l.name), uint32(at + from), uint32(at + to)})
		h.names |= l.names
		before = &l.next
		at += n
	}
}

// line is what is known of the name of the line at the start of b, which is of a token and a colon; nil when it is not.
func (h *Heads) line(b []byte) *line {
	colon := bytes.IndexByte(b[:min(len(b), maxLine/2)], ':')
	if colon <= 0 || colon+2 > len(b) {
		return nil
	}
	name := b[:colon]
	prefix := colon + 1
	if b[prefix] == ' ' {
		prefix++
	}
	at := maphash.Bytes(h.seed, b[:prefix])
	slot := &h.lines[at%keptLines] // that of the line which gives way, when all places are taken
	for i := range uint64(linePlaces) {
		p := &h.lines[(at+i)%keptLines]
		if *p == nil {
			slot = p
			break
		}
		if l := *p; l.prefix == prefix && string(l.text[:prefix]) == string(b[:prefix]) {
			return l
		}
	}
	for _, c := range name {
		if !tokens[c] {
			return nil
		}
	}
	l := &line{text: append(make([]byte, 0, maxLine), b[:prefix]...), name: colon, prefix: prefix, names: http.NameOf(name)}
	*slot = l
	return l
}

// learn takes b for how the line is, now and then: values that are never the same twice are not worth a copy each time.
func (l *line) learn(b []byte) {
	if l.missed++; len(b) <= maxLine && (l.missed == 1 || l.missed%8 == 0) {
		l.text = append(l.text[:0], b...)
	}
}

// take gives m the headers of the head at hand, of which b is a copy; own is memory for a list of them, which it
// returns.
func (h *Heads) take(m *http.Message, b []byte, own []http.Header) []http.Header {
	h.ready = false
	if k := h.hit; k != nil {
		m.Headers, m.Names, m.Known = k.headers, k.names, k.number
		return own
	}
	own = own[:0]
	for _, s := range h.spans {
		own = append(own, http.Header{Name: b[s.name:s.colon:s.colon], Value: b[s.value:s.end]})
	}
	m.Headers, m.Names = own, h.names
	if h.hash != 0 {
		h.keep(m, b)
	}
	return own
}

// keep remembers the fields of m, a request of head b, if they came before.
func (h *Heads) keep(m *http.Message, b []byte) {
	if once := &h.once[h.hash/2%keptFields]; *once != h.hash {
		*once = h.hash
		return
	}
	hosts := 0
	for _, f := range m.Headers {
		if len(f.Name) == len("host") && http.EqualFold(f.Name, "host") {
			hosts++
		}
	}
	if hosts > 1 { // whether they agree is for every request to be asked
		return
	}
	start := bytes.IndexByte(b, '\n') + 1
	h.number++
	k := &known{hash: h.hash, number: h.number, text: bytes.Clone(b[start:]), headers: make([]http.Header, len(h.spans)), names: h.names}
	for j, s := range h.spans {
		name, colon, value, end := int(s.name)-start, int(s.colon)-start, int(s.value)-start, int(s.end)-start
		k.headers[j] = http.Header{Name: k.text[name:colon:colon], Value: k.text[value:end:end]}
	}
	if h.size += len(k.text) + 48*len(k.headers); h.size > keptBytes {
		clear(h.fields[:])
		h.size = 0
	}
	set := &h.fields[h.hash/2%uint64(len(h.fields))]
	set[0], set[1] = k, set[0]
}
