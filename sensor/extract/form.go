package extract

import (
	"bytes"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// forms are the media types that tell how a body is to be read, by what they contain, in this order. What is not
// listed is left to the scanner to find out.
var forms = []struct {
	part string
	form phi.Form
	scan bool
}{
	{"ndjson", phi.NDJSON, true},
	{"jsonl", phi.NDJSON, true},
	{"json-seq", phi.NDJSON, true},
	{"json", phi.JSON, true},
	{"x-www-form-urlencoded", phi.URLEncoded, true},
	{"multipart/", phi.Multipart, true},
	{"hl7", phi.HL7v2, true},
	{"csv", phi.CSV, true},
	{"tab-separated", phi.CSV, true},
	{"html", phi.Binary, false},
	{"xml", phi.XML, true},
	{"image/", phi.Binary, false},
	{"video/", phi.Binary, false},
	{"audio/", phi.Binary, false},
	{"font", phi.Binary, false},
	{"text/css", phi.Binary, false},
	{"javascript", phi.Binary, false},
	{"application/dicom", phi.Binary, false},
	{"application/pdf", phi.Binary, false},
	{"application/zip", phi.Binary, false},
	{"event-stream", phi.EventStream, true},
	{"text/", phi.Unknown, true},
}

// media is what a Content-Type says. Most are the same as the one before.
type media struct {
	text  []byte
	form  phi.Form
	scan  bool
	cover bool // something may stand around the health data
	kept  bool // its beginning may be worth keeping
	page  bool // it is whatever was asked for
	known bool
}

// maxMedia is the longest Content-Type that is remembered.
const maxMedia = 128

// of makes m that of content of side s.
func (m *media) of(s http.Side, contentType []byte) *media {
	if m.known && bytes.Equal(m.text, contentType) {
		return m
	}
	m.form, m.scan = formOf(contentType)
	m.cover = call.MayEnvelope(s, contentType)
	m.kept = call.MayText(s, contentType)
	m.page = s == http.Response && call.Page(contentType)
	if m.known = len(contentType) <= maxMedia; m.known {
		m.text = append(m.text[:0], contentType...)
	}
	return m
}

// formOf is the form that a Content-Type promises; scan is false for media that hold no text to read.
func formOf(contentType []byte) (form phi.Form, scan bool) {
	var buf [64]byte
	low := buf[:0]
	for _, c := range contentType[:min(len(contentType), len(buf))] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low = append(low, c)
	}
	low, _, _ = bytes.Cut(low, []byte{';'})
	low = http.TrimSpace(low)
	for i := range forms {
		if bytes.Contains(low, []byte(forms[i].part)) {
			return forms[i].form, forms[i].scan
		}
	}
	return phi.Unknown, true
}
