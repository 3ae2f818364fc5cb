package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"
)

// Input is what a manifest says of one input.
type Input struct {
	Name   string `json:"name"` // the last part of its path; the whole of it in a run with --reveal
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"` // of Bytes bytes
	Note   string `json:"note,omitempty"`   // what is not as usual with it
}

// Inputs hashes the inputs of a run while they are read. It may be used by many goroutines.
type Inputs struct {
	mu   sync.Mutex
	read map[string]Input // by path
}

const (
	inputBlock   = 256 << 10
	inputBlocks  = 4 // that one input may be ahead of its hash, so at most 1 MiB
	notToTheEnd  = "not read to its end"
	brokeReading = "could not be read to its end"
)

// Reader is r, which is path, and hashes what is read. Another goroutine does so: 1.7 GB/s are few for a reader that has
// the packets of one core to serve. Close waits for it, and hashes first what was left unread if whole says so.
func (in *Inputs) Reader(path string, r io.ReadCloser, whole func() bool) io.ReadCloser {
	h := &hashing{in: in, path: path, r: r, whole: whole, full: make(chan []byte, inputBlocks), empty: make(chan []byte, inputBlocks)}
	for range inputBlocks {
		h.empty <- nil // its memory when it is needed: small inputs are many
	}
	h.done.Go(h.hash)
	return h
}

// Of is what was read of path; ok is false when it was never opened, or is open.
func (in *Inputs) Of(path string) (i Input, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	i, ok = in.read[path]
	return i, ok
}

// hashing is an input while it is read. One goroutine reads and closes it.
type hashing struct {
	in          *Inputs
	path        string
	r           io.ReadCloser
	whole       func() bool
	full, empty chan []byte
	block       []byte // being filled
	done        sync.WaitGroup
	size        int64  // of what sum is of, after done
	sum         string // after done
	end         error  // what the last Read said
	closed      bool
}

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	for b := p[:n]; len(b) > 0; {
		if h.block == nil {
			if h.block = <-h.empty; h.block == nil {
				h.block = make([]byte, 0, inputBlock)
			}
		}
		k := min(len(b), cap(h.block)-len(h.block))
		h.block = append(h.block, b[:k]...)
		b = b[k:]
		if len(h.block) == cap(h.block) {
			h.full <- h.block
			h.block = nil
		}
	}
	h.end = err
	return n, err
}

func (h *hashing) hash() {
	sum := sha256.New()
	for b := range h.full {
		sum.Write(b)
		h.size += int64(len(b))
		h.empty <- b[:0]
	}
	h.sum = hex.EncodeToString(sum.Sum(nil))
}

func (h *hashing) Close() error {
	if h.closed {
		return nil
	}
	h.closed = true
	if h.end == nil && h.whole() {
		io.CopyBuffer(io.Discard, struct{ io.Reader }{h}, make([]byte, 64<<10)) // its end is kept in h
	}
	if len(h.block) > 0 {
		h.full <- h.block
	}
	close(h.full)
	h.done.Wait()
	i := Input{Bytes: h.size, SHA256: h.sum}
	switch h.end {
	case io.EOF:
	case nil:
		i.Note = notToTheEnd
	default:
		i.Note = brokeReading
	}
	h.in.mu.Lock()
	if h.in.read == nil {
		h.in.read = map[string]Input{}
	}
	h.in.read[h.path] = i
	h.in.mu.Unlock()
	return h.r.Close()
}
