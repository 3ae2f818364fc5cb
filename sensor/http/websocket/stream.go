package websocket

import "auscult/sensor/http"

// stream is one direction of a WebSocket.
type stream struct {
	pool   *Pool
	x      *http.Exchange
	side   http.Side
	ext    extensions
	forget bool
	scan   http.Scanner
	z      *inflater

	phase  phase
	frame  frame
	head   [maxHead]byte
	n      int    // bytes of head
	left   uint64 // bytes of the payload that are still to come
	turn   int    // of the mask
	msg    message
	inMsg  bool
	holed  bool // something of the direction was lost or not read
	blind  bool // what is compressed cannot be read any more
	done   bool
	wire   int64 // compressed bytes
	output int64 // and what they were inflated to
}

// message is the data message under way.
type message struct {
	deflated bool
	unread   bool // it is counted, not shown
	begun    bool // its mark was shown
	wire     int64
	decoded  int64
}

// phase is what of a frame comes next.
type phase uint8

const (
	inHead phase = iota
	inPayload
	lost // where the next frame begins is not known
)

// inside is whether the direction stands inside a message or a frame.
func (s *stream) inside() bool { return s.inMsg || s.phase == inPayload || s.n > 0 }

// read takes the next bytes.
func (s *stream) read(b []byte) {
	if s.phase == lost {
		if !s.recognise(b) {
			s.count(len(b))
			return
		}
		s.pool.Stats.Resyncs++
		s.phase, s.n = inHead, 0
	}
	for len(b) > 0 && !s.done {
		if s.phase == inHead {
			for len(b) > 0 && s.n < headLen(s.head[:s.n]) {
				s.head[s.n] = b[0]
				s.n++
				b = b[1:]
			}
			if s.n < headLen(s.head[:s.n]) {
				return
			}
			s.begin(parse(s.head[:s.n]))
			s.n = 0
			if s.phase == lost {
				s.count(len(b))
				return
			}
		}
		n := int(min(uint64(len(b)), s.left))
		if n > 0 && !s.frame.control() {
			s.payload(b[:n])
		}
		b = b[n:]
		s.advance(uint64(n))
	}
}

// advance moves over n bytes of the payload and ends the frame behind its last.
func (s *stream) advance(n uint64) {
	s.left -= n
	s.turn = (s.turn + int(n&3)) & 3
	if s.left > 0 || s.phase != inPayload {
		return
	}
	s.phase = inHead
	switch {
	case s.frame.op == opClose:
		s.finish(!s.inMsg)
	case !s.frame.control() && s.frame.fin:
		s.endMessage()
	}
}

// begin begins the payload of a frame.
func (s *stream) begin(f frame) {
	st := &s.pool.Stats
	client := s.side == http.Request
	switch {
	case !f.possible(s.ext):
		st.BadFrames++
		s.lose()
		s.x.Loss |= http.LossDecodeLimit
		return
	case client && !f.masked:
		st.Unmasked++
	case !client && f.masked:
		st.Masked++
	}
	s.frame, s.left, s.turn, s.phase = f, f.length, 0, inPayload
	switch {
	case f.control():
		st.Controls++
	case f.op != opContinue:
		if s.inMsg {
			st.BadFrames++ // the message before was never ended
			s.endMessage()
		}
		s.beginMessage(f)
	case !s.inMsg:
		st.BadFrames++ // it continues nothing; what it holds is taken for a message of its own
		s.beginMessage(f)
	}
	if s.left == 0 {
		s.advance(0)
	}
}

func (s *stream) beginMessage(f frame) {
	s.inMsg = true
	s.msg = message{deflated: f.rsv == rsv1 && s.ext.deflate}
	s.pool.Stats.Messages++
	s.x.Messages[s.side]++
	switch {
	case f.rsv != 0 && !s.msg.deflated:
		s.refuse() // an extension's own
	case s.msg.deflated && (s.blind || !s.inflate()):
		s.refuse()
	}
}

// refuse makes the message at hand one that is counted and not shown.
func (s *stream) refuse() {
	if !s.msg.unread {
		s.msg.unread, s.holed = true, true
		s.pool.Stats.Unread++
		if s.x.Loss&http.LossGap == 0 {
			s.x.Loss |= http.LossDecodeLimit
		}
	}
}

// payload takes a piece of a data frame's payload.
func (s *stream) payload(b []byte) {
	m := s.x.Message(s.side)
	m.Wire += int64(len(b))
	s.msg.wire += int64(len(b))
	turn := s.turn
	for len(b) > 0 {
		p := b
		if s.frame.masked {
			n := min(len(b), len(s.pool.plain))
			p = s.pool.plain[:n]
			unmask(p, b[:n], s.frame.mask, turn)
			turn = (turn + n) & 3
		}
		b = b[len(p):]
		switch {
		case s.msg.unread:
		case s.msg.deflated:
			s.wire += int64(len(p))
			s.z.write(p)
			s.judge()
		default:
			s.msg.decoded += int64(len(p))
			m.Decoded += int64(len(p))
			s.show(p)
		}
	}
}

// show gives a piece of the message to whoever wants it.
func (s *stream) show(p []byte) {
	if s.scan == nil || len(p) == 0 {
		return
	}
	if !s.msg.begun {
		s.msg.begun = true
		s.scan.Scan(s.pool.mark[:])
	}
	s.scan.Scan(p)
}

func (s *stream) endMessage() {
	if s.msg.deflated && !s.msg.unread {
		s.z.flush()
		s.judge()
		if s.forget {
			s.drop()
		}
	}
	if s.msg.begun {
		s.scan.Scan(s.pool.end[:])
	}
	s.settle()
}

// settle counts what was not inflated of a message as large as it was sent: at least that it is.
func (s *stream) settle() {
	if s.inMsg && s.msg.unread {
		s.x.Message(s.side).Decoded += max(0, s.msg.wire-s.msg.decoded)
	}
	s.inMsg = false
}

// miss passes over n bytes that were not seen.
func (s *stream) miss(n uint64) {
	s.x.Message(s.side).Lost += int64(n)
	s.x.Loss |= http.LossGap
	s.holed = true
	if s.phase == inPayload && n <= s.left {
		if !s.frame.control() && s.msg.deflated {
			s.fail()
		}
		s.advance(n)
		return
	}
	if s.phase != lost {
		s.lose()
	}
}

// lose gives up the step of the frames.
func (s *stream) lose() {
	s.pool.Stats.LostStep++
	if s.ext.deflate {
		s.fail() // a message may have passed unseen
	}
	if s.inMsg {
		s.msg.unread = true
		s.endMessage()
	}
	s.phase, s.n, s.left, s.holed = lost, 0, 0, true
}

// count counts bytes that belong to no known frame.
func (s *stream) count(n int) {
	m := s.x.Message(s.side)
	m.Wire += int64(n)
	m.Decoded += int64(n)
}

// finish ends the direction.
func (s *stream) finish(complete bool) {
	s.done = true
	s.drop()
	s.settle()
	complete = complete && !s.holed
	m := s.x.Message(s.side)
	m.Complete = complete
	if s.scan != nil {
		s.scan.Close(complete)
		s.scan = nil
	}
}
