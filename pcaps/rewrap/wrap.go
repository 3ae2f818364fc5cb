package rewrap

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// each is c with every frame replaced by what f makes of it.
func (c Capture) each(f func(i int, frame []byte) []byte) Capture {
	out := make(Capture, len(c))
	for i := range c {
		out[i] = Frame{c[i].Time, f(i, c[i].Data)}
	}
	return out
}

// The mirror that sends, and the sensor that receives.
var (
	mirrorMAC = [12]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1} // to the sensor, from the mirror
	mirrorIP  = [4]byte{192, 0, 2, 1}
	sensorIP  = [4]byte{192, 0, 2, 2}
)

// outer is an Ethernet and an IPv4 header from the mirror to the sensor, for size bytes that follow.
func outer(i int, proto byte, size int) []byte {
	b := append([]byte(nil), mirrorMAC[:]...)
	b = binary.BigEndian.AppendUint16(b, etherIPv4)
	return appendIPv4(b, mirrorIP, sensorIP, proto, uint16(i), size)
}

// overUDP is outer with a UDP header. Its checksum is 0, as tunnels over IPv4 are allowed to send it (RFC 768).
func overUDP(i int, port uint16, size int) []byte {
	b := outer(i, protoUDP, 8+size)
	b = binary.BigEndian.AppendUint16(b, 0xc000|uint16(i)&0x3fff)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, uint16(8+size))
	return append(b, 0, 0)
}

// VXLAN puts every frame into a VXLAN of network vni (RFC 7348).
func VXLAN(c Capture, vni uint32) Capture {
	return c.each(func(i int, frame []byte) []byte {
		b := overUDP(i, 4789, 8+len(frame))
		b = append(b, 0x08, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, vni<<8)
		return append(b, frame...)
	})
}

// GENEVE puts every frame into a GENEVE tunnel of network vni with one option of 8 bytes (RFC 8926).
func GENEVE(c Capture, vni uint32) Capture {
	return c.each(func(i int, frame []byte) []byte {
		b := overUDP(i, 6081, 16+len(frame))
		b = append(b, 2, 0) // version 0, two words of options
		b = binary.BigEndian.AppendUint16(b, etherTEB)
		b = binary.BigEndian.AppendUint32(b, vni<<8)
		b = append(b, 0xff, 0xff, 1, 1, 1, 2, 3, 4) // experimental class, one word of data
		return append(b, frame...)
	})
}

// gre is outer with a GRE header that bears a sequence number (RFC 2890).
func gre(i int, protocol uint16, size int) []byte {
	b := outer(i, protoGRE, 8+size)
	b = append(b, 0x10, 0)
	b = binary.BigEndian.AppendUint16(b, protocol)
	return binary.BigEndian.AppendUint32(b, uint32(i))
}

// GRETEB puts every frame into GRE as transparent Ethernet, with a key (RFC 2784, RFC 2890).
func GRETEB(c Capture, key uint32) Capture {
	return c.each(func(i int, frame []byte) []byte {
		b := outer(i, protoGRE, 8+len(frame))
		b = append(b, 0x20, 0)
		b = binary.BigEndian.AppendUint16(b, etherTEB)
		b = binary.BigEndian.AppendUint32(b, key)
		return append(b, frame...)
	})
}

// ERSPAN2 mirrors every frame by ERSPAN type II (draft-foschiano-erspan-03 section 4.2).
func ERSPAN2(c Capture, session uint16) Capture {
	return c.each(func(i int, frame []byte) []byte {
		b := gre(i, 0x88be, 8+len(frame))
		b = append(b, 0x10, 1) // version 1, VLAN 1
		b = binary.BigEndian.AppendUint16(b, session&0x3ff)
		b = binary.BigEndian.AppendUint32(b, 7) // port index
		return append(b, frame...)
	})
}

// ERSPAN3 mirrors every frame by ERSPAN type III (draft-foschiano-erspan-03 section 4.3); every other frame has
// the optional subheader.
func ERSPAN3(c Capture, session uint16) Capture {
	return c.each(func(i int, frame []byte) []byte {
		optional := i % 2
		b := gre(i, 0x22eb, 12+8*optional+len(frame))
		b = append(b, 0x20, 1) // version 2, VLAN 1
		b = binary.BigEndian.AppendUint16(b, session&0x3ff)
		b = binary.BigEndian.AppendUint32(b, uint32(c[i].Time/1e5)) // 100 µs
		b = append(b, 0, 0, 0, byte(optional))                      // no group tag, an Ethernet frame
		if optional == 1 {
			b = append(b, 0x0c, 0, 0, 0, 0, 0, 0, 7) // platform 3
		}
		return append(b, frame...)
	})
}

// VLAN tags every frame, with another VLAN for each direction, as some mirror ports do (IEEE 802.1Q).
func VLAN(c Capture, up, down uint16) Capture {
	return c.each(func(_ int, frame []byte) []byte {
		id := up
		if bytes.Compare(frame[:6], frame[6:12]) < 0 {
			id = down
		}
		tag := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, etherVLAN), id)
		return slices.Concat(frame[:12], tag, frame[12:])
	})
}

// MPLS puts labels before every IPv4 packet (RFC 3032). Other frames stay as they are.
func MPLS(c Capture, labels ...uint32) Capture {
	return c.each(func(_ int, frame []byte) []byte {
		if !isIPv4(frame) {
			return frame
		}
		b := append([]byte(nil), frame[:12]...)
		b = binary.BigEndian.AppendUint16(b, etherMPLS)
		for i, label := range labels {
			entry := label<<12 | 64
			if i == len(labels)-1 {
				entry |= 1 << 8 // bottom of the stack
			}
			b = binary.BigEndian.AppendUint32(b, entry)
		}
		return append(b, ipv4(frame)...)
	})
}
