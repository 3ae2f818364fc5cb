package http

import (
	"bytes"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Forgetter makes inflaters forget what they read. Reset leaves them their last code tables, and a block whose own
// table is empty, which RFC 1951 section 3.2.7 does not allow, is read by those: what hostile bytes inflate to would
// depend on whose bytes came before. A Forgetter has them read one block of known tables, to which every code is
// an error. The zero value is ready; it belongs to one goroutine.
type Forgetter struct {
	src bytes.Reader
	out [1]byte
}

// knownBlock is a last block of DEFLATE that holds nothing. Its tables have one code each, of one bit: end of
// block, which stands for no length of a code, and distance 29, which reaches further back than nearly all output.
var knownBlock = []byte("\x05\xdd\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x25\x00")

// knownMember is knownBlock as a whole gzip file (RFC 1952).
var knownMember = slices.Concat([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), knownBlock, make([]byte, 8))

// Flate makes z, a reader of the flate package, as good as new. It must be Reset before it is read.
func (f *Forgetter) Flate(z io.Reader) {
	f.src.Reset(knownBlock)
	z.(flate.Resetter).Reset(&f.src, nil)
	z.Read(f.out[:])
}

// Gzip does the same for a gzip.Reader.
func (f *Forgetter) Gzip(z *gzip.Reader) {
	f.src.Reset(knownMember)
	z.Reset(&f.src)
	z.Read(f.out[:])
}
