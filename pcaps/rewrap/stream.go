package rewrap

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// TCP flags.
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

// The two directions of a connection.
const (
	up   = 0 // from the client
	down = 1
)

// segment is one TCP segment. Payload lies in the frame.
type segment struct {
	ends     [2]end // source and destination
	seq, ack uint32
	flags    byte
	payload  []byte
}

// end is one end of a connection: its IPv4 address and port.
type end struct {
	ip   [4]byte
	port uint16
}

// parse reads a frame that holds a TCP segment over IPv4.
func parse(frame []byte) (s segment, ok bool) {
	if !isIPv4(frame) {
		return s, false
	}
	ip := ipv4(frame)
	if len(ip) < headerLen(ip)+20 || ip[9] != protoTCP {
		return s, false
	}
	b := ip[headerLen(ip):]
	copy(s.ends[0].ip[:], ip[12:])
	copy(s.ends[1].ip[:], ip[16:])
	s.ends[0].port, s.ends[1].port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	s.seq, s.ack, s.flags = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), b[13]
	header := int(b[12]>>4) * 4
	if header < 20 || header > len(b) {
		return s, false
	}
	s.payload = b[header:]
	return s, true
}

// step is what one packet of a connection brought: bytes, or the end of a direction.
type step struct {
	time  int64
	dir   int
	bytes []byte
	flags byte // fin or rst, behind bytes
}

// stream is one TCP connection, seen from its first packet.
type stream struct {
	opening Capture // its handshake, as it was
	ends    [2]end  // client and server
	macs    [2][6]byte
	start   [2]uint32 // sequence number of the first byte
	next    [2]uint32
	synced  [2]bool
	done    [2]bool
	steps   []step
}

// streams takes c apart into its TCP connections, in the order of their first packets. It is for clean captures:
// each connection must be there from its handshake, in order and without gaps.
func streams(c Capture) ([]*stream, error) {
	var list []*stream
	current := map[[2]end]*stream{}
	for i := range c {
		s, ok := parse(c[i].Data)
		if !ok {
			continue
		}
		reverse := [2]end{s.ends[1], s.ends[0]}
		t, dir := current[s.ends], up
		if t == nil {
			t, dir = current[reverse], down
		}
		if s.flags&(syn|ack) == syn && (t == nil || t.done != [2]bool{} || s.seq+1 != t.start[dir]) {
			t, dir = &stream{ends: s.ends}, up
			delete(current, reverse)
			current[s.ends] = t
			list = append(list, t)
		}
		if t == nil {
			return nil, fmt.Errorf("frame %d belongs to a connection whose beginning is missing", i+1)
		}
		if err := t.take(c[i], dir, &s); err != nil {
			return nil, fmt.Errorf("frame %d: %w", i+1, err)
		}
	}
	return list, nil
}

func (t *stream) take(f Frame, dir int, s *segment) error {
	copy(t.macs[dir][:], f.Data[6:12])
	copy(t.macs[1-dir][:], f.Data[:6])
	if s.flags&syn != 0 {
		if !t.synced[dir] {
			t.synced[dir], t.start[dir], t.next[dir] = true, s.seq+1, s.seq+1
			t.opening = append(t.opening, f)
		}
		return nil
	}
	if len(t.steps) == 0 && len(s.payload) == 0 && s.flags == ack && len(t.opening) == 2 {
		t.opening = append(t.opening, f)
		return nil
	}
	switch ahead := int32(s.seq - t.next[dir]); {
	case t.done[dir], ahead < 0 && s.flags&rst == 0:
		return nil // a repetition, a keep-alive
	case ahead > 0:
		return fmt.Errorf("%d bytes are missing before it", ahead)
	}
	flags := s.flags & (fin | rst)
	if len(s.payload) == 0 && flags == 0 {
		return nil
	}
	t.next[dir] += uint32(len(s.payload))
	t.steps = append(t.steps, step{f.Time, dir, s.payload, flags})
	if flags&fin != 0 {
		t.next[dir]++
		t.done[dir] = true
	}
	if flags&rst != 0 {
		t.done = [2]bool{true, true}
	}
	return nil
}

// bytes are those of direction dir, and when each part of them was seen: until[i] is the offset behind part i.
func (t *stream) bytes(dir int) (b []byte, until []int, times []int64) {
	for _, s := range t.steps {
		if s.dir == dir && len(s.bytes) > 0 {
			b = append(b, s.bytes...)
			until, times = append(until, len(b)), append(times, s.time)
		}
	}
	return b, until, times
}

// mss is how many bytes a segment carries at most.
const mss = 1448

// again writes the frames of t with other steps: its handshake as it was, then each step in segments of up to mss
// bytes with its acknowledgement.
func (t *stream) again(steps []step) Capture {
	out := slices.Clone(t.opening)
	next := t.start
	id := uint16(t.start[up])
	send := func(time int64, dir int, flags byte, payload []byte) {
		id++
		out = append(out, Frame{time, t.frame(dir, id, next, flags, payload)})
		next[dir] += uint32(len(payload))
		if flags&fin != 0 {
			next[dir]++
		}
	}
	for _, s := range steps {
		for part := range slices.Chunk(s.bytes, mss) {
			send(s.time, s.dir, ack|psh, part)
		}
		if s.flags != 0 {
			send(s.time, s.dir, ack|s.flags, nil)
		}
		if s.flags&rst == 0 {
			send(s.time, 1-s.dir, ack, nil)
		}
	}
	return out
}

// frame is a segment of t in direction dir.
func (t *stream) frame(dir int, id uint16, next [2]uint32, flags byte, payload []byte) []byte {
	src, dst := t.ends[dir], t.ends[1-dir]
	size := 20 + len(payload)
	b := slices.Concat(t.macs[1-dir][:], t.macs[dir][:])
	b = binary.BigEndian.AppendUint16(b, etherIPv4)
	b = appendIPv4(b, src.ip, dst.ip, protoTCP, id, size)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, src.port)
	b = binary.BigEndian.AppendUint16(b, dst.port)
	b = binary.BigEndian.AppendUint32(b, next[dir])
	b = binary.BigEndian.AppendUint32(b, next[1-dir])
	b = append(b, 5<<4, flags, 0x7f, 0xff, 0, 0, 0, 0)
	b = append(b, payload...)
	pseudo := slices.Concat(src.ip[:], dst.ip[:], []byte{0, protoTCP, byte(size >> 8), byte(size)})
	binary.BigEndian.PutUint16(b[at+16:], ^fold(sum(sum(0, pseudo), b[at:])))
	return b
}

// rewrite replaces every connection's steps by what f makes of them. What is not TCP is left out.
func rewrite(c Capture, f func(t *stream) ([]step, error)) (Capture, error) {
	list, err := streams(c)
	if err != nil {
		return nil, err
	}
	var out Capture
	for _, t := range list {
		steps, err := f(t)
		if err != nil {
			return nil, fmt.Errorf("connection of port %d: %w", t.ends[up].port, err)
		}
		out = append(out, t.again(steps)...)
	}
	out.sort()
	return out, nil
}
