package capture_test

import (
	"encoding/binary"
	"slices"
	"testing"
)

// kinds are ways in which a TCP segment of flow n travels, one frame or more.
var kinds = map[string]func(n uint16, back bool) [][]byte{
	"ipv4":        func(n uint16, back bool) [][]byte { return [][]byte{segment4(n, back, 0)} },
	"ipv4 tagged": func(n uint16, back bool) [][]byte { return [][]byte{tagged(segment4(n, back, 0), 0x8100, n)} },
	"ipv4 two tags": func(n uint16, back bool) [][]byte {
		return [][]byte{tagged(tagged(segment4(n, back, 0), 0x8100, n), 0x88a8, 1)}
	},
	"ipv6":        func(n uint16, back bool) [][]byte { return [][]byte{segment6(n, back)} },
	"ipv6 tagged": func(n uint16, back bool) [][]byte { return [][]byte{tagged(segment6(n, back), 0x8100, n)} },
	"fragments":   func(n uint16, back bool) [][]byte { return [][]byte{segment4(n, back, 0x2000), segment4(n, back, 100)} },
}

// order swaps two when back.
func order[T any](a, b T, back bool) (T, T) {
	if back {
		return b, a
	}
	return a, b
}

// link is the addresses of an Ethernet frame; the flow's number stands in them, for the test to know it by.
func link(n uint16, back bool, typ uint16) []byte {
	a, b := []byte{2, 0, 0, 1, 0, 0}, []byte{2, 0, 0, 2, 0, 0}
	binary.BigEndian.PutUint16(a[4:], n)
	binary.BigEndian.PutUint16(b[4:], n)
	a, b = order(a, b, back)
	return binary.BigEndian.AppendUint16(slices.Concat(a, b), typ)
}

func tcp(n uint16, back bool) []byte {
	src, dst := order(uint16(40000+n), 443, back)
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	return append(b, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0)
}

func segment4(n uint16, back bool, fragment uint16) []byte {
	b := append(link(n, back, 0x0800), 0x45, 0, 0, 40, 0, 1)
	b = binary.BigEndian.AppendUint16(b, fragment)
	src, dst := order([]byte{10, 0, byte(n), 1}, []byte{10, 1, 2, 3}, back)
	return slices.Concat(b, []byte{64, 6, 0, 0}, src, dst, tcp(n, back))
}

func segment6(n uint16, back bool) []byte {
	b := append(link(n, back, 0x86dd), 0x60, 0, 0, 0, 0, 20, 6, 64)
	src, dst := make([]byte, 16), make([]byte, 16)
	src[0], src[15], dst[0], dst[15] = 0xfd, byte(n), 0xfd, 0xff
	src, dst = order(src, dst, back)
	return slices.Concat(b, src, dst, tcp(n, back))
}

// TestBothDirectionsShareARing holds the kernel to what is asked of it.
func TestBothDirectionsShareARing(t *testing.T) {
	for name, make := range kinds {
		veth(t, "rx0", "tx0")
		cfg := small()
		cfg.Rings = 3
		src := listen(t, cfg, "rx0")
		out := open(t, "tx0")
		const flows = 60
		frames := 0
		for n := range uint16(flows) {
			for _, back := range []bool{false, true} {
				for _, f := range make(n, back) {
					out.send(t, f)
					frames++
				}
			}
		}
		ringOf := map[uint16]int{}
		used := [3]int{}
		each := src.EachRing()
		until(t, "all are in the rings", func() bool {
			each(func(ring int, frame []byte) {
				n := binary.BigEndian.Uint16(frame[4:])
				if was, seen := ringOf[n]; seen && was != ring {
					t.Errorf("%s: flow %d is in the rings %d and %d", name, n, was, ring)
				}
				ringOf[n] = ring
				used[ring]++
			})
			return used[0]+used[1]+used[2] >= frames
		})
		if len(ringOf) != flows || used[0]+used[1]+used[2] != frames {
			t.Errorf("%s: %d flows, %v packets of %d", name, len(ringOf), used, frames)
		}
		if slices.Min(used[:]) < frames/10 && name != "ipv4 two tags" { // those are told apart by MAC addresses alone
			t.Errorf("%s: rings have %v packets", name, used)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		run(t, "link", "del", "rx0")
	}
}
