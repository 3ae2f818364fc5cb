package capture

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// port is an interface as the reader sees it. The reader's own.
type port struct {
	index    uint32 // among the interfaces
	link     packet.LinkType
	incoming bool // what this machine sends is not wanted
	longest  int  // frame that the MTU allows, with two VLAN tags
	stats    InterfaceStats
}

// ring is one ring and the packet in it that is due. The reader's own.
type ring struct {
	port   *port
	blocks []*block
	turn   int // the block that is read, or will be next
	cur    *block
	walk   walk
	frame  frame

	has bool // there is a packet that is due
	raw packet.Raw
}

// forward moves to the next packet; false says that the kernel has given no more.
func (r *ring) forward(t *timeline) bool {
	for {
		for r.walk.left > 0 {
			if !r.cur.next(&r.walk, &r.frame, r.port.link == packet.LinkEthernet) {
				r.port.stats.Malformed += uint64(r.walk.left + 1)
				r.walk.left = 0
				break
			}
			if r.frame.kind == typeOutgoing && r.port.incoming {
				r.port.stats.Outgoing++
				continue
			}
			r.raw.Time = t.stamp(r.frame.stamp)
			r.raw.Frame, r.raw.WireLen = r.frame.data, r.frame.wire
			return true
		}
		if r.cur != nil {
			r.cur.Release()
			r.cur = nil
			r.turn++
			if r.turn == len(r.blocks) {
				r.turn = 0
			}
		}
		b := r.blocks[r.turn]
		if !b.open() {
			return false
		}
		r.cur, r.walk = b, b.start()
	}
}

// count books the packet at hand as handed over.
func (r *ring) count() {
	s, f := &r.port.stats, &r.frame
	s.Packets++
	s.Bytes += uint64(len(f.data))
	if f.tagged {
		s.Tagged++
	}
	if f.wire > len(f.data) {
		s.Cut++
		s.CutBytes += uint64(f.wire - len(f.data))
	}
	if f.wire > r.port.longest {
		s.Giant++
	}
	if f.status&statusHardware != 0 {
		s.Hardware++
	}
}

// first is the ring whose packet is due: the earliest, ties by the rings' order. Up to and including bound its
// packets are before those of all others. A ring that has none may still bring what was stamped at safe or later. It
// is nil when nothing can be handed over yet.
func first(rings []*ring, safe clock.Time, t *timeline) (due *ring, bound clock.Time) {
	bound = clock.Never
	at := -1
	for i, r := range rings {
		if !r.has {
			if r.has = r.forward(t); !r.has {
				continue
			}
		}
		if due == nil || r.raw.Time < due.raw.Time {
			due, at = r, i
		}
	}
	if due == nil {
		return nil, 0
	}
	for i, r := range rings {
		switch {
		case i == at:
		case !r.has:
			bound = min(bound, safe-1)
		case i < at:
			bound = min(bound, r.raw.Time-1)
		default:
			bound = min(bound, r.raw.Time)
		}
	}
	if due.raw.Time > bound {
		return nil, 0
	}
	return due, bound
}
