package websocket

import (
	"encoding/binary"

	"auscult/sensor/http"
)

// maxHead is the longest head of a frame.
const maxHead = 14

// Opcodes (RFC 6455 section 11.8).
const (
	opContinue = 0
	opText     = 1
	opBinary   = 2
	opClose    = 8
	opPong     = 10
)

const rsv1 = 4 // of the three reserved bits: the message is compressed (RFC 7692 section 6)

// frame is the head of a frame (RFC 6455 section 5.2).
type frame struct {
	fin    bool
	rsv    uint8
	op     uint8
	masked bool
	mask   [4]byte
	length uint64
}

// headLen is how long the head is that begins with b, as far as b tells.
func headLen(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	n := 2
	switch b[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if b[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// parse reads a whole head.
func parse(b []byte) frame {
	f := frame{fin: b[0]&0x80 != 0, rsv: b[0] >> 4 & 7, op: b[0] & 15, masked: b[1]&0x80 != 0, length: uint64(b[1] & 0x7f)}
	at := 2
	switch f.length {
	case 126:
		f.length, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		f.length, at = binary.BigEndian.Uint64(b[2:]), 10
	}
	if f.masked {
		copy(f.mask[:], b[at:])
	}
	return f
}

func (f *frame) control() bool { return f.op >= opClose }

// possible is whether an end point would read on after f.
func (f *frame) possible(ext extensions) bool {
	switch {
	case f.length >= 1<<63, f.op > opBinary && f.op < opClose, f.op > opPong:
		return false
	case f.control():
		return f.fin && f.length < 126 && (f.rsv == 0 || ext.unknown)
	case f.rsv == 0 || ext.unknown:
		return true
	}
	return ext.deflate && f.rsv == rsv1 && f.op != opContinue
}

// unmask writes b, whose first byte stands at turn in the mask, to dst (RFC 6455 section 5.3).
func unmask(dst, b []byte, mask [4]byte, turn int) {
	var key [8]byte
	for i := range key {
		key[i] = mask[(turn+i)&3]
	}
	k := binary.LittleEndian.Uint64(key[:])
	dst = dst[:len(b)]
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(b)^k)
		dst, b = dst[8:], b[8:]
	}
	for i := range b {
		dst[i] = b[i] ^ key[i]
	}
}

// recognise is whether b, met while the step is lost, begins with a frame that can be nothing else: the text of
// a JSON object or list, whole, in the shortest head that can hold it, masked as its direction must. Random bytes
// pass one time in 10^9.
func (s *stream) recognise(b []byte) bool {
	n := headLen(b)
	if len(b) < n {
		return false
	}
	f := parse(b[:n])
	least := uint64(0)
	switch b[1] & 0x7f {
	case 126:
		least = 126
	case 127:
		least = 1 << 16
	}
	if b[0] != 0x80|opText || f.masked != (s.side == http.Request) || f.length < max(least, 2) || f.length > uint64(len(b)-n) {
		return false
	}
	var ends [2]byte
	last := int(f.length) - 1
	unmask(ends[:1], b[n:n+1], f.mask, 0)
	unmask(ends[1:], b[n+last:n+last+1], f.mask, last)
	return ends == [2]byte{'{', '}'} || ends == [2]byte{'[', ']'}
}
