package call

import (
	"strings"
	"time"

	"auscult/sensor/clock"
)

// Resolver completes calls with what only their order tells: whose session a cookie is, which addresses carry
// many, and which words of a path are names. It belongs to one goroutine, is shown every call in the total
// order, and is bounded: what it forgets first is what was used longest ago.
type Resolver struct {
	Stats Stats `snapshot:"-"` // of this process

	cfg       Config
	sessions  *lru[session]
	addresses *lru[faces]
	tries     map[uint64]*trie // by server
	services  map[string]bool  `snapshot:"-"` // as set
}

// session is what a login taught of one session or token.
type session struct {
	user    string
	service bool
}

// maxFaces bounds the user agents and the principals remembered of an address.
const maxFaces = 8

// faces are the user agents and credentialed principals last seen at an address. Those older than a day do not count.
type faces struct {
	agents, owners [maxFaces]face
}

type face struct {
	hash uint64
	seen clock.Time
}

const day = clock.Time(24 * time.Hour)

// NewResolver returns an empty Resolver; cfg must be valid.
func NewResolver(cfg Config) *Resolver {
	r := &Resolver{
		cfg: cfg, sessions: newLRU[session](cfg.Sessions), addresses: newLRU[faces](cfg.Addresses),
		tries: make(map[uint64]*trie), services: make(map[string]bool, len(cfg.Services)),
	}
	for _, s := range cfg.Services {
		r.services[s] = true
	}
	return r
}

// Resolve completes c and learns from it. Strings that it puts into c are its own and stay valid.
func (r *Resolver) Resolve(c *Call) {
	r.recall(c)
	r.learn(c)
	r.share(c)
	r.template(c)
}

// Forget frees what is idle at now. It changes no answer: what has expired is not found either way.
func (r *Resolver) Forget(now clock.Time) {
	r.sessions.forget(now, clock.Time(r.cfg.SessionTTL))
	r.addresses.forget(now, day)
}

// recall names the user of a session or token that a login taught.
func (r *Resolver) recall(c *Call) {
	p := &c.Principal
	if p.Token == 0 || p.Kind != Session && p.Kind != JWT {
		return
	}
	s := r.sessions.find(p.Token, c.Time, clock.Time(r.cfg.SessionTTL))
	if s == nil {
		return
	}
	r.Stats.Resolved++
	p.Service = p.Service || s.service
	if p.Kind == Session && s.user != "" {
		p.ID = s.user
		p.Key = principalKey(Session, nil, []byte(s.user))
		p.Strength = strengthUser
		p.Service = p.Service || r.services[s.user]
	}
}

// learn takes from a login which sessions and tokens belong to its user: the one named in its body, or by Basic
// credentials. Only credentials that the response itself hands out are taught. A session that was there before
// is not, or a caller could put its own session in another's name by a login that fails.
func (r *Resolver) learn(c *Call) {
	if len(c.Issued) == 0 || c.Flags&Login == 0 && c.Principal.Kind != Basic {
		return
	}
	user := c.User
	if user == "" && c.Principal.Kind == Basic {
		user = c.Principal.ID
	}
	if user == "" && c.Grant != ClientCredentials {
		return
	}
	for _, token := range c.Issued {
		r.teach(c.Time, token, user, c.Grant == ClientCredentials)
	}
}

func (r *Resolver) teach(now clock.Time, token uint64, user string, service bool) {
	s, evicted := r.sessions.put(token, now, clock.Time(r.cfg.SessionTTL))
	if evicted {
		r.Stats.Sessions++
	}
	if s.user != user {
		s.user = strings.Clone(user)
	}
	s.service = s.service || service
}

// share notes who comes from the client's address, and marks a principal that is an address of many.
func (r *Resolver) share(c *Call) {
	p := &c.Principal
	key := p.Key // behind a trusted proxy the address is not the connection's
	if p.Kind != Address {
		var buf [48]byte
		key = principalKey(Address, nil, c.Client.Addr.IP().AppendTo(buf[:0]))
	}
	f, evicted := r.addresses.put(key, c.Time, day)
	if evicted {
		r.Stats.Addresses++
	}
	agents := count(&f.agents, hash(seedAgent, c.UserAgent), c.Time, c.UserAgent != "" && c.Flags&Health == 0)
	owners := count(&f.owners, p.Key, c.Time, p.Kind != Address)
	if p.Kind == Address && max(agents, owners) >= r.cfg.SharedAfter {
		p.Shared, p.Strength = true, strengthShared
		r.Stats.SharedAddrs++
	}
}

// count notes one face, in the place of the oldest when there is no room, and returns how many were seen within
// a day before now.
func count(f *[maxFaces]face, h uint64, now clock.Time, note bool) int {
	n, oldest, known := 0, 0, false
	for i := range f {
		if f[i].hash == h && note {
			f[i].seen, known = now, true
		}
		if f[i].hash != 0 && now-f[i].seen < day {
			n++
		}
		if f[i].hash == 0 && f[oldest].hash != 0 || f[oldest].hash != 0 && f[i].seen < f[oldest].seen {
			oldest = i
		}
	}
	if known || !note {
		return n
	}
	if f[oldest].hash == 0 || now-f[oldest].seen >= day {
		n++
	}
	f[oldest] = face{h, now}
	return n
}
