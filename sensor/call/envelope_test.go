package call_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// scanned is a body read in pieces of at most cut bytes, by the scanner of health data.
func scanned(form phi.Form, body string, cut int) *phi.Report {
	s := phi.New(phi.Defaults())
	s.Reset(form)
	pieces(body, cut, s.Scan)
	s.Close(true)
	return s.Report()
}

func pieces(body string, cut int, take func([]byte)) {
	for len(body) > 0 {
		n := min(len(body), cut)
		b := []byte(body[:n])
		take(b)
		clear(b)
		body = body[n:]
	}
}

// enveloped builds the call of x with those bodies, as its stages would.
func enveloped(x *http.Exchange, req, resp string, cut int) call.Call {
	env := new(call.Envelope)
	var reports [2]*phi.Report
	for s, body := range []string{req, resp} {
		if body == "" {
			continue
		}
		contentType := x.Message(http.Side(s)).Get("content-type")
		form := phi.Unknown
		switch ct := string(contentType); {
		case strings.Contains(ct, "multipart/"):
			form = phi.Multipart
		case strings.Contains(ct, "hl7"):
			form = phi.HL7v2
		case strings.Contains(ct, "xml"):
			form = phi.XML
		case strings.Contains(ct, "json"):
			form = phi.JSON
		}
		reports[s] = scanned(form, body, cut)
		if sc := env.Side(http.Side(s), contentType); sc != nil {
			pieces(body, cut, sc.Scan)
			sc.Close(true)
		}
	}
	cn := conn()
	cn.Envelope = env
	var c call.Call
	call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), x, cn, reports[0], reports[1])
	return c
}

// anywhere builds the call at several cuts and holds that they agree.
func anywhere(t *testing.T, x *http.Exchange, req, resp string) call.Call {
	t.Helper()
	want := enveloped(x, req, resp, 1<<20)
	for _, cut := range []int{1, 2, 3, 5, 17, 100} {
		got := enveloped(x, req, resp, cut)
		if objects(got) != objects(want) || got.Route != want.Route || got.Flags != want.Flags || got.PHI != want.PHI ||
			!slices.Equal(got.Delivered, want.Delivered) || got.Principal != want.Principal {
			t.Errorf("in pieces of %d: %s %s %b %+v\nwhole: %s %s %b %+v", cut, got.Route, objects(got), got.Flags, got.PHI,
				want.Route, objects(want), want.Flags, want.PHI)
		}
	}
	return want
}

const adt = `MSH|^~\&|LAB|WEST|EHR|MAIN|20260101||ADT^A01^ADT_A01|M1|P|2.5` + "\rEVN|A01|20260101\r" +
	`PID|1|E77|MRN-42^^^H^MR~900123456^^^SSA^SS|A78^^^X|Rao^Asha||19700101|F|||1 High St^^Pune||(407)939-5555|||||V9|536-22-1234` + "\r"

func mllpExchange(target, sender string, status int) *http.Exchange {
	x := exchange("MLLP", target, status, "content-type: application/hl7-v2", "<content-type: application/hl7-v2")
	x.Version = 0
	x.Request.Headers = x.Request.Headers[1:] // it has no Host
	if sender != "" {
		x.Request.Headers = append(x.Request.Headers, http.Header{Name: []byte("mllp-sender"), Value: []byte(sender)})
	}
	return x
}

func TestEnvelope_MLLP(t *testing.T) {
	ack := `MSH|^~\&|EHR|MAIN|LAB|WEST|20260101||ACK|77|P|2.5` + "\rMSA|AA|M1\r"
	c := anywhere(t, mllpExchange("ADT^A01", "LAB^WEST", 200), adt, ack)
	want := "body:mrn=E77* body:mrn=MRN-42* body:mrn=900123456* body:mrn=A78* body:ssn=536-22-1234*"
	if objects(c) != want || c.Route != "MLLP ADT^A01" || c.Flags != call.Create|call.HealthAPI {
		t.Errorf("%s %s %b, want %s", c.Route, objects(c), c.Flags, want)
	}
	p := c.Principal
	if p.Kind != call.Custom || p.ID != "LAB^WEST" || p.Issuer != "10.20.8.106" || !p.Service || p.Strength >= 50 || p.Strength == 0 {
		t.Errorf("%+v", p)
	}
	if c := anywhere(t, mllpExchange("ADT^A01", "", 0), adt, ""); c.Principal.Kind != call.Address || !c.Principal.Service || c.Flags&call.Create == 0 {
		t.Errorf("%+v, flags %b", c.Principal, c.Flags)
	}
	if c := anywhere(t, mllpExchange("ADT^A01", "", 400), adt, ack); c.Flags&call.Create != 0 {
		t.Error("what was refused was created")
	}
	other := anywhere(t, mllpExchange("ORU^R01", "LAB^WEST", 200), adt, ack)
	if other.Endpoint == c.Endpoint || other.Principal.Key != c.Principal.Key {
		t.Error("an endpoint is a message type of a server, a principal a sender")
	}
	// what a message over MLLP names is what a URL names
	read := build(call.Defaults(), exchange("GET", "/api/v2/mrn/MRN-42", 200), nil, nil)
	if !slices.ContainsFunc(c.Objects, func(o call.Object) bool { return o.Key == read.Objects[0].Key }) {
		t.Error("MRN-42 is another by MLLP")
	}

	query := `MSH|^~\&|APP|W|PDQ|M|20260101||QBP^Q22^QBP_Q21|9|P|2.5` + "\rQPD|IHE PDQ Query|t1|@PID.3.1^42~@PID.5.1^RAO|\rRCP|I\r"
	found := `MSH|^~\&|PDQ|M|APP|W|20260101||RSP^K22|10|P|2.5` + "\rMSA|AA|9\rQAK|t1|OK\rPID|1||42^^^H^MR||Rao^Asha||19700101\rPID|2||43^^^H^MR||Rao^Bela||19710101\r"
	c = anywhere(t, mllpExchange("QBP^Q22", "APP^W", 200), query, found)
	if objects(c) != "body:mrn=42* response:mrn=42* response:mrn=43*" || len(c.Delivered) != 2 || c.PHI.People != 2 || c.Flags != call.Search|call.HealthAPI {
		t.Errorf("%s, %d delivered, %+v, %b", objects(c), len(c.Delivered), c.PHI, c.Flags)
	}
	none := `MSH|^~\&|PDQ|M|APP|W|20260101||RSP^K22|10|P|2.5` + "\rMSA|AA|9\rQAK|t1|NF\r"
	if c = anywhere(t, mllpExchange("QBP^Q22", "APP^W", 200), query, none); c.Flags&call.Empty == 0 {
		t.Errorf("flags %b of a query that found nothing", c.Flags)
	}
}

func TestEnvelope_HL7(t *testing.T) {
	f := func(contentType, body, route, want string, flags call.Flags) {
		t.Helper()
		c := anywhere(t, exchange("POST", "/hl7/in", 200, "Content-Type: "+contentType), body, "")
		if c.Route != route || objects(c) != want || c.Flags != flags {
			t.Errorf("%s: %s %s %b, want %s %s %b", contentType, c.Route, objects(c), c.Flags, route, want, flags)
		}
	}
	all := "body:mrn=E77* body:mrn=MRN-42* body:mrn=900123456* body:mrn=A78* body:ssn=536-22-1234*"
	f("application/hl7-v2", adt, "/hl7/in#ADT^A01", all, call.Create|call.HealthAPI)
	f("x-application/hl7-v2+er7; charset=utf-8", adt, "/hl7/in#ADT^A01", all, call.Create|call.HealthAPI)
	f("text/plain", adt, "/hl7/in#ADT^A01", all, call.Create|call.HealthAPI)
	f("text/plain", "\x0b"+adt+"\x1c\r", "/hl7/in#ADT^A01", all, call.Create|call.HealthAPI)
	f("text/plain", "MSHA is a word", "/hl7/in", "", 0)
	f("application/hl7-v2", strings.ReplaceAll(adt, "|", "$"), "/hl7/in#ADT^A01", all, call.Create|call.HealthAPI)
	head := `MSH|^~\&|A|B|C|D|2026||`
	f("application/hl7-v2", head+"QRY^A19|1|P|2.3\rQRD|2026|R|I|Q1|||1^RD|P42^RAO^ASHA|DEM\r", "/hl7/in#QRY^A19", "body:mrn=P42*", call.Search|call.HealthAPI)
	f("application/hl7-v2", head+"QBP^Q23^QBP_Q21|1|P|2.5\rQPD|IHE PIX Query|t|42^^^&1.2.3&ISO^PI|^^^&1.2.4&ISO\r", "/hl7/in#QBP^Q23", "body:mrn=42*", call.Search|call.HealthAPI)
	f("application/hl7-v2", head+"ADT^A40|1|P|2.5\rPID|1||NEW1\rMRG|OLD2~OLD3\r", "/hl7/in#ADT^A40", "body:mrn=NEW1* body:mrn=OLD2* body:mrn=OLD3*", call.Create|call.HealthAPI)
	f("application/hl7-v2", head+"\r", "/hl7/in", "", call.HealthAPI)
}

func soap(header, body string) string {
	return `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>` +
		`<a:MessageID>urn:uuid:b9caa87a-6f0f-4a62-88d5-c08317bf8ed2</a:MessageID>` + header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

const storedQuery = `<q:AdhocQueryRequest><AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">` +
	`<Slot name="$XDSDocumentEntryPatientId"><ValueList><Value>'st3498702^^^&amp;1.3.6.1.4.1.21367.2005.3.7&amp;ISO'</Value></ValueList></Slot>` +
	`<Slot name="$XDSDocumentEntryStatus"><ValueList><Value>('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')</Value></ValueList></Slot>` +
	`</AdhocQuery></q:AdhocQueryRequest>`

func TestEnvelope_SOAP(t *testing.T) {
	saml := `<wsse:Security><saml:Assertion ID="_1"><saml:Issuer>https://idp.test</saml:Issuer><saml:Subject><saml:NameID Format="x">dr.rao</saml:NameID></saml:Subject></saml:Assertion></wsse:Security>`
	action := `<a:Action s:mustUnderstand="1">urn:ihe:iti:2007:RegistryStoredQuery</a:Action>`
	f := func(want string, headers []string, body, resp string) call.Call {
		t.Helper()
		c := anywhere(t, exchange("POST", "/xds/registry", 200, headers...), body, resp)
		if got := fmt.Sprintf("%s %s %b", c.Route, objects(c), c.Flags&^call.HealthAPI); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		return c
	}
	soap12 := []string{"Content-Type: application/soap+xml; charset=UTF-8"}
	patient := "body:identifier=st3498702*"
	search := fmt.Sprintf(" %b", call.Search)
	f("/xds/registry#RegistryStoredQuery "+patient+search, soap12, soap(action, storedQuery), "")
	f("/xds/registry#RegistryStoredQuery "+patient+search,
		[]string{`Content-Type: application/soap+xml; action="urn:ihe:iti:2007:RegistryStoredQuery"`}, soap("", storedQuery), "")
	f("/xds/registry#AdhocQueryRequest "+patient+search, []string{"Content-Type: text/xml", `SOAPAction: ""`}, soap("", storedQuery), "")
	f("/xds/registry#RegistryStoredQuery "+patient+search, []string{"Content-Type: text/xml", `SOAPAction: "urn:ihe:iti:2007:RegistryStoredQuery"`}, soap("", storedQuery), "")
	// a header alone makes no endpoint of its own
	f("/xds/registry  0", []string{"Content-Type: text/xml", `SOAPAction: "urn:x:Other"`}, "<a/>", "")
	f("/xds/registry#PDQv3 body:identifier=42*"+search, soap12, soap(`<a:Action>urn:hl7-org:v3:PRPA_IN201305UV02</a:Action>`,
		`<PRPA_IN201305UV02><id root="1.2" extension="msg9"/><queryByParameter><parameterList><livingSubjectId><value root="1.2.3" extension="42"/></livingSubjectId></parameterList></queryByParameter></PRPA_IN201305UV02>`), "")
	f("/xds/registry#PIXv3 body:identifier=42*"+search, soap12, soap(`<a:Action>urn:hl7-org:v3:PRPA_IN201309UV02</a:Action>`,
		`<x><patientIdentifier><value root="1.2.3" extension="42"/></patientIdentifier></x>`), "")
	f(fmt.Sprintf("/xds/registry#PIXv3Feed body:identifier=42* %b", call.Create), soap12, soap(`<a:Action>urn:hl7-org:v3:PRPA_IN201301UV02</a:Action>`,
		`<x><patient classCode="PAT"><id root="1.2.3" extension="42"/><patientPerson/></patient></x>`), "")
	f("/xds/registry  0", []string{"Content-Type: text/xml"}, "<a><b>1</b></a>", "")

	c := f("/xds/registry#RegistryStoredQuery "+patient+search, soap12, soap(saml+action, storedQuery), "")
	if p := c.Principal; p.Kind != call.Custom || p.ID != "dr.rao" || p.Issuer != "https://idp.test" || p.Strength != 70 {
		t.Errorf("%+v", p)
	}
	c = f("/xds/registry#RegistryStoredQuery "+patient+search, append([]string{"Authorization: Bearer " + jwt(nurse)}, soap12...), soap(saml+action, storedQuery), "")
	if c.Principal.Kind != call.JWT {
		t.Errorf("%+v", c.Principal)
	}

	// ITI-43: the documents are parts beside the root
	related := `multipart/related; boundary="B1"; type="application/xop+xml"; start-info="application/soap+xml"`
	part := func(contentType, body string) string {
		return "--B1\r\nContent-Type: " + contentType + "\r\nContent-ID: <x>\r\n\r\n" + body + "\r\n"
	}
	ask := soap(`<a:Action>urn:ihe:iti:2007:RetrieveDocumentSet</a:Action>`, `<RetrieveDocumentSetRequest><DocumentRequest><RepositoryUniqueId>1.9</RepositoryUniqueId>`+
		`<DocumentUniqueId>1.2.33</DocumentUniqueId></DocumentRequest><DocumentRequest><DocumentUniqueId>1.2.34</DocumentUniqueId></DocumentRequest></RetrieveDocumentSetRequest>`)
	answer := part("application/xop+xml", soap("", `<RetrieveDocumentSetResponse><DocumentResponse><DocumentUniqueId>1.2.33</DocumentUniqueId></DocumentResponse></RetrieveDocumentSetResponse>`)) +
		part("text/plain", "one\r\n--B") + part("application/pdf", "--B1two") + "--B1--\r\n"
	c = f("/xds/registry#RetrieveDocumentSet body:Document=1.2.33 body:Document=1.2.34 0",
		[]string{"Content-Type: " + related, "<Content-Type: " + related}, part("application/xop+xml", ask)+"--B1--", answer)
	if c.PHI.Records != 2 || len(c.Delivered) == 0 || c.Delivered[0] != c.Objects[0].Key {
		t.Errorf("%+v, %x delivered", c.PHI, c.Delivered)
	}
}

// element is a data element of DICOM, explicit or implicit, little endian.
func element(explicit bool, tag uint32, vr, value string) string {
	if len(value)%2 == 1 {
		value += "\x00"
	}
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag>>16))
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	switch {
	case !explicit:
		b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	case vr == "SQ":
		b = binary.LittleEndian.AppendUint32(append(b, vr+"\x00\x00"...), 0xffffffff)
	default:
		b = binary.LittleEndian.AppendUint16(append(b, vr...), uint16(len(value)))
	}
	return string(b) + value
}

func instance(explicit bool, patient, uid string) string {
	syntax := "1.2.840.10008.1.2"
	if explicit {
		syntax += ".1"
	}
	b := strings.Repeat("\x00", 128) + "DICM" + element(true, 0x00020010, "UI", syntax)
	b += element(explicit, 0x00080018, "UI", uid)
	if explicit {
		b += element(true, 0x00081140, "SQ", "\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00")
	}
	b += element(explicit, 0x00100010, "PN", "RAO^ASHA") + element(explicit, 0x00100020, "LO", patient)
	return b + element(explicit, 0x0020000d, "UI", "1.2.840.5") + element(explicit, 0x7fe00010, "OB", strings.Repeat("\x0d\x0a--B", 2000))
}

func TestEnvelope_DICOM(t *testing.T) {
	contentType := `multipart/related; type="application/dicom"; boundary=B2`
	body := ""
	for i, patient := range []string{"P7", "P7", "P8"} {
		body += "\r\n--B2\r\nContent-Type: application/dicom\r\n\r\n" + instance(i%2 == 0, patient, fmt.Sprint("1.2.3.", i))
	}
	body += "\r\n--B2--\r\n"
	c := anywhere(t, exchange("GET", "/dicom-web/studies/1.2.840.5", 200, "<Content-Type: "+contentType), "", body)
	if c.PHI.Records != 3 || c.PHI.People != 2 || c.PHI.Classes&(phi.Name|phi.MRN|phi.Imaging) != phi.Name|phi.MRN|phi.Imaging {
		t.Errorf("%+v", c.PHI)
	}
	if want := "path:Study=1.2.840.5 response:PatientID=P7* response:PatientID=P8*"; objects(c) != want || c.Delivered[1] == 0 || len(c.Delivered) != 6 {
		t.Errorf("%s, %d delivered; want %s", objects(c), len(c.Delivered), want)
	}
	c = anywhere(t, exchange("POST", "/dicom-web/studies", 200, "Content-Type: "+contentType), body, "")
	want := "body:Instance=1.2.3.0 body:PatientID=P7* body:Study=1.2.840.5 body:Instance=1.2.3.1 body:Instance=1.2.3.2 body:PatientID=P8*"
	if objects(c) != want || c.Flags&call.Create == 0 {
		t.Errorf("%s %b, want %s", objects(c), c.Flags, want)
	}
	c = anywhere(t, exchange("GET", "/wado?requestType=WADO&objectUID=1.2.3.0", 200, "<Content-Type: application/dicom"), "", instance(true, "P7", "1.2.3.0"))
	if c.PHI.People != 1 || c.PHI.Records != 1 {
		t.Errorf("%+v", c.PHI)
	}
	native := func(patient string) string {
		return "--B2\r\nContent-Type: application/dicom+xml\r\n\r\n" + `<?xml version="1.0"?><NativeDicomModel><DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1">` +
			`<Alphabetic><FamilyName>RAO</FamilyName></Alphabetic></PersonName></DicomAttribute><DicomAttribute tag="00100020" vr="LO"><Value number="1">` + patient + "</Value></DicomAttribute></NativeDicomModel>\r\n"
	}
	c = anywhere(t, exchange("GET", "/dicom-web/studies/1.2.840.5/metadata", 200, `<Content-Type: multipart/related; type="application/dicom+xml"; boundary=B2`), "", native("P7")+native("P9")+"--B2--")
	if want := "path:Study=1.2.840.5 response:PatientID=P7* response:PatientID=P9*"; objects(c) != want || c.PHI.People != 2 || c.PHI.Records != 2 || c.PHI.Classes&phi.Name == 0 {
		t.Errorf("%s %+v, want %s", objects(c), c.PHI, want)
	}
	c = anywhere(t, exchange("GET", "/dicom-web/studies", 200, "<Content-Type: application/dicom+json"), "",
		`[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"RAO^ASHA"}]},"00100020":{"vr":"LO","Value":["P7"]},"0020000D":{"vr":"UI","Value":["1.2.840.5"]}}]`)
	if objects(c) != "response:Patient=P7*" || c.PHI.People != 1 || c.PHI.Classes&phi.Name == 0 || len(c.Delivered) != 2 {
		t.Errorf("%s %+v", objects(c), c.PHI)
	}
	frames := "--B2\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--B2\r\nContent-Type: image/jpeg\r\n\r\ny\r\n--B2--"
	c = anywhere(t, exchange("GET", "/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5/frames/1,2", 200, `<Content-Type: multipart/related; type="image/jpeg"`), "", frames)
	if c.PHI.Records != 0 {
		t.Errorf("frames of one instance are no records: %+v", c.PHI)
	}
}

func TestPrincipal_Certificate(t *testing.T) {
	cn := conn()
	cn.MTLS = "CN=viewer,O=Hospital"
	var c call.Call
	call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), exchange("GET", "/x", 200, "Authorization: Bearer "+jwt(nurse)), cn, nil, nil)
	if p := c.Principal; p.Kind != call.MTLS || p.ID != cn.MTLS || p.Token == 0 || p.Strength != 92 {
		t.Errorf("%+v", p)
	}
}
