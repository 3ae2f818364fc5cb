package bpf

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// Program is a compiled filter. Jumps only go forward, and each ends in a return: it makes at most as many steps as
// it has instructions.
type Program struct{ code []instruction }

// Len is how many instructions it has.
func (p *Program) Len() int { return len(p.code) }

// Raw is the program for setsockopt(2) with SO_ATTACH_FILTER. It keeps the first snap bytes of a frame that it takes.
func (p *Program) Raw(snap uint32) []bpf.RawInstruction {
	raw := make([]bpf.RawInstruction, len(p.code))
	for i, in := range p.code {
		if in.op == opRet && in.k != 0 {
			in.k = snap
		}
		raw[i] = bpf.RawInstruction{Op: in.op, Jt: in.jt, Jf: in.jf, K: in.k}
	}
	return raw
}

// Match runs a program for InFrame on a captured frame that had wireLen bytes on the wire. As in the kernel and in
// libpcap, a frame that ends before a byte that must be looked at is not taken, whatever else the expression says. It
// does not allocate.
func (p *Program) Match(frame []byte, wireLen int) bool {
	return p.run(frame, uint32(wireLen), tag{})
}

// tag is a VLAN tag that stands beside the frame.
type tag struct {
	present    bool
	proto, tci uint16
}

// ancillary is what the kernel loads for a negative offset.
func (t tag) ancillary(k uint32) uint32 {
	switch {
	case k == adTagPresent && t.present:
		return 1
	case k == adTagProto && t.present:
		return uint32(t.proto)
	case k == adTag && t.present:
		return uint32(t.tci)
	}
	return 0
}

// run is the machine of bpf(4), for the instructions that are made here.
func (p *Program) run(frame []byte, wireLen uint32, t tag) bool {
	var a, x uint32
	var m [slots]uint32
	code := p.code
	for pc := 0; pc < len(code); pc++ {
		in := &code[pc]
		k := in.k
		switch in.op {
		case opLdW, opLdIndW:
			if in.op == opLdIndW {
				k += x
			} else if k >= adOff {
				a = t.ancillary(k)
				continue
			}
			if uint64(k)+4 > uint64(len(frame)) {
				return false
			}
			a = binary.BigEndian.Uint32(frame[k:])
		case opLdH, opLdIndH:
			if in.op == opLdIndH {
				k += x
			}
			if uint64(k)+2 > uint64(len(frame)) {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(frame[k:]))
		case opLdB, opLdIndB:
			if in.op == opLdIndB {
				k += x
			}
			if uint64(k) >= uint64(len(frame)) {
				return false
			}
			a = uint32(frame[k])
		case opLdxMSH:
			if uint64(k) >= uint64(len(frame)) {
				return false
			}
			x = uint32(frame[k]&0xf) << 2
		case opJmp | uint16(jeq):
			pc += skip(in, a == k)
		case opJmp | uint16(jgt):
			pc += skip(in, a > k)
		case opJmp | uint16(jge):
			pc += skip(in, a >= k)
		case opJmp | uint16(jset):
			pc += skip(in, a&k != 0)
		case opJmp | useX | uint16(jeq), opJmp | useX | uint16(jgt), opJmp | useX | uint16(jge):
			pc += skip(in, jump(in.op&0xf0).holds(a, x))
		case opJmp:
			pc += int(k)
		case opRet:
			return k != 0
		case opLdImm:
			a = k
		case opLdLen:
			a = wireLen
		case opLdxImm:
			x = k
		case opLdxMem:
			x = m[k%slots]
		case opSt:
			m[k%slots] = a
		case opTax:
			x = a
		case opTxa:
			a = x
		default: // opALU
			if in.op&useX != 0 {
				k = x
			}
			var ok bool
			if a, ok = alu(in.op&0xf0).apply(a, k); !ok {
				return false
			}
		}
	}
	return false
}

// skip is how many instructions a jump passes over.
func skip(in *instruction, held bool) int {
	if held {
		return int(in.jt)
	}
	return int(in.jf)
}
