package http2

import (
	"encoding/binary"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// search looks for frames in a direction that is out of step: a frame header that leads to another one.
type search struct {
	top  byte   // with last: the 9 bytes before at
	last uint64 // as a big-endian number
	at   int    // bytes searched
	next [4]int // where the headers end that those met so far lead to; 0: none
	due  int    // the first of next; 0: none
}

// Ids further than this above the highest stream that was seen are not taken for one while searching.
const farStream = 1 << 12

// seek searches b, and returns what follows the header that a header has led to.
func (p *Parser) seek(s *direction, d packet.Dir, t clock.Time, b []byte) []byte {
	sr := s.search
	for i, c := range b {
		sr.top, sr.last = byte(sr.last>>56), sr.last<<8|uint64(c)
		sr.at++
		if sr.at != sr.due && (byte(sr.last>>40) >= byte(len(frameFlags)) || sr.at < 9) {
			continue
		}
		h := [9]byte{0: sr.top}
		binary.BigEndian.PutUint64(h[1:], sr.last)
		fits, led := p.fits(&h), sr.at == sr.due
		switch {
		case fits && led:
			p.pool.Stats.Skipped += uint64(i + 1)
			p.found(s)
			s.head, s.began, s.where = h, t, p.pool.Where
			p.frame(s, d, t)
			return b[i+1:]
		case fits:
			sr.add(sr.at + int(h[0])<<16 + int(h[1])<<8 + int(h[2]) + 9)
		case led:
			sr.drop()
		}
	}
	p.pool.Stats.Skipped += uint64(len(b))
	if !p.met && int64(sr.at) > p.pool.Config.ResyncBytes {
		p.pool.Stats.GivenUp++
		p.notHTTP(t)
	}
	return nil
}

// add notes that a header ends at at. With four to come, one more is passed over.
func (sr *search) add(at int) {
	for i, next := range sr.next {
		if next == 0 || next == at {
			sr.next[i] = at
			break
		}
	}
	sr.first()
}

// drop drops the header that was due.
func (sr *search) drop() {
	for i, next := range sr.next {
		if next == sr.due {
			sr.next[i] = 0
		}
	}
	sr.first()
}

func (sr *search) first() {
	sr.due = 0
	for _, next := range sr.next {
		if next != 0 && (sr.due == 0 || next < sr.due) {
			sr.due = next
		}
	}
}

// fits is whether h is a frame header that can stand on this connection.
func (p *Parser) fits(h *[9]byte) bool {
	if !plausible(h[:]) {
		return false
	}
	id := binary.BigEndian.Uint32(h[5:])
	return !p.met || id == 0 || id <= p.highest[1-id&1]+farStream
}

// found puts a direction in step again.
func (p *Parser) found(s *direction) {
	s.phase, s.have, s.checked = header, 0, true
	s.search = nil
}
