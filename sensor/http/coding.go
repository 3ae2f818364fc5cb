package http

// coding is one content coding (RFC 9110 section 8.4.1).
type coding uint8

const (
	gzipCoding coding = iota
	deflateCoding
	brotliCoding
	zstdCoding
)

// codings are those that were applied to a content, in that order.
type codings struct {
	list    [MaxCodings]coding
	n       int
	over    bool // more than list holds
	unknown bool // one that is not known, so that nothing can be decoded
}

// add reads one Content-Encoding or Transfer-Encoding value. identity is no coding; chunked is not of content.
func (c *codings) add(value []byte) {
	for len(value) > 0 {
		var token []byte
		token, value = NextToken(value)
		var k coding
		switch {
		case len(token) == 0, EqualFold(token, "identity"), EqualFold(token, "chunked"):
			continue
		case EqualFold(token, "gzip"), EqualFold(token, "x-gzip"):
			k = gzipCoding
		case EqualFold(token, "deflate"):
			k = deflateCoding
		case EqualFold(token, "br"):
			k = brotliCoding
		case EqualFold(token, "zstd"):
			k = zstdCoding
		default:
			c.unknown = true
			continue
		}
		if c.n == len(c.list) {
			c.over = true
			return
		}
		c.list[c.n] = k
		c.n++
	}
}

// codingsOf are the codings of the content of m.
func codingsOf(m *Message) (list codings) {
	for i := range m.Headers {
		h := &m.Headers[i]
		if len(h.Name) == 16 && EqualFold(h.Name, "content-encoding") {
			list.add(h.Value)
		}
	}
	for i := range m.Headers {
		h := &m.Headers[i]
		if len(h.Name) == 17 && EqualFold(h.Name, "transfer-encoding") {
			was := list.unknown // an unknown transfer coding is the parser's to mark
			list.add(h.Value)
			list.unknown = was
		}
	}
	return list
}

// sort is a number for the codings of m, 0 for none; not ok when they cannot be undone.
func sort(m *Message) (n uint32, ok bool) {
	list := codingsOf(m)
	for _, k := range list.list[:list.n] {
		n = n<<4 | uint32(k) + 1
	}
	return n, !list.over && !list.unknown
}

// NextToken cuts the first element off a comma-separated list, without its parameters and outer white space.
func NextToken(list []byte) (token, rest []byte) {
	end := len(list)
	for i, c := range list {
		if c == ',' {
			end, rest = i, list[i+1:]
			break
		}
	}
	token = list[:end]
	for i, c := range token {
		if c == ';' {
			token = token[:i]
			break
		}
	}
	return TrimSpace(token), rest
}

// TrimSpace is b without the spaces, tabs and carriage returns around it.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
