package evidence

import (
	"bytes"

	"auscult/sensor/packet"
)

// Bounds of the fragments that wait for their datagram: enough for two of 64 KiB at once.
const (
	maxHeld      = 128
	maxHeldBytes = 1 << 20
)

// fragments holds the frames that brought fragments of IP datagrams that are not whole yet.
type fragments struct {
	cfg   packet.Config
	list  []record
	bytes int
}

// hold copies r. The oldest makes room.
func (f *fragments) hold(r record) {
	if len(r.frame) > maxHeldBytes {
		return
	}
	for len(f.list) > 0 && (len(f.list) == maxHeld || f.bytes+len(r.frame) > maxHeldBytes) {
		f.bytes -= len(f.list[0].frame)
		f.list = append(f.list[:0], f.list[1:]...)
	}
	r.frame = bytes.Clone(r.frame)
	f.list = append(f.list, r)
	f.bytes += len(r.frame)
}

// completed is the frames of the datagram that last completed with the segment want, last among them; the others
// are held no longer. It is last alone, and torn, where some came too long before. A fragment may lie in any tunnel: that it is one of the datagram is told by trying without it.
func (f *fragments) completed(last record, want *packet.Segment) (whole []record, torn bool) {
	whole = append(append(whole, f.list...), last)
	if !f.makes(whole, -1, want) {
		return []record{last}, true
	}
	for i := len(whole) - 2; i >= 0; i-- {
		if f.makes(whole, i, want) {
			whole = append(whole[:i], whole[i+1:]...)
		}
	}
	rest := f.list[:0]
	f.bytes = 0
	for i, j := 0, 0; i < len(f.list); i++ {
		if whole[j].at == f.list[i].at {
			j++
			continue
		}
		rest = append(rest, f.list[i])
		f.bytes += len(f.list[i].frame)
	}
	f.list = rest
	return whole, false
}

// makes is whether the frames, without the one at but, end with the segment want.
func (f *fragments) makes(frames []record, but int, want *packet.Segment) bool {
	d := packet.New(f.cfg)
	var got packet.Segment
	last := packet.NotIP
	for i := range frames {
		if i == but {
			continue
		}
		r := &frames[i]
		last = d.Decode(&got, &packet.Raw{Time: r.time, Frame: r.frame, WireLen: r.wire, Link: r.in.Link})
	}
	return last == packet.OK && got.Flow == want.Flow && got.Seq == want.Seq && bytes.Equal(got.Payload, want.Payload)
}
