package http2

import (
	"encoding/binary"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// search looks for frames in a direction that is out of step: a frame header that leads to another one.
type search struct {
	last [9]byte // the bytes before at, as a ring of which at%9 is the oldest
	at   int     // bytes searched
	next [4]int  // where the frames end whose headers were met; 0: none
}

// Ids further than this above the highest stream that was seen are not taken for one while searching.
const farStream = 1 << 12

// seek searches b, and returns what follows the header that a header has led to.
func (p *Parser) seek(s *direction, d packet.Dir, t clock.Time, b []byte) []byte {
	sr := s.search
	var h [9]byte
	for i, c := range b {
		sr.last[sr.at%9] = c
		sr.at++
		due := -1
		for j, next := range sr.next {
			if next != 0 && next == sr.at {
				due, sr.next[j] = j, 0
			}
		}
		if sr.at < 9 {
			continue
		}
		old := sr.at % 9
		if due < 0 && int(sr.last[(old+3)%9]) >= len(frameFlags) {
			continue
		}
		n := copy(h[:], sr.last[old:])
		copy(h[n:], sr.last[:old])
		if !p.fits(h[:]) {
			continue
		}
		if due >= 0 {
			p.found(s)
			s.head, s.began, s.where = h, t, p.pool.Where
			p.frame(s, d, t)
			return b[i+1:]
		}
		length := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
		for j, next := range sr.next {
			if next == 0 {
				sr.next[j] = sr.at + length + 9
				break
			}
		}
	}
	p.pool.Stats.Skipped += uint64(len(b))
	if !p.met && int64(sr.at) > p.pool.Config.ResyncBytes {
		p.pool.Stats.GivenUp++
		p.notHTTP(t)
	}
	return nil
}

// fits is whether h is a frame header that can stand on this connection.
func (p *Parser) fits(h []byte) bool {
	if !plausible(h) {
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
