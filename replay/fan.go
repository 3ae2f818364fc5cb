package replay

import (
	"io"
	"sync/atomic"

	"auscult/sensor/packet"
)

// batch is a run of packets on its way to every lane, and the blocks that hold their frames. Whoever is the
// last to leave it gives the blocks back and the batch to the reader. Read-only while it is with the lanes.
type batch struct {
	packets []packet.Raw
	blocks  []*block
	lanes   atomic.Int32
}

// fan is the reader's side: one goroutine that walks the merged packets and hands the same batches, in the same
// order, to every lane. There is a fixed number of batches; when all are out, it waits for the slowest lane.
// Each lane's channel has room for all of them, so only that wait and reading itself can block.
type fan struct {
	env   *env
	merge *merge
	lanes []*lane
	free  chan *batch
	cur   *batch
}

func newFan(env *env, workers int) *fan {
	f := &fan{env: env, free: make(chan *batch, env.cfg.InFlight)}
	for range env.cfg.InFlight {
		f.free <- &batch{}
	}
	for range workers {
		f.lanes = append(f.lanes, &lane{full: make(chan *batch, env.cfg.InFlight), free: f.free})
	}
	env.before = f.flush
	return f
}

// run reads to the end, or to the end of the context: the lanes then still get what was handed over before it.
func (f *fan) run() {
	for f.step() {
	}
	if f.cur != nil {
		f.flush()
	}
	f.merge.close()
}

// step takes one packet into the current batch; false ends the run.
func (f *fan) step() bool {
	raw, blk := f.merge.next()
	if raw == nil {
		return false
	}
	if f.cur == nil && !f.take() {
		return false
	}
	b := f.cur
	b.packets = append(b.packets, *raw)
	if blk.mark != b {
		blk.mark = b
		blk.refs.Add(1)
		b.blocks = append(b.blocks, blk)
	}
	return len(b.packets) < f.env.cfg.BatchPackets || f.flush() == nil
}

func (f *fan) take() bool {
	select {
	case f.cur = <-f.free:
		return true
	case <-f.env.ctx.Done():
		return false
	}
}

// flush hands the current batch over. It is also called before each read, so that packets do not wait for a
// pipe's next ones; an error stops the read.
func (f *fan) flush() error {
	if err := f.env.ctx.Err(); err != nil {
		return err
	}
	b := f.cur
	if b == nil {
		return nil
	}
	f.cur = nil
	for _, blk := range b.blocks {
		blk.mark = nil // the batch will be filled again, perhaps while the block still is in use
	}
	b.lanes.Store(int32(len(f.lanes)))
	for _, l := range f.lanes {
		l.full <- b
	}
	return nil
}

// close ends the lanes behind the batches they were given.
func (f *fan) close() {
	for _, l := range f.lanes {
		close(l.full)
	}
}

// lane is one worker's view of the packets. One goroutine. A lane that nobody reads any more holds up the
// others until the context ends.
type lane struct {
	full chan *batch
	free chan *batch
	cur  *batch
	rest []packet.Raw
}

// Next returns the next packet, valid until the call after, and io.EOF at the end. The frame is shared with the
// other lanes and must not be written to.
func (l *lane) Next() (packet.Raw, error) {
	if len(l.rest) == 0 && !l.turn() {
		return packet.Raw{}, io.EOF
	}
	r := l.rest[0]
	l.rest = l.rest[1:]
	return r, nil
}

// turn leaves the batch that is read and waits for the next.
func (l *lane) turn() bool {
	l.leave()
	if l.cur = <-l.full; l.cur == nil {
		return false
	}
	l.rest = l.cur.packets
	return true
}

func (l *lane) leave() {
	b := l.cur
	l.cur = nil
	if b == nil || b.lanes.Add(-1) > 0 {
		return
	}
	for _, blk := range b.blocks {
		blk.release()
	}
	b.packets, b.blocks = b.packets[:0], b.blocks[:0]
	l.free <- b
}
