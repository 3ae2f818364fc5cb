package ecs

import (
	"slices"
	"strconv"
	"strings"

	"auscult/pipeline/ocsf"
)

func eventOf(f *ocsf.Finding) event {
	e := event{
		Kind:      "alert",
		Category:  []string{"intrusion_detection", "web"},
		Type:      []string{"info"},
		Action:    f.Info.Analytic.UID,
		Code:      f.Info.Analytic.UID,
		ID:        f.Info.UID,
		Module:    "auscult",
		Dataset:   "auscult.alert",
		Provider:  "auscult",
		Created:   ocsf.Stamp(f.Time),
		Start:     ocsf.Stamp(f.Start),
		End:       ocsf.Stamp(f.End),
		RiskScore: f.Risk,
		Outcome:   f.Outcome(),
		Sequence:  f.Metadata.Sequence,
		Reason:    f.Info.Desc,
	}
	if n := (f.End - f.Start) * 1e6; f.End > f.Start && n/1e6 == f.End-f.Start {
		e.Duration = n
	}
	if f.Severity > 0 && f.Severity < len(severities) {
		e.Severity = severities[f.Severity]
	}
	if f.Status() == "close" {
		e.Kind = "event" // Elastic raises an alert for each event.kind:alert, and the end of one is none
	}
	return e
}

func ruleOf(f *ocsf.Finding) rule {
	r := rule{
		ID:          f.Info.Analytic.UID,
		Name:        f.Info.Analytic.Name,
		Description: f.Remediation.Desc,
		Ruleset:     "auscult",
		Version:     f.Metadata.Product.Version,
	}
	if owasp := f.Tag("owasp.api"); len(owasp) > 0 {
		r.Category = owasp[0]
		r.Reference = reference(owasp[0])
	}
	return r
}

// reference is the page about an item of the OWASP API list: API1:2023.
func reference(item string) string {
	number, edition, _ := strings.Cut(strings.TrimPrefix(item, "API"), ":")
	n, err := strconv.Atoi(number)
	if err != nil || edition != "2023" || n < 1 || n >= len(references) {
		return ""
	}
	return "https://owasp.org/API-Security/editions/2023/en/" + references[n] + "/"
}

func threatOf(attacks []ocsf.Attack) *threat {
	if len(attacks) == 0 {
		return nil
	}
	t := &threat{Framework: "MITRE ATT&CK"}
	for i := range attacks {
		t.Tactic.add(attacks[i].Tactic)
		t.Technique.add(attacks[i].Technique)
		if sub := attacks[i].SubTechnique; sub.UID != "" {
			if t.Technique.Sub == nil {
				t.Technique.Sub = &labels{}
			}
			t.Technique.Sub.add(sub)
		}
	}
	return t
}

func (l *labels) add(of ocsf.Label) {
	if !slices.Contains(l.ID, of.UID) {
		l.ID, l.Name = append(l.ID, of.UID), append(l.Name, of.Name)
	}
}

// tags are the labels of every regime, each with its name before it: owasp:API1:2023, hipaa:164.312(b).
func tags(f *ocsf.Finding) []string {
	var out []string
	for _, t := range f.Info.Tags {
		name := strings.TrimSuffix(t.Name, ".api")
		for _, v := range t.Values {
			out = append(out, name+":"+strings.TrimPrefix(v, "45CFR"))
		}
	}
	return out
}

func ownOf(f *ocsf.Finding) own {
	n := &f.Numbers
	o := own{
		MessageID:  f.Metadata.UID,
		Status:     f.Status(),
		Kinds:      f.Info.Types,
		Endpoint:   f.Endpoint(),
		Calls:      n.Calls,
		Objects:    objects{n.Objects, f.Touched()},
		People:     n.People,
		Refusals:   n.Refusals,
		Members:    n.Members,
		Confidence: f.Confidence,
		Score:      n.Score,
		Threshold:  n.Threshold,
		Breach:     slices.Contains(f.Tag("breach"), "possible"),
		Token:      f.Tokens(),
		Evidence:   evidence{Community: f.Communities()},
	}
	o.Observed, o.Expected = f.Observed()
	for i := range n.Facts {
		o.Facts = append(o.Facts, n.Facts[i].Name+"="+n.Facts[i].Value)
	}
	calls := f.Calls()
	for i := range calls {
		o.Evidence.Calls = append(o.Evidence.Calls, calls[i].UID)
	}
	return o
}
