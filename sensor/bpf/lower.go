package bpf

import (
	"fmt"

	"auscult/sensor/packet"
)

// header is how a link layer tells the protocol of what it carries.
type header uint8

const (
	etherType  header = iota // an EtherType
	pppType                  // a PPP protocol number (RFC 1661), two bytes
	family                   // an address family of the host that captured, in either byte order
	familyBig                // the same in network byte order
	version                  // the first half byte of what it carries
	alwaysIP                 // nothing: it is IPv4
	alwaysIPv6               // nothing: it is IPv6
)

// link is a link layer: where the protocol and the packet stand in a frame.
type link struct {
	name    string
	header  header
	typeAt  uint32
	payload uint32
}

// links are the link types that frames are filtered by.
var links = map[packet.LinkType]link{
	packet.LinkNull:     {"BSD loopback", family, 0, 4},
	packet.LinkLoop:     {"OpenBSD loopback", familyBig, 0, 4},
	packet.LinkEthernet: {"Ethernet", etherType, 12, 14},
	packet.LinkPPP:      {"PPP", pppType, 2, 4},
	packet.LinkRaw12:    {"raw IP", version, 0, 0},
	packet.LinkRaw14:    {"raw IP", version, 0, 0},
	packet.LinkRaw:      {"raw IP", version, 0, 0},
	packet.LinkIPv4:     {"raw IPv4", alwaysIP, 0, 0},
	packet.LinkIPv6:     {"raw IPv6", alwaysIPv6, 0, 0},
	packet.LinkSLL:      {"Linux cooked", etherType, 14, 16},
	packet.LinkSLL2:     {"Linux cooked v2", etherType, 0, 20},
}

// families are the address families of IPv6: Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
var families = [...]uint32{10, 23, 24, 28, 30}

// lowering turns the syntax tree into conditions on a frame. vlan, mpls and pppoes move the offsets of all that stands
// to the right of them in the expression, as in libpcap, whether or not they are negated.
type lowering struct {
	*graph
	link
	ethernet bool   // it is Ethernet, and not what a tunnel in it carries
	start    uint32 // of the link layer's header
	labels   int    // of MPLS, stand between the link layer and the packet
	stack    uint32 // their length in bytes
	aside    bool   // the first VLAN tag is not in the frame
	tags     int    // that vlan has asked for
}

func newLowering(g *graph, t packet.LinkType) *lowering {
	return &lowering{graph: g, link: links[t], ethernet: t == packet.LinkEthernet}
}

func wrong(t token, format string, args ...any) error {
	return &Error{Word: t.text, Column: t.at + 1, What: fmt.Sprintf(format, args...)}
}

func (l *lowering) lower(n *node) (*cond, error) {
	switch n.op {
	case opPrimitive:
		return l.group([]*node{n})
	case opRelation:
		return l.relation(n.rel)
	case opOr:
		return l.either(n)
	}
	left, err := l.lower(n.l)
	if err != nil {
		return nil, err
	}
	if n.op == opNot {
		return not(left), nil
	}
	right, err := l.lower(n.r)
	if err != nil {
		return nil, err
	}
	if len(l.tests) > maxTests {
		return nil, &Error{What: "needs more tests than a program may have; split it or write nets for hosts"}
	}
	return and(left, right), nil
}

// maxTests bounds the work on expressions that would be refused for their length in the end: a test is an instruction.
const maxTests = 2 * maxInstructions

// primitive lowers one condition of those that never join.
func (l *lowering) primitive(p *primitive, at token) (*cond, error) {
	switch p.what {
	case asksProto:
		return l.carries(etherTypes[p.proto], at)
	case asksEtherProto:
		return l.carries(p.lo, at)
	case asksEther:
		return l.stations(p, at)
	case asksBroadcast:
		return l.stations(&primitive{dir: dst, mac: [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, at)
	case asksMulticast:
		return l.multicast(p.proto, at)
	}
	return l.tunnel(p, at)
}

// carries asks for the protocol of what the link layer, or the MPLS labels, carry.
func (l *lowering) carries(etherProto uint32, at token) (*cond, error) {
	if l.labels > 0 {
		return l.labelled(etherProto, at)
	}
	switch l.header {
	case pppType:
		switch etherProto {
		case etherIP:
			etherProto = 0x0021
		case etherIP6:
			etherProto = 0x0057
		case etherMPLS:
			etherProto = 0x0281
		}
	case family, familyBig:
		return l.ofFamily(etherProto), nil
	case version:
		switch etherProto {
		case etherIP:
			return l.version(4, l.payload), nil
		case etherIP6:
			return l.version(6, l.payload), nil
		}
		return truth(false), nil
	case alwaysIP:
		return truth(etherProto == etherIP), nil
	case alwaysIPv6:
		return truth(etherProto == etherIP6), nil
	}
	if l.aside && l.typeAt == 12 && etherProto != etherVLAN && etherProto != etherQinQ {
		return truth(false), nil // the kernel takes no other tags out
	}
	return l.test(l.load(l.typeAt, 2), jeq, etherProto), nil
}

func (l *lowering) version(v, at uint32) *cond {
	return l.test(l.compute(aluAnd, l.load(at, 1), l.constant(0xf0)), jeq, v<<4)
}

func (l *lowering) ofFamily(etherProto uint32) *cond {
	var numbers []uint32
	switch etherProto {
	case etherIP:
		numbers = []uint32{2}
	case etherIP6:
		numbers = families[:]
	}
	any, v := truth(false), l.load(0, 4)
	for _, n := range numbers {
		if l.header == family {
			any = or(any, l.test(v, jeq, n<<24))
		}
		any = or(any, l.test(v, jeq, n))
	}
	return any
}

// labelled asks for the packet behind the last label of the stack, which names no protocol (RFC 3032).
func (l *lowering) labelled(etherProto uint32, at token) (*cond, error) {
	v := uint32(4)
	switch etherProto {
	case etherIP:
	case etherIP6:
		v = 6
	default:
		return nil, wrong(at, "only ip and ip6 can be asked for behind mpls")
	}
	bottom := l.test(l.load(l.network()-2, 1), jset, 1)
	return and(bottom, l.version(v, l.network())), nil
}

// network is where the packet begins that the link layer carries.
func (l *lowering) network() uint32 { return l.payload + l.stack }

// tunnel is vlan, mpls and pppoes, which move all offsets behind them.
func (l *lowering) tunnel(p *primitive, at token) (*cond, error) {
	switch p.what {
	case asksVLAN:
		return l.vlan(p, at)
	case asksMPLS:
		return l.mpls(p, at)
	}
	c, err := l.carries(etherPPPoES, at)
	if err != nil {
		return nil, err
	}
	if p.has {
		session := l.compute(aluAnd, l.load(l.payload, 4), l.constant(0xffff))
		c = and(c, l.test(session, jeq, p.lo))
	}
	l.start = l.payload + 6
	l.link = link{"PPP in PPPoE", pppType, l.start, l.start + 2}
	l.ethernet = false
	return c, nil
}

func (l *lowering) vlan(p *primitive, at token) (*cond, error) {
	if !l.ethernet || l.labels > 0 {
		return nil, wrong(at, "%s has no VLAN tags here", l.name)
	}
	c := truth(true)
	if !l.aside || l.tags > 0 {
		v := l.load(l.typeAt, 2)
		c = or(or(l.test(v, jeq, etherVLAN), l.test(v, jeq, etherQinQ)), l.test(v, jeq, etherQinQ91))
	}
	if p.has {
		id := l.compute(aluAnd, l.load(l.payload, 2), l.constant(0x0fff))
		c = and(c, l.test(id, jeq, p.lo))
	}
	l.tags++
	l.typeAt += 4
	l.payload += 4
	return c, nil
}

func (l *lowering) mpls(p *primitive, at token) (*cond, error) {
	var c *cond
	switch {
	case l.labels > 0:
		c = not(l.test(l.load(l.network()-2, 1), jset, 1))
	case l.ethernet || l.header == pppType:
		var err error
		if c, err = l.carries(etherMPLS, at); err != nil {
			return nil, err
		}
	default:
		return nil, wrong(at, "%s carries no MPLS", l.name)
	}
	if p.has {
		label := l.compute(aluAnd, l.load(l.network(), 4), l.constant(0xfffff000))
		c = and(c, l.test(label, jeq, p.lo<<12))
	}
	l.labels++
	l.stack += 4
	return c, nil
}
