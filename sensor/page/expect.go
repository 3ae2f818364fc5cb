package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"auscult/pipeline/alert"
)

// expectation is what an operator asks for: the incident, what of it the rule names, why, and the last day of it.
type expectation struct {
	UID       string `json:"uid"`
	Principal bool   `json:"principal"`
	Endpoint  bool   `json:"endpoint"`
	Detector  bool   `json:"detector"`
	Reason    string `json:"reason"`
	Until     string `json:"until"` // a day, in UTC
}

const (
	mostReason  = 500
	expectWrite = time.Minute // until it is answered: the disk may be slow, and the pipeline
)

// expect marks an incident as expected.
func (p *Page) expect(out http.ResponseWriter, r *http.Request, who Token) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		http.Error(out, "application/json is asked for", http.StatusUnsupportedMediaType)
		return
	}
	if p.opt.Allow == nil {
		http.Error(out, p.opt.Unable, http.StatusConflict)
		return
	}
	var e expectation
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		http.Error(out, "not understood: "+err.Error(), http.StatusBadRequest)
		return
	}
	detail, ok := p.detail(e.UID)
	if !ok {
		http.Error(out, "That incident is not kept any more.", http.StatusNotFound)
		return
	}
	rule, err := e.rule(&detail, p.opt.State().Time, p.opt.Config.AllowFor)
	if err != nil {
		http.Error(out, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	http.NewResponseController(out).SetWriteDeadline(time.Now().Add(expectWrite)) // where there is none, none is needed
	rule, err = p.opt.Allow.add(rule, auditText(who, &e, &rule))
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	p.mark(e.UID, &Expected{By: by(who), Reason: rule.Reason, From: rule.From.UnixMilli(), Until: rule.Until.UnixMilli()})
	writeJSON(out, map[string]any{"from": rule.From, "until": rule.Until})
}

// rule is that of the allow-list which e asks for, at a packet time in milliseconds.
func (e *expectation) rule(d *Detail, now int64, most time.Duration) (r alert.Rule, err error) {
	day, err := time.Parse(time.DateOnly, e.Until)
	switch end := day.AddDate(0, 0, 1).Sub(time.UnixMilli(now)); {
	case err != nil:
		return r, errors.New("say until which day it is expected")
	case end <= 0:
		return r, errors.New("that day has passed")
	case end > most+24*time.Hour:
		return r, fmt.Errorf("that day is more than %d days away; nothing is expected for ever", int(most.Hours()/24))
	}
	r = alert.Rule{Reason: clean(strings.TrimSpace(e.Reason)), Until: day.AddDate(0, 0, 1)}
	switch n := utf8.RuneCountInString(r.Reason); {
	case n == 0:
		return r, errors.New("say why it is expected")
	case n > mostReason:
		return r, fmt.Errorf("the reason has more than %d characters", mostReason)
	}
	if e.Principal {
		r.Principal = d.Rule.Principal
	}
	if e.Endpoint {
		r.Endpoint = d.Rule.Endpoint
	}
	if e.Detector {
		r.Detector = d.Rule.Detector
	}
	if (r.Principal == "") == e.Principal || (r.Endpoint == "") == e.Endpoint || (r.Detector == "") == e.Detector {
		return r, errors.New("this incident does not name all of what the rule is to be about")
	}
	if r.Principal == "" && r.Endpoint == "" {
		return r, errors.New("such a rule would silence everybody everywhere: name the principal or the endpoint")
	}
	return r, nil
}

func by(who Token) string {
	if who.Name == "" {
		return who.Role.String()
	}
	return who.Name + " (" + who.Role.String() + ")"
}

// auditText is what the audit log says. It does not name the patients of the incident: it has its id.
func auditText(who Token, e *expectation, r *alert.Rule) string {
	return fmt.Sprintf("%s marked incident %s as expected until %s: principal %q, endpoint %q, kind %q (empty: any): %s",
		by(who), e.UID, r.Until.Format(time.RFC3339), r.Principal, r.Endpoint, r.Detector, r.Reason)
}

// mark shows that an incident is expected.
func (p *Page) mark(uid string, x *Expected) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Allowed++
	if e := p.board.byID[uid]; e != nil {
		e.Expected = x
		p.show(e)
	}
}
