// Package lanes hands the packets of one reader to every worker: the same batches, in the same order, without a copy.
package lanes

import (
	"io"
	"sync/atomic"

	"auscult/sensor/packet"
)

// Block is memory that holds frames until the last who looks at it releases it, on any goroutine.
type Block interface {
	Retain()
	Release()
}

// Mark stands in a Block's owner and is the reader's own: the batch that last retained the block.
type Mark struct{ of *batch }

// batch is a run of packets on its way to every lane, and the blocks that hold their frames. Whoever is the last to
// leave it gives the blocks back and the batch to the reader. Read-only while it is with the lanes.
type batch struct {
	packets []packet.Raw
	blocks  []held
	lanes   atomic.Int32
}

type held struct {
	block Block
	mark  *Mark
}

// Fan is the reader's side. There is a fixed number of batches; when all are out, the reader waits for the slowest
// lane. Each lane's channel has room for all of them, so only that wait can block. One goroutine.
type Fan struct {
	lanes []*Lane
	free  chan *batch
	quit  <-chan struct{}
	cur   *batch
	size  int
}

// NewFan returns a Fan of inFlight batches of size packets. Closing quit ends the wait for lanes that nobody reads.
func NewFan(lanes, inFlight, size int, quit <-chan struct{}) *Fan {
	f := &Fan{free: make(chan *batch, inFlight), quit: quit, size: size}
	for range inFlight {
		f.free <- &batch{packets: make([]packet.Raw, 0, size)}
	}
	for range lanes {
		f.lanes = append(f.lanes, &Lane{full: make(chan *batch, inFlight), free: f.free})
	}
	return f
}

// Lanes are the workers' sides.
func (f *Fan) Lanes() []*Lane { return f.lanes }

// Room makes sure that there is a batch to put packets into; false when quit ended the wait.
func (f *Fan) Room() bool {
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

// Put adds a packet whose frame is in b, whose mark is m. There must be room.
func (f *Fan) Put(raw *packet.Raw, b Block, m *Mark) {
	f.cur.packets = append(f.cur.packets, *raw)
	if m.of != f.cur {
		m.of = f.cur
		b.Retain()
		f.cur.blocks = append(f.cur.blocks, held{b, m})
	}
}

// PutTime adds a time without a packet. There must be room.
func (f *Fan) PutTime(raw *packet.Raw) { f.cur.packets = append(f.cur.packets, *raw) }

// Full is whether the current batch is to be handed over before another packet is put.
func (f *Fan) Full() bool { return f.cur != nil && len(f.cur.packets) >= f.size }

// Flush hands the current batch over.
func (f *Fan) Flush() {
	b := f.cur
	if b == nil || len(b.packets) == 0 {
		return
	}
	f.cur = nil
	for _, h := range b.blocks {
		h.mark.of = nil // the batch will be filled again, perhaps while the block still is in use
	}
	b.lanes.Store(int32(len(f.lanes)))
	for _, l := range f.lanes {
		l.full <- b
	}
}

// Close ends the lanes behind the batches they were given, with err or, when it is nil, with io.EOF.
func (f *Fan) Close(err error) {
	for _, l := range f.lanes {
		l.err = err
		close(l.full)
	}
}

// Lane is one worker's view of the packets. One goroutine. A lane that nobody reads any more holds up the others
// until quit is closed.
type Lane struct {
	full chan *batch
	free chan *batch
	cur  *batch
	rest []packet.Raw
	err  error // read after full is closed
}

// Next returns the next packet, valid until the call after, and io.EOF at the end. The frame is shared with the
// other lanes and must not be written to.
func (l *Lane) Next() (packet.Raw, error) {
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

// Poll is Next for who does not wait: not ok when nothing has come, and then nothing that was read is held any more.
func (l *Lane) Poll() (r packet.Raw, ok bool) {
	if len(l.rest) == 0 && len(l.full) == 0 {
		l.leave()
		return r, false
	}
	r, err := l.Next()
	return r, err == nil
}

// turn leaves the batch that is read and waits for the next.
func (l *Lane) turn() bool {
	l.leave()
	if l.cur = <-l.full; l.cur == nil {
		return false
	}
	l.rest = l.cur.packets
	return true
}

func (l *Lane) leave() {
	b := l.cur
	l.cur = nil
	if b == nil || b.lanes.Add(-1) > 0 {
		return
	}
	for _, h := range b.blocks {
		h.block.Release()
	}
	clear(b.blocks)
	b.packets, b.blocks = b.packets[:0], b.blocks[:0]
	l.free <- b
}
