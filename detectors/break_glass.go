package detectors

import (
	"fmt"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// breakGlass finds people who open charts under a purpose of emergency where hardly anybody does. In an emergency
// department that is the way of working, and there boards and colleagues explain most patients; so a patient whom
// nothing explains weighs more, and who works beside others that break the glass is judged by them.
type breakGlass struct {
	*casebook[glass]
	people  stats.Set // persons in view, bounded by Config.Principals
	breaker stats.Set // of them, those who broke the glass
	roles   [32]ward
}

// ward counts the same for one role.
type ward struct {
	key             uint64
	people, breaker int
}

// glass is what one person opened in emergencies.
type glass struct {
	patients stats.Recent
	window   stats.Window // in quarters of a patient
	n        int
	rare     bool
}

const (
	glassWindow = hour
	// glassLeast patients without a reason within an hour are enough where hardly anybody breaks the glass; twice as
	// many where it is not known who does.
	glassLeast   = 3
	glassQuarter = 4  // a patient without a reason, in quarters; one with a reason is a quarter
	glassPeers   = 10 // persons in view that say what is usual
	glassShare   = 10 // at most one in so many breaks the glass
	glassUsual   = 5  // times as many where it is usual
)

func newBreakGlass(s *scene) *breakGlass {
	d := &breakGlass{}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*breakGlass) Name() string { return "break_glass_abuse" }
func (*breakGlass) Key() Key     { return ByPrincipal }

// Observe folds one call.
func (d *breakGlass) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued || c.Principal.Key == 0 || !human(c) || c.Flags&(call.Login|call.Health) != 0 {
		return dst
	}
	fresh := d.people.Len() < d.scene.cfg.Principals && d.people.Add(c.Principal.Key)
	if fresh {
		if w := d.ward(&c.Principal); w != nil {
			w.people++
		}
	}
	if c.Flags&call.BreakGlass == 0 || !c.OK() {
		return dst
	}
	if d.breaker.Len() < d.scene.cfg.Principals && d.breaker.Add(c.Principal.Key) {
		if w := d.ward(&c.Principal); w != nil {
			w.breaker++
		}
	}
	s := d.scene
	var f *dossier[glass]
	for i := range s.contacts {
		k := &s.contacts[i]
		if !k.Patient {
			continue
		}
		if f == nil {
			f = d.of(c.Principal.Key)
		}
		p := &f.state
		fresh, _ := p.patients.Add(k.Key, s.now, glassWindow, s.cfg.Contacts)
		if !fresh {
			continue
		}
		weight := uint32(1)
		if k.why == unexplained {
			weight = glassQuarter
		}
		p.window.Add(s.now, glassWindow, weight)
		p.n++
	}
	if f == nil {
		return dst
	}
	d.note(f, c)
	p := &f.state
	least := glassQuarter * glassLeast
	switch rare, known := d.rare(&c.Principal); {
	case !known:
		least *= 2
	case !rare:
		least *= glassUsual
	default:
		p.rare = true
	}
	if !f.open(s.now) && p.window.Sum(s.now, glassWindow) < least {
		return dst
	}
	return d.tell(dst, f, c)
}

// ward finds the counts of a role, or nil when there is none.
func (d *breakGlass) ward(who *call.Principal) *ward {
	if who.Role == "" {
		return nil
	}
	key := text(who.Role) | 1
	for i := range d.roles {
		w := &d.roles[i]
		if w.key == 0 {
			w.key = key
		}
		if w.key == key {
			return w
		}
	}
	return nil
}

// rare tells whether hardly any other person of the role, else of the site, breaks the glass, and whether that is known.
func (d *breakGlass) rare(who *call.Principal) (rare, known bool) {
	if emergency.in(who.Role) != "" || emergency.in(who.Client) != "" {
		return false, true
	}
	people, breaker := d.people.Len(), d.breaker.Len()
	if w := d.ward(who); w != nil && w.people > glassPeers {
		people, breaker = w.people, w.breaker
	}
	return (breaker-1)*glassShare <= people, people > glassPeers
}

var emergency = wordList{"emergency", "ed", "er", "trauma", "ambulance", "paramedic", "resus", "casualty"}

// describe states a person's case.
func (d *breakGlass) describe(f *dossier[glass]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 70), Score: float64(p.n), Threshold: glassLeast}
	sig.Title = fmt.Sprintf("{principal} broke the glass for %s within an hour", count(p.n, "patient"))
	sig.Expected = "Hardly anybody here opens charts as an emergency; work in an emergency department or a disaster would explain it"
	sig.Observed = fmt.Sprintf("%s opened under a purpose of emergency", count(p.n, "different patient"))
	sig.Facts = []Fact{{"patients", strconv.Itoa(p.n)}, {"persons in view", strconv.Itoa(d.people.Len())},
		{"persons who broke the glass", strconv.Itoa(d.breaker.Len())}}
	return sig
}
