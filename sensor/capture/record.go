package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"auscult/pipeline/lanes"
	"auscult/sensor/packet"
)

// Blocks of a pcapng (draft-ietf-opsawg-pcapng section 4), as many bytes each.
const (
	sectionBytes   = 28
	recordOverhead = 32
)

// recordBytes is the size of the record of a frame.
func recordBytes(frame int) int64 { return recordOverhead + int64(frame+3)&^3 }

// recorder writes what the lanes are given to a pcapng: the same packets in the same order, at the same times. It is
// a lane of its own: a disk that is too slow makes the rings fill, as a slow worker does.
type recorder struct {
	w     *bufio.Writer
	zeros [4]byte
	head  [recordOverhead - 4]byte
}

// preamble is the section header and the description of each interface.
func preamble(ports []*port, snap int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0x0a0d0d0a)
	b = le.AppendUint32(b, sectionBytes)
	b = le.AppendUint32(b, 0x1a2b3c4d)
	b = le.AppendUint16(le.AppendUint16(b, 1), 0)
	b = le.AppendUint64(b, 1<<64-1) // the section's length is not known
	b = le.AppendUint32(b, sectionBytes)
	for _, p := range ports {
		name := p.stats.Name
		size := uint32(20 + 4 + (len(name)+3)&^3 + 8 + 4)
		b = le.AppendUint32(b, 1)
		b = le.AppendUint32(b, size)
		b = le.AppendUint16(le.AppendUint16(b, uint16(p.link)), 0)
		b = le.AppendUint32(b, uint32(snap))
		b = le.AppendUint16(le.AppendUint16(b, 2), uint16(len(name))) // if_name
		b = append(b, name...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		b = le.AppendUint16(le.AppendUint16(b, 9), 1) // if_tsresol: nanoseconds
		b = append(b, 9, 0, 0, 0)
		b = le.AppendUint32(b, 0) // opt_endofopt
		b = le.AppendUint32(b, size)
	}
	return b
}

// run writes what l gives, to its end. After an error it goes on reading, so that nobody waits for it.
func (c *recorder) run(l *lanes.Lane, preamble []byte) error {
	_, err := c.w.Write(preamble)
	for {
		raw, end := l.Next()
		if end != nil {
			break
		}
		switch {
		case err != nil:
		case raw.Frame == nil: // the line is idle: what was seen shall be in the file
			err = c.w.Flush()
		default:
			err = c.write(&raw)
		}
	}
	if err == nil {
		err = c.w.Flush()
	}
	if err != nil {
		return fmt.Errorf("record packets: %w", err)
	}
	return nil
}

func (c *recorder) write(raw *packet.Raw) error {
	le := binary.LittleEndian
	size := uint32(recordBytes(len(raw.Frame)))
	h := le.AppendUint32(c.head[:0], 6)
	h = le.AppendUint32(h, size)
	h = le.AppendUint32(h, raw.Where.File)
	h = le.AppendUint32(h, uint32(uint64(raw.Time)>>32))
	h = le.AppendUint32(h, uint32(raw.Time))
	h = le.AppendUint32(h, uint32(len(raw.Frame)))
	h = le.AppendUint32(h, uint32(raw.WireLen))
	c.w.Write(h) // the writer keeps its error
	c.w.Write(raw.Frame)
	c.w.Write(c.zeros[:-len(raw.Frame)&3])
	_, err := c.w.Write(le.AppendUint32(c.head[:0], size))
	return err
}

func newRecorder(w io.Writer) *recorder { return &recorder{w: bufio.NewWriterSize(w, 1<<20)} }
