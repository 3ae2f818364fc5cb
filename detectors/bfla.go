package detectors

import (
	"fmt"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// bfla finds people who use functions for administrators and are none (CWE-285, broken function level
// authorization): a function that none of their peers uses, by someone who had only done other work. Who
// administers from the beginning, or mostly, is an administrator, whether a claim says so or not.
type bfla struct {
	*casebook[overreach]
	offices   *lru[office]
	functions *lru[function]
	guilds    [32]guild
	admins    int // principals who administer as their work
}

// office is what one principal does.
type office struct {
	calls, admin uint32
	first        uint32 // call at which it first administered; 0 if never
	last         clock.Time
	guild        int8      // counted into guilds[guild-1]; 0 not yet
	counted      bool      // among the admins
	told         stats.Set // functions that were held against it before: what it goes on with for days is its work
}

// guild is a set of peers: those of one role, or else of one client and scope.
type guild struct {
	key             uint64
	members, admins int
}

// function is an endpoint for administrators, and the first who used it or were refused it and are none.
type function struct {
	users, refused [everybody]uint64
}

const everybody = 3 // so many others make a function usual

// overreach is what is held against one principal.
type overreach struct {
	read, written, refused stats.Set // functions
	secrets                stats.Set // of them, those that answered with secrets of accounts
	since                  clock.Time
}

const (
	// What a function that a principal never used before says, in nats; with a refusal before or a write it is enough.
	readNats, writtenNats, refusedNats = 4, 8, 3
	secretNats                         = 4 // more, of an answer with secrets of accounts: that is proof of what was read
	overreachH                         = 8
	ordinary                           = 20 // calls of other work that say what somebody's work is
	peersLeast                         = 5
	peerCalls                          = 3 // calls after which a principal counts among its peers
	refusedFunctions                   = 5 // within an hour: probing
	refusedTime                        = hour
	overreachMost                      = 256
)

func newBFLA(s *scene) *bfla {
	d := &bfla{offices: newLRU(s.cfg.Principals, func(o *office) bool { return o.admin == 0 }, nil),
		functions: newLRU(s.cfg.Endpoints, func(*function) bool { return true }, nil)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*bfla) Name() string { return "bfla" }
func (*bfla) Key() Key     { return ByPrincipal }

// Forget frees those who were silent for two weeks.
func (d *bfla) Forget(now clock.Time) {
	d.offices.dropOldest(func(o *office) bool { return now-o.last > 2*contactHalf })
	d.forget(now, day)
}

func (d *bfla) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedProfiles += d.offices.evicted + d.functions.evicted
}

// Observe folds one call.
func (d *bfla) Observe(dst []Signal, c *call.Call) []Signal {
	who := &c.Principal
	if who.Key == 0 || who.Kind == call.Address || who.Service || c.Continued || c.Flags&(call.Health|call.Login) != 0 {
		return dst
	}
	o, _ := d.offices.useBy(&d.scene.seat().office, who.Key)
	o.calls++
	o.last = d.scene.now
	if o.calls == peerCalls {
		d.enrol(o, who)
	}
	if c.Flags&(call.Admin|call.Operator) == 0 && !governs(c) || c.Flags&call.Admin == 0 && documents.in(c.Route) != "" {
		return dst
	}
	switch {
	case c.Status == 403 || c.Status == 405:
		return d.refusal(dst, o, c)
	case c.OK():
		return d.use(dst, o, c)
	}
	return dst
}

// governs tells of changes to who may do what: roles and permissions, and accounts deleted, but one's own.
func governs(c *call.Call) bool {
	switch c.Method {
	case "DELETE":
		return (accounts.in(c.Route) != "" || rights.in(c.Route) != "") && ownAccount.in(c.Route) == ""
	case "POST", "PUT", "PATCH":
		return rights.in(c.Route) != "" && ownAccount.in(c.Route) == ""
	}
	return false
}

var (
	rights     = wordList{"role", "permission", "privilege", "grant", "acl", "policies"}
	accounts   = wordList{"user", "account", "staff", "audit", "tenant", "apikey", "api-key"}
	documents  = wordList{"swagger", "openapi", "api-docs"} // descriptions of an API: whoever writes programs for it reads them
	ownAccount = wordList{"me", "self", "preference", "setting", "session", "notification", "favorite", "device", "photo", "avatar"}
)

// enrol counts a principal among its peers.
func (d *bfla) enrol(o *office, who *call.Principal) {
	key := peersOf(who)
	for i := range d.guilds {
		g := &d.guilds[i]
		if g.key == 0 {
			g.key = key
		}
		if g.key == key || i == len(d.guilds)-1 {
			g.members++
			o.guild = int8(i + 1)
			if o.first != 0 {
				g.admins++
			}
			return
		}
	}
}

// peersOf is a key of the principals whose work should be alike: of one role, else of one client and scope.
func peersOf(who *call.Principal) uint64 {
	if who.Role != "" {
		return text(who.Role) | 1
	}
	return stats.Mix(text(who.Client)^stats.Mix(text(who.Scope))) | 1
}

// refusal is a function that the server refused.
func (d *bfla) refusal(dst []Signal, o *office, c *call.Call) []Signal {
	if d.administers(o, &c.Principal) {
		return dst
	}
	if fn, _ := d.functions.use(c.Endpoint); crowded(&fn.refused, c.Principal.Key) {
		return dst // a page asks for it whoever opens it
	}
	f := d.of(c.Principal.Key)
	p := &f.state
	if s := d.scene; !f.open(s.now) && s.now-p.since > refusedTime {
		d.drop(f)
		p.since = s.now
	}
	if p.refused.Len() < overreachMost {
		p.refused.Add(c.Endpoint)
	}
	d.note(f, c)
	if f.open(d.scene.now) || p.refused.Len() >= refusedFunctions {
		return d.tell(dst, f, c)
	}
	return dst
}

// use is a function that the server performed.
func (d *bfla) use(dst []Signal, o *office, c *call.Call) []Signal {
	o.admin++
	if o.first == 0 {
		o.first = o.calls
		if o.guild != 0 {
			d.guilds[o.guild-1].admins++
		}
	}
	f := d.find(c.Principal.Key)
	suspect := f != nil && (f.open(d.scene.now) || f.state.refused.Len() > 0)
	secrets := revealed(c)
	proven := secrets && otherwise(&c.Principal)
	if !suspect && !proven && d.administers(o, &c.Principal) {
		if !o.counted {
			o.counted = true
			d.admins++
		}
		return dst
	}
	fn, _ := d.functions.use(c.Endpoint)
	if crowded(&fn.users, c.Principal.Key) || !suspect && !proven && !d.judges(o, &c.Principal) {
		return dst
	}
	f = d.of(c.Principal.Key)
	if !f.open(d.scene.now) && o.told.Has(c.Endpoint) {
		return dst
	}
	p := &f.state
	if p.since == 0 {
		p.since = d.scene.now
	}
	set := &p.read
	if c.Method != "GET" && c.Method != "HEAD" && c.Method != "OPTIONS" {
		set = &p.written
	}
	if set.Len() < overreachMost {
		set.Add(c.Endpoint)
	}
	if secrets && p.secrets.Len() < overreachMost {
		p.secrets.Add(c.Endpoint)
	}
	d.note(f, c)
	if p.nats() < overreachH {
		return dst
	}
	dst = d.tell(dst, f, c)
	if o.told.Len() < overreachMost {
		o.told.Add(c.Endpoint)
	}
	return dst
}

// revealed tells whether a function for administrators answered with secrets of accounts.
func revealed(c *call.Call) bool {
	if c.Flags&call.Admin == 0 || c.PHI.Classes&phi.Credential == 0 {
		return false
	}
	_, keep := credentialName(c)
	return keep
}

// otherwise tells whether a claim says that the principal's work is with patients, and none that it administers.
func otherwise(who *call.Principal) bool {
	return clinicalRoles.in(who.Role) != "" && adminRoles.in(who.Role) == "" && adminScopes.in(who.Scope) == ""
}

// nats is what the functions used say together.
func (p *overreach) nats() int {
	return readNats*p.read.Len() + secretNats*p.secrets.Len() + writtenNats*p.written.Len() + refusedNats*min(4, p.refused.Len())
}

// judges tells whether it is known what the principal's work is: by its own calls, or by peers of its role of whom
// hardly any administers while somebody else does. Without a role, who begins with administration may be an
// administrator like the others.
func (d *bfla) judges(o *office, who *call.Principal) bool {
	if o.first > ordinary {
		return true
	}
	if o.guild == 0 || who.Role == "" {
		return false
	}
	g := &d.guilds[o.guild-1]
	return d.admins > 0 && g.members-g.admins >= peersLeast && (g.admins-1)*10 <= g.members
}

// administers tells whether administration is the principal's work: a claim says so, or it began with it and goes on.
func (d *bfla) administers(o *office, who *call.Principal) bool {
	if adminRoles.in(who.Role) != "" || adminScopes.in(who.Scope) != "" || o.counted {
		return true
	}
	if o.first == 0 || d.judges(o, who) {
		return false
	}
	return o.first <= peersLeast || 10*o.admin > 3*o.calls
}

var (
	adminRoles    = wordList{"admin", "superuser", "sysadmin", "root", "it", "security", "operator", "devops", "auditor"}
	clinicalRoles = wordList{"nurse", "physician", "doctor", "clinician", "practitioner", "midwife", "therapist", "pharmacist", "registrar",
		"receptionist", "clerk", "intern", "student", "patient", "coder", "researcher"}
	adminScopes = wordList{"admin", "manage"}
)

// crowded tells whether enough others than who stand in the list, and enters who.
func crowded(in *[everybody]uint64, who uint64) bool {
	n := 0
	for i := range in {
		switch in[i] {
		case who:
		case 0:
			in[i] = who
			return n >= everybody-1
		default:
			n++
		}
		if in[i] == who {
			for _, x := range in[i+1:] {
				if x != 0 {
					n++
				}
			}
			return n >= everybody-1
		}
	}
	return true
}

// describe states a principal's case.
func (d *bfla) describe(f *dossier[overreach]) Signal {
	p := &f.state
	used, refused := p.read.Len()+p.written.Len(), p.refused.Len()
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 75), Score: float64(p.nats()), Threshold: overreachH}
	if used == 0 {
		sig.Title = fmt.Sprintf("{principal} tried %s for administrators and was refused", count(refused, "function"))
		sig.Score, sig.Threshold = float64(refused), refusedFunctions
	} else {
		sig.Title = fmt.Sprintf("{principal} used %s for administrators, which nobody else of that work uses", count(used, "function"))
		if refused > 0 || used > 1 && p.written.Len() > 0 {
			sig.Severity, sig.Confidence = High, sureness(&f.accused, 85)
		}
	}
	sig.Expected = "Functions for administrators are used by administrators; a new duty would explain it"
	sig.Observed = fmt.Sprintf("%s read, %s changed something, %s refused", count(p.read.Len(), "function"), count(p.written.Len(), "function"), count(refused, "function"))
	if n := p.secrets.Len(); n > 0 {
		sig.Observed += fmt.Sprintf("; %s answered with secrets of accounts, which should be changed", count(n, "function"))
	}
	sig.Facts = []Fact{{"functions that read", strconv.Itoa(p.read.Len())}, {"functions that change", strconv.Itoa(p.written.Len())},
		{"functions refused", strconv.Itoa(refused)}}
	return sig
}
