package http1

import (
	"bytes"

	"auscult/sensor/http"
)

// start is a parsed start line: offsets into it, so that they hold for a copy of it too.
type start struct {
	method   int // its end; 0 for a status line
	target   [2]int
	version  http.Version
	status   int
	marks    http.Marks
	loss     http.Loss
	found    bool // by searching
	old      bool // HTTP/0.9: a request line without a version
	response bool
}

// maxMethod is the longest method that is believed.
const maxMethod = 32

// kind is what the first bytes of a message can be.
type kind uint8

const (
	neither kind = iota
	maybe        // too few bytes to tell
	token        // too few to tell, but no response
	request
	response
)

// kindOf judges how b begins: "HTTP/" in any case, or a method and a space. Any token is a method (RFC 9110
// section 5.6.2), as servers answer an unknown one and keep the connection.
func kindOf(b []byte) kind {
	n := min(len(b), 5)
	if n == 0 {
		return maybe
	}
	if http.EqualFold(b[:n], "http/"[:n]) {
		if n == 5 {
			return response
		}
		return maybe
	}
	for i, c := range b {
		switch {
		case (c == ' ' || c == '\t') && i > 0: // RFC 9112 section 3: some take any white space
			return request
		case i == maxMethod || !tokenByte(c):
			return neither
		}
	}
	return token
}

func tokenByte(c byte) bool { return tokens[c] }

// tokens are the characters of a token (RFC 9110 section 5.6.2).
var tokens = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

// parseStart reads a start line without its line end. strict asks for one that nothing but HTTP would say: it is
// used to find a message in the midst of anything.
func parseStart(line []byte, strict bool) (s start, ok bool) {
	switch kindOf(line) {
	case response:
		return parseStatus(line)
	case request:
		return parseRequest(line, strict)
	}
	return s, false
}

// parseStatus reads a status line (RFC 9112 section 4); the reason and even the space before it may be missing.
func parseStatus(line []byte) (s start, ok bool) {
	s.response = true
	i := bytes.IndexByte(line, ' ')
	if i < 0 {
		return s, false
	}
	s.version, ok = version(line[:i])
	for i < len(line) && line[i] == ' ' {
		i++
	}
	digits := 0
	for ; i < len(line) && digits < 3 && '0' <= line[i] && line[i] <= '9'; i++ {
		s.status = s.status*10 + int(line[i]-'0')
		digits++
	}
	if i < len(line) && '0' <= line[i] && line[i] <= '9' {
		return s, false
	}
	return s, ok && digits == 3 && s.status >= 100
}

// parseRequest reads a request line (RFC 9112 section 3). The target is all between the first space and the
// last one before the version, as servers that forgive spaces have it.
func parseRequest(line []byte, strict bool) (s start, ok bool) {
	s.method = bytes.IndexByte(line, ' ')
	if tab := bytes.IndexByte(line, '\t'); tab >= 0 && !strict {
		return parseTabs(line)
	}
	if s.method < 0 {
		return s, false
	}
	end := len(line)
	for end > 0 && (line[end-1] == ' ' || line[end-1] == '\t') {
		end--
	}
	begin := s.method + 1
	for begin < end && line[begin] == ' ' {
		begin++
	}
	if begin >= end {
		return s, false
	}
	last := bytes.LastIndexByte(line[begin:end], ' ')
	if last >= 0 {
		if v, ok := version(line[begin+last+1 : end]); ok {
			s.version = v
			end = begin + last
			for end > begin && line[end-1] == ' ' {
				end--
			}
			s.target = [2]int{begin, end}
			target := line[begin:end]
			if bytes.IndexByte(target, ' ') >= 0 || bytes.IndexByte(target, '\t') >= 0 {
				s.marks |= http.SpaceInTarget
			}
			if c := target[0]; c != '/' && c != '*' && bytes.Contains(target, []byte("://")) {
				s.marks |= http.AbsoluteForm
			}
			return s, !strict || upper(line[:s.method])
		}
	}
	// HTTP/0.9 knows only GET. Any other line without a version is some other protocol: SMTP, FTP and IRC also
	// begin with a word and a space.
	target := line[begin:end]
	if strict || string(line[:s.method]) != "GET" || bytes.IndexByte(target, 0) >= 0 {
		return s, false
	}
	if target[0] != '/' && !(len(target) > 7 && http.EqualFold(target[:7], "http://")) {
		return s, false
	}
	s.old, s.version = true, 9
	s.target = [2]int{begin, end}
	if bytes.IndexByte(target, ' ') >= 0 {
		s.marks |= http.SpaceInTarget
	}
	return s, true
}

// parseTabs reads a request line with tabs, as servers do that take any white space between its parts: as if they
// were spaces.
func parseTabs(line []byte) (s start, ok bool) {
	var buf [256]byte
	spaced := append(buf[:0], line...)
	for i, c := range spaced {
		if c == '\t' {
			spaced[i] = ' '
		}
	}
	s, ok = parseRequest(spaced, false)
	s.marks |= http.SpaceInTarget
	return s, ok
}

// version reads HTTP/d.d in any case; a missing minor digit is 0, and further digits are forgiven. What claims to be
// older than 0.9 is as old as that: 0 is what has no version at all.
func version(b []byte) (http.Version, bool) {
	if len(b) < 6 || !http.EqualFold(b[:5], "http/") || b[5] < '0' || b[5] > '9' {
		return 0, false
	}
	v := http.Version(b[5]-'0') * 10
	if len(b) == 6 || len(b) == 7 && b[6] == '.' {
		return max(v, 9), true
	}
	if len(b) < 8 || b[6] != '.' || b[7] < '0' || b[7] > '9' {
		return 0, false
	}
	for _, c := range b[8:] {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	return max(v+http.Version(b[7]-'0'), 9), true
}

// upper is whether b is a method as they are in use: capitals, '-' and '_'.
func upper(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
