package call

import (
	"bytes"

	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// Bounds of what an Envelope keeps of one body.
const (
	maxEnvelope = 16 << 10 // bytes of a SOAP envelope or of HL7 segments
	maxInstance = 4 << 10  // bytes of the head of a DICOM instance
	maxFound    = 256      // identifiers
	maxFoundLen = 64       // bytes of one
	maxBoundary = 70       // RFC 2046 section 5.1.1
)

// Envelope reads what stands around the health data of one exchange, which no URL tells: the action and the user of
// a SOAP envelope, the header and query segments of HL7 v2, the instances of a DICOM multipart. It belongs to one
// exchange at a time and is used again after Reset; it keeps no more than its bounds.
type Envelope struct {
	sides [2]envelope
}

type envelopeKind uint8

const (
	noEnvelope envelopeKind = iota
	soapEnvelope
	hl7Envelope
	textEnvelope // HL7 v2 if it begins so
	relatedEnvelope
	instanceEnvelope
)

// envelope is one body.
type envelope struct {
	kind   envelopeKind
	dicom  bool   // the parts are instances
	keep   []byte // the first bytes of the body, of its root part or of the instance at hand
	parts  parts
	count  int // instances or documents
	people int
	named  bool // an instance names its patient
	opened bool // an instance could be read: count is of records
	bytes  []byte
	marks  []envelopeMark // in bytes
	told   int            // of marks, in an earlier part of the exchange
	cut    bool           // more than is kept was there to be read
	more   uint64         // identifiers that found no room
}

type envelopeMark struct {
	typ    string
	off, n int
	kind   phi.Kind
}

// MayEnvelope is whether a body of that type on side s is worth an Envelope.
func MayEnvelope(s http.Side, contentType []byte) bool { return kindOf(s, contentType) != noEnvelope }

func kindOf(s http.Side, contentType []byte) envelopeKind {
	var buf [96]byte
	low := lower(buf[:0], contentType[:min(len(contentType), len(buf))])
	media, _, _ := bytes.Cut(low, []byte(";"))
	media = bytes.TrimSpace(media)
	switch string(media) {
	case "multipart/related":
		return relatedEnvelope
	case "application/dicom":
		return instanceEnvelope
	}
	switch string(media) {
	case "application/soap+xml", "text/xml", "application/xml":
		return soapEnvelope
	}
	if s == http.Response {
		return noEnvelope
	}
	switch string(media) {
	case "text/plain":
		return textEnvelope
	}
	if bytes.Contains(media, []byte("hl7-v2")) || bytes.Contains(media, []byte("hl7v2")) || bytes.HasSuffix(media, []byte("-hl7")) {
		return hl7Envelope
	}
	return noEnvelope
}

// Side is the scanner of one body of that type; nil when there is nothing to read in it.
func (e *Envelope) Side(s http.Side, contentType []byte) http.Scanner {
	v := &e.sides[s]
	v.reset()
	v.kind = kindOf(s, contentType)
	switch v.kind {
	case noEnvelope:
		return nil
	case relatedEnvelope:
		v.parts.begin(contentType)
		v.dicom = bytes.Contains(contentType, []byte("application/dicom"))
	case instanceEnvelope:
		v.dicom = true
	}
	return v
}

// Reset forgets both bodies.
func (e *Envelope) Reset() {
	e.sides[0].reset()
	e.sides[1].reset()
}

func (v *envelope) reset() {
	*v = envelope{keep: v.keep[:0], bytes: v.bytes[:0], marks: v.marks[:0], parts: parts{boundary: v.parts.boundary[:0], line: v.parts.line[:0]}}
}

// Scan takes the next bytes of the body.
func (v *envelope) Scan(b []byte) {
	if v.kind == relatedEnvelope {
		v.related(b)
		return
	}
	v.hold(b)
}

// hold keeps b as far as there is room.
func (v *envelope) hold(b []byte) {
	limit := maxEnvelope
	if v.dicom {
		limit = maxInstance
	}
	room := max(0, limit-len(v.keep))
	v.cut = v.cut || len(b) > room && !v.dicom // of an instance only the head is wanted
	v.keep = append(v.keep, b[:min(len(b), room)]...)
}

// Close ends the body. What was cut off is read as far as it goes.
func (v *envelope) Close(bool) {
	switch {
	case v.kind == relatedEnvelope:
		v.endPart()
	case v.kind == instanceEnvelope:
		v.instance()
	}
}

// again forgets what was read of the text that was kept, which is about to be read.
func (v *envelope) again() {
	if !v.dicom {
		v.bytes, v.marks, v.more = v.bytes[:0], v.marks[:0], 0
	}
}

// found keeps an identifier, if it is one and there is room. They are made distinct by who takes them.
func (v *envelope) found(kind phi.Kind, typ string, value []byte) bool {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return false
	}
	if len(value) > maxFoundLen || len(v.marks) == maxFound {
		v.more++
		return false
	}
	v.marks = append(v.marks, envelopeMark{typ, len(v.bytes), len(value), kind})
	v.bytes = append(v.bytes, value...)
	return true
}

// has is whether an identifier of typ and value was found.
func (v *envelope) has(typ string, value []byte) bool {
	for _, m := range v.marks {
		if m.typ == typ && string(v.bytes[m.off:m.off+m.n]) == string(value) {
			return true
		}
	}
	return false
}

// message is what the envelope of a request says of the call.
type message struct {
	action  []byte // the endpoint's, beside its URL
	user    []byte
	issuer  []byte
	purpose []byte // of use, as SAML says
	soap    bool
	hl7     bool
	flags   Flags // Search or Create
}

// unwrap reads the bodies that e kept: what they say goes into b.message, and the identifiers in them into copies
// of the reports, which are returned. Either report may be nil; one is made when there is something to put in.
//
// A long exchange is unwrapped for each part that is told of it: what was told of its instances is not told again.
func (b *Builder) unwrap(conn *Conn, x *http.Exchange, req, resp *phi.Report) (*phi.Report, *phi.Report) {
	e := conn.Envelope
	b.message = message{}
	v := (*envelope)(nil)
	if e != nil {
		v = &e.sides[http.Request]
	}
	b.soap(x, v)
	if v != nil && !b.message.soap {
		b.hl7(v)
	}
	if e == nil {
		return req, resp
	}
	answer := &e.sides[http.Response]
	if b.message.soap && isEnvelope(answer.keep) {
		answer.again()
		(&envelopeReader{v: answer}).read(answer.keep)
	}
	if !conn.Running {
		b.Stats.EnvelopeIDs += v.more + answer.more
		if v.cut || answer.cut {
			b.Stats.Envelopes++
		}
	}
	req, resp = b.enrich(http.Request, v, req), b.enrich(http.Response, answer, resp)
	if conn.Running && answer.dicom {
		answer.told = len(answer.marks)
	}
	return req, resp
}

// enrich is rep with what v found; rep itself is left as it is.
func (b *Builder) enrich(s http.Side, v *envelope, rep *phi.Report) *phi.Report {
	filter := s == http.Request && b.message.soap && rep != nil
	if len(v.marks) == 0 && v.count == 0 && !filter {
		return rep
	}
	out := &b.reports[s]
	ids := out.IDs[:0]
	*out = phi.Report{Total: -1}
	if rep != nil {
		*out = *rep
	}
	for _, m := range v.marks[v.told:] {
		ids = append(ids, phi.ID{Kind: m.kind, Type: m.typ, Value: v.bytes[m.off : m.off+m.n]})
	}
	if rep != nil {
		for i := range rep.IDs {
			// In SOAP a bare id is the message's, the assertion's or the signature's.
			if !filter || rep.IDs[i].Kind != phi.Resource {
				ids = append(ids, rep.IDs[i])
			}
		}
	}
	out.IDs = ids
	out.Records, out.People = max(out.Records, v.count), max(out.People, v.people)
	if v.opened {
		out.Records = v.count
	}
	if v.dicom && v.count > 0 {
		out.Classes |= phi.Imaging
		if v.people > 0 {
			out.Classes |= phi.MRN
		}
		if v.named {
			out.Classes |= phi.Name
		}
	}
	return out
}
