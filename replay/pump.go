package replay

import (
	"context"
	"io"
	"time"
)

// pump reads a stream that may never go on (standard input, a named pipe) in a goroutine of its own, so that
// whoever reads from the pump can be stopped by its context. The goroutine ends with the stream, or with the
// first read after ctx ended; reads that know deadlines are woken for that.
type pump struct {
	ctx   context.Context
	stop  context.CancelFunc
	full  chan []byte
	empty chan []byte
	err   error  // why full was closed
	rest  []byte // of cur, still to be read
	cur   []byte
}

func newPump(ctx context.Context, open func() (io.ReadCloser, error)) *pump {
	ctx, stop := context.WithCancel(ctx)
	p := &pump{ctx: ctx, stop: stop, full: make(chan []byte, 2), empty: make(chan []byte, 2)}
	for range cap(p.empty) {
		p.empty <- make([]byte, firstRead)
	}
	go p.run(open)
	return p
}

func (p *pump) run(open func() (io.ReadCloser, error)) {
	defer close(p.full)
	var r io.ReadCloser
	if r, p.err = open(); p.err != nil {
		return
	}
	defer r.Close()
	if d, ok := r.(interface{ SetReadDeadline(time.Time) error }); ok {
		stop := context.AfterFunc(p.ctx, func() { d.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	for p.err == nil {
		var buf []byte
		select {
		case buf = <-p.empty:
		case <-p.ctx.Done():
			p.err = p.ctx.Err()
			return
		}
		var n int
		n, p.err = r.Read(buf[:cap(buf)])
		p.full <- buf[:n] // as many as it may hold were made
	}
}

func (p *pump) Read(dst []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.cur != nil {
			p.empty <- p.cur
			p.cur = nil
		}
		var more bool
		select {
		case p.cur, more = <-p.full:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
		if !more {
			return 0, p.err
		}
		p.rest = p.cur
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close ends the goroutine, which closes the stream.
func (p *pump) Close() error {
	p.stop()
	return nil
}
