package ocsf

import "slices"

// Meaning is what a kind of finding means to those who must act on it. The labels help triage; they are no legal advice.
type Meaning struct {
	Name, Advice string
	OWASP        []string // API Security Top 10, 2023
	CWE          []string
	Attack       []Technique
	HIPAA        []string // sections of 45 CFR
	GDPR         []string // articles
	DPDP         []string // India's Digital Personal Data Protection Act 2023 and its rules
	ISO          []string // controls of ISO/IEC 27001:2022 annex A
	Breach       bool     // health data may have been disclosed
	CertIn       bool     // reportable to CERT-In
}

// Technique is a technique of MITRE ATT&CK under its first tactic.
type Technique struct{ ID, Name, Tactic string }

// MeaningOf is the Meaning of the findings of a detector. Its lists are shared, and not to be changed.
func MeaningOf(detector string) Meaning {
	m := mappingOf(detector)
	return Meaning{Name: m.name, Advice: m.advice, OWASP: m.owasp, CWE: m.cwe, Attack: techniquesOf(m.attack), HIPAA: m.hipaa, GDPR: m.gdpr,
		DPDP: m.dpdp, ISO: m.iso, Breach: m.breach, CertIn: m.certIn}
}

func techniquesOf(ids []string) (list []Technique) {
	for _, id := range ids {
		i := slices.IndexFunc(techniques[:], func(t technique) bool { return t.id == id })
		if i < 0 {
			continue
		}
		t := &techniques[i]
		name := t.name
		if t.sub != "" {
			name += ": " + t.sub
		}
		list = append(list, Technique{id, name, t.tactic.name})
	}
	return list
}
