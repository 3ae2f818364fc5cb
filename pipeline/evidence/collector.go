package evidence

import (
	"context"
	"net/netip"
	"slices"

	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// Collector is a sink of alerts that notes which connections show each incident, and when. One goroutine.
type Collector struct {
	cfg       Config
	incidents []*incident
	byUID     map[string]*incident
	refused   map[string]bool // incidents past MaxIncidents
}

// incident is what is to be kept of one.
type incident struct {
	uid   string
	conns []*connection
	byID  map[uint64]*connection
	shown map[call.Order]bool // calls that were noted
	more  map[uint64]bool     // connections past MaxConnections
	fresh int                 // calls that were noted since the last slice
	calls int                 // calls that show it, where that is not all that are known
}

// connection is one connection of an incident: what shows the incident in it.
type connection struct {
	flow     packet.Flow
	start    clock.Time     // of the first call shown
	from, to clock.Time     // its packets are kept from <= t <= to
	whole    bool           // from its first packet
	begins   []packet.Where // the packets that the calls begin with
	noted    clock.Time     // when the first of them was known
}

// maxRefused bounds the incidents past MaxIncidents that are told apart, to be counted once.
const maxRefused = 1 << 16

// NewCollector is an empty Collector.
func NewCollector(cfg Config) *Collector {
	return &Collector{cfg: cfg, byUID: map[string]*incident{}, refused: map[string]bool{}}
}

// Refused is how many incidents keep nothing because there were MaxIncidents before them.
func (c *Collector) Refused() int { return len(c.refused) }

// Len is how many incidents keep packets.
func (c *Collector) Len() int { return len(c.incidents) }

// Write notes the calls that alerts show.
func (c *Collector) Write(_ context.Context, batch []alert.Alert) error {
	for i := range batch {
		a := &batch[i]
		if len(a.Signal.Evidence) == 0 {
			continue // it is about no call
		}
		in := c.byUID[a.UID]
		if in == nil {
			if len(c.incidents) == c.cfg.MaxIncidents {
				if len(c.refused) < maxRefused {
					c.refused[a.UID] = true
				}
				continue
			}
			in = &incident{uid: a.UID, byID: map[uint64]*connection{}, shown: map[call.Order]bool{}, more: map[uint64]bool{}}
			c.byUID[a.UID] = in
			c.incidents = append(c.incidents, in)
		}
		for j := range a.Signal.Evidence {
			e := &a.Signal.Evidence[j]
			in.note(&c.cfg, e.Order, &e.Call)
		}
	}
	return nil
}

// Close is there for a sink; what was noted stays.
func (c *Collector) Close() error { return nil }

// note takes one call that shows the incident.
func (in *incident) note(cfg *Config, known call.Order, c *call.Call) {
	if in.shown[known] {
		return
	}
	conn := in.byID[c.Conn]
	if conn == nil {
		if len(in.conns) == cfg.MaxConnections {
			if len(in.more) < maxRefused {
				in.more[c.Conn] = true
			}
			return
		}
		flow, _ := packet.NewFlow(netip.AddrPortFrom(c.Client.Addr.IP(), c.Client.Port), netip.AddrPortFrom(c.Server.Addr.IP(), c.Server.Port))
		conn = &connection{flow: flow, start: c.Start, from: c.Start, to: known.Time, noted: known.Time}
		in.byID[c.Conn] = conn
		in.conns = append(in.conns, conn)
	}
	in.shown[known] = true
	in.fresh++
	conn.start = min(conn.start, c.Start)
	conn.from = min(conn.from, c.Start.Add(-cfg.Before))
	conn.to = max(conn.to, known.Time.Add(cfg.After))
	conn.whole = conn.whole || c.Version == http.Version(20) || c.Secure.Version != "" || c.Kind != call.HTTP
	if !slices.Contains(conn.begins, c.Frames) {
		conn.begins = append(conn.begins, c.Frames)
	}
}
