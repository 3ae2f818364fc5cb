package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// mutation judges what a GraphQL mutation sends. A service has one endpoint for all that it does, so each field is one
// of its own; and what answers depends on what was asked for, so only power counts, by a field that is not about
// accounts, and it takes two properties or two calls.
func (d *massAssignment) mutation(dst []Signal, c *call.Call) []Signal {
	if c.Flags&(call.Login|call.Admin) != 0 || !c.OK() || administers(c.Principal.Role) || aboutAccounts(c.Graph.Mutation) {
		return dst
	}
	var f *dossier[assigning]
	var w *habits
	me := callerKey(c)
	failed := fails(c)
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InBody {
			continue
		}
		g := d.name(a.Key, a.Name)
		if g.group != grantsPower || rises(g, a) != topRise {
			continue
		}
		if w == nil {
			w, _ = d.endpoints.use(serverKey(c) ^ stats.Mix(text(c.Graph.Mutation)))
			w.seen = d.scene.now
		}
		s := w.find(g.name)
		if s == nil || s.others(me) < 2 { // one other who took power does not make it usual
			if f == nil {
				f = d.writers.of(me)
				d.writers.note(f, c)
			}
			points := 1
			if failed {
				points = refusedPoint
			}
			d.add(f, c, a, g, w, points, false)
		}
		if !failed {
			w.send(g.name, me)
		}
	}
	if w != nil && !failed {
		w.wrote(me, text(c.Principal.Role))
	}
	if f != nil {
		dst = d.writers.tell(dst, f, c)
	}
	return dst
}

// aboutAccounts is whether a mutation manages accounts and their rights, or people who work here.
func aboutAccounts(field string) bool {
	return aboutUsers(field) || accessWords.in(field) != ""
}

var accessWords = wordList{"grant", "invite", "privilege", "practitioner", "provider", "doctor", "nurse", "access", "policy", "profile", "auth"}

// fails is whether a GraphQL answer has errors; its status says nothing (GraphQL, October 2021, section 7.1).
func fails(c *call.Call) bool {
	for i := range c.Answer.Props {
		if c.Answer.Props[i].Name == "errors" {
			return true
		}
	}
	return false
}
