package rewrap

import "encoding/binary"

const (
	etherSize = 14
	ipSize    = 20

	etherIPv4 = 0x0800
	etherVLAN = 0x8100
	etherMPLS = 0x8847
	etherTEB  = 0x6558 // transparent Ethernet bridging

	protoTCP = 6
	protoUDP = 17
	protoGRE = 47
)

// isIPv4 is whether an Ethernet frame carries IPv4.
func isIPv4(frame []byte) bool {
	return len(frame) >= etherSize+ipSize && binary.BigEndian.Uint16(frame[12:]) == etherIPv4
}

// ipv4 is the IPv4 packet in frame, without what pads the frame.
func ipv4(frame []byte) []byte {
	b := frame[etherSize:]
	return b[:min(len(b), int(binary.BigEndian.Uint16(b[2:])))]
}

func headerLen(ip []byte) int { return int(ip[0]&15) * 4 }

// appendIPv4 appends an IPv4 header (RFC 791) for size bytes that follow.
func appendIPv4(b []byte, src, dst [4]byte, proto byte, id uint16, size int) []byte {
	at := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipSize+size))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0, 64, proto, 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	seal(b[at:])
	return b
}

// seal writes the checksum of an IPv4 header.
func seal(ip []byte) {
	header := ip[:headerLen(ip)]
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], ^fold(sum(0, header)))
}

// sum adds b to the Internet checksum (RFC 1071).
func sum(s uint64, b []byte) uint64 {
	for ; len(b) > 1; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
