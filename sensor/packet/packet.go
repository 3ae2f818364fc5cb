// Package packet turns captured frames into TCP segments and the flows they belong to: link layers, tags, tunnels,
// IP headers and IP fragments. A Segment's payload points into the frame it was decoded from, or, when it came in
// fragments, into the Decoder, until its next Decode. Bad input is an outcome (Reason), counted by the caller,
// never an error.
package packet

import (
	"net/netip"

	"auscult/sensor/clock"
)

// LinkType is the link-layer header type of a frame, numbered as in the pcap registry (LINKTYPE_*).
type LinkType uint16

// Link types that are decoded.
const (
	LinkNull      LinkType = 0
	LinkEthernet  LinkType = 1
	LinkPPP       LinkType = 9
	LinkRaw12     LinkType = 12 // DLT_RAW as some BSDs and old tools write it
	LinkRaw14     LinkType = 14
	LinkPPPSerial LinkType = 50 // PPP in HDLC-like framing, or Cisco HDLC
	LinkPPPoE     LinkType = 51
	LinkRaw       LinkType = 101
	LinkCiscoHDLC LinkType = 104
	LinkLoop      LinkType = 108
	LinkEnc       LinkType = 109 // BSD enc(4): packets as IPsec sees them in the clear
	LinkSLL       LinkType = 113
	LinkMPLS      LinkType = 219
	LinkIPv4      LinkType = 228
	LinkIPv6      LinkType = 229
	LinkNFLOG     LinkType = 239
	LinkSLL2      LinkType = 276
)

// Where says where a frame came from, so that evidence can be cut out again: the index of the input (in the
// order the source lists its files or interfaces) and the byte offset of the frame's record in it, counted in
// the decompressed stream.
type Where struct {
	File   uint32
	Offset int64
}

// Raw is one frame as a source hands it over. Frame is valid until the source's next call. A Raw without a
// Frame only moves time, or brings Secrets, and then does not even that.
type Raw struct {
	Time    clock.Time
	Frame   []byte
	WireLen int // bytes on the wire; more than len(Frame) when the capture was cut by a snap length
	Link    LinkType
	Where   Where
	Secrets []byte // TLS key log lines that stood here in the capture (pcapng Decryption Secrets Block); no Frame then
}

// Encap is an encapsulation by which a mirror or an overlay network carries packets.
type Encap uint8

// Encapsulations that give a packet an outer identity.
const (
	NoEncap Encap = iota
	GRE
	ERSPAN1
	ERSPAN2
	ERSPAN3
	VXLAN
	GENEVE
	GTPU
	IPinIP // IPv4 or IPv6 in IPv4 or IPv6
	Teredo // IPv6 in UDP over IPv4 (RFC 4380)
)

var encapNames = [...]string{"", "gre", "erspan1", "erspan2", "erspan3", "vxlan", "geneve", "gtpu", "ipip", "teredo"}

func (e Encap) String() string { return encapNames[e] }

// Outer is the innermost encapsulation around a segment: its end points, and the network or session it names
// (VNI, ERSPAN session, GTP TEID, GRE key; 0 where it names none). The zero value is none.
type Outer struct {
	Src, Dst Addr
	ID       uint32
	Encap    Encap
}

// Addr is an IP address in 16 bytes; IPv4 is mapped (::ffff:a.b.c.d).
type Addr [16]byte

// IP is a as the standard library has it, IPv4 unmapped.
func (a Addr) IP() netip.Addr { return netip.AddrFrom16(a).Unmap() }

// Endpoint is one end of a TCP connection.
type Endpoint struct {
	Addr Addr
	Port uint16
}

// Flow is the pair of endpoints of a TCP connection in canonical order (A before B by address, then port), the
// same for both directions. It is comparable and may be a map key.
type Flow struct{ A, B Endpoint }

// Dir is the direction of a segment in its Flow.
type Dir uint8

// The two directions of a Flow.
const (
	AtoB Dir = 0
	BtoA Dir = 1
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// Src is the endpoint that sends in direction d.
func (f *Flow) Src(d Dir) Endpoint {
	if d == AtoB {
		return f.A
	}
	return f.B
}

// Flags are the TCP header flags (RFC 9293 section 3.1).
type Flags uint8

// TCP flags.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Segment is one TCP segment. Payload holds only bytes of the segment: Ethernet padding is cut off by the IP
// length. It is valid as long as the frame and until the next Decode. Cut is how many payload bytes the snap
// length took from its end.
type Segment struct {
	Flow    Flow
	Dir     Dir
	Seq     uint32
	Ack     uint32
	Flags   Flags
	Window  uint16
	Urgent  uint16
	Payload []byte
	Cut     int
	Scale   uint8 // of a SYN: its window scale option plus one (RFC 7323 section 2.2); 0 without one
	HasTime bool  // the timestamps option is there (RFC 7323 section 3)
	TSVal   uint32
	IPID    uint16 // IPv4 identification; 0 in IPv6
	Outer   *Outer // nil when it came without an encapsulation; valid until the next Decode
}

// Reason is the outcome of decoding a frame.
type Reason uint8

// What a frame can turn out to be. OK alone fills the Segment.
const (
	OK          Reason = iota
	NotIP              // ARP, LLDP, …
	NotTCP             // UDP, ICMP, …
	Truncated          // ends inside a header
	Malformed          // lengths that contradict each other
	Fragment           // an IP fragment whose datagram is not complete: kept and waiting, or given up (see Stats)
	UnknownLink        // a link type that is not decoded
	Tunnel             // an encapsulation that is not decoded
	BadChecksum        // with checksum verification on
	TooDeep            // more nested layers than the bound
	NumReasons
)

var reasonNames = [NumReasons]string{"ok", "not_ip", "not_tcp", "truncated", "malformed", "fragment", "unknown_link", "tunnel", "bad_checksum", "too_deep"}

func (r Reason) String() string { return reasonNames[r] }
