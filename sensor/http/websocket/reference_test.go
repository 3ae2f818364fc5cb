package websocket_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand"
	"testing"

	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
	"auscult/sensor/packet"
)

// sender writes the frames of one direction.
type sender struct {
	out      []byte
	mask     bool
	takeover bool
	deflate  *flate.Writer
	packed   bytes.Buffer
	rng      *rand.Rand
}

func (w *sender) frame(first byte, payload []byte) {
	w.out = append(w.out, first)
	m := byte(0)
	if w.mask {
		m = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		w.out = append(w.out, m|byte(n))
	case n < 1<<16:
		w.out = binary.BigEndian.AppendUint16(append(w.out, m|126), uint16(n))
	default:
		w.out = binary.BigEndian.AppendUint64(append(w.out, m|127), uint64(n))
	}
	if !w.mask {
		w.out = append(w.out, payload...)
		return
	}
	var key [4]byte
	w.rng.Read(key[:])
	w.out = append(w.out, key[:]...)
	for i, c := range payload {
		w.out = append(w.out, c^key[i&3])
	}
}

// pack compresses a message as RFC 7692 says.
func (w *sender) pack(payload []byte) []byte {
	if w.deflate == nil {
		w.deflate, _ = flate.NewWriter(&w.packed, 6)
	}
	w.packed.Reset()
	if !w.takeover {
		w.deflate.Reset(&w.packed)
	}
	w.deflate.Write(payload)
	w.deflate.Flush()
	return bytes.TrimSuffix(w.packed.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// message writes one in so many fragments, with a ping between two of them.
func (w *sender) message(op byte, payload []byte, fragments int, packed bool) {
	first := op
	if packed {
		payload, first = w.pack(payload), op|0x40
	}
	for i := range fragments {
		n := len(payload) / (fragments - i)
		if i == fragments-1 {
			first |= 0x80
		} else if i == 1 {
			w.frame(0x89, []byte("ping"))
		}
		w.frame(first, payload[:n])
		first, payload = 0, payload[n:]
	}
}

// read is a plain reader of a whole direction: the contents of its messages, one after another.
func read(t *testing.T, b []byte, takeover bool) (messages [][]byte) {
	var msg, context []byte
	packed := false
	for len(b) > 0 {
		head, n, at := b, uint64(b[1]&127), 2
		switch n {
		case 126:
			n, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
		case 127:
			n, at = binary.BigEndian.Uint64(b[2:]), 10
		}
		var key [4]byte
		if head[1]&0x80 != 0 {
			at += copy(key[:], b[at:])
		}
		payload := bytes.Clone(b[at : at+int(n)])
		for i := range payload {
			payload[i] ^= key[i&3]
		}
		b = b[at+int(n):]
		switch op := head[0] & 15; {
		case op == 8:
			return messages
		case op > 8:
			continue
		case op != 0:
			packed = head[0]&0x40 != 0
		}
		msg = append(msg, payload...)
		if head[0]&0x80 == 0 {
			continue
		}
		if packed {
			r := flate.NewReaderDict(bytes.NewReader(append(msg, "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)), context)
			var out bytes.Buffer
			if _, err := out.ReadFrom(r); err != nil {
				t.Fatal("the reference cannot inflate:", err)
			}
			msg = out.Bytes()
			if takeover {
				context = append(context, msg...)
				context = context[max(0, len(context)-32<<10):]
			}
		}
		messages = append(messages, msg)
		msg = nil
	}
	return messages
}

// side collects what one direction's Scanner is shown.
type side struct {
	text     []byte
	closed   int
	complete bool
}

func (s *side) Scan(b []byte)       { s.text = append(s.text, b...) }
func (s *side) Close(complete bool) { s.closed++; s.complete = complete }

// hands gives a side to each direction.
type hands struct{ sides [2]side }

func (h *hands) Body(_ *http.Exchange, s http.Side) http.Scanner { return &h.sides[s] }

// shown is what a Scanner is shown of messages.
func shown(messages [][]byte) []byte {
	var b []byte
	for _, m := range messages {
		if len(m) > 0 {
			b = append(append(append(b, websocket.RecordMark), m...), '\n')
		}
	}
	return b
}

const (
	client = packet.BtoA
	server = packet.AtoB
)

// opened is the exchange of an opening that agreed on extensions.
func opened(extensions string) *http.Exchange {
	x := &http.Exchange{ClientDir: client, Status: 101, Start: 1, End: 2}
	x.Response.Headers = []http.Header{{Name: []byte("Upgrade"), Value: []byte("WebSocket")}, {Name: []byte("Connection"), Value: []byte("Upgrade")}}
	if extensions != "" {
		x.Response.Headers = append(x.Response.Headers, http.Header{Name: []byte("Sec-WebSocket-Extensions"), Value: []byte(extensions)})
	}
	return x
}
