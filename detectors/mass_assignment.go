package detectors

import (
	"fmt"
	"iter"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// massAssignment finds writes that set what the writer has no business to set (OWASP API3:2023, CWE-915): a role, a
// verified insurance, somebody else as the owner, a price. A name alone proves nothing, since administrators, billing
// and full-object updates send them honestly. So it is asked who else sends the name to this endpoint, whether the
// value rises above the givesNothing, whether it changes anything, and whether the server shows that it took it.
type massAssignment struct {
	scene     *scene
	names     [256]grantName // of parameters and properties, by their Key: a memo of a pure function
	endpoints *lru[habits]
	objects   *lru[assigned]
	writers   *casebook[assigning]
}

// habits is who writes what to an endpoint.
type habits struct {
	seen    clock.Time
	writers [8]writer // the first few
	n       int
	sent    [16]sent
	names   int
	forms   uint64 // names that were sent, a bit for some of them each
}

type writer struct {
	who, role uint64
	writes    int // that were accepted
}

// sent is a granting name that was sent to an endpoint, or that its answers show.
type sent struct {
	name  uint64
	who   [3]uint64 // who sent it, the first three
	shown uint64    // value in an answer to a write that had not sent it
}

// assigned is what is known of one object's granting properties.
type assigned struct {
	seen    clock.Time
	values  [6]struct{ name, value uint64 }
	next    int
	pending struct{ name, value, writer uint64 }
}

// assigning is what one principal did.
type assigning struct {
	points  int
	proof   bool // the server showed the new value in place of another
	tried   int  // and was refused
	power   bool
	word    string // the name that says most
	told    string // the route of it
	usually int    // writes of others to that endpoint without it
	names   [4]uint64
}

// count notes a name, and says whether it is new.
func (s *assigning) count(name uint64) bool {
	for i := range s.names {
		switch s.names[i] {
		case name:
			return false
		case 0:
			s.names[i] = name
			return true
		}
	}
	return false
}

func newMassAssignment(s *scene) *massAssignment {
	d := &massAssignment{scene: s}
	d.endpoints = newLRU(s.cfg.Endpoints, func(w *habits) bool { return w.n < 2 }, nil)
	d.objects = newLRU(s.cfg.Assigned, func(a *assigned) bool { return a.pending.writer == 0 }, nil)
	d.writers = newCasebook(s, s.cfg.Endpoints, d.describe)
	return d
}

func (*massAssignment) Name() string { return "mass_assignment" }
func (*massAssignment) Key() Key     { return ByPrincipal }

// Forget frees what has been idle.
func (d *massAssignment) Forget(now clock.Time) {
	d.endpoints.dropOldest(func(w *habits) bool { return now-w.seen > 2*contactHalf })
	d.objects.dropOldest(func(a *assigned) bool { return now-a.seen > day })
	d.writers.forget(now, day)
}

// alarm is how many points are no accident: a write that rises, or two others.
const alarm = 2

// Observe folds one call. FHIR resources have status, active and owners by their standard, which does not say who
// usually sends what.
func (d *massAssignment) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Flags&call.GraphQL != 0 {
		if c.Continued || c.Graph.Mutation == "" {
			return dst
		}
		return d.mutation(dst, c)
	}
	if c.Continued || c.Flags&call.Health != 0 || c.FHIR.Interaction != "" && (c.Method == "GET" || resource(c)) {
		return dst
	}
	switch c.Method {
	case "POST", "PUT", "PATCH":
		return d.write(dst, c)
	case "GET":
		if len(c.Answer.Props) > 0 && c.OK() && c.PHI.Records <= 1 {
			return d.read(dst, c)
		}
	}
	return dst
}

// resource is whether a write sends a FHIR resource; not everything is one that has a FHIR type's name in its path.
func resource(c *call.Call) bool {
	if len(c.Args) == 0 || strings.Contains(c.ContentType, "fhir") {
		return true
	}
	for i := range c.Args {
		if c.Args[i].Name == "resourceType" {
			return true
		}
	}
	return false
}

// write judges the names that a write sends.
func (d *massAssignment) write(dst []Signal, c *call.Call) []Signal {
	if len(c.Args) == 0 || c.Flags&call.Login != 0 && !registers(c.Route) {
		return dst
	}
	w, _ := d.endpoints.use(c.Endpoint)
	w.seen = d.scene.now
	me := callerKey(c)
	var f *dossier[assigning]
	mine := 0
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InBody {
			continue
		}
		mine++
		g := d.name(a.Key, a.Name)
		if g.group == givesNothing {
			continue
		}
		points, proof := d.weigh(w, c, a, g)
		if points > 0 {
			if f == nil {
				f = d.writers.of(me)
				d.writers.note(f, c)
			}
			d.add(f, c, a, g, w, points, proof)
		}
		if c.OK() {
			w.send(g.name, me)
		}
	}
	if mine > 0 && c.OK() {
		w.wrote(me, text(c.Principal.Role))
		w.form(c)
		d.show(w, c)
	}
	if f != nil {
		dst = d.writers.tell(dst, f, c)
	}
	return dst
}

// weigh says how much a name in a write says against the writer, and whether the answer proves that it was taken.
func (d *massAssignment) weigh(w *habits, c *call.Call, a *call.Arg, g grantName) (points int, proof bool) {
	height := rises(g, a)
	if height == noRise || c.Flags&call.Admin != 0 || administers(c.Principal.Role) {
		return 0, false
	}
	me := callerKey(c)
	s := w.find(g.name)
	if s != nil && s.others(me) >= 1 && (height != topRise || g.group != grantsPower || s.others(me) >= 2) {
		return 0, false // others send it too; one who took power does not make it usual
	}
	before, known := d.before(c, g.name)
	if known && before == a.Value {
		return 0, false // as it was: a form that sends the whole object
	}
	others, writes := w.without(me, text(c.Principal.Role))
	described, listed := description{d.scene.cfg.API}.takes(c, a.Name)
	if described && listed && g.group != grantsPower {
		return 0, false // the description has it
	}
	plain := g.group == grantsPower && height == topRise && (described && !listed || others > 0 || selfService(c) || !aboutUsers(c.Route))
	if !c.OK() {
		if c.Status >= 400 && c.Status < 500 && (plain || others > 0) {
			return refusedPoint, false
		}
		return 0, false
	}
	if !known && s != nil && s.shown != 0 {
		before, known = s.shown, true
	}
	changed := known && before != a.Value
	echo := shows(c, a, g.name, d)
	if changed && !echo {
		d.expect(c, g.name, a.Value)
	}
	proof = changed && echo
	switch {
	case plain:
		return alarm, proof
	case others > 0 && writes >= 2 && proof && (g.group == grantsPower || g.group == grantsApproval && d.beside(w, c)):
		return alarm, proof
	case others > 0 && writes >= 2 && d.beside(w, c):
		return 1, proof
	case proof && c.Method != "POST":
		return newNamePoint, proof
	}
	return 0, false
}

// beside is whether the write also has a property that others send here: what an attacker adds to the usual form. One
// that has nothing else may be somebody's task.
func (d *massAssignment) beside(w *habits, c *call.Call) bool {
	for i := range c.Args {
		if a := &c.Args[i]; a.Where == call.InBody && w.forms>>(a.Key&63)&1 != 0 && d.name(a.Key, a.Name).group == givesNothing {
			return true
		}
	}
	return false
}

// Points that are none: a try that the server refused, and a name that counts once however often it is sent.
const (
	refusedPoint = 1000 + iota
	newNamePoint
)

// add puts a name on the writer's account.
func (d *massAssignment) add(f *dossier[assigning], c *call.Call, a *call.Arg, g grantName, w *habits, points int, proof bool) {
	s := &f.state
	switch points {
	case refusedPoint:
		s.tried++
	case newNamePoint:
		if s.count(g.name) {
			s.points++
		}
	default:
		s.count(g.name)
		s.points += points
	}
	s.proof = s.proof || proof
	if s.word == "" || g.group == grantsPower && !s.power {
		s.word, s.power = strings.Clone(lastName(a.Name)), g.group == grantsPower
		s.told = strings.Clone(c.Method + " " + c.Route)
		_, s.usually = w.without(callerKey(c), text(c.Principal.Role))
	}
}

// grants are the properties of an answer that would grant something, with what each is called.
func (d *massAssignment) grants(c *call.Call) iter.Seq2[*call.Prop, grantName] {
	return func(yield func(*call.Prop, grantName) bool) {
		for i := range c.Answer.Props {
			p := &c.Answer.Props[i]
			if p.Value == 0 {
				continue
			}
			if g := d.name(p.Key, p.Name); g.group != givesNothing && !yield(p, g) {
				return
			}
		}
	}
}

// show remembers what the answer to a write shows of what it had not sent: the server's own choice.
func (d *massAssignment) show(w *habits, c *call.Call) {
	for p, g := range d.grants(c) {
		if !sends(c, g.name, d) {
			if s := w.room(g.name); s != nil && s.shown == 0 {
				s.shown = p.Value
			}
		}
		if c.Method != "POST" {
			d.remember(c, g.name, p.Value)
		}
	}
}

// read remembers what an object shows, and looks whether it shows what somebody had written.
func (d *massAssignment) read(dst []Signal, c *call.Call) []Signal {
	for p, g := range d.grants(c) {
		o := d.remember(c, g.name, p.Value)
		if o.pending.writer == 0 || o.pending.name != g.name {
			continue
		}
		writer, took := o.pending.writer, o.pending.value == p.Value
		o.pending.writer = 0
		f := d.writers.find(writer)
		if !took || f == nil || f.calls == 0 || f.state.points < alarm || f.state.proof {
			continue
		}
		f.state.proof = true
		if f.open(d.scene.now) {
			dst = append(dst, d.writers.state(f))
		}
	}
	return dst
}

// describe states the case of one writer.
func (d *massAssignment) describe(f *dossier[assigning]) Signal {
	s := &f.state
	sig := Signal{Detector: d.Name(), Severity: Low, Confidence: 60, Score: float64(s.points), Threshold: alarm}
	sig.Title = fmt.Sprintf("{principal} tried to set %s by %s", s.word, s.told)
	sig.Expected = "Nobody else sends this property here"
	if s.usually > 0 {
		sig.Expected = fmt.Sprintf("%s of others to this endpoint did not send this property; a new form, or work that is only this person's, would explain it", count(s.usually, "write"))
	}
	sig.Observed = fmt.Sprintf("%s with properties that grant something", count(f.calls, "write"))
	if s.points >= alarm {
		sig.Severity, sig.Confidence = Medium, 70
		sig.Title = fmt.Sprintf("{principal} set %s by %s, which others do not", s.word, s.told)
		sig.Observed += ", accepted"
	}
	if s.points >= alarm && s.proof {
		sig.Severity, sig.Confidence = High, 90
		sig.Observed += "; an answer showed the new value in place of another"
	}
	if s.tried > 0 {
		sig.Observed += fmt.Sprintf("; %d refused", s.tried)
	}
	sig.Facts = []Fact{{"property", s.word}, {"new value shown", yes(s.proof)}}
	return sig
}

func (d *massAssignment) count(st *Stats) {
	d.writers.count(st)
	st.EvictedSuspects += d.objects.evicted
	st.EvictedProfiles += d.endpoints.evicted
}

// close tells the cases that have grown.
func (d *massAssignment) close(dst []Signal) []Signal { return d.writers.close(dst) }

// objectPath is a key of what a URL names, whatever the method.
func objectPath(c *call.Call) uint64 {
	return serverKey(c) ^ stats.Mix(text(strings.TrimSuffix(c.Path, "/")))
}
