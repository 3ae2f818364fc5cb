package bpf

import "net/netip"

// nodeOp is how a node of the syntax tree is made.
type nodeOp uint8

const (
	opAnd nodeOp = iota
	opOr
	opNot
	opPrimitive
	opRelation
)

// node is one step of an expression.
type node struct {
	op   nodeOp
	l, r *node // l alone for opNot
	prim *primitive
	rel  *relation
	at   token // the word that an error names
}

// what a primitive asks for.
type what uint8

const (
	asksProto      what = iota // proto itself
	asksNet                    // host or net: prefix
	asksMasked                 // net with a mask: addr, mask
	asksPort                   // lo to hi
	asksNumber                 // proto N: lo
	asksEther                  // ether host: mac
	asksBroadcast              // of the link
	asksMulticast              // of proto
	asksVLAN                   // lo when has
	asksMPLS                   // lo when has
	asksPPPoES                 // lo when has
	asksEtherProto             // lo
)

// dir is which end of a packet is meant.
type dir uint8

const (
	anyEnd dir = iota // src or dst
	src
	dst
	bothEnds // src and dst
)

// proto is a protocol that has a word of its own.
type proto uint8

const (
	noProto proto = iota
	ether
	ip
	ip6
	arp
	rarp
	tcp
	udp
	sctp
	icmp
	icmp6
	igmp
	pim
	vrrp
	ah
	esp
	gre
	pppoed
)

// primitive asks one thing of a frame.
type primitive struct {
	what   what
	proto  proto
	dir    dir
	prefix netip.Prefix
	addr   uint32 // and mask: of IPv4
	mask   uint32
	lo, hi uint32
	has    bool
	mac    [6]byte
}

// relation compares two computed values: by op, or by the opposite.
type relation struct {
	op      jump // jeq, jgt or jge
	negated bool // of the values alone: the frame must have them all the same
	l, r    *arith
}

// arithOp is how a value is computed.
type arithOp uint8

const (
	arithConst  arithOp = iota // value
	arithLength                // of the frame on the wire
	arithLoad                  // size bytes of proto's header, at l
	arithNeg                   // of l
	arithALU                   // l alu r
)

// arith is a computed value.
type arith struct {
	op    arithOp
	alu   alu
	l, r  *arith
	value uint32
	proto proto
	size  uint32
	at    token
}

// qualifiers are what stands before an id, and what a bare id after and/or takes over from the one before.
type qualifiers struct {
	known bool
	proto proto
	dir   dir
	addr  addrKind
}

// addrKind is what an id names.
type addrKind uint8

const (
	anHost addrKind = iota
	bareDir
	aNet
	aPort
	aRange
	aProto
)
