package outbox

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/clock"
)

// Record is one alert in the outbox.
type Record struct {
	Number   uint64    // its place, from 1 without gaps; Append gives it
	Stored   time.Time // when it was appended
	Time     clock.Time
	Sequence int // of the alert in its incident
	Activity alert.Activity
	Severity detectors.Severity
	UID      string // of the incident
	Body     []byte // the alert, encoded; without a line end
}

// A frame is mark, length of the payload, CRC-32C of length and payload (each 4 bytes, little-endian), payload.
const (
	frameHead  = 12
	recordHead = 32
	maxPayload = 16 << 20
)

// mark begins a frame. Its bytes are not UTF-8: no body holds it, so that frames are found behind damage.
var mark = []byte{0xf1, 0x0d, 0xa7, 0xfe}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func (r *Record) frameSize() int { return frameHead + recordHead + len(r.UID) + len(r.Body) }

// appendFrame appends r as it stands on disk.
func appendFrame(dst []byte, r *Record) []byte {
	start := len(dst)
	dst = append(dst, mark...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(recordHead+len(r.UID)+len(r.Body)))
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint64(dst, r.Number)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Stored.UnixNano()))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Time))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(r.Sequence))
	dst = append(dst, byte(r.Activity), byte(r.Severity))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(r.UID)))
	dst = append(append(dst, r.UID...), r.Body...)
	f := dst[start:]
	binary.LittleEndian.PutUint32(f[8:], frameSum(f, len(f)-frameHead))
	return dst
}

// frameSum is the checksum of a frame with a payload of n bytes.
func frameSum(f []byte, n int) uint32 {
	return crc32.Update(checksum(f[4:8]), castagnoli, f[frameHead:frameHead+n])
}

// parsePayload reads a payload. The record borrows it.
func parsePayload(p []byte) (r Record, ok bool) {
	if len(p) < recordHead {
		return r, false
	}
	uid := recordHead + int(binary.LittleEndian.Uint16(p[30:]))
	if uid > len(p) || p[28] < byte(alert.Create) || p[28] > byte(alert.Close) {
		return r, false
	}
	return Record{
		Number:   binary.LittleEndian.Uint64(p),
		Stored:   time.Unix(0, int64(binary.LittleEndian.Uint64(p[8:]))),
		Time:     clock.Time(binary.LittleEndian.Uint64(p[16:])),
		Sequence: int(int32(binary.LittleEndian.Uint32(p[24:]))),
		Activity: alert.Activity(p[28]),
		Severity: detectors.Severity(p[29]),
		UID:      string(p[recordHead:uid]),
		Body:     p[uid:len(p):len(p)],
	}, true
}

// parseFrame reads the frame that b begins with, when nothing of it is damaged. Cut is a frame that b may hold the
// beginning of.
func parseFrame(b []byte) (r Record, size int, ok, cut bool) {
	if len(b) < frameHead {
		return r, 0, false, true
	}
	n := int(binary.LittleEndian.Uint32(b[4:]))
	switch {
	case !bytes.Equal(b[:4], mark) || n > maxPayload:
		return r, 0, false, false
	case len(b) < frameHead+n:
		return r, 0, false, true
	case frameSum(b, n) != binary.LittleEndian.Uint32(b[8:]):
		return r, 0, false, false
	}
	r, ok = parsePayload(b[frameHead : frameHead+n])
	return r, frameHead + n, ok, false
}

// repairFrame reads the frame that b begins with when exactly one bit of it is flipped, and puts that right in b:
// a CRC tells which one it was. Number must be at least from, which one frame in 2^32 of rubbish would not be.
func repairFrame(b []byte, from uint64) (r Record, size int, ok bool) {
	if len(b) < frameHead {
		return r, 0, false
	}
	good := func(n int) bool {
		if r, ok = parsePayload(b[frameHead : frameHead+n]); ok && r.Number >= from && r.Number-from < 1<<32 {
			size = frameHead + n
			return true
		}
		return false
	}
	stored := binary.LittleEndian.Uint32(b[8:])
	if n := int(binary.LittleEndian.Uint32(b[4:])); n <= maxPayload && frameHead+n <= len(b) {
		switch wrong := frameSum(b, n) ^ stored; {
		case wrong == 0: // the mark
			if bits.OnesCount32(binary.LittleEndian.Uint32(b)^binary.LittleEndian.Uint32(mark)) == 1 && good(n) {
				copy(b, mark)
				return r, size, true
			}
		case !bytes.Equal(b[:4], mark):
		case bits.OnesCount32(wrong) == 1: // the checksum
			if good(n) {
				binary.LittleEndian.PutUint32(b[8:], stored^wrong)
				return r, size, true
			}
		default:
			if at, bit, found := flipped(wrong, n); found {
				b[frameHead+at] ^= 1 << bit
				if good(n) {
					return r, size, true
				}
				b[frameHead+at] ^= 1 << bit
			}
		}
	}
	if !bytes.Equal(b[:4], mark) {
		return r, 0, false
	}
	for i := range 32 { // a bit of the length
		b[4+i/8] ^= 1 << (i % 8)
		n := int(binary.LittleEndian.Uint32(b[4:]))
		if n <= maxPayload && frameHead+n <= len(b) && frameSum(b, n) == stored && good(n) {
			return r, size, true
		}
		b[4+i/8] ^= 1 << (i % 8)
	}
	return Record{}, 0, false
}

// flipped is which bit of an n byte message changes its CRC by wrong. A CRC is linear: what a bit changes depends on
// its distance from the end alone, and moves by one step of the register for each byte.
func flipped(wrong uint32, n int) (at int, bit uint, found bool) {
	var now [8]uint32
	for i := range now {
		now[i] = castagnoli[1<<i]
	}
	for at = n - 1; at >= 0; at-- {
		for i, v := range now {
			if v == wrong {
				return at, uint(i), true
			}
			now[i] = castagnoli[byte(v)] ^ v>>8
		}
	}
	return 0, 0, false
}
