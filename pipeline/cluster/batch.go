package cluster

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// batch is what stands in front of a run of one sensor's calls, in the clear: nothing of it is about a patient. By it
// a reader orders and counts what it has no reason to open yet.
type batch struct {
	Site    string     `cbor:"1,keyasint"`
	Sensor  string     `cbor:"2,keyasint"`
	Run     uint64     `cbor:"3,keyasint"` // of the sensor's process: begins anew, never goes back
	Seq     uint64     `cbor:"4,keyasint"` // in the run, from 1 without gaps
	Kind    kind       `cbor:"5,keyasint,omitzero"`
	Sensors int        `cbor:"6,keyasint"`          // that publish this site's calls
	First   clock.Time `cbor:"7,keyasint,omitzero"` // of the calls
	Mark    clock.Time `cbor:"8,keyasint"`          // every call before it is in this batch or an earlier one
	Calls   int        `cbor:"9,keyasint,omitzero"`
	Size    int        `cbor:"10,keyasint,omitzero"` // bytes of the calls' records, neither compressed nor sealed
	Replay  bool       `cbor:"11,keyasint,omitzero"` // of a capture: its time is not that of the day
}

// kind says how a run goes on behind a batch.
type kind uint8

const (
	more  kind = iota
	left       // the sensor has stopped; it may come back, with later calls
	ended      // the capture is at its end: nothing more will ever come
	kinds
)

// A message is magic, length of the head (2 bytes, big-endian), head, nonce, and the compressed calls, sealed with
// AES-256-GCM (NIST SP 800-38D) together with all before the nonce. The magic is also the version.
const magic = "AUC1"

const (
	callsPurpose = "calls"
	statePurpose = "call-state"

	maxHead  = 4 << 10
	maxName  = 128      // bytes of the name of a site or sensor
	maxCalls = 16 << 20 // bytes of the calls of a batch
)

var errBatch = errors.New("is no batch of calls of this version")

// read reads what stands in front of a message, and returns it and what is sealed with it.
func (k *heads) read(b []byte) (h batch, clear, body []byte, err error) {
	if len(b) < len(magic)+2 || string(b[:len(magic)]) != magic {
		return h, nil, nil, errBatch
	}
	n := int(binary.BigEndian.Uint16(b[len(magic):]))
	if n > maxHead || len(b) < len(magic)+2+n {
		return h, nil, nil, errBatch
	}
	clear, body = b[:len(magic)+2+n], b[len(magic)+2+n:]
	if err := k.mode.Unmarshal(clear[len(magic)+2:], &h); err != nil {
		return h, nil, nil, fmt.Errorf("head: %w", err)
	}
	switch {
	case h.Site == "" || len(h.Site) > maxName || h.Sensor == "" || len(h.Sensor) > maxName:
		return h, nil, nil, errors.New("head: a name is missing or too long")
	case h.Kind >= kinds || h.Seq == 0 || h.Sensors < 1 || h.Sensors > maxSensors || h.Size < 0 || h.Size > maxCalls ||
		h.Calls < 0 || h.Calls > h.Size || h.Calls > 0 && h.First > h.Mark:
		return h, nil, nil, errors.New("head: says what cannot be")
	}
	return h, clear, body, nil
}

// heads reads what is in CBOR: heads and checkpoints.
type heads struct{ mode cbor.DecMode }

func newHeads() (*heads, error) {
	mode, err := cbor.DecOptions{MaxNestedLevels: 8, MaxMapPairs: 4 * maxSensors, MaxArrayElements: 1 << 20,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.DecMode()
	return &heads{mode}, err
}

// seal closes and opens the batches, or the states, of one site. It reuses its memory: one goroutine.
type seal struct {
	aead cipher.AEAD
	zip  *zstd.Encoder
	unz  *zstd.Decoder
	buf  []byte
}

// newSeal is the seal for a purpose ("calls", "state") under a key that whoever judges the site's calls holds.
func newSeal(keys *pseudonym.Keyer, purpose string) (*seal, error) {
	key, err := keys.Derive(purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	s := &seal{}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	if s.zip, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, err
	}
	s.unz, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	return s, err
}

// close appends body, compressed and sealed together with clear, to dst.
func (s *seal) close(dst, body, clear []byte) []byte {
	s.buf = s.zip.EncodeAll(body, s.buf[:0])
	from := len(dst)
	dst = append(dst, make([]byte, s.aead.NonceSize())...)
	rand.Read(dst[from:])
	return s.aead.Seal(dst, dst[from:], s.buf, clear)
}

// open is what close has compressed, if it was sealed together with clear.
func (s *seal) open(sealed, clear []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errSealed
	}
	zipped, err := s.aead.Open(nil, sealed[:n], sealed[n:], clear)
	if err != nil {
		return nil, errSealed
	}
	return zipped, nil
}

// unzip is what open returned as it was before it was compressed, appended to dst: size bytes at most.
func (s *seal) unzip(dst, zipped []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(zipped); err != nil || h.HasFCS && h.FrameContentSize > uint64(size) {
		return dst, errSize
	}
	out, err := s.unz.DecodeAll(zipped, dst)
	if err == nil && len(out)-len(dst) > size {
		err = errSize
	}
	return out, err
}

var (
	errSealed = errors.New("does not open with the key of its site")
	errSize   = errors.New("is longer than it says")
)

// appendBatch appends the message of h and its calls, encoded, to dst.
func (s *seal) appendBatch(dst []byte, h *batch, calls []byte) ([]byte, error) {
	h.Size = len(calls)
	text, err := cbor.Marshal(h)
	if err != nil {
		return nil, err
	}
	from := len(dst)
	dst = append(dst, magic...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(text)))
	dst = append(dst, text...)
	return s.close(dst, calls, bytes.Clone(dst[from:])), nil
}
