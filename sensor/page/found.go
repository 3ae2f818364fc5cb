package page

// foundKept is how many endpoints are shown: the newest.
const foundKept = 30

// Endpoint is one of an API that was seen for the first time. What names people in it is a pseudonym already.
type Endpoint struct {
	At    int64    `json:"at"` // packet time in milliseconds since 1970
	Call  string   `json:"call"`
	Host  string   `json:"host"`
	State string   `json:"state"` // by the descriptions: described, shadow, zombie, outside; empty without any
	Why   string   `json:"why"`
	Auth  []string `json:"auth"`
	PHI   []string `json:"phi"` // classes of health data in its answers
}

// Found shows endpoints that were found, the newest last, and how many there are by now.
func (p *Page) Found(list []Endpoint, all int) {
	for i := range list {
		e := &list[i]
		e.Call, e.Host, e.Why = clean(e.Call), clean(e.Host), clean(e.Why)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, list...)
	p.found = append([]Endpoint(nil), p.found[max(0, len(p.found)-foundKept):]...)
	p.endpoints = all
	p.tell("found", inventory{p.endpoints, p.found})
}

// inventory is the newest endpoints, and how many there are.
type inventory struct {
	All    int        `json:"all"`
	Newest []Endpoint `json:"newest"`
}
