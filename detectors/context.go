package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// chartContext finds tokens that are for one patient's chart and read another's: SMART App Launch 2.2 section 3.0 binds
// a token with only patient/ scopes to the patient of its launch (CWE-863). Only logical ids are compared: a patient
// has several numbers, and which is whose cannot be seen.
type chartContext struct {
	*casebook[strayed]
	bound  stats.Set // principals whose tokens are for one patient, bounded by Config.Principals
	astray int       // of them, those who were answered about another
}

// strayed is what one principal did beside its patient's chart.
type strayed struct {
	served  stats.Set // other patients whose data came back, bounded
	refused stats.Set
	loose   bool // such tokens are no bond at this hospital
}

const (
	strayedMost    = 1024
	refusedProbing = 3
	// looseLeast and looseShare of the principals with such tokens, answered about others, say that the claim is
	// only where an application starts here.
	looseLeast = 5
	looseShare = 3
)

func newContext(s *scene) *chartContext {
	d := &chartContext{}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*chartContext) Name() string { return "patient_context_mismatch" }
func (*chartContext) Key() Key     { return ByPrincipal }

// Observe folds one call.
func (d *chartContext) Observe(dst []Signal, c *call.Call) []Signal {
	own := c.Principal.Patient
	if own == 0 || c.Continued || c.Principal.Key == 0 || !onlyPatient(c.Principal.Scope) {
		return dst
	}
	if d.bound.Len() < d.scene.cfg.Principals {
		d.bound.Add(c.Principal.Key)
	}
	served, refused := c.OK() && c.PHI.People > 0, c.Status == 403 || c.Status == 404
	if !served && !refused {
		return dst
	}
	var f *dossier[strayed]
	before := 0
	named := false
	for i := range c.Objects {
		o := &c.Objects[i]
		if !o.Patient || o.Key == 0 {
			continue
		}
		if o.Where == call.InResponse && (named || !served || c.Flags&call.Search == 0) {
			break // whom the request named is who was asked for; charts point at kin
		}
		if o.Key == own {
			named = named || o.Where != call.InResponse
			continue
		}
		if o.Key != call.PatientKey([]byte(o.ID)) {
			continue // a number, not an id
		}
		named = named || o.Where != call.InResponse
		if f == nil {
			f = d.of(c.Principal.Key)
			before = f.state.served.Len()
		}
		set := &f.state.refused
		if served {
			set = &f.state.served
		}
		if set.Len() < strayedMost {
			set.Add(o.Key)
		}
	}
	if f == nil {
		return dst
	}
	p := &f.state
	if before == 0 && p.served.Len() > 0 {
		d.astray++
	}
	p.loose = d.astray >= looseLeast && d.astray*looseShare >= d.bound.Len()
	d.note(f, c)
	return d.tell(dst, f, c)
}

// onlyPatient tells whether the scopes are for one patient: patient/ among them, and no user/ or system/.
func onlyPatient(scope string) bool {
	has := false
	for scope != "" {
		var one string
		one, scope, _ = strings.Cut(scope, " ")
		switch {
		case strings.HasPrefix(one, "patient/"):
			has = true
		case strings.HasPrefix(one, "user/"), strings.HasPrefix(one, "system/"):
			return false
		}
	}
	return has
}

// describe states a principal's case.
func (d *chartContext) describe(f *dossier[strayed]) Signal {
	p := &f.state
	served, refused := p.served.Len(), p.refused.Len()
	sig := Signal{Detector: d.Name(), Severity: Low, Confidence: 60, Score: float64(served + refused), Threshold: 1}
	sig.Title = fmt.Sprintf("{principal} asked for %s with a token that is for another, and was refused", count(refused, "patient"))
	if refused >= refusedProbing {
		sig.Severity = Medium
	}
	if served > 0 {
		sig.Title = fmt.Sprintf("{principal} read %s with a token that is for another patient", count(served, "chart"))
		sig.Severity, sig.Confidence = Medium, 85
		if served > 1 {
			sig.Severity, sig.Confidence = High, 95
		}
		if p.loose {
			sig.Severity, sig.Confidence = Low, 40
		}
	}
	sig.Expected = "A token with only patient/ scopes reads the chart it was launched for; a parent's token for a child names the child"
	sig.Observed = fmt.Sprintf("%s answered, %s refused, all other than the token's own patient", count(served, "other patient"), count(refused, "other patient"))
	sig.Facts = []Fact{{"other patients answered", strconv.Itoa(served)}, {"other patients refused", strconv.Itoa(refused)},
		{"usual here", yes(p.loose)}}
	return sig
}
