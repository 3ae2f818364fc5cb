package rewrap

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// H2C makes of every HTTP/1 connection one of HTTP/2 with prior knowledge (RFC 9113 section 3.3): each exchange is
// a stream with the same method, target, fields and bodies. Heads are sent at the time of the message's first byte,
// bodies at that of its last.
func H2C(c Capture) (Capture, error) {
	return rewrite(c, func(t *stream) ([]step, error) {
		parts, err := t.parts()
		if err != nil || len(parts) == 0 {
			return nil, err
		}
		return t.frames(parts)
	})
}

// part is a head or a body of one message.
type part struct {
	time   int64
	dir    int
	stream uint32
	fields []hpack.HeaderField // of a head
	body   []byte              // of a body
	last   bool                // of its message
}

// source reads one direction's messages and knows when their bytes were seen.
type source struct {
	all   []byte
	rest  *bytes.Reader
	r     *bufio.Reader
	until []int
	times []int64
}

func newSource(t *stream, dir int) *source {
	s := &source{}
	s.all, s.until, s.times = t.bytes(dir)
	s.rest = bytes.NewReader(s.all)
	s.r = bufio.NewReader(s.rest)
	return s
}

// at is the offset of the next byte.
func (s *source) at() int { return len(s.all) - s.rest.Len() - s.r.Buffered() }

// when is the time at which the byte at offset was seen.
func (s *source) when(offset int) int64 {
	i, _ := slices.BinarySearch(s.until, offset+1)
	return s.times[min(i, len(s.times)-1)]
}

// message appends the parts of the message between from and here.
func (s *source) message(dst []part, from, dir int, id uint32, fields []hpack.HeaderField, body []byte) []part {
	first, last := s.when(from), s.when(s.at()-1)
	whole := len(body) == 0 && first == last
	dst = append(dst, part{time: first, dir: dir, stream: id, fields: fields, last: whole})
	if !whole {
		dst = append(dst, part{time: last, dir: dir, stream: id, body: body, last: true})
	}
	return dst
}

// parts are those of all messages of t, in order of time.
func (t *stream) parts() ([]part, error) {
	requests, responses := newSource(t, up), newSource(t, down)
	var parts []part
	for id := uint32(1); requests.at() < len(requests.all); id += 2 {
		from := requests.at()
		q, err := http.ReadRequest(requests.r)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", id/2+1, err)
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return nil, fmt.Errorf("body of request %d: %w", id/2+1, err)
		}
		parts = requests.message(parts, from, up, id, requestFields(q), body)

		from = responses.at()
		p, err := http.ReadResponse(responses.r, q)
		if err != nil {
			return nil, fmt.Errorf("response %d: %w", id/2+1, err)
		}
		body, err = io.ReadAll(p.Body)
		if err != nil {
			return nil, fmt.Errorf("body of response %d: %w", id/2+1, err)
		}
		head := append([]hpack.HeaderField{{Name: ":status", Value: strconv.Itoa(p.StatusCode)}}, fields(p.Header)...)
		parts = responses.message(parts, from, down, id, head, body)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.time, b.time) })
	return parts, nil
}

func requestFields(q *http.Request) []hpack.HeaderField {
	return append([]hpack.HeaderField{
		{Name: ":method", Value: q.Method}, {Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: q.Host}, {Name: ":path", Value: q.RequestURI},
	}, fields(q.Header)...)
}

// fields are those that mean something beyond one connection (RFC 9113 section 8.2.2), by name.
func fields(h http.Header) (out []hpack.HeaderField) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Te":
			continue
		}
		for _, v := range h[name] {
			out = append(out, hpack.HeaderField{Name: strings.ToLower(name), Value: v})
		}
	}
	return out
}

const maxFrame = 16384

// frames writes parts as HTTP/2, after the prefaces of both sides, and ends t as it ended.
func (t *stream) frames(parts []part) ([]step, error) {
	var wires, heads [2]bytes.Buffer
	var framers [2]*http2.Framer
	var encoders [2]*hpack.Encoder
	for dir := range framers {
		framers[dir] = http2.NewFramer(&wires[dir], nil)
		encoders[dir] = hpack.NewEncoder(&heads[dir])
	}
	var steps []step
	flush := func(time int64, dir int) {
		steps = append(steps, step{time: time, dir: dir, bytes: bytes.Clone(wires[dir].Bytes())})
		wires[dir].Reset()
	}
	opened := parts[0].time
	wires[up].WriteString(http2.ClientPreface)
	window := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1}
	for dir, write := range []func() error{
		func() error { return framers[up].WriteSettings(window) },
		func() error { return framers[down].WriteSettings(window) },
	} {
		if err := write(); err != nil {
			return nil, err
		}
		if err := framers[dir].WriteWindowUpdate(0, 1<<31-1-65535); err != nil {
			return nil, err
		}
		flush(opened, dir)
	}
	for dir := range framers {
		if err := framers[dir].WriteSettingsAck(); err != nil {
			return nil, err
		}
		flush(opened, dir)
	}
	for _, p := range parts {
		if err := p.write(framers[p.dir], encoders[p.dir], &heads[p.dir]); err != nil {
			return nil, err
		}
		flush(p.time, p.dir)
	}
	for _, s := range t.steps {
		if s.flags != 0 {
			steps = append(steps, step{time: s.time, dir: s.dir, flags: s.flags})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.time, b.time) })
	return steps, nil
}

// write writes p as HEADERS and CONTINUATION, or as DATA.
func (p *part) write(f *http2.Framer, e *hpack.Encoder, head *bytes.Buffer) error {
	if p.fields == nil {
		body := p.body
		for len(body) > maxFrame {
			if err := f.WriteData(p.stream, false, body[:maxFrame]); err != nil {
				return err
			}
			body = body[maxFrame:]
		}
		return f.WriteData(p.stream, p.last, body)
	}
	head.Reset()
	for _, field := range p.fields {
		if err := e.WriteField(field); err != nil {
			return err
		}
	}
	block := head.Bytes()
	first := block[:min(len(block), maxFrame)]
	block = block[len(first):]
	err := f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: p.stream, BlockFragment: first, EndStream: p.last, EndHeaders: len(block) == 0,
	})
	for len(block) > 0 && err == nil {
		n := min(len(block), maxFrame)
		err = f.WriteContinuation(p.stream, len(block) == n, block[:n])
		block = block[n:]
	}
	return err
}
