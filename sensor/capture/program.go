package capture

import (
	"slices"

	"golang.org/x/net/bpf"
)

// Classic BPF (linux/filter.h), what of it is written by hand here.
const (
	bpfRetK = 0x06
	bpfLdW  = 0x20 // A = 4 bytes at k
	bpfLdH  = 0x28
	bpfLdB  = 0x30
	bpfIndH = 0x48 // A = 2 bytes at X+k
	bpfLdxL = 0xb1 // X = 4*(byte at k & 15)
	bpfLd   = 0x60 // A = M[k]
	bpfLdx  = 0x61 // X = M[k]
	bpfSt   = 0x02
	bpfTax  = 0x07
	bpfJeq  = 0x15
	bpfJset = 0x45
	bpfXorX = 0xac
	bpfMulK = 0x24
	bpfRshK = 0x74
	bpfRetA = 0x16

	fromNet  = 0xfff00000 // SKF_NET_OFF: offsets from the network header
	fromLink = 0xffe00000 // SKF_LL_OFF: from the link header
	proto    = 0xfffff000 // SKF_AD_PROTOCOL: the EtherType behind the tag that the kernel took out
)

type program []bpf.RawInstruction

// limited is filter with no packet kept longer than snap; without a filter, one that keeps all.
func limited(filter program, snap int) program {
	out := slices.Clone(filter)
	for i := range out {
		if out[i].Op == bpfRetK {
			out[i].K = min(out[i].K, uint32(snap))
		}
	}
	if len(out) == 0 {
		out = program{{Op: bpfRetK, K: uint32(snap)}}
	}
	return out
}

// deaf is a filter that nothing passes.
var deaf = program{{Op: bpfRetK}}

// spread picks a ring for a packet, the same for both directions of a TCP connection: by addresses and ports of TCP
// over IP, tagged or not, by addresses alone of other IP and of fragments, and by the pair of MAC addresses of the
// rest, which is where packets with two tags are. What shares a ring stays in the order in which it came, whatever
// its stamps.
func spread() program {
	end := program{{Op: bpfMulK, K: 0x9e3779b1}, {Op: bpfRshK, K: 16}, {Op: bpfRetA}}
	link := append(program{{Op: bpfLdW, K: fromLink + 2}, {Op: bpfTax}, {Op: bpfLdW, K: fromLink + 8}, {Op: bpfXorX}}, end...)
	plain := append(program{{Op: bpfLd, K: 0}}, end...)
	ports := append(program{ // X is where they are, M[0] the addresses
		{Op: bpfIndH, K: fromNet}, {Op: bpfSt, K: 1}, {Op: bpfIndH, K: fromNet + 2},
		{Op: bpfLdx, K: 1}, {Op: bpfXorX}, {Op: bpfMulK, K: 0x10001}, {Op: bpfLdx, K: 0}, {Op: bpfXorX},
	}, end...)
	over := uint8(len(ports)) // from the jump before it

	v4 := program{
		{Op: bpfLdW, K: fromNet + 12}, {Op: bpfTax}, {Op: bpfLdW, K: fromNet + 16}, {Op: bpfXorX}, {Op: bpfSt, K: 0},
		{Op: bpfLdH, K: fromNet + 6}, {Op: bpfJset, K: 0x3fff, Jt: over + 3}, // a fragment
		{Op: bpfLdB, K: fromNet + 9}, {Op: bpfJeq, K: 6, Jf: over + 1}, {Op: bpfLdxL, K: fromNet},
	}
	v4 = slices.Concat(v4, ports, plain)

	v6 := program{{Op: bpfLdW, K: fromNet + 8}}
	for at := uint32(12); at < 40; at += 4 {
		v6 = append(v6, bpf.RawInstruction{Op: bpfTax}, bpf.RawInstruction{Op: bpfLdW, K: fromNet + at}, bpf.RawInstruction{Op: bpfXorX})
	}
	v6 = append(v6, program{
		{Op: bpfSt, K: 0}, {Op: bpfLdB, K: fromNet + 6}, {Op: bpfJeq, K: 6, Jf: over + 1}, {Op: 0x01, K: 40}, // X = 40
	}...)
	v6 = slices.Concat(v6, ports, plain)

	head := program{
		{Op: bpfLdW, K: proto},
		{Op: bpfJeq, K: 0x0800, Jt: uint8(1 + len(link))},
		{Op: bpfJeq, K: 0x86dd, Jt: uint8(len(link) + len(v4))},
	}
	return slices.Concat(head, link, v4, v6)
}
