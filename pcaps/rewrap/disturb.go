package rewrap

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) }

// Fragment cuts every IPv4 packet that holds more than size bytes behind its header into fragments of size bytes,
// which must be a multiple of 8 (RFC 791 section 2.3). With shuffled, those of a packet arrive in any order.
func Fragment(c Capture, size int, shuffled bool) Capture {
	rng := random(uint64(size))
	var out Capture
	for i := range c {
		frame := c[i].Data
		if !isIPv4(frame) {
			out = append(out, c[i])
			continue
		}
		ip := ipv4(frame)
		header, rest := ip[:headerLen(ip)], ip[headerLen(ip):]
		if len(rest) <= size {
			out = append(out, c[i])
			continue
		}
		first := len(out)
		for at := 0; at < len(rest); at += size {
			piece := rest[at:min(at+size, len(rest))]
			b := slices.Concat(frame[:etherSize], header, piece)
			fields := uint16(at / 8)
			if at+size < len(rest) {
				fields |= 0x2000 // more fragments
			}
			p := b[etherSize:]
			binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
			binary.BigEndian.PutUint16(p[4:], uint16(i)) // many stacks send 0 where DF is set
			binary.BigEndian.PutUint16(p[6:], fields)
			seal(p)
			out = append(out, Frame{c[i].Time, b})
		}
		if cut := out[first:]; shuffled {
			rng.Shuffle(len(cut), func(i, j int) { cut[i], cut[j] = cut[j], cut[i] })
		}
	}
	return out
}

// Bounds of how late Disturb makes a frame: what queues and balanced links do within one site.
const (
	lateFrames = 4
	lateTime   = 2e6 // ns
)

// Disturb makes share of the frames late by up to four frames and 2 ms, and sends share of them twice, the second
// as late. Times stay in order: a late frame takes that of the frame it comes after.
func Disturb(c Capture, share float64, seed uint64) Capture {
	rng := random(seed)
	type placed struct {
		after int // index in c of the frame that it follows
		late  int // 1 unless it is that frame
		frame Frame
	}
	var list []placed
	late := func(i int) {
		j := min(i+1+rng.IntN(lateFrames), len(c)-1)
		for c[j].Time-c[i].Time > lateTime {
			j--
		}
		list = append(list, placed{j, 1, Frame{c[j].Time, c[i].Data}})
	}
	for i := range c {
		if rng.Float64() < share {
			late(i)
		} else {
			list = append(list, placed{i, 0, c[i]})
		}
		if rng.Float64() < share {
			late(i)
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Or(a.after-b.after, a.late-b.late) })
	out := make(Capture, len(list))
	for i := range list {
		out[i] = list[i].frame
	}
	return out
}

// Drop loses each frame with probability share.
func Drop(c Capture, share float64, seed uint64) Capture {
	rng := random(seed)
	var out Capture
	for i := range c {
		if rng.Float64() >= share {
			out = append(out, c[i])
		}
	}
	return out
}
