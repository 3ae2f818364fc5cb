package phi

import "bytes"

// headSize is how much of a body is read before its form is judged, unless its first byte and its type agree.
const headSize = 64

// sniff gathers the head of a text until its form is known, then reads the head. It returns what of b is still to
// be read; s.sniffing stays on while the form is not known.
func (s *Scanner) sniff(b []byte, final bool) []byte {
	if s.headLen == 0 {
		for len(b) > 0 && isLead(b[0]) {
			b = b[1:]
		}
	}
	buf := &s.heads[0]
	if s.form.parted() {
		// The head of a part may be found while that of the body is read.
		buf = &s.heads[1]
	}
	whole := b
	if s.headLen > 0 {
		whole = nil
	}
	n := copy(buf[s.headLen:], b)
	s.headLen += n
	b = b[n:]
	head := buf[:s.headLen]
	if len(head) == 0 {
		return nil
	}
	form := formOf(head, s.hint, final || s.headLen == headSize)
	if form == Unknown {
		return nil
	}
	if s.form.parted() && form.parted() {
		form = Text
	}
	if s.midway && s.hint == XML && form == Text {
		form = XML
	}
	if s.form == Unknown {
		s.form = form
	}
	s.part, s.sniffing = form, false
	if s.midway && (form == JSON || form == NDJSON) {
		s.feed(opening(head[0]))
	}
	if whole != nil {
		return whole
	}
	s.feed(head)
	return b
}

// opening is what makes a piece of a JSON text that begins with c one that can be read: the object, and the name in
// it, that the piece is in the middle of. If it was a list or a value instead, no more than that is misread.
func opening(c byte) []byte {
	switch c {
	case '{', '[', ',', ']', '}', ':':
		return nil
	case '"':
		return []byte("{")
	}
	return []byte(`{"`)
}

// isLead is whether c may stand before a body's first byte: white space or a part of a byte order mark.
func isLead(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xef || c == 0xbb || c == 0xbf
}

// formOf judges a body by its head, which is not empty; Unknown if it must see more. The head overrules the hint.
func formOf(head []byte, hint Form, full bool) Form {
	object := head[0] == '{' || head[0] == '['
	if object && (hint == JSON || hint == NDJSON) {
		return hint
	}
	switch {
	case head[0] == recordMark:
		return Messages
	case hint == EventStream && bytes.IndexByte([]byte("deir:"), head[0]) >= 0:
		return EventStream // data, event, id, retry or a comment
	case !full:
		return Unknown
	}
	switch {
	case object && !isBinary(head):
		return JSON
	case head[0] == '<' && !isHTML(head):
		return XML
	case bytes.HasPrefix(head, []byte("--")) && len(head) > 2 && (hint == Multipart || hint == Unknown):
		return Multipart
	case isHL7(head):
		return HL7v2
	case hint == JSON && isSTOMP(head):
		return JSON // after a few lines
	case isBinary(head):
		return Binary
	case bytes.HasPrefix(head, []byte(")]}'")):
		return JSON
	}
	switch hint {
	case JSON, NDJSON, URLEncoded, CSV, EventStream:
		return hint
	case Unknown:
		if isPairs(head) {
			return URLEncoded
		}
	}
	return Text
}

func isHTML(head []byte) bool {
	for _, w := range [...]string{"<!doctype html", "<html", "<head", "<body", "<script"} {
		if len(head) >= len(w) && bytes.EqualFold(head[:len(w)], []byte(w)) {
			return true
		}
	}
	return false
}

func isHL7(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte{0x0b})
	if len(head) < 8 {
		return false
	}
	switch string(head[:3]) {
	case "MSH", "FHS", "BHS":
		return !isLetter(head[3]) && !isDigit(head[3]) && head[3] > ' '
	}
	return false
}

// isSTOMP is whether a text begins with the command of a STOMP frame: its body ends with a NUL.
func isSTOMP(head []byte) bool {
	n := 0
	for n < len(head) && isUpper(head[n]) {
		n++
	}
	return n >= 4 && n < len(head) && (head[n] == '\n' || head[n] == '\r')
}

func isBinary(head []byte) bool {
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x0b && c != '\f' && c != 0x1b {
			return true
		}
	}
	return false
}

func isPairs(head []byte) bool {
	eq := bytes.IndexByte(head, '=')
	if eq < 1 || bytes.IndexByte(head, ' ') >= 0 {
		return false
	}
	for _, c := range head[:eq] {
		if !isLetter(c) && !isDigit(c) && bytes.IndexByte([]byte("_-.%[]:+"), c) < 0 {
			return false
		}
	}
	return true
}

// typeForm is the form that a Content-Type field names; Unknown when it names none that is known.
func typeForm(contentType []byte) Form {
	t, _, _ := bytes.Cut(contentType, []byte{';'})
	t = bytes.TrimSpace(t)
	var buf [96]byte
	if len(t) > len(buf) {
		return Unknown
	}
	for i, c := range t {
		if isUpper(c) {
			c |= 0x20
		}
		buf[i] = c
	}
	t = buf[:len(t)]
	switch string(t) {
	case "application/json", "text/json":
		return JSON
	case "text/event-stream":
		return EventStream
	case "application/ndjson", "application/x-ndjson", "application/fhir+ndjson", "application/jsonl":
		return NDJSON
	case "application/xml", "text/xml":
		return XML
	case "application/x-www-form-urlencoded":
		return URLEncoded
	case "text/csv", "application/csv", "text/tab-separated-values":
		return CSV
	case "application/hl7-v2", "x-application/hl7-v2+er7", "application/hl7-v2+er7", "application/edi-hl7":
		return HL7v2
	case "application/pdf", "application/zip", "application/gzip", "application/dicom", "application/wasm":
		return Binary
	}
	for _, w := range [...]struct {
		start string
		form  Form
	}{{"multipart/", Multipart}, {"image/", Binary}, {"audio/", Binary}, {"video/", Binary}, {"font/", Binary},
		{"text/", Text}} {
		if bytes.HasPrefix(t, []byte(w.start)) {
			return w.form
		}
	}
	switch {
	case bytes.HasSuffix(t, []byte("+json")):
		return JSON
	case bytes.HasSuffix(t, []byte("+xml")):
		return XML
	}
	return Unknown
}
