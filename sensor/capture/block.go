package capture

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"auscult/pipeline/lanes"
	"auscult/sensor/clock"
)

// Layout of a TPACKET_V3 block and of the packets in it (linux/if_packet.h: tpacket_block_desc, tpacket3_hdr,
// sockaddr_ll), in the machine's byte order.
const (
	blockStatus  = 8
	blockPackets = 12
	blockFirst   = 16
	blockHeader  = 48

	hdrNext   = 0
	hdrSec    = 4
	hdrNsec   = 8
	hdrSnap   = 12
	hdrLen    = 16
	hdrStatus = 20
	hdrMAC    = 24
	hdrTCI    = 32
	hdrTPID   = 36
	hdrType   = 58 // sll_pkttype, of the sockaddr_ll that follows at 48
	hdrSize   = 68

	statusUser     = 1 << 0
	statusVLAN     = 1 << 4
	statusTPID     = 1 << 6
	statusHardware = 1 << 31

	typeOutgoing = 4 // PACKET_OUTGOING
)

// tagBytes is the size of a VLAN tag, for which every packet has room in front (PACKET_RESERVE).
const tagBytes = 4

var native = binary.NativeEndian

// block is one block of a ring. The kernel owns it until ready; then the reader walks it once, and whoever is the
// last to leave it gives it back.
type block struct {
	mem  []byte
	refs atomic.Int32 // 0: the kernel's; else one more than those who look at it
	mark lanes.Mark
}

// status is where the kernel and we tell each other whose the block is. mem is at least a block header, and starts
// at a page of the ring's mapping, or is memory that a test has allocated in whole words: the word is aligned.
func (b *block) status() *uint32 { return (*uint32)(unsafe.Pointer(&b.mem[blockStatus])) }

// open takes the block over when the kernel has closed it, with one reference for the reader.
func (b *block) open() bool {
	if b.refs.Load() != 0 || atomic.LoadUint32(b.status())&statusUser == 0 {
		return false
	}
	b.refs.Store(2)
	return true
}

// taken is whether the kernel cannot fill the block: it waits to be read, or is being read.
func (b *block) taken() bool {
	return b.refs.Load() != 0 || atomic.LoadUint32(b.status())&statusUser != 0
}

// Retain takes one more reference.
func (b *block) Retain() { b.refs.Add(1) }

// Release gives up one reference. The block goes back to the kernel before refs says so: else the reader could take
// what it has read for a new one.
func (b *block) Release() {
	if b.refs.Add(-1) == 1 {
		atomic.StoreUint32(b.status(), 0)
		b.refs.Store(0)
	}
}

// frame is a packet as it stands in a block.
type frame struct {
	stamp  clock.Time
	data   []byte
	wire   int
	status uint32
	kind   byte // sll_pkttype
	tagged bool
}

// walk is a place in a block: the packet that is next, and how many there are from it on.
type walk struct {
	at, left int
}

// start is the first packet of b.
func (b *block) start() walk {
	return walk{at: int(native.Uint32(b.mem[blockFirst:])), left: int(native.Uint32(b.mem[blockPackets:]))}
}

// next reads the packet at w into f and moves on. false says that the packet does not lie in the block, nor do those
// behind it then. A VLAN tag that the kernel took out is put back in place: the two addresses are moved forward
// into the headroom and the tag is written behind them.
func (b *block) next(w *walk, f *frame, ethernet bool) bool {
	w.left--
	if w.at < blockHeader || w.at > len(b.mem)-hdrSize {
		return false
	}
	h := b.mem[w.at:]
	snap, mac := int(native.Uint32(h[hdrSnap:])), int(native.Uint16(h[hdrMAC:]))
	if mac < hdrSize+tagBytes || mac > len(h) || snap > len(h)-mac {
		return false
	}
	f.stamp = clock.Time(native.Uint32(h[hdrSec:]))*1e9 + clock.Time(native.Uint32(h[hdrNsec:]))
	f.wire, f.status, f.kind = max(int(native.Uint32(h[hdrLen:])), snap), native.Uint32(h[hdrStatus:]), h[hdrType]
	f.tagged = f.status&statusVLAN != 0 && ethernet && snap >= 12
	if f.tagged {
		mac -= tagBytes
		snap += tagBytes
		f.wire += tagBytes
		copy(h[mac:mac+12], h[mac+tagBytes:])
		tpid := uint16(0x8100)
		if f.status&statusTPID != 0 {
			tpid = native.Uint16(h[hdrTPID:])
		}
		binary.BigEndian.PutUint16(h[mac+12:], tpid)
		binary.BigEndian.PutUint16(h[mac+14:], uint16(native.Uint32(h[hdrTCI:])))
	}
	f.data = h[mac : mac+snap : mac+snap]
	step := int(native.Uint32(h[hdrNext:]))
	if w.left > 0 && step < hdrSize {
		w.left = 0 // it would not move on: the block ends here
		return true
	}
	w.at += step
	return true
}
