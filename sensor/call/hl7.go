package call

import (
	"bytes"

	"auscult/sensor/er7"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// strengthSender is that of an application that says its own name.
const strengthSender = 30

// mllp is whether x is a message of HL7 v2 over MLLP.
func mllp(x *http.Exchange) bool { return x.Version == 0 && string(x.Method) == "MLLP" }

// hl7 reads the HL7 v2 segments that v kept of a request: its type, and the identifiers of patients that a scan
// for PID-3 leaves out (HL7 v2.5 sections 3.4.2 and 5.5; IHE ITI TF-2 3.9 and 3.21).
func (b *Builder) hl7(v *envelope) {
	body := bytes.TrimLeft(v.keep, "\x0b\r\n \t\xef\xbb\xbf")
	if v.kind != hl7Envelope && v.kind != textEnvelope || len(body) < 8 {
		return
	}
	switch string(body[:3]) {
	case "MSH", "FHS", "BHS":
	default:
		return
	}
	if letter(body[3]) || digit(body[3]) || body[3] <= ' ' {
		return
	}
	m := &b.message
	m.hl7 = true
	v.again()
	var s segments
	for len(body) > 0 {
		line := body
		if i := bytes.IndexAny(body, "\r\n"); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		if len(line) < 4 {
			continue
		}
		if string(line[:3]) == "MSH" {
			s.Separators = er7.Declared(line)
			if m.action == nil {
				kind := er7.Part(line, s.Field, 8)
				b.actionBuf = er7.AppendType(b.actionBuf[:0], er7.Part(kind, s.Component, 0), er7.Part(kind, s.Component, 1))
				m.action = b.actionBuf
				m.flags = typeFlags(m.action)
			}
			continue
		}
		if s.Field != 0 && line[3] == s.Field {
			s.patients(v, line)
		}
	}
}

// segments reads segments by the separators of their message.
type segments struct{ er7.Separators }

// patients takes the identifiers of a segment that names patients.
func (s *segments) patients(v *envelope, line []byte) {
	switch string(line[:3]) {
	case "PID":
		for _, n := range [...]int{2, 3, 4} {
			s.numbers(v, "mrn", er7.Part(line, s.Field, n))
		}
		s.numbers(v, "ssn", er7.Part(line, s.Field, 19))
	case "MRG":
		s.numbers(v, "mrn", er7.Part(line, s.Field, 1))
	case "QRD":
		s.numbers(v, "mrn", er7.Part(line, s.Field, 8))
	case "QPD":
		s.parameters(v, er7.Part(line, s.Field, 3))
	}
}

// numbers takes the first component of each repetition of a field.
func (s *segments) numbers(v *envelope, typ string, field []byte) {
	for len(field) > 0 {
		var one []byte
		one, field, _ = bytes.Cut(field, []byte{s.Repeat})
		if id := er7.Part(one, s.Component, 0); hasDigit(id) {
			v.found(phi.Business, typ, id)
		}
	}
}

// parameters takes what a query asks for: identifiers as such (QBP^Q23), or fields by name: @PID.3.1^42 (QBP^Q22).
func (s *segments) parameters(v *envelope, field []byte) {
	if len(field) == 0 || field[0] != '@' {
		s.numbers(v, "mrn", field)
		return
	}
	for len(field) > 0 {
		var one []byte
		one, field, _ = bytes.Cut(field, []byte{s.Repeat})
		name, value := er7.Part(one, s.Component, 0), er7.Part(one, s.Component, 1)
		for _, f := range [...]string{"@PID.2", "@PID.3", "@PID.4", "@PID.18"} {
			if rest, ok := bytes.CutPrefix(name, []byte(f)); ok && (len(rest) == 0 || string(rest) == ".1") {
				v.found(phi.Business, "mrn", value)
			}
		}
		if string(name) == "@PID.19" {
			v.found(phi.Business, "ssn", value)
		}
	}
}

// typeFlags is what a message of a type does: a query is answered with what it asks for, any other brings what
// its sender had already (HL7 table 0076).
func typeFlags(kind []byte) Flags {
	kind, _, _ = bytes.Cut(kind, []byte{'^'})
	switch string(kind) {
	case "", "ACK", "MCF", "UNKNOWN":
		return 0
	case "QBP", "QRY", "QVR", "QSX", "QSB", "SQM", "SQR", "VQQ", "SPQ", "QCK", "QCN", "QRF", "VXQ", "OSQ", "RQI", "RQP", "RQC":
		return Search
	}
	return Create
}

// sender makes the sending application the principal of a message over MLLP: it says who it is and proves nothing,
// and the client's address is whose word that is.
func (b *Builder) sender(c *Call, ar *Arena, x *http.Exchange) {
	p := &c.Principal
	if name := x.Request.Get("mllp-sender"); len(name) > 0 {
		var buf [48]byte
		b.is(p, ar, Custom, strengthSender, c.Client.Addr.IP().AppendTo(buf[:0]), name, TokenHash(name))
	} else {
		b.address(p, ar, c, nil)
	}
	p.Service = true
}
