package ocsf

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

const maxEvidence = 10

// evidences shows the first calls of the attack, and then everyone accused whom none of them shows.
func evidences(w *writer, a *alert.Alert, n *pseudonym.Names) {
	s := &a.Signal
	shown := calls(s)
	w.open("evidences", '[')
	for i := range shown {
		evidence(w, &shown[i].Call, i+1, s.Calls, n)
	}
	for _, p := range absent(s, shown) {
		w.element('{')
		w.str("name", "principal of the attack")
		w.open("actor", '{')
		actor(w, p, n)
		w.close('}')
		if ip, err := netip.ParseAddr(p.ID); p.Kind == call.Address && err == nil {
			w.open("src_endpoint", '{')
			w.str("ip", ip.String())
			w.close('}')
		}
		w.close('}')
	}
	w.close(']')
}

func calls(s *detectors.Signal) []detectors.Evidence {
	return s.Evidence[:min(len(s.Evidence), maxEvidence)]
}

// absent lists the accused who made none of the calls shown.
func absent(s *detectors.Signal, shown []detectors.Evidence) []*call.Principal {
	var out []*call.Principal
	seen := make(map[uint64]bool, len(shown)+len(s.Members))
	for i := range shown {
		seen[shown[i].Call.Principal.Key] = true
	}
	add := func(p *call.Principal) {
		if p.ID != "" && !seen[p.Key] {
			seen[p.Key] = true
			out = append(out, p)
		}
	}
	add(&s.Principal)
	for i := range s.Members {
		add(&s.Members[i])
	}
	return out
}

func actor(w *writer, p *call.Principal, n *pseudonym.Names) {
	w.open("user", '{')
	w.member("uid", func(b []byte) []byte { return n.User(b, p) })
	if p.Service {
		w.num("type_id", 4)
		w.str("type", "Service")
	} else {
		w.num("type_id", 1)
		w.str("type", "User")
	}
	if p.Issuer != "" {
		w.member("domain", func(b []byte) []byte { return n.Word(b, p.Issuer) })
	}
	w.close('}')
	if p.Client != "" {
		w.member("app_uid", func(b []byte) []byte { return n.App(b, p.Client) })
	}
}

func evidence(w *writer, c *call.Call, i, total int, n *pseudonym.Names) {
	w.element('{')
	w.str("name", "call "+strconv.Itoa(i)+" shown of "+strconv.Itoa(max(i, total)))
	w.str("uid", connection(c)+"-"+strconv.FormatUint(uint64(c.Seq), 10))
	if c.Principal.ID != "" {
		w.open("actor", '{')
		actor(w, &c.Principal, n)
		w.close('}')
	}
	w.open("api", '{')
	w.member("operation", func(b []byte) []byte { return n.Route(append(n.Word(b, c.Method), ' '), c) })
	if c.Status != 0 {
		w.open("response", '{')
		w.num("code", int64(c.Status))
		w.close('}')
	}
	if c.Principal.Token != 0 {
		w.open("token", '{')
		w.member("uid", func(b []byte) []byte { return n.Token(b, c.Principal.Token) })
		w.num("type_id", 7)
		w.str("type", "API Token")
		w.close('}')
	}
	w.close('}')
	request(w, c, n)
	if c.Status != 0 {
		w.open("http_response", '{')
		w.num("code", int64(c.Status))
		w.num("length", c.RespWire)
		if c.ContentType != "" {
			w.member("content_type", func(b []byte) []byte { return n.Word(b, c.ContentType) })
		}
		w.num("latency", int64(c.TTFB)/1e6)
		w.close('}')
	}
	w.open("src_endpoint", '{')
	endpoint(w, c.Client.Addr.IP(), c.Client.Port)
	w.close('}')
	w.open("dst_endpoint", '{')
	endpoint(w, c.Server.Addr.IP(), c.Server.Port)
	if c.Host != "" {
		w.member("hostname", func(b []byte) []byte { return n.Word(b, c.Host) })
	}
	w.close('}')
	w.open("connection_info", '{')
	id, name := direction(c.Client.Addr.IP(), c.Server.Addr.IP())
	w.num("direction_id", id)
	w.str("direction", name)
	w.num("protocol_num", 6)
	w.str("protocol_name", "tcp")
	w.key("community_uid")
	w.b = append(communityID(append(w.b, '"'), c), '"')
	w.close('}')
	w.open("data", '{')
	w.str("time", c.Start.UTC().Format("2006-01-02T15:04:05.000000000Z"))
	w.str("connection", connection(c))
	w.open("capture", '{')
	w.num("file", int64(c.Frames.File))
	w.num("offset", c.Frames.Offset)
	w.close('}')
	w.num("people", int64(c.PHI.People))
	w.num("records", int64(c.PHI.Records))
	if c.Loss != 0 {
		w.key("loss")
		w.b = AppendLoss(w.b, c.Loss)
	}
	w.close('}')
	w.close('}')
}

func request(w *writer, c *call.Call, n *pseudonym.Names) {
	w.open("http_request", '{')
	switch c.Method {
	case "OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH":
		w.str("http_method", c.Method)
	}
	if c.Path != "" {
		w.open("url", '{')
		if c.Host != "" {
			w.member("hostname", func(b []byte) []byte { return n.Word(b, c.Host) })
		}
		w.member("path", func(b []byte) []byte { return n.Path(b, c) })
		if c.Query != "" {
			w.member("query_string", func(b []byte) []byte { return n.Query(b, c) })
		}
		if n.Reveal {
			w.str("url_string", c.Target)
		}
		w.close('}')
	}
	if c.UserAgent != "" {
		w.member("user_agent", func(b []byte) []byte { return n.Agent(b, c.UserAgent) })
	}
	w.str("version", VersionName(c.Version))
	w.num("body_length", c.ReqWire)
	w.close('}')
}

func endpoint(w *writer, ip netip.Addr, port uint16) {
	w.str("ip", ip.String())
	w.num("port", int64(port))
}

// direction is the way of the request as far as the addresses tell it.
func direction(client, server netip.Addr) (int64, string) {
	inside := func(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }
	switch {
	case inside(client) && inside(server):
		return 3, "Lateral"
	case inside(server):
		return 1, "Inbound"
	case inside(client):
		return 2, "Outbound"
	}
	return 0, "Unknown"
}

// observables lists the addresses and the accused, each once, for a consumer to pivot on.
func observables(w *writer, s *detectors.Signal, n *pseudonym.Names) {
	shown := calls(s)
	w.open("observables", '[')
	var ips []netip.Addr
	var users []uint64
	for i := range shown {
		c := &shown[i].Call
		at := "evidences[" + strconv.Itoa(i) + "]."
		if ip := c.Client.Addr.IP(); !slices.Contains(ips, ip) {
			ips = append(ips, ip)
			w.element('{')
			w.str("name", at+"src_endpoint.ip")
			w.num("type_id", 2)
			w.str("type", "IP Address")
			w.str("value", ip.String())
			w.close('}')
		}
		if p := &c.Principal; p.ID != "" && !slices.Contains(users, p.Key) {
			users = append(users, p.Key)
			w.element('{')
			w.str("name", at+"actor.user.uid")
			w.num("type_id", 31)
			w.str("type", "User Object: uid")
			w.member("value", func(b []byte) []byte { return n.User(b, p) })
			w.close('}')
		}
	}
	w.close(']')
}

// communityID appends the Community ID v1, seed 0, of c's connection.
func communityID(dst []byte, c *call.Call) []byte {
	f, d := packet.NewFlow(netip.AddrPortFrom(c.Client.Addr.IP(), c.Client.Port), netip.AddrPortFrom(c.Server.Addr.IP(), c.Server.Port))
	return packet.AppendCommunityID(dst, &f, d, 0)
}

// connection is the id of c's connection as the call log writes it.
func connection(c *call.Call) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], c.Conn)
	return hex.EncodeToString(b[:])
}

// losses names the bits of http.Loss, in their order.
var losses = [...]string{"gap", "truncated", "one_sided", "decode_limit", "midstream"}

// AppendLoss appends the words for what of a call was not seen, as a JSON list.
func AppendLoss(dst []byte, l http.Loss) []byte { return AppendBits(dst, uint32(l), losses[:]) }

// marks names the bits of http.Marks, in their order.
var marks = [...]string{"te_and_cl", "duplicate_cl", "bare_lf", "obs_fold", "bad_chunk", "absolute_form", "bad_header",
	"bad_coding", "over_head", "unknown_te", "space_in_target", "ambiguous", "conflict", "header_state", "rapid_reset", "pushed",
	"ambiguous_response", "smuggled", "host_conflict"}

// AppendMarks appends the names of m as a JSON list.
func AppendMarks(dst []byte, m http.Marks) []byte { return AppendBits(dst, uint32(m), marks[:]) }

// AppendBits appends the names of the bits that are set, from the lowest, as a JSON list.
func AppendBits(dst []byte, set uint32, names []string) []byte {
	dst = append(dst, '[')
	for i, name := range names {
		if set&(1<<i) == 0 {
			continue
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), '"')
	}
	return append(dst, ']')
}

// VersionName is an HTTP version as the protocol writes it: 1.0, 1.1, 2; empty when it is unknown.
func VersionName(v http.Version) string {
	switch v {
	case 9:
		return "0.9"
	case 10:
		return "1.0"
	case 11:
		return "1.1"
	case 20:
		return "2"
	}
	return ""
}
