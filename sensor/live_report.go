package main

import (
	"fmt"

	"auscult/sensor/capture"
	"auscult/sensor/tcp"
)

// link is one interface of a live run.
type link struct {
	Name     string `json:"name"`
	Received uint64 `json:"packets_received"` // by the kernel's count, lost ones too
	Packets  uint64 `json:"packets"`
	Bytes    uint64 `json:"bytes"`
	Dropped  uint64 `json:"dropped_by_kernel"`
	Missed   uint64 `json:"missed_by_card"`
	Freezes  uint64 `json:"freezes"`
	Tagged   uint64 `json:"tagged"`
	Giant    uint64 `json:"giant"`
	Hardware uint64 `json:"stamped_by_card"`
	Downs    uint64 `json:"downs"`

	// Of the connections whose packets came by it; beyond the 15th interface they count together.
	Flows      uint64 `json:"flows"`
	OneSided   uint64 `json:"flows_one_sided"`
	Duplicates uint64 `json:"duplicates"`
	Gaps       uint64 `json:"gaps"`
	Missing    uint64 `json:"bytes_missing"`
}

// String is the interface's line in the summary.
func (l *link) String() string {
	lost := "none lost"
	if n := l.Dropped + l.Missed; n > 0 {
		lost = fmt.Sprintf("%s lost, %.2g %%", grouped(n), 100*float64(n)/float64(l.Received+l.Missed))
	}
	line := fmt.Sprintf("%s: %s, %s", l.Name, counted(l.Packets, "packet"), lost)
	if l.Gaps > 0 {
		line += fmt.Sprintf(", %s missing in %s", counted(l.Missing, "byte"), counted(l.Gaps, "gap"))
	}
	if l.OneSided > 0 {
		line += fmt.Sprintf(", %s one-sided", counted(l.OneSided, "flow"))
	}
	if l.Duplicates > 0 {
		line += ", " + counted(l.Duplicates, "duplicate")
	}
	return line
}

// tookIn is the intake of interfaces, whose connections counted t.
func tookIn(s capture.Stats, t *tcp.Stats) intake {
	in := intake{inputs: []input{}, unread: []string{}, notices: []string{}}
	for n, i := range s.Interfaces {
		c := &t.Inputs[min(n, tcp.MaxInputs-1)]
		in.links = append(in.links, link{i.Name, i.Received, i.Packets, i.Bytes, i.Dropped, i.Missed, i.Freezes, i.Tagged, i.Giant, i.Hardware, i.Downs,
			c.Opened, c.OneSided, c.Duplicates, c.Gaps, c.LostBytes})
		for _, c := range interfaceLosses {
			in.lost = append(in.lost, loss{"capture: " + i.Name + ": " + c.text, c.unit, *c.of(&i)})
		}
	}
	for _, c := range clockLosses {
		in.lost = append(in.lost, loss{"capture: " + c.text, c.unit, *c.of(&s)})
	}
	return in
}

// cause is one way to lose, or to bend, what is captured: its name in metrics, its words in the ledger, and its count.
type cause[S any] struct {
	name, text, unit string
	of               func(*S) *uint64
}

var interfaceLosses = [...]cause[capture.InterfaceStats]{
	{"kernel_dropped", "dropped by the kernel, the ring was full", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Dropped }},
	{"ring_frozen", "the ring was full", "times", func(i *capture.InterfaceStats) *uint64 { return &i.Freezes }},
	{"card_missed", "missed by the card, or dropped on the way to the ring", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Missed }},
	{"cut", "cut by the snap length", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Cut }},
	{"cut_bytes", "of these", "bytes", func(i *capture.InterfaceStats) *uint64 { return &i.CutBytes }},
	{"giant", "made of several by offloading, read as they are", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Giant }},
	{"outgoing", "sent by this machine, left out", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Outgoing }},
	{"malformed", "not where the ring says", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Malformed }},
	{"unread", "left in the ring at the end", "packets", func(i *capture.InterfaceStats) *uint64 { return &i.Unread }},
	{"down", "the interface went down or away", "times", func(i *capture.InterfaceStats) *uint64 { return &i.Downs }},
}

var clockLosses = [...]cause[capture.Stats]{
	{"time_held", "stamped earlier than the one before, given its time", "packets", func(s *capture.Stats) *uint64 { return &s.Held }},
	{"time_ahead", "stamped in the future, given the time they were read", "packets", func(s *capture.Stats) *uint64 { return &s.Ahead }},
	{"clock_set_back", "the clock was set back", "times", func(s *capture.Stats) *uint64 { return &s.Steps }},
}
