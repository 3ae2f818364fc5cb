package replay

import (
	"math/bits"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Options of an interface description (draft-ietf-opsawg-pcapng section 4.2) that are read.
const (
	optEnd      = 0
	optName     = 2
	optTsresol  = 9
	optTsoffset = 14
)

// iface is one interface of a pcapng section: how its packets are stamped and framed.
type iface struct {
	link   packet.LinkType
	snap   uint32
	mul    uint64     // nanoseconds of one unit, or
	div    uint64     // units of one nanosecond; 0 when a unit is finer than 64 bits can count, or
	shift  uint       // a unit is 2^-shift seconds, when binary
	binary bool       // the resolution is a power of two
	offset clock.Time // what is added to every stamp
	name   string     // if_name; empty without one
}

// maxName is how long an interface's name may be, in bytes; a longer one is cut.
const maxName = 256

func (p *pcapng) declare(body []byte) error {
	if len(body) < 8 {
		return badly("an interface block of %d bytes", len(body))
	}
	if len(p.interfaces) == p.maxIfaces {
		return badly("a section declares more than max_interfaces (%d)", p.maxIfaces)
	}
	in := iface{link: packet.LinkType(p.u16(body)), snap: p.u32(body[4:])}
	in.resolution(6)
	for opts := body[8:]; len(opts) >= 4; {
		code, n := p.u16(opts), int(p.u16(opts[2:]))
		padded := (n + 3) &^ 3
		if code == optEnd || padded > len(opts)-4 {
			break
		}
		switch value := opts[4 : 4+n]; {
		case code == optTsresol && n == 1:
			in.resolution(value[0])
		case code == optTsoffset && n == 8:
			in.offset = p.seconds(value)
		case code == optName:
			in.name = string(value[:min(n, maxName)])
		}
		opts = opts[4+padded:]
	}
	p.interfaces = append(p.interfaces, in)
	return nil
}

// seconds reads a signed count of seconds, cut to what a stamp can hold.
func (p *pcapng) seconds(b []byte) clock.Time {
	hi, lo := p.u32(b), p.u32(b[4:])
	if !p.big {
		hi, lo = lo, hi
	}
	const most = int64(latest / 1e9)
	return clock.Time(min(max(int64(uint64(hi)<<32|uint64(lo)), -most), most)) * 1e9
}

// resolution sets the unit of stamps: 10^-n seconds, or 2^-n when the upper bit of n is set.
func (in *iface) resolution(n byte) {
	in.mul, in.div, in.shift, in.binary = 0, 0, uint(n&0x7f), n&0x80 != 0
	switch {
	case in.binary:
	case n <= 9:
		in.mul = pow10(9 - n)
	case n <= 28:
		in.div = pow10(n - 9)
	}
}

func pow10(n byte) uint64 {
	v := uint64(1)
	for range n {
		v *= 10
	}
	return v
}

// time is a stamp in nanoseconds, cut to the years 1970 to 2116.
func (in *iface) time(stamp uint64) clock.Time {
	var hi, ns uint64
	switch {
	case in.mul > 0:
		hi, ns = bits.Mul64(stamp, in.mul)
	case in.div > 0:
		ns = stamp / in.div
	case in.binary && in.shift < 64:
		hi, ns = bits.Mul64(stamp, 1e9)
		hi, ns = hi>>in.shift, hi<<(64-in.shift)|ns>>in.shift
	case in.binary:
		hi, _ = bits.Mul64(stamp, 1e9)
		hi, ns = 0, hi>>(in.shift-64)
	}
	if hi > 0 || ns > uint64(latest) {
		ns = uint64(latest)
	}
	return min(max(clock.Time(ns)+in.offset, 0), latest)
}
