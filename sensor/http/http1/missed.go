package http1

import (
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// Requests that were on the wire and are not in the capture are counted twice over, without being counted twice:
// a response without a request is exactly one of them; and bytes lost in a client's direction, outside of any
// body, are some more where no such response explains them, because it was lost too.

// miss notes n lost bytes of direction d between its messages: if it is the client's, requests may have been in
// them.
func (p *Parser) miss(d packet.Dir, n int64) {
	if p.known && d == p.client {
		p.missed += n
		p.explain()
	}
}

// stray notes a response whose request was lost.
func (p *Parser) stray() {
	if p.midstream && !p.paired {
		return // it may have been sent before the capture began
	}
	p.pool.Stats.LostRequests++
	p.strays++
	p.explain()
}

// explain gives lost bytes to the responses whose requests were in them, in whatever order both became known. A
// request is taken for as large as the connection's mean, and the last for whatever is left if that is no more
// than half as much again.
func (p *Parser) explain() {
	for p.strays > 0 && p.missed > 0 {
		p.strays--
		mean := p.mean()
		if p.missed <= mean+mean/2 || mean == 0 {
			p.missed = 0
			return
		}
		p.missed -= mean
	}
}

// mean is the size of a request: of this connection, else of the partition; 0 when none was seen.
func (p *Parser) mean() int64 {
	if p.requests > 0 {
		return p.sent / int64(p.requests)
	}
	if n := p.pool.Stats.Requests; n > 0 {
		return int64(p.pool.Stats.RequestBytes / n)
	}
	return 0
}

// weigh adds n bytes of a request to what requests are known to weigh.
func (p *Parser) weigh(n int64) {
	p.sent += n
	p.pool.Stats.RequestBytes += uint64(n)
}

// account counts, when the connection is over, the lost bytes that nothing explains.
func (p *Parser) account() {
	if p.met && p.verdict != http.NotHTTP && p.missed > 0 {
		p.pool.Stats.LostRequestBytes += uint64(p.missed)
	}
	p.missed = 0
}
