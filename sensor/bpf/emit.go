package bpf

// instruction is one of classic BPF, as bpf(4) and linux/filter.h have it.
type instruction struct {
	op     uint16
	jt, jf uint8
	k      uint32
}

// Opcodes that are made.
const (
	opLdImm  = 0x00
	opLdW    = 0x20
	opLdH    = 0x28
	opLdB    = 0x30
	opLdIndW = 0x40
	opLdIndH = 0x48
	opLdIndB = 0x50
	opLdMem  = 0x60
	opLdLen  = 0x80
	opLdxImm = 0x01
	opLdxMem = 0x61
	opLdxMSH = 0xb1
	opSt     = 0x02
	opALU    = 0x04
	opJmp    = 0x05
	opRet    = 0x06
	opTax    = 0x07
	opTxa    = 0x87
	useX     = 0x08 // added to opALU and opJmp: the operand is X, not k
)

// accept is what a program returns for a frame that it takes: the most bytes of it that anyone may want.
const accept = 262144

// slots is how many numbers a program can put aside (BPF_MEMWORDS).
const slots = 16

// registers are the values that A and X hold.
type registers struct{ a, x value }

// emitter writes the instructions that compute values.
type emitter struct {
	*graph
	registers
	code []instruction
	used int // slots
	full bool
}

func (e *emitter) put(op uint16, k uint32) { e.code = append(e.code, instruction{op: op, k: k}) }

// inA makes A hold a value.
func (e *emitter) inA(v value) {
	if e.a == v {
		return
	}
	if e.x == v {
		e.put(opTxa, 0)
		e.a = v
		return
	}
	d := e.values[v]
	switch d.kind {
	case constant:
		e.put(opLdImm, d.k)
	case wireLen:
		e.put(opLdLen, 0)
	case absolute:
		e.put(loads(opLdW, d.size), d.k)
	case ancillary:
		e.put(opLdW, d.k)
	case indirect:
		e.inX(d.a)
		e.put(loads(opLdIndW, d.size), d.k)
	case ihl:
		e.inX(v)
		e.put(opTxa, 0)
	case computed:
		if k, ok := e.isConst(d.b); ok {
			e.inA(d.a)
			e.put(opALU|uint16(d.op), k)
			break
		}
		e.both(d.a, d.b)
		e.put(opALU|useX|uint16(d.op), 0)
	}
	e.a = v
}

// inX makes X hold a value; what A holds may change.
func (e *emitter) inX(v value) {
	if e.x == v {
		return
	}
	switch d := e.values[v]; {
	case d.kind == constant:
		e.put(opLdxImm, d.k)
	case d.kind == ihl:
		e.put(opLdxMSH, d.k)
	default:
		e.inA(v)
		e.put(opTax, 0)
	}
	e.x = v
}

// both makes A hold a and X hold x.
func (e *emitter) both(a, x value) {
	if kind := e.values[x].kind; kind == constant || kind == ihl {
		e.inA(a)
		e.inX(x) // leaves A alone
		return
	}
	e.inA(x)
	if !e.needsX(a) {
		e.inX(x)
		e.inA(a)
		return
	}
	slot := uint32(e.used)
	if e.used++; e.used > slots {
		e.full = true
		return
	}
	e.put(opSt, slot)
	e.inA(a)
	if e.x != x {
		e.put(opLdxMem, slot)
		e.x = x
	}
	e.used--
}

// needsX says whether computing a value into A uses X.
func (e *emitter) needsX(v value) bool {
	switch d := e.values[v]; d.kind {
	case indirect, ihl:
		return true
	case computed:
		_, fixed := e.isConst(d.b)
		return !fixed || e.needsX(d.a)
	}
	return false
}

// loads is the opcode for a size, given that for four bytes.
func loads(op uint16, size uint32) uint16 {
	switch size {
	case 1:
		return op + 0x10
	case 2:
		return op + 0x08
	}
	return op
}
