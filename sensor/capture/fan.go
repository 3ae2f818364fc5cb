package capture

import (
	"io"
	"sync/atomic"

	"auscult/sensor/packet"
)

// batch is a run of packets on its way to every lane, and the blocks that hold their frames. Whoever is the last to
// leave it gives the blocks back to the kernel and the batch to the reader. Read-only while it is with the lanes.
type batch struct {
	packets []packet.Raw
	blocks  []*block
	lanes   atomic.Int32
}

// fan hands the same batches, in the same order, to every lane. There is a fixed number of batches; when all are
// out, the reader waits for the slowest lane while the rings fill. One goroutine.
type fan struct {
	lanes []*lane
	free  chan *batch
	quit  <-chan struct{} // ends the wait for lanes that nobody reads
	cur   *batch
	size  int
}

func newFan(cfg Config, lanes int, quit <-chan struct{}) *fan {
	f := &fan{free: make(chan *batch, cfg.InFlight), quit: quit, size: cfg.BatchPackets}
	for range cfg.InFlight {
		f.free <- &batch{packets: make([]packet.Raw, 0, cfg.BatchPackets)}
	}
	for range lanes {
		f.lanes = append(f.lanes, &lane{full: make(chan *batch, cfg.InFlight), free: f.free})
	}
	return f
}

// room makes sure that there is a batch to put packets into; false ends the run.
func (f *fan) room() bool {
	if f.cur != nil {
		return true
	}
	select {
	case f.cur = <-f.free:
		return true
	case <-f.quit:
		return false
	}
}

// put adds a packet of blk, or a time alone when blk is nil. There must be room.
func (f *fan) put(raw *packet.Raw, blk *block) {
	b := f.cur
	b.packets = append(b.packets, *raw)
	if blk != nil && blk.mark != b {
		blk.mark = b
		blk.refs.Add(1)
		b.blocks = append(b.blocks, blk)
	}
}

// full is whether the current batch is to be handed over before another packet is put.
func (f *fan) full() bool { return f.cur != nil && len(f.cur.packets) >= f.size }

// flush hands the current batch over.
func (f *fan) flush() {
	b := f.cur
	if b == nil || len(b.packets) == 0 {
		return
	}
	f.cur = nil
	for _, blk := range b.blocks {
		blk.mark = nil // the batch will be filled again, perhaps while the block still is in use
	}
	b.lanes.Store(int32(len(f.lanes)))
	for _, l := range f.lanes {
		l.full <- b
	}
}

// close ends the lanes behind the batches they were given, with err if it is not nil.
func (f *fan) close(err error) {
	for _, l := range f.lanes {
		l.err = err
		close(l.full)
	}
}

// lane is one worker's view of the packets. One goroutine. A lane that nobody reads holds up the others until the
// context ends.
type lane struct {
	full chan *batch
	free chan *batch
	cur  *batch
	rest []packet.Raw
	err  error // read after full is closed
}

// Next returns the next packet, valid until the call after, and io.EOF at the end. The frame is shared with the
// other lanes and must not be written to.
func (l *lane) Next() (packet.Raw, error) {
	if len(l.rest) == 0 && !l.turn() {
		if l.err != nil {
			return packet.Raw{}, l.err
		}
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
