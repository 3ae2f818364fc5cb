// Package rewrap is for tests: a capture of plain HTTP over Ethernet goes in, and the same traffic as it would
// have been captured had it travelled another way comes out: in a tunnel, fragmented, disturbed, over HTTP/2 or in
// TLS. Functions never write into the frames they are given. It imports nothing of the sensor, so that the two
// cannot share a mistake.
package rewrap

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
)

// Frame is one Ethernet frame and when it was seen, in nanoseconds since the Unix epoch.
type Frame struct {
	Time int64
	Data []byte
}

// Capture is frames in order of time.
type Capture []Frame

const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
)

// Read reads a little-endian pcap file of Ethernet frames.
func Read(path string) (Capture, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 24 || binary.LittleEndian.Uint32(b[20:]) != 1 {
		return nil, fmt.Errorf("%s: not a pcap file of Ethernet frames", path)
	}
	unit := int64(1000)
	switch binary.LittleEndian.Uint32(b) {
	case magicMicro:
	case magicNano:
		unit = 1
	default:
		return nil, fmt.Errorf("%s: not a little-endian pcap file", path)
	}
	var c Capture
	for b = b[24:]; len(b) > 0; {
		if len(b) < 16 {
			return nil, fmt.Errorf("%s: ends inside a record", path)
		}
		sec, sub := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		n := int(binary.LittleEndian.Uint32(b[8:]))
		if len(b)-16 < n {
			return nil, fmt.Errorf("%s: ends inside a record", path)
		}
		c = append(c, Frame{int64(sec)*1e9 + int64(sub)*unit, b[16 : 16+n : 16+n]})
		b = b[16+n:]
	}
	return c, nil
}

// Pcap is c as a pcap file, its times to the nanosecond.
func (c Capture) Pcap() []byte {
	b := binary.LittleEndian.AppendUint32(nil, magicNano)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 1<<18)
	b = binary.LittleEndian.AppendUint32(b, 1)
	for _, f := range c {
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Data)))
		b = append(b, f.Data...)
	}
	return b
}

// Write writes c to a pcap file.
func (c Capture) Write(path string) error { return os.WriteFile(path, c.Pcap(), 0o600) }

// sort brings c into order of time; frames of one instant stay in the order they are in.
func (c Capture) sort() {
	slices.SortStableFunc(c, func(a, b Frame) int { return cmp.Compare(a.Time, b.Time) })
}
