package http

// Body reads the content of one message: through its content codings, under the limits, to whoever wants it. The
// zero value has not begun.
type Body struct {
	shared *Contents
	owner  *Contents // until the first byte
	hold   Holder    // while the content is held back
	learn  Holder    // that did not know the content, at its end
	scan   Scanner
	dec    *Content
	capped bool // content is past a limit, counted and not shown
	done   bool
}

// Begin begins the content of side s of x, whose head is there, and asks h who wants it.
func (b *Body) Begin(sh *Shared, h Handler, x *Exchange, s Side) {
	b.shared, b.scan = sh.Contents, h.Body(x, s)
	if hold, ok := b.scan.(Holder); ok && hold.Hold(nil) {
		b.hold = hold
		return
	}
	b.open(x, s)
}

// open begins to read the content.
func (b *Body) open(x *Exchange, s Side) {
	var limited, bad bool
	b.dec, limited, bad = b.shared.Open(x.Message(s), b.scan)
	if limited {
		b.capped = true
		x.Loss |= LossDecodeLimit
	}
	if bad {
		x.Marks |= BadCoding
	}
	if b.dec == nil && !b.capped && b.scan != nil {
		b.owner = b.shared
	}
}

// unhold reads what was held back, and from then on what comes.
func (b *Body) unhold(x *Exchange, s Side) {
	held := b.hold.Held()
	b.open(x, s)
	if len(held) > 0 {
		b.read(x, s, held)
	}
	b.hold.Release()
	b.hold = nil
}

// Write takes the next bytes of the content.
func (b *Body) Write(x *Exchange, s Side, p []byte) {
	x.Message(s).Wire += int64(len(p))
	if b.hold != nil {
		if b.hold.Hold(p) {
			return
		}
		b.unhold(x, s)
	}
	b.read(x, s, p)
}

func (b *Body) read(x *Exchange, s Side, p []byte) {
	m := x.Message(s)
	if b.owner != nil && len(p) > 0 {
		if b.dec = b.owner.Unlabelled(m, b.scan, p[0]); b.dec != nil {
			x.Marks |= BadCoding
		}
		b.owner = nil
	}
	switch {
	case b.dec != nil:
		b.dec.Write(p)
	case !b.capped:
		m.Decoded += int64(len(p))
		if b.scan != nil {
			b.scan.Scan(p)
		}
	}
}

// Miss counts n bytes of the content as lost. What is compressed cannot be read past them.
func (b *Body) Miss(x *Exchange, s Side, n int64) {
	if b.hold != nil {
		b.unhold(x, s)
	}
	x.Message(s).Lost += n
	x.Loss |= LossGap
	b.owner = nil
	if b.dec != nil {
		b.decoded(x, s, false)
		b.capped = true
	}
}

// End ends the content, once: complete says that all of it was written.
func (b *Body) End(x *Exchange, s Side, complete bool) {
	if b.done {
		return
	}
	b.done = true
	m, marks, loss := x.Message(s), x.Marks, x.Loss
	m.Complete = complete
	if b.hold != nil {
		if !complete {
			b.unhold(x, s)
		} else if b.recall(x, s) {
			return
		}
	}
	if b.dec != nil {
		complete = b.decoded(x, s, complete) && complete
	}
	if b.capped {
		// What it decodes to is not known, but content is compressed to be smaller.
		complete, m.Decoded = false, max(m.Decoded, m.Wire)
	}
	if b.scan != nil {
		b.scan.Close(complete)
		b.scan = nil
	}
	if b.learn != nil {
		if complete && x.Marks == marks && x.Loss == loss {
			b.learn.Learn(m.Decoded)
		}
		b.learn = nil
	}
}

// recall ends the content by what the same bytes came to before. If nobody knows, they are read.
func (b *Body) recall(x *Exchange, s Side) bool {
	m := x.Message(s)
	coding, ok := sort(m)
	if held := b.hold.Held(); !ok || len(held) == 0 || coding == 0 && held[0] == gzipMagic {
		b.unhold(x, s)
		return false
	}
	decoded, ok := b.hold.Known(coding)
	if !ok {
		b.learn = b.hold
		b.unhold(x, s)
		return false
	}
	m.Decoded = decoded
	if coding != 0 {
		b.shared.stats.Decoded++
	}
	b.hold.Release()
	b.hold, b.scan = nil, nil
	return true
}

// Done is whether the content has ended.
func (b *Body) Done() bool { return b.done }

// Skip makes b that of a message which will not be seen.
func (b *Body) Skip() { b.done = true }

// Discard lets go of what b holds, for an exchange that will not be yielded, and makes it the zero value.
func (b *Body) Discard() {
	if b.dec != nil {
		b.dec.Close(false)
	}
	if b.hold != nil {
		b.hold.Release()
	}
	if b.scan != nil {
		b.scan.Close(false)
	}
	*b = Body{}
}

// decoded ends the decoder and says whether it got to the end.
func (b *Body) decoded(x *Exchange, s Side, complete bool) bool {
	res := b.dec.Close(complete)
	b.dec = nil
	x.Message(s).Decoded = res.Decoded
	if res.Bad {
		x.Marks |= BadCoding
	}
	if res.Limited {
		x.Loss |= LossDecodeLimit
	}
	b.capped = !res.Whole && !res.Short && (res.Bad || res.Limited)
	return res.Whole
}
