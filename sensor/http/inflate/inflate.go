// Package inflate undoes DEFLATE (RFC 1951) and gzip (RFC 1952): compressed bytes are pushed in, in pieces of any
// size, and what they decode to comes out of the decoder's own window, uncopied.
package inflate

// Status is how a decoder stands after a piece of input.
type Status uint8

const (
	// More is that all of the input was read and what follows it is wanted.
	More Status = iota
	// Full is that the output has to be taken before the rest of the input can be read.
	Full
	// End is that the stream has ended; the rest of the input is not of it.
	End
	// Corrupt is that the input is no DEFLATE. It stays so until Reset.
	Corrupt
	// NotGzip is that a header is not one of gzip. It stays so until Reset.
	NotGzip
	// Mismatch is that checksum or length of a gzip member are wrong. It stays so until Reset.
	Mismatch
)

const (
	window = 32 << 10 // the furthest that a match reaches back
	room   = 64 << 10 // of output, the window included
	// Size is the memory of a Decoder in bytes, a little rounded up: its output and its tables.
	Size = 80 << 10
)

// Decoder decodes one DEFLATE stream. It accepts and refuses what compress/flate does, and gives the same output
// up to the byte where a stream is cut or corrupt, wherever its input was divided. The zero value is ready. One
// goroutine owns it.
type Decoder struct {
	bits      uint64 // read and not yet used, the next one lowest; zeros above
	count     uint   // how many they are
	step      step
	final     bool // the block is the last
	fixed     bool // the tables are those of section 3.2.6
	w         int  // end of the output in out
	left      int  // bytes of a stored block or match that are still to come
	distance  int  // of the match
	head      header
	lit       code
	dist      code
	litTable  [litEntries]entry
	distTable [distEntries]entry
	out       [room]byte
}

// step is what of the stream comes next.
type step uint8

const (
	blockHead step = iota
	storedHead
	stored
	tableHead
	tableWidths
	tableLengths
	symbols
	match
	ended
	failed
)

// Reset makes d ready for another stream, which cannot refer to anything before it.
func (d *Decoder) Reset() {
	d.w = 0
	d.Next()
}

// Next makes d ready for another stream that may refer back to the output before it.
func (d *Decoder) Next() {
	d.bits, d.count, d.step, d.final = 0, 0, blockHead, false
}

// Decode reads from in. It returns the bytes that were decoded, which are valid until the next call, and how many
// bytes of in were read: all of them when it wants More.
func (d *Decoder) Decode(in []byte) (out []byte, n int, s Status) {
	if d.w > room-room/4 {
		d.w = copy(d.out[:], d.out[d.w-window:d.w])
	}
	from := d.w
	for s = More; s == More; {
		switch d.step {
		case blockHead:
			n, s = d.readBlockHead(in, n)
		case storedHead:
			n, s = d.readStoredHead(in, n)
		case stored:
			n, s = d.copyStored(in, n)
		case tableHead:
			n, s = d.readTableHead(in, n)
		case tableWidths:
			n, s = d.readWidths(in, n)
		case tableLengths:
			n, s = d.readLengths(in, n)
		case symbols:
			n, s = d.readSymbols(in, n)
		case match:
			s = d.copyMatch()
		case ended:
			s = End
		case failed:
			s = Corrupt
		}
		if s == wait {
			return d.out[from:d.w], n, More
		}
	}
	if s == Corrupt {
		d.step = failed
	}
	if s == End || s == Full {
		n = d.giveBack(n)
	}
	return d.out[from:d.w], n, s
}

// wait is what a step returns that needs more input than there is.
const wait = Status(255)

// fill has want bits ready, at most 56, or all that there are: then it is false.
func (d *Decoder) fill(in []byte, i int, want uint) (int, bool) {
	for d.count < want {
		if i >= len(in) {
			return i, false
		}
		d.bits |= uint64(in[i]) << (d.count & 63)
		d.count += 8
		i++
	}
	return i, true
}

// take uses up n bits.
func (d *Decoder) take(n uint) uint {
	v := uint(d.bits) & (1<<n - 1)
	d.bits >>= n & 63
	d.count -= n
	return v
}

// giveBack unreads the whole bytes that were read ahead of i.
func (d *Decoder) giveBack(i int) int {
	k := min(d.count>>3, uint(i))
	d.count -= 8 * k
	d.bits &= 1<<(d.count&63) - 1
	return i - int(k)
}

// readBlockHead reads the three bits of section 3.2.3.
func (d *Decoder) readBlockHead(in []byte, i int) (int, Status) {
	if d.final {
		d.step = ended
		return i, More
	}
	i, ok := d.fill(in, i, 3)
	if !ok {
		return i, wait
	}
	d.final = d.take(1) == 1
	switch d.take(2) {
	case 0:
		d.take(d.count & 7)
		d.step = storedHead
	case 1:
		if !d.fixed {
			d.fixTables()
		}
		d.step = symbols
	case 2:
		d.step = tableHead
	default:
		return i, Corrupt
	}
	return i, More
}

// readStoredHead reads LEN and NLEN (section 3.2.4).
func (d *Decoder) readStoredHead(in []byte, i int) (int, Status) {
	i, ok := d.fill(in, i, 32)
	if !ok {
		return i, wait
	}
	n := d.take(16)
	if d.take(16) != ^n&0xffff {
		return i, Corrupt
	}
	d.left, d.step = int(n), stored
	return i, More
}

// copyStored copies what there is of a stored block and what there is room for.
func (d *Decoder) copyStored(in []byte, i int) (int, Status) {
	for d.left > 0 && d.count >= 8 && d.w < room { // read ahead in an earlier piece
		d.out[d.w] = byte(d.take(8))
		d.w++
		d.left--
	}
	if d.count < 8 {
		n := copy(d.out[d.w:], in[i:min(len(in), i+d.left)])
		d.w, d.left, i = d.w+n, d.left-n, i+n
	}
	switch {
	case d.left == 0:
		d.step = blockHead
		return i, More
	case d.w == room:
		return i, Full
	}
	return i, wait
}

// copyMatch copies what there is room for of a match.
func (d *Decoder) copyMatch() Status {
	for d.left > 0 {
		if d.w == room {
			return Full
		}
		n := min(d.left, d.distance)
		n = copy(d.out[d.w:], d.out[d.w-d.distance:d.w-d.distance+n])
		d.w += n
		d.left -= n
	}
	d.step = symbols
	return More
}
