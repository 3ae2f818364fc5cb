package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"auscult/detectors"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
)

const second = clock.Time(1e9)

// site turns requests into calls, as a worker does, and lets the detectors watch them.
type site struct {
	builder *call.Builder
	arena   *call.Arena
	texts   *call.Texts
	engine  *detectors.Engine
	now     clock.Time
	calls   uint32
	signals []detectors.Signal
}

func newSite() *site {
	return &site{builder: call.NewBuilder(call.Defaults(), new(call.Direct)), arena: new(call.Arena), texts: new(call.Texts),
		engine: detectors.New(detectors.Defaults()), now: 1_790_000_000 * second}
}

// call is what the sensor makes of a request by the given person, answered with 200 and nothing telling.
func (s *site) call(q *request, who int) *call.Call {
	s.now += 3 * second
	s.calls++
	// An address is written as a browser writes it: what cannot stand in a line of HTTP/1 is encoded.
	target := line.Replace(q.URL)
	if i := strings.Index(target, "://"); i > 0 && i < 8 {
		if j := strings.IndexByte(target[i+3:], '/'); j >= 0 {
			target = target[i+3+j:]
		}
	}
	x := &http.Exchange{Seq: s.calls, Start: s.now, RequestEnd: s.now + 1e6, ResponseStart: s.now + 2e7, End: s.now + 3e7, Version: 11,
		Method: []byte(q.Method), Target: []byte(target), Status: 200}
	x.Request.Seen, x.Response.Seen = true, true
	names := make([]string, 0, len(q.Headers))
	for name := range q.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	x.Request.Headers = []http.Header{{Name: []byte("Host"), Value: []byte("ehr.hospital.test")}}
	for _, name := range names {
		if !strings.EqualFold(name, "host") {
			x.Request.Headers = append(x.Request.Headers, http.Header{Name: []byte(name), Value: []byte(q.Headers[name])})
		}
	}
	a := [4]byte{10, 20, byte(who >> 8), byte(who)}
	cn := call.Conn{ID: uint64(s.calls), Client: packet.Endpoint{Addr: netip.AddrFrom4(a).As16(), Port: 40000},
		Server: packet.Endpoint{Addr: netip.AddrFrom4([4]byte{10, 10, 0, 10}).As16(), Port: 80}}
	if b := q.body(); b != "" {
		s.texts.Reset()
		s.texts.Side(http.Request).Scan([]byte(b))
		cn.Texts = s.texts
	}
	c := new(call.Call)
	s.builder.Build(c, s.arena, x, cn, nil, nil)
	return c
}

var line = strings.NewReplacer(" ", "%20", "\n", "%0A", "\r", "%0D", "\t", "%09")

// watch lets the detectors see a call, and is the number of incidents of injection or request forgery of Medium or above
// that they report of it.
func (s *site) watch(c *call.Call) (incidents int) {
	s.signals = s.engine.Observe(s.signals[:0], c)
	for i := range s.signals {
		if g := &s.signals[i]; g.Severity >= detectors.Medium && (g.Detector == "injection" || g.Detector == "ssrf") {
			incidents++
		}
	}
	return incidents
}

// search is a request with a value in a parameter of its query.
func search(route, name, value string) *request {
	return &request{Method: "GET", URL: route + "?" + name + "=" + url.QueryEscape(value)}
}

// shown are the families that the values of a call show, those in a form no honest value has, and whether one of them
// points a server inside.
func shown(c *call.Call) (found, sure inject.Family, inner bool) {
	for i := range c.Args {
		l := &c.Args[i].Look
		found |= l.Families
		sure |= l.Sure
		inner = inner || l.Target > inject.Outside && !l.Bare
	}
	return found, sure, inner
}

// told are the values of a call that show something, by name and beginning.
func told(c *call.Call) (out string) {
	for i := range c.Args {
		if a := &c.Args[i]; a.Look.Families != 0 {
			out += fmt.Sprintf("%s=%q ", a.Name, a.Text)
		}
	}
	return out
}

// points tells whether a value points a server anywhere, as what includes a file from elsewhere does.
func points(c *call.Call) bool {
	for i := range c.Args {
		if c.Args[i].Look.Target != inject.Nowhere {
			return true
		}
	}
	return false
}

// letters write a number.
func letters(n int) (out string) {
	for ; n > 0; n /= 26 {
		out += string(rune('a' + n%26))
	}
	return out
}
