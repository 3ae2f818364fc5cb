package page

import (
	"encoding/json"
	"net/http"
	"time"
)

// begin is the first message to who follows: all that is shown.
type begin struct {
	Sensor     string            `json:"sensor"`
	Version    string            `json:"version"`
	Revealed   bool              `json:"revealed"`
	Role       string            `json:"role"`
	Name       string            `json:"name"`
	LoggedIn   bool              `json:"loggedIn"`
	Tokens     bool              `json:"tokens"` // one can log in
	Unable     string            `json:"unable"` // why nothing can be marked as expected
	Left       uint64            `json:"left"`
	Incidents  []json.RawMessage `json:"incidents"`
	History    []Point           `json:"history"`
	State      State             `json:"state"`
	Principals []Principal       `json:"principals"`
	Inventory  inventory         `json:"inventory"`
}

// writeEvery is how long a browser may take a message.
const writeEvery = 10 * time.Second

// events is what happens from now on, as server-sent events.
func (p *Page) events(out http.ResponseWriter, r *http.Request, who Token) {
	c := p.join(r, who)
	if c == nil {
		p.busy(out)
		return
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hub.leave(c)
	}()
	ctl := http.NewResponseController(out)
	ctl.SetReadDeadline(time.Time{}) // the server's own would end the request; where there is none, it cannot be unset
	out.Header().Set("Content-Type", "text/event-stream")
	out.Header().Set("X-Accel-Buffering", "no")
	for {
		select {
		case <-r.Context().Done():
			return
		case m, ok := <-c.queue:
			if !ok || p.gate.who(r).Role < who.Role { // too slow, or logged out
				return
			}
			ctl.SetWriteDeadline(time.Now().Add(writeEvery))
			if _, err := out.Write(m); err != nil {
				return
			}
			if len(c.queue) == 0 && ctl.Flush() != nil {
				return
			}
		}
	}
}

// join adds one who follows; nil when there are too many.
func (p *Page) join(r *http.Request, who Token) *client {
	top := p.top.list(topKept)
	_, err := r.Cookie(cookieName(r))
	b := begin{Sensor: p.opt.Meta.Sensor, Version: p.opt.Meta.Version, Revealed: p.opt.Names.Reveal, Role: who.Role.String(), Name: who.Name,
		LoggedIn: err == nil && (!p.gate.open || who.Role == Operator || who.Name != ""), Tokens: len(p.opt.Tokens) > 0, Unable: p.opt.Unable,
		Principals: top, State: p.opt.State()}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.hub.clients) >= p.opt.Config.Clients {
		return nil
	}
	b.Left, b.History, b.Inventory = p.board.left, p.history, inventory{p.endpoints, p.found}
	b.Incidents = make([]json.RawMessage, 0, len(p.board.list))
	for _, e := range p.board.list {
		b.Incidents = append(b.Incidents, e.text)
	}
	text, _ := json.Marshal(&b)
	return p.hub.join(message("begin", text))
}
