package bpf

import (
	"net/netip"
	"strconv"
	"strings"
)

func (p *parser) host(prim *primitive, t token) error {
	switch {
	case t.kind == end:
		return p.wrong(t, "an address is missing")
	case t.kind == mac && prim.proto == ether:
		prim.what, prim.mac = asksEther, t.ether
		return nil
	case t.kind == mac:
		return p.wrong(t, "an Ethernet address; write ether host")
	case prim.proto == ether:
		return p.wrong(t, "not an Ethernet address, which ether asks for")
	case t.kind == dotted && t.parts < 4:
		return p.wrong(t, "not a whole address; write net")
	case t.kind == dotted || t.kind == colons:
		if p.is("/", "mask") {
			return p.wrong(p.tokens[p.pos-1], "a net, not a host; write net before the address")
		}
		prim.ask(netip.PrefixFrom(t.addr, t.addr.BitLen()))
		return p.family(prim, t)
	case t.kind == number:
		return p.wrong(t, "not an address")
	case t.kind == word && (keywords[t.text] || protocols[t.text] != noProto):
		return p.wrong(t, "an address must stand here")
	}
	return p.wrong(t, "host names are not looked up; give the address")
}

// ask sets the net that is asked for.
func (prim *primitive) ask(prefix netip.Prefix) {
	prim.what, prim.prefix = asksNet, prefix
	if prefix.Addr().Is4() {
		prim.addr, prim.mask = word32(prefix.Addr()), uint32(0xffffffff<<(32-prefix.Bits()))
	}
}

// family checks that an address is of the protocol that was asked for.
func (p *parser) family(prim *primitive, t token) error {
	if six := t.addr.Is6(); six && prim.proto != noProto && prim.proto != ip6 {
		return p.wrong(t, "an IPv6 address, which only ip6 has")
	} else if !six && prim.proto == ip6 {
		return p.wrong(t, "an IPv4 address, which ip6 has not")
	}
	return nil
}

func (p *parser) net(prim *primitive, t token) error {
	if t.kind == number && t.value < 256 {
		t.kind, t.parts, t.addr = dotted, 1, netip.AddrFrom4([4]byte{byte(t.value)})
	}
	if t.kind != dotted && t.kind != colons {
		return p.wrong(t, "names of nets are not looked up; give the net, like 10.1.0.0/16")
	}
	if err := p.family(prim, t); err != nil {
		return err
	}
	bits := t.addr.BitLen()
	if t.kind == dotted {
		bits = 8 * t.parts
	}
	switch {
	case p.is("/"):
		n := p.next()
		if n.kind != number || n.value > uint32(t.addr.BitLen()) {
			return p.wrong(n, "the length of a prefix is a number up to %d", t.addr.BitLen())
		}
		bits = int(n.value)
	case t.kind == dotted && p.is("mask"):
		m := p.next()
		if m.kind != dotted {
			return p.wrong(m, "a mask like 255.255.0.0 must stand here")
		}
		prim.what, prim.addr, prim.mask = asksMasked, word32(t.addr), word32(m.addr)
		if prim.addr&^prim.mask != 0 {
			return p.wrong(t, "has bits outside of the mask %s", m.text)
		}
		return nil
	}
	prim.ask(netip.PrefixFrom(t.addr, bits))
	if prim.prefix.Masked().Addr() != t.addr {
		return p.wrong(t, "has bits outside of the prefix of %d bits; write net %s", bits, prim.prefix.Masked())
	}
	return nil
}

func (p *parser) port(prim *primitive, t token, ranged bool) error {
	prim.what = asksPort
	if t.kind == number {
		prim.lo, prim.hi = t.value, t.value
		if t.value > 65535 {
			return p.wrong(t, "more than 65535")
		}
		return nil
	}
	if ranged {
		lo, hi, ok := strings.Cut(t.text, "-")
		a, errA := strconv.ParseUint(lo, 10, 16)
		b, errB := strconv.ParseUint(hi, 10, 16)
		if !ok || errA != nil || errB != nil || t.kind != word {
			return p.wrong(t, "not a range of ports like 8000-8999")
		}
		prim.lo, prim.hi = uint32(min(a, b)), uint32(max(a, b))
		return nil
	}
	s, ok := services[t.text]
	if !ok || t.kind != word && t.kind != escaped {
		return p.wrong(t, "not a port that is known; give its number")
	}
	if s.proto != noProto && prim.proto != noProto && prim.proto != s.proto {
		return p.wrong(t, "a port of another protocol; give its number")
	}
	if prim.proto == noProto {
		prim.proto = s.proto
	}
	prim.lo, prim.hi = s.port, s.port
	return nil
}

func (p *parser) number(prim *primitive, t token) error {
	prim.what = asksNumber
	names, most := protoNames, uint32(255)
	if prim.proto == ether {
		prim.what, names, most = asksEtherProto, etherNames, 65535
	}
	if t.kind == number {
		prim.lo = t.value
		switch {
		case t.value > most:
			return p.wrong(t, "more than %d", most)
		case prim.proto == ether && (t.value < 0x600 || t.value == 0x809b || t.value == 0x80f3 || t.value == 0x8137):
			return p.wrong(t, "802.2 and the protocols that use it cannot be asked for")
		}
		return nil
	}
	n, ok := names[t.text]
	switch {
	case t.kind == word && (protocols[t.text] != noProto && t.text != "gre"):
		return p.wrong(t, `also a keyword; write \%s`, t.text)
	case !ok || t.kind != word && t.kind != escaped:
		if what := unsupported[t.text]; what != "" {
			return p.wrong(t, "not supported: %s", what)
		}
		return p.wrong(t, "not a protocol that is known; give its number")
	}
	prim.lo = n
	return nil
}

func word32(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
