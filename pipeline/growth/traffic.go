package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"time"
)

// traffic is how many there are of each kind in a capture.
type traffic struct {
	flows, principals, endpoints, objects, exchanges int
}

// span is from the first packet to the last: short enough that no connection is idle for too long.
const span = 4 * time.Minute

// write makes the capture: every connection shakes hands, then they take turns, a request and its response each.
func (t traffic) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := writer{out: bufio.NewWriterSize(f, 1<<20), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).UnixNano()}
	w.step = int64(span) / int64(3*t.flows+2*t.exchanges)
	w.header()
	flows := make([]flow, t.flows)
	for i := range flows {
		c := &flows[i]
		*c = flow{id: uint32(i)}
		w.packet(c, 0, 0x02, nil)
		w.packet(c, 1, 0x12, nil)
		w.packet(c, 0, 0x10, nil)
	}
	own := max(1, t.objects/t.principals) // objects of a principal
	var text, body []byte
	for i := range t.exchanges {
		c := &flows[i%t.flows]
		turn := i / t.flows
		p := (i%t.flows + turn*t.flows) % t.principals // each connection may be of several, one after another
		object := (p*own + turn%own) % t.objects
		body = fmt.Appendf(body[:0], `{"resourceType":"Observation","id":"o%d-%d","subject":{"reference":"Patient/%d"},"code":{"text":"pulse"}}`, object, i&3, object)
		text = fmt.Appendf(text[:0], "GET /api/e%d/%d HTTP/1.1\r\nHost: ehr.example\r\nAuthorization: Bearer token-of-%d\r\nUser-Agent: ward/1.0\r\n\r\n",
			(p+turn)%t.endpoints, object, p)
		w.packet(c, 0, 0x18, text)
		text = fmt.Appendf(text[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		w.packet(c, 1, 0x18, text)
	}
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if err := f.Close(); w.err == nil {
		w.err = err
	}
	return w.err
}

// flow is one connection: what each side has sent.
type flow struct {
	id  uint32
	seq [2]uint32
}

// writer writes a capture in the pcap format with nanoseconds (draft-ietf-opsawg-pcap).
type writer struct {
	out       *bufio.Writer
	now, step int64
	frame     []byte
	err       error
}

func (w *writer) header() {
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	h = append(h, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h = binary.LittleEndian.AppendUint32(h, 1<<16)
	h = binary.LittleEndian.AppendUint32(h, 1) // Ethernet
	_, w.err = w.out.Write(h)
}

// packet writes what one side of c sends: Ethernet, IPv4, TCP.
func (w *writer) packet(c *flow, side int, flags byte, payload []byte) {
	client, server := [4]byte{10, byte(c.id >> 16 & 63), byte(c.id >> 8), byte(c.id)}, [4]byte{10, 200, 0, 1}
	ends, ports := [2][4]byte{client, server}, [2]uint16{uint16(20000 + c.id>>22), 80}
	f := append(w.frame[:0], 2, 0, 0, 0, 0, byte(2-side), 2, 0, 0, 0, 0, byte(1+side), 8, 0, 0x45, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(40+len(payload)))
	f = append(f, 0, 0, 0x40, 0, 64, 6, 0, 0)
	f = append(append(f, ends[side][:]...), ends[1-side][:]...)
	f = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(f, ports[side]), ports[1-side])
	f = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(f, c.seq[side]), c.seq[1-side])
	f = append(f, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	f = append(f, payload...)
	if c.seq[side] += uint32(len(payload)); flags&0x02 != 0 {
		c.seq[side]++
	}
	w.frame = f
	var r [16]byte
	binary.LittleEndian.PutUint32(r[0:], uint32(w.now/1e9))
	binary.LittleEndian.PutUint32(r[4:], uint32(w.now%1e9))
	binary.LittleEndian.PutUint32(r[8:], uint32(len(f)))
	binary.LittleEndian.PutUint32(r[12:], uint32(len(f)))
	w.now += w.step
	if w.err == nil {
		_, w.err = w.out.Write(r[:])
	}
	if w.err == nil {
		_, w.err = w.out.Write(f)
	}
}
