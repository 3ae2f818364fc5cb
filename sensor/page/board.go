package page

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/clock"
)

// board is the incidents that are kept. Whoever has the Page's lock owns it.
type board struct {
	most int
	keep time.Duration
	byID map[string]*entry // looked up, never ranged
	list []*entry          // in the order of their newest message, the oldest first
	left uint64
}

func (b *board) init(c Config) {
	b.most, b.keep, b.byID = c.Incidents, c.Keep, map[string]*entry{}
}

// Write shows alerts, in order. It takes all and does not fail.
func (p *Page) Write(_ context.Context, batch []alert.Alert) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var line []byte
	for i := range batch {
		a := &batch[i]
		line = ocsf.Append(line[:0], a, p.opt.Names, p.opt.Meta)
		f, err := ocsf.Read(line)
		if err != nil {
			continue // it is what the line above wrote
		}
		e := p.board.take(a.UID)
		e.fold(a, f, p.opt.Names)
		p.show(e)
		for _, gone := range p.board.shed(a.Time) {
			p.tell("gone", gone)
		}
	}
	return nil
}

// Close does nothing: the page is shown as long as the server runs.
func (p *Page) Close() error { return nil }

// show makes e known as it is now.
func (p *Page) show(e *entry) {
	e.text, _ = json.Marshal(&e.Incident) // of such a type it cannot fail
	p.tell("incident", json.RawMessage(e.text))
}

// tell sends an event to all who follow.
func (p *Page) tell(event string, data any) {
	if len(p.hub.clients) == 0 {
		return
	}
	text, _ := json.Marshal(data)
	n, slow := p.hub.send(message(event, text))
	p.counts.Messages += uint64(n)
	p.counts.Slow += uint64(slow)
}

// message is an event of text/event-stream; JSON has no line ends.
func message(event string, data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("event: " + event + "\ndata: ")
	b.Write(data)
	b.WriteString("\n\n")
	return b.Bytes()
}

// take is the incident of an id, as the newest.
func (b *board) take(uid string) *entry {
	e := b.byID[uid]
	if e == nil {
		e = &entry{}
		b.byID[uid] = e
	} else if i := slices.Index(b.list, e); i >= 0 {
		b.list = slices.Delete(b.list, i, i+1)
	}
	b.list = append(b.list, e)
	return e
}

// shed lets go of closed incidents that were shown long enough at now, and of what is past the bound, and gives their ids.
func (b *board) shed(now clock.Time) (gone []string) {
	old := now.Add(-b.keep).Millis()
	b.list = slices.DeleteFunc(b.list, func(e *entry) bool {
		if e.Open || e.Changed > old {
			return false
		}
		gone = append(gone, e.UID)
		return true
	})
	for len(b.list) > b.most {
		i := max(0, slices.IndexFunc(b.list, func(e *entry) bool { return !e.Open }))
		gone = append(gone, b.list[i].UID)
		b.list = slices.Delete(b.list, i, i+1)
		b.left++
	}
	for _, uid := range gone {
		delete(b.byID, uid)
	}
	return gone
}

// detail is an incident that is kept.
func (p *Page) detail(uid string) (Detail, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.board.byID[uid]
	if e == nil {
		return Detail{}, false
	}
	d := e.Detail
	d.Joined, d.Growth = slices.Clone(d.Joined), slices.Clone(d.Growth)
	return d, true
}
