package parquet

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

// row is a call as a line of calls.jsonl has it: _ for each dot, null for what is absent there.
type row struct {
	Timestamp      int64    `parquet:"timestamp,timestamp(nanosecond)"`
	CommunityID    string   `parquet:"network_community_id"`
	Connection     string   `parquet:"network_connection_id"`
	Client         string   `parquet:"client_address,dict"`
	ClientPort     int32    `parquet:"client_port"`
	Server         string   `parquet:"server_address,dict"`
	ServerPort     int32    `parquet:"server_port"`
	Tunnel         string   `parquet:"auscult_tunnel_type,optional,dict"`
	TunnelFrom     string   `parquet:"auscult_tunnel_source,optional,dict"`
	TunnelTo       string   `parquet:"auscult_tunnel_destination,optional,dict"`
	TunnelID       *int64   `parquet:"auscult_tunnel_id,optional"`
	Forwarded      string   `parquet:"auscult_forwarded_for,optional,dict"`
	Protocol       string   `parquet:"network_protocol_name,dict"`
	Version        string   `parquet:"network_protocol_version,optional,dict"`
	Stream         int64    `parquet:"auscult_stream"`
	Method         string   `parquet:"http_request_method,optional,dict"`
	MethodSent     string   `parquet:"http_request_method_original,optional,dict"`
	Host           string   `parquet:"http_request_header_host,optional,dict"`
	Path           string   `parquet:"url_path,optional"`
	Query          string   `parquet:"url_query,optional"`
	Original       string   `parquet:"url_original,optional"`
	Route          string   `parquet:"http_route,optional,dict"`
	Agent          string   `parquet:"user_agent_original,optional,dict"`
	Status         int32    `parquet:"http_response_status_code,optional"`
	RequestSize    int64    `parquet:"http_request_body_size"`
	RequestDecoded int64    `parquet:"auscult_request_decoded_size"`
	AnswerSize     *int64   `parquet:"http_response_body_size,optional"`
	AnswerDecoded  *int64   `parquet:"auscult_response_decoded_size,optional"`
	Duration       *float64 `parquet:"auscult_duration_ms,optional"`
	TTFB           *float64 `parquet:"auscult_ttfb_ms,optional"`
	GRPC           *int64   `parquet:"rpc_grpc_status_code,optional"`
	Asked          *int64   `parquet:"auscult_request_messages,optional"`
	Answered       *int64   `parquet:"auscult_response_messages,optional"`
	AskedBytes     *int64   `parquet:"auscult_request_message_bytes,optional"`
	AnsweredBytes  *int64   `parquet:"auscult_response_message_bytes,optional"`
	Principal      string   `parquet:"auscult_principal_id,optional,dict"`
	Kind           string   `parquet:"auscult_principal_kind,optional,dict"`
	Issuer         string   `parquet:"auscult_principal_issuer,optional,dict"`
	App            string   `parquet:"auscult_principal_client,optional,dict"`
	Role           string   `parquet:"auscult_principal_role,optional,dict"`
	Strength       *int64   `parquet:"auscult_principal_strength,optional"`
	Objects        []object `parquet:"auscult_objects,list"`
	Classes        []string `parquet:"auscult_phi_classes,optional,list"`
	People         *int64   `parquet:"auscult_phi_people,optional"`
	Records        *int64   `parquet:"auscult_phi_records,optional"`
	Bytes          *int64   `parquet:"auscult_phi_bytes,optional"`
	Interaction    string   `parquet:"auscult_fhir_interaction,optional,dict"`
	Type           string   `parquet:"auscult_fhir_type,optional,dict"`
	Entries        *int64   `parquet:"auscult_fhir_entries,optional"`
	Total          *int64   `parquet:"auscult_fhir_total,optional"`
	Marks          []string `parquet:"auscult_marks,optional,list"`
	Loss           []string `parquet:"auscult_loss,optional,list"`
}

type object struct {
	Type  string `parquet:"type,dict"`
	ID    string `parquet:"id"`
	Where string `parquet:"where,dict"`
}

// encoder turns calls into rows.
type encoder struct {
	names *pseudonym.Names
	seed  uint16
	buf   []byte
}

// text is what f appends, as a string.
func (e *encoder) text(f func(dst []byte) []byte) string {
	e.buf = f(e.buf[:0])
	return string(e.buf)
}

// word is a word of the protocol as it may be shown.
func (e *encoder) word(s string) string {
	if s == "" {
		return ""
	}
	return e.text(func(b []byte) []byte { return e.names.Word(b, s) })
}

// row is c. Nothing of c is in it.
func (e *encoder) row(c *call.Call) row {
	e.names.At(c.Start)
	client := netip.AddrPortFrom(c.Client.Addr.IP(), c.Client.Port)
	server := netip.AddrPortFrom(c.Server.Addr.IP(), c.Server.Port)
	flow, dir := packet.NewFlow(client, server)
	r := row{Timestamp: int64(c.Start), Connection: connection(c.Conn), Client: client.Addr().String(), ClientPort: int32(client.Port()),
		Server: server.Addr().String(), ServerPort: int32(server.Port()), Protocol: "http", Version: ocsf.VersionName(c.Version), Stream: int64(c.Stream),
		Status: int32(c.Status), RequestSize: c.ReqWire, RequestDecoded: c.ReqDec}
	r.CommunityID = e.text(func(b []byte) []byte { return packet.AppendCommunityID(b, &flow, dir, e.seed) })
	if o := &c.Outer; o.Encap != packet.NoEncap {
		r.Tunnel, r.TunnelFrom, r.TunnelTo, r.TunnelID = o.Encap.String(), o.Src.IP().String(), o.Dst.IP().String(), number(int64(o.ID))
	}
	if c.Forwarded != "" {
		r.Forwarded = e.text(func(b []byte) []byte { return e.names.Addresses(b, c.Forwarded) })
	}
	e.request(&r, c)
	answer(&r, c)
	e.principal(&r, &c.Principal)
	e.found(&r, c)
	return r
}

func (e *encoder) request(r *row, c *call.Call) {
	n := e.names
	switch {
	case c.Method == "":
	case sink.KnownMethod(c.Method):
		r.Method = c.Method
	default:
		r.Method, r.MethodSent = "_OTHER", e.word(c.Method)
	}
	r.Host = e.word(c.Host)
	if c.Path != "" {
		r.Path = e.text(func(b []byte) []byte { return n.Path(b, c) })
	}
	if c.Query != "" {
		r.Query = e.text(func(b []byte) []byte { return n.Query(b, c) })
	}
	if n.Reveal {
		r.Original = strings.Clone(c.Target)
	}
	if c.Route != "" {
		r.Route = e.text(func(b []byte) []byte { return n.Route(b, c) })
	}
	if c.UserAgent != "" {
		r.Agent = e.text(func(b []byte) []byte { return n.Agent(b, c.UserAgent) })
	}
}

func answer(r *row, c *call.Call) {
	sizes := [2]int64{c.RespWire, c.RespDec}
	if c.Status == 101 { // what follows is not content (RFC 9110 section 15.2.2)
		r.RequestSize, r.RequestDecoded, sizes = 0, 0, [2]int64{}
	}
	if c.Status != 0 { // null means not seen, never 0
		r.AnswerSize, r.AnswerDecoded = number(sizes[0]), number(sizes[1])
		r.Duration, r.TTFB = millis(int64(c.Duration)), millis(int64(c.TTFB))
	}
	if code, ok := c.GRPC.Status(); ok {
		r.GRPC = number(int64(code))
	}
	if c.Messages[0]+c.Messages[1] > 0 {
		r.Asked, r.Answered = number(c.Messages[0]), number(c.Messages[1])
		if c.Status == 101 {
			r.AskedBytes, r.AnsweredBytes = number(c.ReqDec), number(c.RespDec)
		}
	}
}

func (e *encoder) principal(r *row, p *call.Principal) {
	if p.ID == "" {
		return
	}
	r.Principal = e.text(func(b []byte) []byte { return e.names.User(b, p) })
	r.Kind, r.Issuer, r.Role, r.Strength = p.Kind.String(), e.word(p.Issuer), e.word(p.Role), number(int64(p.Strength))
	if p.Client != "" {
		r.App = e.text(func(b []byte) []byte { return e.names.App(b, p.Client) })
	}
}

func (e *encoder) found(r *row, c *call.Call) {
	r.Objects = make([]object, len(c.Objects))
	for i := range c.Objects {
		o := &c.Objects[i]
		r.Objects[i] = object{e.text(func(b []byte) []byte { return e.names.Type(b, c, o) }), e.text(func(b []byte) []byte { return e.names.Object(b, o.ID) }), o.Where.String()}
	}
	if c.PHI.Bytes > 0 || c.PHI.Classes != 0 {
		r.Classes = append([]string{}, c.PHI.Classes.Names()...)
		r.People, r.Records, r.Bytes = number(int64(c.PHI.People)), number(int64(c.PHI.Records)), number(c.PHI.Bytes)
	}
	if f := &c.FHIR; f.Interaction != "" {
		r.Interaction, r.Type, r.Entries = e.word(f.Interaction), e.word(f.Type), number(int64(f.Entries))
		if f.Total >= 0 {
			r.Total = number(f.Total)
		}
	}
	if c.Marks != 0 {
		r.Marks = list(ocsf.AppendMarks(e.buf[:0], c.Marks))
	}
	if c.Loss != 0 {
		r.Loss = list(ocsf.AppendLoss(e.buf[:0], c.Loss))
	}
}

// list is a JSON list of words, which few calls have.
func list(text []byte) (words []string) {
	json.Unmarshal(text, &words) // it was written just now
	return words
}

func number(v int64) *int64 { return &v }

// millis is ns as milliseconds with three decimals, as calls.jsonl has it.
func millis(ns int64) *float64 {
	ms := float64(ns/1000) / 1000
	return &ms
}

func connection(id uint64) string {
	text := strconv.FormatUint(id, 16)
	return "0000000000000000"[len(text):] + text
}
