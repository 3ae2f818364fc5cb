package extract

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/tcp"
	"auscult/sensor/tls"
)

// Secrets takes TLS key log lines that stood in the capture. What waits for them is read with the next packet. Even
// without a line it says that some may come: TLS then waits for them, within its bounds.
func (e *Extractor) Secrets(lines []byte) {
	e.keys.Add(lines)
	for _, part := range e.parts {
		if part != nil {
			part.tls.Follow = true
		}
	}
}

// secure begins TLS on l.
func (e *Extractor) secure(l *layer) {
	c, m := e.conn, e.stream.needMore()
	m.tls = e.part.tls.New(c.Client, c.ClientKnown, c.Midstream)
	m.inner = layer{inside: true}
	l.is, l.reader = secured, nil
}

// unwrap takes one input through TLS, and what it protects through the inner layer.
func (e *Extractor) unwrap(in *input) {
	m := e.stream.more
	switch in.kind {
	case tcp.Data:
		e.plain = m.tls.Bytes(e.plain[:0], in.dir, in.time, in.bytes)
	case tcp.Gap:
		e.plain = m.tls.Gap(e.plain[:0], in.dir, in.time, in.lost)
	case tcp.End:
		e.plain = m.tls.End(e.plain[:0], in.dir, in.time, in.fin)
	}
	e.opened(m)
	if _, waits := m.tls.Waiting(); waits && !m.waiting {
		m.waiting = true
		e.part.waiting = append(e.part.waiting, waiter{conn: e.conn, stream: e.stream})
	}
}

// opened takes what TLS has given through the inner layer.
func (e *Extractor) opened(m *more) {
	for i := range e.plain {
		p := &e.plain[i]
		e.feed(&m.inner, &input{kind: p.Kind, dir: p.Dir, fin: p.Fin, time: p.Seen, bytes: p.Bytes, lost: p.Lost})
	}
}

// waiter is a connection whose session waits for secrets, which it may do when it is over.
type waiter struct {
	conn   *tcp.Conn
	stream *stream
	over   bool
}

// outlive keeps the stream s of a connection that is over until its session has what it waits for, or has given up;
// false if there is nothing to wait for.
func (e *Extractor) outlive(s *stream) bool {
	if _, waits := s.more.tls.Waiting(); !waits {
		return false
	}
	for i := range e.part.waiting {
		if w := &e.part.waiting[i]; w.stream == s {
			c := *w.conn // the table will use it again
			c.App = nil
			w.conn, w.over = &c, true
			return true
		}
	}
	return false
}

// retry asks the sessions that wait, in the order in which they began to, whether they can be read now.
func (e *Extractor) retry(part *partition, now clock.Time) {
	kept := part.waiting[:0]
	for _, w := range part.waiting {
		m := w.stream.more
		e.part, e.conn, e.stream, e.now = part, w.conn, w.stream, now
		e.plain = m.tls.Retry(e.plain[:0], now)
		e.opened(m)
		if len(e.due) > 0 {
			e.tell()
		}
		if _, waits := m.tls.Waiting(); waits {
			kept = append(kept, w)
			continue
		}
		m.waiting = false
		if w.over {
			e.shut(w.stream)
		}
	}
	clear(part.waiting[len(kept):])
	part.waiting = kept
}

// giveUp ends what still waits, as no secrets will come.
func (e *Extractor) giveUp(part *partition, now clock.Time) {
	for _, w := range part.waiting {
		e.part, e.conn, e.stream, e.now = part, w.conn, w.stream, now
		w.stream.more.waiting = false
		e.shut(w.stream)
	}
	part.waiting = nil
}

// forget takes s off the list of those that wait.
func (p *partition) forget(s *stream) {
	if !s.more.waiting {
		return
	}
	for i := range p.waiting {
		if p.waiting[i].stream == s {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// count adds up what a session was.
func (e *Extractor) count(m *more) {
	if m.tls.Info().Decrypted {
		e.stats.TLSCalls += uint64(m.calls)
	}
}

func linkTLS(i *tls.Info) call.TLS {
	l := call.TLS{
		Version: i.Version.String(), Cipher: i.Cipher(), ServerName: i.ServerName, ALPN: i.ALPN, JA4: i.JA4,
		Resumed: i.Resumed, Decrypted: i.Decrypted, Opaque: i.Why.String(),
	}
	if c := i.Server; c != nil {
		l.Subject, l.Issuer, l.Names = c.Subject, c.Issuer, c.Names
	}
	if c := i.Client; c != nil {
		l.Client = c.Subject
	}
	return l
}
