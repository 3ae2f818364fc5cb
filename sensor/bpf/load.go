package bpf

// Ancillary data of the kernel: negative offsets (linux/filter.h, SKF_AD_OFF and what is added to it).
const (
	adOff        = 0xfffff000
	adTag        = adOff + 44
	adTagPresent = adOff + 48
	adTagProto   = adOff + 60
)

// Where the tag stands that is put back in front of an EtherType.
const (
	tagAt  = 12
	tagEnd = 16
)

// load is size bytes at a fixed offset of the frame, with its tag in place.
func (l *lowering) load(offset, size uint32) value {
	switch {
	case !l.aside || offset+size <= tagAt:
		return l.value(definition{kind: absolute, size: size, k: offset})
	case offset >= tagEnd:
		return l.value(definition{kind: absolute, size: size, k: offset - 4})
	case offset == tagAt && size == 2:
		return l.ancillary(adTagProto)
	case offset == tagAt+2 && size == 2:
		return l.ancillary(adTag)
	case size == 1:
		v := l.ancillary(adTagProto)
		if offset >= tagAt+2 {
			v = l.ancillary(adTag)
		}
		if offset%2 == 0 {
			v = l.compute(aluRsh, v, l.constant(8))
		}
		return l.compute(aluAnd, v, l.constant(0xff))
	}
	v := l.load(offset, 1)
	for i := uint32(1); i < size; i++ {
		v = l.compute(aluOr, l.compute(aluLsh, v, l.constant(8)), l.load(offset+i, 1))
	}
	return v
}

// loadAt is size bytes at offset + index.
func (l *lowering) loadAt(index value, offset, size uint32) value {
	if k, ok := l.isConst(index); ok {
		return l.load(offset+k, size)
	}
	if d := l.values[index]; d.kind == computed && d.op == aluAdd {
		if k, ok := l.isConst(d.b); ok {
			return l.loadAt(d.a, offset+k, size)
		}
	}
	if l.aside {
		// Less than tagEnd is only asked for behind a test that fails, as nothing but a tag is at tagAt;
		// relation refuses the one other case.
		offset = max(offset, tagEnd) - 4
	}
	return l.value(definition{kind: indirect, size: size, k: offset, a: index})
}

// headerLength is the length of the IPv4 header.
func (l *lowering) headerLength() value {
	at := l.network()
	switch {
	case l.aside && at < tagEnd:
		half := l.compute(aluAnd, l.load(at, 1), l.constant(0xf))
		return l.compute(aluLsh, half, l.constant(2))
	case l.aside:
		at -= 4
	}
	return l.value(definition{kind: ihl, k: at})
}

// relation compares two computed values of a frame that has the protocols whose headers they are read from.
func (l *lowering) relation(r *relation) (*cond, error) {
	has := truth(true)
	left, err := l.arith(r.l, &has)
	if err != nil {
		return nil, err
	}
	right, err := l.arith(r.r, &has)
	if err != nil {
		return nil, err
	}
	c := l.compare(left, r.op, right)
	if r.negated {
		c = not(c)
	}
	return and(has, c), nil
}

// arith is a value, and adds to has what the frame must be for it.
func (l *lowering) arith(a *arith, has **cond) (value, error) {
	switch a.op {
	case arithConst:
		return l.constant(a.value), nil
	case arithLength:
		v := l.value(definition{kind: wireLen})
		if l.aside {
			v = l.compute(aluAdd, v, l.constant(tagEnd-tagAt))
		}
		return v, nil
	}
	left, err := l.arith(a.l, has)
	if err != nil {
		return 0, err
	}
	switch a.op {
	case arithLoad:
		return l.accessor(a, left, has)
	case arithNeg:
		return l.compute(aluMul, left, l.constant(0xffffffff)), nil
	}
	right, err := l.arith(a.r, has)
	if err != nil {
		return 0, err
	}
	return l.compute(a.alu, left, right), nil
}

// maxIndex bounds offsets: the kernel adds them as signed numbers and has other meanings for negative ones.
const maxIndex = 1 << 30

// accessor reads from the header of a protocol.
func (l *lowering) accessor(a *arith, index value, has **cond) (value, error) {
	k, fixed := l.isConst(index)
	if l.most(index) > maxIndex {
		if fixed {
			return 0, wrong(a.at, "reads %d bytes behind the header's start, where no frame has any", k)
		}
		return 0, wrong(a.at, "reads at a computed offset that may be negative or too large; limit it with & 0xffff")
	}
	var is *cond
	var err error
	base := l.network()
	switch a.proto {
	case ether:
		if l.aside && l.start < tagEnd && !fixed {
			return 0, wrong(a.at, "cannot be read at a computed offset while the VLAN tag stands beside the frame")
		}
		return l.loadAt(index, l.start, a.size), nil
	case ip, ip6, arp, rarp:
		if is, err = l.carries(etherTypes[a.proto], a.at); err != nil {
			return 0, err
		}
	case icmp6:
		if is, err = l.carries(etherIP6, a.at); err != nil {
			return 0, err
		}
		is = and(is, l.test(l.load(base+6, 1), jeq, protoNumbers[icmp6]))
		base += 40
	default:
		if is, err = l.carries(etherIP, a.at); err != nil {
			return 0, err
		}
		is = and(is, and(l.test(l.load(base+9, 1), jeq, protoNumbers[a.proto]), l.firstFragment()))
		index = l.compute(aluAdd, index, l.headerLength())
	}
	*has = and(*has, is)
	return l.loadAt(index, base, a.size), nil
}
