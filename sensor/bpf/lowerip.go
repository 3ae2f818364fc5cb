package bpf

import "encoding/binary"

// number asks for a protocol number in ip, in ip6, or in either. In ip6 it may stand behind a fragment header.
func (l *lowering) number(all []*primitive, at token) (*cond, error) {
	family := all[0].proto
	is := func(v value) *cond {
		any := truth(false)
		for _, p := range all {
			any = or(any, l.test(v, jeq, p.lo))
		}
		return any
	}
	four, six := truth(false), truth(false)
	if family != ip6 {
		c, err := l.carries(etherIP, at)
		if err != nil {
			return nil, err
		}
		four = and(c, is(l.load(l.network()+9, 1)))
	}
	if family != ip {
		c, err := l.carries(etherIP6, at)
		if err != nil {
			return nil, err
		}
		next := l.load(l.network()+6, 1)
		behind := and(l.test(next, jeq, 44), is(l.load(l.network()+40, 1)))
		six = and(c, or(is(next), behind))
	}
	return or(four, six), nil
}

// ends joins what is asked of source and destination.
func ends(d dir, ask func(end dir) *cond) *cond {
	switch d {
	case src, dst:
		return ask(d)
	case bothEnds:
		return and(ask(src), ask(dst))
	}
	return or(ask(src), ask(dst))
}

// net asks for addresses: IPv4 in ip, arp and rarp, or in that one of them that was named, and IPv6 in ip6.
func (l *lowering) net(all []*primitive, at token) (*cond, error) {
	p := all[0]
	if p.what == asksNet && p.prefix.Addr().Is6() {
		c, err := l.carries(etherIP6, at)
		return and(c, ends(p.dir, func(end dir) *cond {
			any := truth(false)
			for _, p := range all {
				any = or(any, l.prefix6(p, end))
			}
			return any
		})), err
	}
	any := truth(false)
	for _, in := range [...]struct {
		proto          proto
		source, target uint32
	}{{ip, 12, 16}, {arp, 14, 24}, {rarp, 14, 24}} {
		if p.proto != noProto && p.proto != in.proto || p.proto == noProto && in.proto != ip && l.labels > 0 {
			continue
		}
		c, err := l.carries(etherTypes[in.proto], at)
		if err != nil {
			return nil, err
		}
		any = or(any, and(c, ends(p.dir, func(end dir) *cond {
			offset := in.source
			if end == dst {
				offset = in.target
			}
			any := truth(false)
			for _, p := range all {
				any = or(any, l.masked(offset, p.addr, p.mask))
			}
			return any
		})))
	}
	return any, nil
}

// masked asks for four bytes of the packet.
func (l *lowering) masked(offset, want, mask uint32) *cond {
	switch v := l.load(l.network()+offset, 4); mask {
	case 0:
		return truth(true)
	case 0xffffffff:
		return l.test(v, jeq, want)
	default:
		return l.test(l.compute(aluAnd, v, l.constant(mask)), jeq, want)
	}
}

func (l *lowering) prefix6(p *primitive, end dir) *cond {
	offset := uint32(8)
	if end == dst {
		offset = 24
	}
	all, a := truth(true), p.prefix.Addr().As16()
	for i := 0; i < 16; i += 4 {
		bits := min(max(p.prefix.Bits()-8*i, 0), 32)
		all = and(all, l.masked(offset+uint32(i), binary.BigEndian.Uint32(a[i:]), uint32(0xffffffff<<(32-bits))))
	}
	return all
}

// port asks for ports. In ip they stand in first fragments only; in ip6 right behind its header only.
func (l *lowering) port(all []*primitive, at token) (*cond, error) {
	p := all[0]
	protos := []proto{p.proto}
	if p.proto == noProto {
		protos = []proto{sctp, tcp, udp}
	}
	c6, err := l.carries(etherIP6, at)
	if err != nil {
		return nil, err
	}
	c4, err := l.carries(etherIP, at)
	if err != nil {
		return nil, err
	}
	network := l.network()
	six, four := truth(false), truth(false)
	for _, pr := range protos {
		n := protoNumbers[pr]
		is6 := l.test(l.load(network+6, 1), jeq, n)
		six = or(six, and(is6, l.inRange(all, func(offset uint32) value { return l.load(network+40+offset, 2) })))
		is4 := and(l.test(l.load(network+9, 1), jeq, n), l.firstFragment())
		four = or(four, and(is4, l.inRange(all, func(offset uint32) value { return l.loadAt(l.headerLength(), network+offset, 2) })))
	}
	return or(and(c6, six), and(c4, four)), nil
}

func (l *lowering) inRange(all []*primitive, port func(offset uint32) value) *cond {
	return ends(all[0].dir, func(end dir) *cond {
		v := port(0)
		if end == dst {
			v = port(2)
		}
		any := truth(false)
		for _, p := range all {
			if p.lo == p.hi {
				any = or(any, l.test(v, jeq, p.lo))
				continue
			}
			any = or(any, and(l.test(v, jge, p.lo), not(l.test(v, jgt, p.hi))))
		}
		return any
	})
}

// firstFragment asks that an IPv4 packet holds the header of its transport protocol.
func (l *lowering) firstFragment() *cond {
	return not(l.test(l.load(l.network()+6, 2), jset, 0x1fff))
}

// stations asks for Ethernet addresses. The lower four bytes come first: they differ more.
func (l *lowering) stations(p *primitive, at token) (*cond, error) {
	if !l.ethernet {
		return nil, wrong(at, "%s has no Ethernet addresses", l.name)
	}
	return ends(p.dir, func(end dir) *cond {
		offset := l.start
		if end == src {
			offset += 6
		}
		low := l.test(l.load(offset+2, 4), jeq, binary.BigEndian.Uint32(p.mac[2:]))
		return and(low, l.test(l.load(offset, 2), jeq, uint32(binary.BigEndian.Uint16(p.mac[:]))))
	}), nil
}

func (l *lowering) multicast(p proto, at token) (*cond, error) {
	if p == ether {
		if !l.ethernet {
			return nil, wrong(at, "%s has no Ethernet addresses", l.name)
		}
		return l.test(l.load(l.start, 1), jset, 1), nil
	}
	c, err := l.carries(etherTypes[p], at)
	if err != nil {
		return nil, err
	}
	if p == ip {
		return and(c, l.test(l.load(l.network()+16, 1), jge, 224)), nil
	}
	return and(c, l.test(l.load(l.network()+24, 1), jeq, 255)), nil
}
