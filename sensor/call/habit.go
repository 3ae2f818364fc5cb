package call

import (
	"strings"

	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// habit is what the header fields of a request say that its client sends again and again (http.Message.Known): the
// credentials in them, and who that makes the principal where nothing else of the request says so. It is a pure
// function of the fields, but for what depends on the time of the call, which is left out of it.
type habit struct {
	known     uint64
	host      string
	named     []byte // endpointHost of it
	agent     string
	text      string // Call.Forwarded
	forwarded []byte
	who       credentials

	judged    bool // the rest is set
	principal Principal
	auth      Auth
}

// keptHabits is how many are remembered by a Builder.
const keptHabits = 512

// habit is what is remembered of the fields of x; nil when nothing is, or something beside them decides.
func (b *Builder) habit(x *http.Exchange) *habit {
	n := x.Request.Known
	if n == 0 || len(b.hosts) > 0 || b.habits == nil {
		return nil
	}
	if h := &b.habits[n%keptHabits]; h.known == n {
		return h
	}
	return nil
}

// remember is the habit of x, whose fields were just gathered; nil when they left more behind than credentials.
func (b *Builder) remember(c *Call, x *http.Exchange, who *credentials, forwarded []byte, before *Stats) *habit {
	n := x.Request.Known
	if n == 0 || len(b.hosts) > 0 || len(b.args)+len(b.objects) > 0 || c.Auth != (Auth{}) || b.Stats != *before {
		return nil
	}
	if b.habits == nil {
		b.habits = make([]habit, keptHabits)
	}
	h := &b.habits[n%keptHabits]
	*h = habit{
		known: n, host: string(x.Request.Get("host")), agent: strings.Clone(c.UserAgent), text: strings.Clone(c.Forwarded),
		forwarded: forwarded, who: *who, // parts of the known fields, which stay
	}
	h.named = lower(nil, []byte(hostName(h.host)))
	return h
}

// usual makes the principal of c who h says, if it does.
func (b *Builder) usual(c *Call, h *habit, who *credentials) bool {
	if h == nil || !h.judged || !b.alone(who) {
		return false
	}
	c.Principal, c.Auth = h.principal, h.auth
	if h.principal.Kind == JWT {
		c.Auth.timed(h.principal.Expires, c.Start)
	}
	return true
}

// judge has h remember the principal of c.
func (b *Builder) judge(c *Call, h *habit, who *credentials, before *Stats) {
	if h == nil || c.Principal.Kind == Address || !b.alone(who) || b.Stats != *before {
		return
	}
	p, a := c.Principal, c.Auth
	p.ID, p.Issuer, p.Client, p.Role, p.Scope = strings.Clone(p.ID), strings.Clone(p.Issuer), strings.Clone(p.Client), strings.Clone(p.Role), strings.Clone(p.Scope)
	a.Purpose = strings.Clone(a.Purpose)
	a.Marks &^= Expired | NotYet
	h.principal, h.auth, h.judged = p, a, true
}

// alone is whether nothing but the header fields says who sends the request.
func (b *Builder) alone(who *credentials) bool {
	m := &b.message
	return !who.bearerInURL && !who.sessionInURL && !who.keyInURL && !who.anyInURL && who.certificate == "" &&
		len(m.user) == 0 && len(m.purpose) == 0
}

// timed marks a token that has expired at now, or is not yet good.
func (a *Auth) timed(expires, now clock.Time) {
	if expires != 0 && now > expires+tokenGrace {
		a.Marks |= Expired
	}
	if max(a.Starts, a.Issued) > now+tokenGrace {
		a.Marks |= NotYet
	}
}
