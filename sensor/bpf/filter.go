// Package bpf turns filter expressions, as people write them for tcpdump, into classic BPF programs: for the kernel
// to run on a socket, and for this package to run on the frames of a file. What is not understood whole is refused.
// A Filter and a Program never change once made and may be used from any goroutine.
package bpf

import (
	"fmt"

	"auscult/sensor/packet"
)

// Config bounds what an expression may cost.
type Config struct {
	// MaxLength is the longest expression, in bytes, that is read; a longer one is refused.
	MaxLength int `yaml:"max_length"`
	// MaxDepth is how deep parentheses, brackets and negations may nest; deeper ones are refused.
	MaxDepth int `yaml:"max_depth"`
	// MaxInstructions is the longest program, in instructions, that is made; an expression that needs more is
	// refused. The kernel takes 4096 (BPF_MAXINSNS).
	MaxInstructions int `yaml:"max_instructions"`
}

// Defaults suits lists of hundreds of hosts.
func Defaults() Config {
	return Config{MaxLength: 64 << 10, MaxDepth: 64, MaxInstructions: maxInstructions}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"max_length", c.MaxLength, 1, 1 << 20},
		{"max_depth", c.MaxDepth, 1, 1000},
		{"max_instructions", c.MaxInstructions, 2, maxInstructions},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.min, f.max)
		}
	}
	return nil
}

// maxInstructions is BPF_MAXINSNS of linux/bpf_common.h.
const maxInstructions = 4096

// Error says in one line what is wrong with an expression and where.
type Error struct {
	Word   string // what was not understood; empty when it is the end, or the expression as a whole
	Column int    // of its first byte, counted from 1; 0 when it is the expression as a whole
	What   string
}

func (e *Error) Error() string {
	switch {
	case e.Column == 0:
		return "filter: " + e.What
	case e.Word == "":
		return fmt.Sprintf("filter: at its end (column %d): %s", e.Column, e.What)
	}
	return fmt.Sprintf("filter: %q (column %d): %s", e.Word, e.Column, e.What)
}

// Filter is an expression that was understood.
type Filter struct {
	cfg  Config
	text string
	root *node // nil takes every frame
}

// Parse reads an expression; an empty one takes every frame. The error is an *Error.
//
// The language is a subset of pcap-filter(7), with libpcap 1.10 as its measure: host, net, port, portrange, proto, src,
// dst, protocols by name, ether host and proto, broadcast, multicast, less, greater, len, accessors with arithmetic
// and named constants, vlan, mpls, pppoes, and, or, not. What differs: gre is a word of its own; an accessor on the
// right of an operator asks for its protocol too, which libpcap forgets; on BSD loopback, ip6 knows the address family
// of every system; a service has the ports of the table here, not of /etc/services.
func Parse(cfg Config, text string) (*Filter, error) {
	if len(text) > cfg.MaxLength {
		return nil, &Error{What: fmt.Sprintf("%d bytes; max_length is %d", len(text), cfg.MaxLength)}
	}
	p := &parser{cfg: cfg, text: text}
	if err := p.scan(); err != nil {
		return nil, err
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Filter{cfg: cfg, text: text, root: root}, nil
}

// String is the expression as it was given.
func (f *Filter) String() string { return f.text }

// Tags says where the outermost VLAN tag of a frame stands when a program looks at it.
type Tags uint8

// The places of a tag.
const (
	// InFrame is how captures keep it.
	InFrame Tags = iota
	// Aside is how the Linux kernel shows a frame to the filter of a packet socket: the tag, if it was taken out,
	// stands in ancillary data (SKF_AD_VLAN_TAG of linux/filter.h). The program gives the verdict that the program
	// for InFrame gives on the frame with its tag put back, so that live and file agree.
	Aside
)

// Compile makes the program for frames of a link type. The error is an *Error: the link type is not known, the
// expression asks for what it has not, or the program would be too long.
func (f *Filter) Compile(link packet.LinkType, tags Tags) (*Program, error) {
	if f.root == nil {
		return &Program{code: []instruction{{op: opRet, k: accept}}}, nil
	}
	if _, ok := links[link]; !ok {
		return nil, &Error{What: fmt.Sprintf("frames of link type %d cannot be filtered", link)}
	}
	g := newGraph()
	l := newLowering(g, link)
	start, err := l.lower(f.root)
	if err != nil {
		return nil, err
	}
	entry := g.build(start, g.yes, g.no)
	if tags == Aside && link == packet.LinkEthernet {
		l = newLowering(g, link)
		l.aside = true
		tagged, err := l.lower(f.root)
		if err != nil {
			return nil, err
		}
		present := g.test(g.ancillary(adTagPresent), jeq, 0)
		entry = g.build(present, entry, g.build(tagged, g.yes, g.no))
	}
	return assemble(g, g.optimise(entry), f.cfg.MaxInstructions)
}
