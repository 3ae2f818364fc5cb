package call

import (
	"bytes"
	"net/netip"
	"path"

	"auscult/sensor/fhir"
	"auscult/sensor/http"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// Conn is what the connection of an exchange adds to it. Texts may be nil: then the values in its bodies, and what a
// login said there, are not known.
type Conn struct {
	ID             uint64
	Client, Server packet.Endpoint
	Stream         uint32
	OneSided       bool
	Where          packet.Where
	Texts          *Texts
	Envelope       *Envelope    // nil when no body was worth one
	Outer          packet.Outer // zero when there is none
	MTLS           string       // subject of the client's verified-by-nobody certificate; empty without one
	Running        bool         // the exchange goes on: this tells what was found so far
	Secure         Secure
	Continued      bool     // an earlier call told the beginning of the exchange
	Reading        *Reading // of the report of the response; nil unless that comes again
}

// Builder turns exchanges into calls. It belongs to one goroutine, remembers nothing of one call for the next,
// and so gives the same call for the same exchange on every worker.
type Builder struct {
	Stats Stats

	cfg         Config
	memo        Memo
	hosts       []HostRule // headers in lower case
	cookieNames []string
	keyHeaders  []string
	keyParams   []string
	services    map[string]bool
	proxies     []netip.Prefix

	objects   []Object
	delivered []uint64
	issued    []uint64
	args      []Arg
	handed    []Handed
	seen      set
	inject    *inject.Reader
	looks     *looks
	names     *argNames
	readKinds []readKind // of the response at hand, for its Reading
	readIDs   []readID
	known     *propMemo
	propList  []Prop
	habits    []habit    // by the number of what is known; nil until something is
	vars      []variable // of the GraphQL documents of the call at hand
	words     words
	server    uint64 // hash of the server's address and port, which is at
	at        packet.Endpoint
	loggedIn  bool // the request's body holds a user and a password

	message  message       // what the envelope of the request says
	reports  [2]phi.Report // of the bodies, with what their envelopes add
	unrouted Route         // of what has no path

	keyBuf, valueBuf, tokenBuf, secretBuf, userBuf, word, host, actionBuf, routeBuf, sessionBuf, nameBuf, docBuf, docVars, boundary, function []byte
}

// NewBuilder returns a Builder. cfg must be valid; memo must answer as ParseClaims and ParseRoute do.
func NewBuilder(cfg Config, memo Memo) *Builder {
	b := &Builder{cfg: cfg, memo: memo, inject: inject.New(), looks: new(looks), names: new(argNames), known: new(propMemo), services: make(map[string]bool, len(cfg.Services))}
	for _, h := range cfg.Hosts {
		b.hosts = append(b.hosts, HostRule{Host: lowerString(h.Host), Header: lowerString(h.Header)})
	}
	b.cookieNames = lowerAll(cfg.SessionCookies)
	b.keyHeaders = lowerAll(cfg.APIKeyHeaders)
	b.keyParams = lowerAll(cfg.APIKeyParams)
	for _, s := range cfg.Services {
		b.services[s] = true
	}
	for _, s := range cfg.TrustedProxies {
		if p, err := netip.ParsePrefix(s); err == nil {
			b.proxies = append(b.proxies, p)
		}
	}
	return b
}

func lowerString(s string) string { return string(lower(nil, []byte(s))) }

func lowerAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = lowerString(s)
	}
	return out
}

// Build fills c, all of it, from an exchange and what the scans of its bodies found; req and resp may be nil.
// Strings and slices of c are carved from ar and stay valid; nothing of x, req or resp is kept.
func (b *Builder) Build(c *Call, ar *Arena, x *http.Exchange, conn Conn, req, resp *phi.Report) {
	*c = Call{} // and in its place: a literal would be made elsewhere and copied, 1 kB a call
	c.Time, c.Flow, c.Seq, c.Start, c.Conn, c.Stream = x.End, conn.ID, x.Seq, x.Start, conn.ID, conn.Stream
	c.Client, c.Server, c.Version, c.Status = conn.Client, conn.Server, x.Version, x.Status
	c.ReqWire, c.ReqDec, c.RespWire, c.RespDec = x.Request.Wire, x.Request.Decoded, x.Response.Wire, x.Response.Decoded
	c.Marks, c.Loss, c.GRPC, c.Messages, c.Frames, c.Outer = x.Marks, loss(x, &conn), x.GRPC, x.Messages, conn.Where, conn.Outer
	c.Running, c.Continued, c.Secure = conn.Running, conn.Continued, conn.Secure
	b.objects, b.delivered, b.issued = b.objects[:0], b.delivered[:0], b.issued[:0]
	b.args, b.handed, b.vars, b.docBuf = b.args[:0], b.handed[:0], b.vars[:0], b.docBuf[:0]
	b.loggedIn = false
	b.seen.reset()
	if x.ResponseStart != 0 {
		c.TTFB, c.Duration = max(0, x.ResponseStart-x.Start), max(0, x.End-x.Start)
	}
	c.Method = methodName(ar, x.Method)
	known := b.habit(x)
	rawPath, rawQuery := b.target(c, ar, x, known)
	if c.Server != b.at || b.server == 0 {
		b.at, b.server = c.Server, serverHash(&c.Server)
	}
	if known != nil && known.host != "" && c.Host == known.host {
		b.host = append(b.host[:0], known.named...)
	} else {
		b.host = endpointHost(b.host[:0], c)
	}
	reported := resp
	req, resp = b.unwrap(&conn, x, req, resp)
	reading := conn.Reading
	if resp != reported || conn.Running || conn.Continued {
		reading = nil
	}
	r := b.route(c, ar, x, rawPath)

	var who credentials
	var forwarded []byte
	if known != nil {
		who, forwarded, c.UserAgent, c.Forwarded = known.who, known.forwarded, known.agent, known.text
	} else {
		before := b.Stats
		forwarded = b.gather(c, ar, x, &who)
		known = b.remember(c, x, &who, forwarded, &before)
	}
	b.pathCredentials(r, &who)
	b.pathObjects(c, ar, r)
	b.pathArgs(c, ar, r, rawPath)
	b.query(c, ar, r, rawQuery, &who)
	b.bodyObjects(c, ar, r, req)
	b.bodyArgs(c, ar, r, x, conn.Texts)
	switch {
	case mllp(x):
		b.sender(c, ar, x)
	default:
		who.certificate = conn.MTLS
		if !b.usual(c, known, &who) {
			before := b.Stats
			b.principal(c, ar, &who, forwarded)
			b.judge(c, known, &who, &before)
		}
	}

	c.FHIR = resource(ar, r, x.Method, resp)
	c.ContentType = ar.bytes(x.Response.Get("content-type"))
	b.found(c, resp)
	b.response(ar, r, resp, reading)
	b.created(ar, x)
	b.login(c, ar, x, conn.Texts)
	b.answer(c, ar, x, conn.Texts, resp, reading)
	c.Objects = ar.copyObjects(b.objects)
	if reading != nil && reading.state == settled && len(reading.delivered) == len(b.delivered) {
		c.Delivered = reading.delivered
	} else {
		c.Delivered = ar.copyKeys(b.delivered)
	}
	c.Issued = ar.copyKeys(b.issued)
	c.Args = ar.copyArgs(b.args)
	c.Handed = ar.copyHanded(b.handed)
	b.flags(c, r, resp)
}

// route is what the path says, with the action beside it where one URL serves several.
func (b *Builder) route(c *Call, ar *Arena, x *http.Exchange, path []byte) *Route {
	m := &b.message
	if mllp(x) {
		m.flags |= typeFlags(x.Target)
		m.hl7 = true
		b.routeBuf = append(append(b.routeBuf[:0], "MLLP "...), x.Target...)
		b.unrouted = Route{Template: b.routeBuf, Words: HealthAPI}
		c.Route = ar.bytes(b.routeBuf)
		c.Endpoint = endpointKey("", b.host, b.routeBuf)
		return &b.unrouted
	}
	r := b.memo.Route(path)
	if r.Over {
		b.Stats.LongPaths++
	}
	template := r.Template
	if len(m.action) > 0 {
		b.routeBuf = append(append(append(b.routeBuf[:0], template...), '#'), m.action...)
		template = b.routeBuf
		c.Route = ar.bytes(template)
	} else if c.Route = r.Name; c.Route == "" {
		c.Route = ar.bytes(template)
	}
	c.Endpoint = endpointKey(c.Method, b.host, template)
	return r
}

func loss(x *http.Exchange, conn *Conn) http.Loss {
	l := x.Loss
	if conn.OneSided {
		l |= http.LossOneSided
	}
	return l
}

// target splits the request target (RFC 9112 section 3.2): origin form, or absolute form with the host in it.
func (b *Builder) target(c *Call, ar *Arena, x *http.Exchange, known *habit) (rawPath, rawQuery []byte) {
	c.Target = ar.bytes(x.Target)
	var host []byte
	if known != nil {
		c.Host = known.host
	} else if host = x.Request.Get("host"); host == nil {
		host = x.Request.Get(":authority") // HTTP/2 (RFC 9113 section 8.3.1)
	}
	rest := x.Target
	start := 0
	if i := bytes.Index(rest[:min(len(rest), 16)], []byte("://")); i > 0 && rest[0] != '/' {
		start = i + 3
		slash := bytes.IndexAny(rest[start:], "/?")
		if slash < 0 {
			slash = len(rest) - start
		}
		host = rest[start : start+slash] // it overrides Host (RFC 9112 section 3.2.2)
		start += slash
	}
	end := len(rest)
	if i := bytes.IndexByte(rest[start:], '#'); i >= 0 {
		end = start + i
	}
	mark := end
	if i := bytes.IndexByte(rest[start:end], '?'); i >= 0 {
		mark = start + i
		rawQuery = rest[mark+1 : end]
		c.Query = c.Target[mark+1 : end]
	}
	c.Path = c.Target[start:mark]
	if host != nil {
		c.Host = ar.bytes(host)
	}
	return rest[start:mark], rawQuery
}

// serverHash names a server by its address and port, which a client cannot make up as it can a Host.
func serverHash(e *packet.Endpoint) uint64 {
	return number(hash(seedEndpoint, e.Addr[:]), uint64(e.Port))
}

// endpointHost appends the host by which endpoints are told apart: Host without its port in lower case, else the
// server's address.
func endpointHost(dst []byte, c *Call) []byte {
	if c.Host == "" {
		return append(dst, c.Server.Addr[:]...)
	}
	n := len(dst)
	dst = append(dst, hostName(c.Host)...)
	lower(dst[:n], dst[n:])
	return dst
}

// hostName is a Host without its port.
func hostName(host string) string {
	for i := len(host) - 1; i >= 0; i-- {
		switch {
		case host[i] == ':':
			return host[:i]
		case !digit(host[i]):
			return host
		}
	}
	return host
}

// customHeader is the header that names the user on the call's host, if there is one.
func (b *Builder) customHeader() string {
	for i := range b.hosts {
		if ok, err := path.Match(b.hosts[i].Host, string(b.host)); ok && err == nil {
			return b.hosts[i].Header
		}
	}
	return ""
}

// methodName is the method without a copy where it is a common one.
func methodName(ar *Arena, m []byte) string {
	switch string(m) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "PATCH":
		return "PATCH"
	case "DELETE":
		return "DELETE"
	case "HEAD":
		return "HEAD"
	case "OPTIONS":
		return "OPTIONS"
	}
	return ar.bytes(m)
}

// resource is what a FHIR call was.
func resource(ar *Arena, r *Route, method []byte, resp *phi.Report) FHIR {
	u := &r.FHIR
	if u.Shape == fhir.NotFHIR {
		return FHIR{}
	}
	f := FHIR{Interaction: u.Interaction(method), Type: fhir.Lookup(u.Type).Name(), Operation: ar.bytes(u.Op), Total: -1}
	if t := fhir.Lookup(u.Within); t != 0 {
		f.Type = t.Name()
	}
	if resp != nil {
		f.Entries, f.Total = resp.Entries, resp.Total
	}
	return f
}

func (b *Builder) found(c *Call, resp *phi.Report) {
	if resp == nil {
		return
	}
	classes := resp.Classes
	for i := range b.objects {
		if b.objects[i].Patient && b.objects[i].Where != InResponse {
			classes |= resp.Codes // a code says nothing of anybody, but this request named whose it is
			break
		}
	}
	c.PHI = Found{Classes: classes, People: resp.People, Records: resp.Records, Bytes: resp.Bytes,
		Cut: resp.Truncated || c.Loss&http.LossDecodeLimit != 0}
}
