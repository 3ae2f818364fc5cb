package inspect

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"auscult/detectors/stats"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

const maxFlows = 50_000 // some 300 bytes each

// Flow is a connection that carried calls, TLS or MLLP.
type Flow struct {
	Connection string `json:"network.connection.id"`
	First      string `json:"first_seen"`
	Last       string `json:"last_seen"`
	Client     string `json:"client"`
	Server     string `json:"server"`
	Protocol   string `json:"protocol"` // HTTP's version, tls, mllp
	TLS        string `json:"tls.version,omitempty"`
	ServerName string `json:"tls.client.server_name,omitempty"`
	Principals int    `json:"principals"`
	Calls      uint64 `json:"calls"`
	Refusals   uint64 `json:"refusals"`
	Errors     uint64 `json:"errors"`       // 5xx
	Sent       int64  `json:"client.bytes"` // of content; of the stream for TLS and MLLP
	Received   int64  `json:"server.bytes"`
	Lossy      bool   `json:"lossy"` // something of it was not seen
}

type flow struct {
	Flow
	first, last clock.Time
	who         [4]uint64
}

// Flows keeps connections.
type Flows struct {
	names *pseudonym.Names
	limit int
	flows map[uint64]*flow
	list  []*flow
	past  stats.Distinct
}

// NewFlows keeps at most 50,000 connections, and prints limit of them.
func NewFlows(names *pseudonym.Names, limit int) *Flows {
	return &Flows{names: names.Clone(), limit: limit, flows: map[uint64]*flow{}}
}

// WriteCalls takes calls and connections, in order.
func (s *Flows) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c := &batch[i]
		if c.Running {
			continue
		}
		f := s.flows[c.Conn]
		if f == nil {
			if len(s.list) == maxFlows {
				s.past.Add(c.Conn)
				continue
			}
			f = &flow{Flow: Flow{Connection: strconv.FormatUint(c.Conn, 16), Client: address(c.Client), Server: address(c.Server)}, first: c.Start, last: c.Start}
			s.flows[c.Conn] = f
			s.list = append(s.list, f)
		}
		f.take(s.names, c)
	}
	return nil
}

func (f *flow) take(names *pseudonym.Names, c *call.Call) {
	f.first, f.last = min(f.first, c.Start), max(f.last, c.Start+c.Duration)
	f.Lossy = f.Lossy || c.Loss != 0
	if c.Kind == call.LinkOnly {
		if f.Protocol == "" {
			f.Protocol = c.Link.Protocol
		}
		f.TLS, f.ServerName = c.Link.TLS.Version, string(names.Word(nil, c.Link.TLS.ServerName))
		f.Sent, f.Received = c.Link.Bytes[0], c.Link.Bytes[1]
		return
	}
	f.Calls++
	switch {
	case c.Refused():
		f.Refusals++
	case c.Status >= 500:
		f.Errors++
	}
	f.Sent += c.ReqWire
	f.Received += c.RespWire
	if v := ocsf.VersionName(c.Version); c.Kind == call.MLLP {
		f.Protocol = "mllp"
	} else if v != "" {
		f.Protocol = "http/" + v
	}
	if key := c.Principal.Key; key != 0 && !slices.Contains(f.who[:], key) && f.Principals < len(f.who) {
		f.who[f.Principals] = key
		f.Principals++
	}
}

// Close does nothing.
func (s *Flows) Close() error { return nil }

// Flows are the connections by their first time.
func (s *Flows) Flows() []Flow {
	slices.SortFunc(s.list, func(a, b *flow) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.Connection, b.Connection))
	})
	out := make([]Flow, len(s.list))
	for i, f := range s.list {
		f.Flow.First, f.Flow.Last = rfc3339(f.first), rfc3339(f.last)
		out[i] = f.Flow
	}
	return out
}

// Print writes the table, in lines of at most width columns; 0 is any width.
func (s *Flows) Print(w io.Writer, width int) error {
	t := table{columns: []column{{name: "first"}, {name: "seconds", right: true}, {name: "client"}, {name: "server"}, {name: "protocol"}, {name: "tls"},
		{name: "name", cut: true}, {name: "who", right: true}, {name: "calls", right: true}, {name: "refused", right: true}, {name: "errors", right: true},
		{name: "sent", right: true}, {name: "received", right: true}, {name: "loss"}}}
	flows := s.Flows()
	for i, f := range s.list[:min(len(s.list), s.limit)] {
		who, lossy := some(f.Principals), "-"
		if f.Principals == len(f.who) {
			who += "+"
		}
		if f.Lossy {
			lossy = "yes"
		}
		t.rows = append(t.rows, []string{moment(f.first), strconv.FormatFloat(f.last.Sub(f.first).Seconds(), 'f', 1, 64), flows[i].Client, flows[i].Server, f.Protocol,
			cmp.Or(f.TLS, "-"), cmp.Or(f.ServerName, "-"), who, some(f.Calls), some(f.Refusals), some(f.Errors), some(f.Sent), some(f.Received), lossy})
	}
	if err := t.print(w, width); err != nil {
		return err
	}
	return left(w, uint64(len(s.list)-len(t.rows)+s.past.Len()), "connections")
}

// JSON writes each connection that is held as a line.
func (s *Flows) JSON(w io.Writer) error { return lines(w, s.Flows()) }

func lines[T any](w io.Writer, list []T) error {
	enc := json.NewEncoder(w)
	for i := range list {
		if err := enc.Encode(&list[i]); err != nil {
			return err
		}
	}
	return nil
}
