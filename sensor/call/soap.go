package call

import (
	"bytes"

	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// maxAction bounds the part of an endpoint that is an action, in bytes.
const maxAction = 64

// actions are the transactions of IHE whose names do not speak for themselves, and what the known ones are
// (ITI TF-2: ITI-18, 38, 41, 42, 43, 44, 45, 47, 51, 55). All but the names are read by their words.
var actions = [...]struct {
	urn, name string
	flags     Flags
}{
	{"PRPA_IN201305UV02", "PDQv3", Search},
	{"PRPA_IN201309UV02", "PIXv3", Search},
	{"PRPA_IN201301UV02", "PIXv3Feed", Create},
	{"PRPA_IN201302UV02", "PIXv3Update", Create},
	{"PRPA_IN201304UV02", "PIXv3Merge", Create},
	{"QUQI_IN000003UV01", "PDQv3Continue", Search | PageStep},
	{"QUQI_IN000003UV01_Continue", "PDQv3Continue", Search | PageStep},
}

// soap reads a SOAP request, whose envelope begins in v: its action, from the envelope, the header or the media type,
// and whom it names. A header alone makes no SOAP of a request, or a caller could make any call another endpoint's.
func (b *Builder) soap(x *http.Exchange, v *envelope) {
	if v == nil || v.kind == hl7Envelope || !isEnvelope(v.keep) {
		return
	}
	m := &b.message
	v.again()
	s := envelopeReader{v: v}
	s.read(v.keep)
	m.user, m.issuer, m.purpose = s.user, s.issuer, s.purpose
	action := s.action
	if len(action) == 0 {
		action = bytes.Trim(x.Request.Get("soapaction"), "\" ")
	}
	if media := x.Request.Get("content-type"); len(action) == 0 {
		if action = parameter(media, "action"); len(action) == 0 {
			action = parameter(parameter(media, "start-info"), "action") // of MTOM (section 3.2)
		}
	}
	if len(action) == 0 {
		action = s.content
	}
	m.soap = true
	b.actionBuf = shortAction(b.actionBuf[:0], action)
	m.action = b.actionBuf
	m.flags |= actionFlags(m.action)
	for i := range actions {
		if a := &actions[i]; string(m.action) == a.urn {
			b.actionBuf = append(b.actionBuf[:0], a.name...)
			m.action, m.flags = b.actionBuf, a.flags
		}
	}
}

// isEnvelope is whether b begins like a SOAP envelope.
func isEnvelope(b []byte) bool {
	b = b[:min(len(b), 1024)]
	i := bytes.Index(b, []byte("Envelope"))
	return i > 0 && bytes.IndexByte(b[:i], '<') >= 0
}

// shortAction appends the last part of an action's URI, in the characters of a name.
func shortAction(dst, action []byte) []byte {
	action = bytes.TrimRight(action, "/:#")
	action = action[bytes.LastIndexAny(action, "/:#")+1:]
	for _, c := range action[:min(len(action), maxAction)] {
		if letter(c) || digit(c) || c == '_' || c == '-' || c == '.' {
			dst = append(dst, c)
		}
	}
	return dst
}

// actionFlags is what the words of an action say.
func actionFlags(action []byte) Flags {
	for _, w := range [...]struct {
		word  string
		flags Flags
	}{{"Query", Search}, {"Search", Search}, {"Find", Search}, {"ProvideAndRegister", Create}, {"RegisterDocumentSet", Create},
		{"RegisterOnDemand", Create}} {
		if bytes.Contains(action, []byte(w.word)) {
			return w.flags
		}
	}
	return 0
}

// envelopeReader reads the beginning of a SOAP envelope: elements by their local names, no entity expanded.
type envelopeReader struct {
	v               *envelope
	action, content []byte // wsa:Action; the element in the Body
	user, issuer    []byte
	purpose         []byte
	use             bool   // the SAML attribute at hand is the purpose of use
	slot            []byte // name of the ebRIM Slot at hand
	subject         bool   // the SAML attribute at hand is the subject's id
	tag             uint32 // of the DICOM attribute at hand
	stack           [32][]byte
	depth           int // may pass the stack, then names are not kept
}

// read reads what was kept of a body.
func (s *envelopeReader) read(b []byte) {
	for {
		open := bytes.IndexByte(b, '<')
		if open < 0 {
			return
		}
		b = b[open+1:]
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return
		}
		tag := b[:end]
		b = b[end+1:]
		switch {
		case len(tag) == 0 || tag[0] == '?' || tag[0] == '!':
		case tag[0] == '/':
			s.depth = max(0, s.depth-1)
		default:
			text := b
			if next := bytes.IndexByte(b, '<'); next >= 0 {
				text = b[:next]
			} else {
				text = nil // it may go on
			}
			s.element(tag, bytes.TrimSpace(text))
			if tag[len(tag)-1] != '/' {
				name := localName(tag)
				if s.depth < len(s.stack) {
					s.stack[s.depth] = name
				}
				s.depth++
			}
		}
	}
}

// parent is the local name of the n-th element around the one at hand, from 1.
func (s *envelopeReader) parent(n int) string {
	if i := s.depth - n; i >= 0 && i < len(s.stack) {
		return string(s.stack[i])
	}
	return ""
}

func (s *envelopeReader) element(tag, text []byte) {
	name := localName(tag)
	switch string(name) {
	case "Action":
		if s.parent(1) == "Header" {
			setFirst(&s.action, text)
		}
	case "NameID", "NameIdentifier", "Username":
		setFirst(&s.user, text)
	case "Issuer":
		setFirst(&s.issuer, text)
	case "Attribute":
		// XSPA profile of SAML section 2.3
		s.subject = bytes.HasSuffix(attribute(tag, "Name"), []byte(":subject:subject-id"))
		s.use = bytes.HasSuffix(attribute(tag, "Name"), []byte(":subject:purposeofuse"))
	case "AttributeValue":
		if s.subject {
			setFirst(&s.user, text)
			s.subject = false
		}
		if s.use && len(text) > 0 {
			setFirst(&s.purpose, text)
		}
	case "PurposeOfUse", "PurposeForUse":
		if s.use {
			setFirst(&s.purpose, attribute(tag, "code"))
			s.use = false
		}
	case "Slot":
		s.slot = attribute(tag, "name")
	case "DicomAttribute":
		s.tag = nativeTag(attribute(tag, "tag"))
	case "FamilyName", "GivenName":
		s.v.attribute(s.tag, text)
	case "Value":
		s.value(text)
		s.v.attribute(s.tag, text)
	case "ExternalIdentifier":
		value := attribute(tag, "value")
		s.patient(value)
		// XDSDocumentEntry.uniqueId (ITI TF-3 section 4.2.5.2)
		if string(attribute(tag, "identificationScheme")) == "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" {
			s.v.found(phi.Resource, "Document", value)
		}
	case "DocumentUniqueId":
		s.v.found(phi.Resource, "Document", text)
	case "id", "value":
		switch s.parent(1) {
		case "patientIdentifier", "livingSubjectId", "patient", "patientPerson":
			s.v.found(phi.Business, "identifier", attribute(tag, "extension"))
		}
	}
	if s.parent(1) == "Body" && s.depth == 2 {
		setFirst(&s.content, name)
	}
}

// value is a value of the slot at hand: 'id^^^&OID&ISO', or ('a','b').
func (s *envelopeReader) value(text []byte) {
	switch {
	case bytes.HasSuffix(s.slot, []byte("PatientId")):
		s.list(text, s.patient)
	case bytes.HasSuffix(s.slot, []byte("UniqueId")), bytes.HasSuffix(s.slot, []byte("EntryUUID")), string(s.slot) == "$uuid":
		s.list(text, func(b []byte) { s.v.found(phi.Resource, "Document", b) })
	}
}

func (s *envelopeReader) list(text []byte, take func([]byte)) {
	text = bytes.Trim(text, "() \r\n\t")
	for len(text) > 0 {
		var one []byte
		one, text, _ = bytes.Cut(text, []byte{','})
		take(bytes.Trim(one, "' \r\n\t"))
	}
}

// patient takes a patient's number with its assigning authority, a CX of HL7 v2 with an OID (ITI TF-3 section
// 4.2.3.1.7); a name or an organisation in the same place has other components.
func (s *envelopeReader) patient(b []byte) {
	id, rest, ok := bytes.Cut(b, []byte("^^^"))
	if ok && bytes.IndexByte(id, '^') < 0 && len(rest) > 0 && rest[0] != '^' && bytes.Contains(rest, []byte("ISO")) {
		s.v.found(phi.Business, "identifier", id)
	}
}

func setFirst(at *[]byte, text []byte) {
	if len(*at) == 0 && len(text) <= 512 {
		*at = text
	}
}

// localName is the name of a tag without its prefix.
func localName(tag []byte) []byte {
	if i := bytes.IndexAny(tag, " \t\r\n/"); i >= 0 {
		tag = tag[:i]
	}
	return tag[bytes.LastIndexByte(tag, ':')+1:]
}

// attribute is the value of an attribute of a tag; nil when it has none of that name.
func attribute(tag []byte, name string) []byte {
	for rest := tag; ; {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if j := bytes.LastIndexAny(key, " \t\r\n"); j >= 0 {
			key = key[j+1:]
		}
		if string(key) == name {
			return rest[1 : 1+end]
		}
		rest = rest[end+2:]
	}
}
