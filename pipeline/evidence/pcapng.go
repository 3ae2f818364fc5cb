package evidence

import (
	"encoding/binary"
	"fmt"
	"strings"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Blocks and options of a pcapng (draft-ietf-opsawg-pcapng sections 3.5 and 4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	byteOrder      = 0x1a2b3c4d

	optEnd        = 0
	optComment    = 1
	optName       = 2
	optResolution = 9
	optUserAppl   = 4

	maxName = 256 // bytes of an interface's name
)

// recordBytes is what a frame of n bytes takes in the file.
func recordBytes(n int) int64 { return 32 + int64(n+3)&^3 }

// file is a slice as a pcapng, and what its line of the index says of it.
type file struct {
	bytes       []byte
	packets     int
	first, last clock.Time
	conns       []conn
}

// conn is one connection of a slice in the index.
type conn struct {
	Community string `json:"community_uid"`
	Packets   int    `json:"packets"`
}

// encode writes sl as a pcapng section: its interfaces, then its packets in the order of the capture, stamped in
// nanoseconds. The section's comment names the incident, its connections and what is missing; that of the first packet
// of a connection names the connection. seed is that of the community ids.
func (sl *Slice) encode(seed uint16) file {
	f := file{}
	for _, p := range sl.parts {
		f.conns = append(f.conns, conn{Community: packet.CommunityID(&p.flow, packet.AtoB, seed)})
	}
	all, of := sl.inOrder()
	var links []Interface
	number := map[Interface]uint32{}
	for i := range all {
		in := all[i].in
		if _, known := number[in]; !known {
			number[in] = uint32(len(links))
			links = append(links, in)
		}
		f.conns[of[i]].Packets++
	}
	f.packets = len(all)
	if len(all) == 0 {
		return f
	}

	b := section(sl, f.conns)
	for _, in := range links {
		b = declaration(b, in)
	}
	said := make([]bool, len(sl.parts))
	for i := range all {
		r := &all[i]
		comment := ""
		if p := of[i]; !said[p] {
			said[p] = true
			comment = fmt.Sprintf("incident %s, connection %s", sl.UID, f.conns[p].Community)
		}
		b = r.append(b, number[r.in], comment)
		if i == 0 || r.time < f.first {
			f.first = r.time
		}
		f.last = max(f.last, r.time)
	}
	f.bytes = b
	return f
}

func section(sl *Slice, conns []conn) []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "incident %s", sl.UID)
	for _, c := range conns {
		if c.Packets > 0 {
			fmt.Fprintf(&text, "\nconnection %s, %d packets", c.Community, c.Packets)
		}
	}
	for _, l := range sl.lost() {
		fmt.Fprintf(&text, "\nmissing: %d %s, %s", l.Count, l.Unit, l.Cause)
	}
	le := binary.LittleEndian
	b, start := begin(nil, blockSection)
	b = le.AppendUint32(b, byteOrder)
	b = le.AppendUint16(le.AppendUint16(b, 1), 0)
	b = le.AppendUint64(b, 1<<64-1) // the section's length is not told
	b = option(b, optComment, text.String())
	b = option(b, optUserAppl, "Auscult")
	return finish(option(b, optEnd, ""), start)
}

func declaration(b []byte, in Interface) []byte {
	le := binary.LittleEndian
	b, start := begin(b, blockInterface)
	b = le.AppendUint16(le.AppendUint16(b, uint16(in.Link)), 0)
	b = le.AppendUint32(b, in.Snap)
	if in.Name != "" {
		b = option(b, optName, strings.ToValidUTF8(in.Name[:min(len(in.Name), maxName)], "?"))
	}
	b = option(b, optResolution, "\x09") // nanoseconds
	return finish(option(b, optEnd, ""), start)
}

func (r *record) append(b []byte, in uint32, comment string) []byte {
	le := binary.LittleEndian
	b, start := begin(b, blockPacket)
	b = le.AppendUint32(b, in)
	b = le.AppendUint32(b, uint32(uint64(r.time)>>32))
	b = le.AppendUint32(b, uint32(r.time))
	b = le.AppendUint32(b, uint32(len(r.frame)))
	b = le.AppendUint32(b, uint32(r.wire))
	b = pad(append(b, r.frame...))
	if comment != "" {
		b = option(option(b, optComment, comment), optEnd, "")
	}
	return finish(b, start)
}

// begin starts a block at the end of b, which is a whole number of words; finish ends it.
func begin(b []byte, kind uint32) (longer []byte, start int) {
	start = len(b)
	return append(binary.LittleEndian.AppendUint32(b, kind), 0, 0, 0, 0), start
}

func finish(b []byte, start int) []byte {
	le := binary.LittleEndian
	size := uint32(len(b) - start + 4)
	le.PutUint32(b[start+4:], size)
	return le.AppendUint32(b, size)
}

// option appends an option, cut to what its length field can say.
func option(b []byte, code uint16, value string) []byte {
	const most = 1<<16 - 4
	value = strings.ToValidUTF8(value[:min(len(value), most)], "")
	le := binary.LittleEndian
	b = le.AppendUint16(le.AppendUint16(b, code), uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
