package sink

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"

	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

// CallLog writes every call as one line of JSON. Keys follow the OpenTelemetry HTTP conventions 1.44; ours begin
// with "auscult.". The order of fields is fixed, and a field that does not apply is absent. One goroutine owns it.
type CallLog struct {
	w     *bufio.Writer
	f     *os.File // nil when the writer is not ours to close
	name  string
	names *pseudonym.Names
	line  []byte
	seed  uint16
	to    Witness // may be nil
}

// OpenCallLog makes or empties the call log at path, readable by its owner only. Community ids take seed.
func OpenCallLog(path string, names *pseudonym.Names, seed uint16) (*CallLog, error) {
	return openLog("call log", path, names, seed)
}

func openLog(what, path string, names *pseudonym.Names, seed uint16) (*CallLog, error) {
	f, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	l := NewCallLog(f, path, names, seed)
	l.f = f
	return l, nil
}

// NewCallLog writes the same lines to w, which is called name in errors and is not closed.
func NewCallLog(w io.Writer, name string, names *pseudonym.Names, seed uint16) *CallLog {
	return &CallLog{w: bufio.NewWriterSize(w, 256<<10), name: name, names: names.Clone(), seed: seed}
}

// Show lets w see what is written, from before the first line on.
func (l *CallLog) Show(w Witness) {
	l.to = w
	l.w.Reset(shown{l.f, w})
}

// WriteCalls writes the HTTP calls among batch, in order, each when it is over. They are borrowed until it returns.
func (l *CallLog) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if c := &batch[i]; c.Kind != call.HTTP || c.Running {
			continue
		}
		if err := l.write(l.Append(l.line[:0], &batch[i])); err != nil {
			return err
		}
	}
	return nil
}

// write writes a line, whose memory is used again.
func (l *CallLog) write(line []byte) error {
	l.line = line
	if _, err := l.w.Write(line); err != nil {
		return fmt.Errorf("write %s: %w", l.name, err)
	}
	return nil
}

// Close writes what is buffered to the disk itself.
func (l *CallLog) Close() error {
	if err := l.w.Flush(); err != nil {
		if l.f != nil {
			l.f.Close()
		}
		return fmt.Errorf("write %s: %w", l.name, err)
	}
	if l.f == nil {
		return nil
	}
	return finish(l.f)
}

const stamp = "2006-01-02T15:04:05.000000000Z"

// Append appends c as a line of JSON.
func (l *CallLog) Append(b []byte, c *call.Call) []byte {
	l.names.At(c.Start)
	b = l.endpoints(b, c)
	if c.Forwarded != "" {
		var s int
		b, s = open(b, `,"auscult.forwarded_for":"`)
		b = ocsf.Seal(l.names.Addresses(b, c.Forwarded), s)
	}
	return l.request(b, c)
}

// endpoints appends when c began and between whom it was.
func (l *CallLog) endpoints(b []byte, c *call.Call) []byte {
	b = append(b, `{"timestamp":"`...)
	b = c.Start.UTC().AppendFormat(b, stamp)
	b = append(b, `","network.community_id":"`...)
	client := netip.AddrPortFrom(c.Client.Addr.IP(), c.Client.Port)
	server := netip.AddrPortFrom(c.Server.Addr.IP(), c.Server.Port)
	flow, dir := packet.NewFlow(client, server)
	b = packet.AppendCommunityID(b, &flow, dir, l.seed)
	b = append(b, `","network.connection.id":"`...)
	b = appendHex(b, c.Conn)
	b = append(b, `","client.address":"`...)
	b = client.Addr().AppendTo(b)
	b = number(append(b, '"'), `,"client.port":`, int64(client.Port()))
	b = append(b, `,"server.address":"`...)
	b = server.Addr().AppendTo(b)
	b = number(append(b, '"'), `,"server.port":`, int64(server.Port()))
	if o := &c.Outer; o.Encap != packet.NoEncap {
		b = append(append(b, `,"auscult.tunnel.type":"`...), o.Encap.String()...)
		b = o.Src.IP().AppendTo(append(b, `","auscult.tunnel.source":"`...))
		b = o.Dst.IP().AppendTo(append(b, `","auscult.tunnel.destination":"`...))
		b = number(append(b, '"'), `,"auscult.tunnel.id":`, int64(o.ID))
	}
	return b
}

func (l *CallLog) request(b []byte, c *call.Call) []byte {
	n := l.names
	b = append(b, `,"network.protocol.name":"http"`...)
	if v := ocsf.VersionName(c.Version); v != "" {
		b = append(b, `,"network.protocol.version":"`...)
		b = append(append(b, v...), '"')
	}
	b = number(b, `,"auscult.stream":`, int64(c.Stream))
	s := 0
	if c.Method != "" {
		if KnownMethod(c.Method) {
			b = append(b, `,"http.request.method":"`...)
			b = append(append(b, c.Method...), '"')
		} else {
			b, s = open(b, `,"http.request.method":"_OTHER","http.request.method_original":"`)
			b = ocsf.Seal(n.Word(b, c.Method), s)
		}
	}
	if c.Host != "" {
		b, s = open(b, `,"http.request.header.host":"`)
		b = ocsf.Seal(n.Word(b, c.Host), s)
	}
	if c.Path != "" {
		b, s = open(b, `,"url.path":"`)
		b = ocsf.Seal(n.Path(b, c), s)
	}
	if c.Query != "" {
		b, s = open(b, `,"url.query":"`)
		b = ocsf.Seal(n.Query(b, c), s)
	}
	if n.Reveal && c.Target != "" {
		b, s = open(b, `,"url.original":"`)
		b = ocsf.Seal(append(b, c.Target...), s)
	}
	if c.Route != "" {
		b, s = open(b, `,"http.route":"`)
		b = ocsf.Seal(n.Route(b, c), s)
	}
	if c.UserAgent != "" {
		b, s = open(b, `,"user_agent.original":"`)
		b = ocsf.Seal(n.Agent(b, c.UserAgent), s)
	}
	return l.response(b, c)
}

func (l *CallLog) response(b []byte, c *call.Call) []byte {
	if c.Status == 0 {
		b = append(b, `,"http.response.status_code":null`...)
	} else {
		b = number(b, `,"http.response.status_code":`, int64(c.Status))
	}
	sizes := [4]int64{c.ReqWire, c.ReqDec, c.RespWire, c.RespDec}
	if c.Status == 101 { // what follows is not content (RFC 9110 section 15.2.2)
		sizes = [4]int64{}
	}
	b = number(b, `,"http.request.body.size":`, sizes[0])
	b = number(b, `,"auscult.request.decoded_size":`, sizes[1])
	if c.Status != 0 { // absent means not seen, never 0
		b = number(b, `,"http.response.body.size":`, sizes[2])
		b = number(b, `,"auscult.response.decoded_size":`, sizes[3])
		b = millis(b, `,"auscult.duration_ms":`, int64(c.Duration))
		b = millis(b, `,"auscult.ttfb_ms":`, int64(c.TTFB))
	}
	if code, ok := c.GRPC.Status(); ok {
		b = number(b, `,"rpc.grpc.status_code":`, int64(code))
	}
	if c.Messages[0]+c.Messages[1] > 0 {
		b = number(b, `,"auscult.request.messages":`, c.Messages[0])
		b = number(b, `,"auscult.response.messages":`, c.Messages[1])
		if c.Status == 101 {
			b = number(b, `,"auscult.request.message_bytes":`, c.ReqDec)
			b = number(b, `,"auscult.response.message_bytes":`, c.RespDec)
		}
	}
	b = l.principal(b, &c.Principal)
	b = l.objects(b, c)
	b = l.found(b, c)
	if c.Marks != 0 {
		b = ocsf.AppendMarks(append(b, `,"auscult.marks":`...), c.Marks)
	}
	if c.Loss != 0 {
		b = ocsf.AppendLoss(append(b, `,"auscult.loss":`...), c.Loss)
	}
	return append(b, '}', '\n')
}

func (l *CallLog) principal(b []byte, p *call.Principal) []byte {
	if p.ID == "" {
		return b
	}
	n := l.names
	b, s := open(b, `,"auscult.principal.id":"`)
	b = ocsf.Seal(n.User(b, p), s)
	b = append(b, `,"auscult.principal.kind":"`...)
	b = append(append(b, p.Kind.String()...), '"')
	if p.Issuer != "" {
		b, s = open(b, `,"auscult.principal.issuer":"`)
		b = ocsf.Seal(n.Word(b, p.Issuer), s)
	}
	if p.Client != "" {
		b, s = open(b, `,"auscult.principal.client":"`)
		b = ocsf.Seal(n.App(b, p.Client), s)
	}
	if p.Role != "" {
		b, s = open(b, `,"auscult.principal.role":"`)
		b = ocsf.Seal(n.Word(b, p.Role), s)
	}
	return number(b, `,"auscult.principal.strength":`, int64(p.Strength))
}

func (l *CallLog) objects(b []byte, c *call.Call) []byte {
	b = append(b, `,"auscult.objects":[`...)
	for i := range c.Objects {
		o := &c.Objects[i]
		if i > 0 {
			b = append(b, ',')
		}
		var s int
		b, s = open(b, `{"type":"`)
		b = ocsf.Seal(l.names.Type(b, c, o), s)
		b, s = open(b, `,"id":"`)
		b = ocsf.Seal(l.names.Object(b, o.ID), s)
		b = append(b, `,"where":"`...)
		b = append(append(b, o.Where.String()...), '"', '}')
	}
	return append(b, ']')
}

func (l *CallLog) found(b []byte, c *call.Call) []byte {
	if c.PHI.Bytes > 0 || c.PHI.Classes != 0 {
		b = ocsf.AppendBits(append(b, `,"auscult.phi.classes":`...), uint32(c.PHI.Classes), phi.ClassNames[:])
		b = number(b, `,"auscult.phi.people":`, int64(c.PHI.People))
		b = number(b, `,"auscult.phi.records":`, int64(c.PHI.Records))
		b = number(b, `,"auscult.phi.bytes":`, c.PHI.Bytes)
	}
	if c.FHIR.Interaction == "" {
		return b
	}
	b, s := open(b, `,"auscult.fhir.interaction":"`)
	b = ocsf.Seal(l.names.Word(b, c.FHIR.Interaction), s)
	if c.FHIR.Type != "" {
		b, s = open(b, `,"auscult.fhir.type":"`)
		b = ocsf.Seal(l.names.Word(b, c.FHIR.Type), s)
	}
	b = number(b, `,"auscult.fhir.entries":`, int64(c.FHIR.Entries))
	if c.FHIR.Total >= 0 {
		b = number(b, `,"auscult.fhir.total":`, c.FHIR.Total)
	}
	return b
}

// KnownMethod is whether a method is written as it is: those of RFC 9110 and PATCH (OpenTelemetry HTTP
// conventions).
func KnownMethod(m string) bool {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY":
		return true
	}
	return false
}

// open appends a key with its opening quote, and says where the string begins.
func open(b []byte, key string) ([]byte, int) {
	b = append(b, key...)
	return b, len(b)
}

func number(b []byte, key string, v int64) []byte { return strconv.AppendInt(append(b, key...), v, 10) }

// millis appends ns as milliseconds with three decimals.
func millis(b []byte, key string, ns int64) []byte {
	us := ns / 1000
	b = strconv.AppendInt(append(b, key...), us/1000, 10)
	us %= 1000
	return append(b, '.', byte('0'+us/100), byte('0'+us/10%10), byte('0'+us%10))
}

func appendHex(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&15])
	}
	return b
}
