package report

import (
	"slices"
	"time"

	"auscult/pipeline/ocsf"
	"auscult/sensor/clock"
)

// deadline is until when one law wants somebody told.
type deadline struct {
	Law, Who, Within, Until, Ref string
}

// clocks are the notification clocks of the laws that a finding may fall under, checked in November 2026. They are no legal
// advice: each law counts from when the organisation knew, which somebody must decide.
var clocks = [...]struct {
	law, who, within, ref string
	until                 func(t time.Time) time.Time // nil: no hour is named
	of                    func(m *ocsf.Meaning) bool
}{
	{"CERT-In Directions 2022 (India)", "CERT-In", "6 hours from noticing", "Directions of 28 April 2022, IT Act s.70B(6)", after(6 * time.Hour), certIn},
	{"NIS2 (EU; hospitals are in Annex I)", "CSIRT or competent authority: early warning", "24 hours", "Directive (EU) 2022/2555 Art. 23(4)", after(24 * time.Hour), breach},
	{"NIS2 (EU)", "CSIRT or competent authority: incident notification", "72 hours; final report a month later", "Art. 23(4)", after(72 * time.Hour), breach},
	{"GDPR (EU, EEA)", "supervisory authority", "72 hours from awareness; may be told in phases", "Art. 33(1), (4)", after(72 * time.Hour), gdpr},
	{"GDPR (EU, EEA)", "the persons, where the risk to them is high", "without undue delay", "Art. 34(1)", nil, gdpr},
	{"DPDP Act 2023 (India; this duty applies from May 2027)", "Data Protection Board", "at once; details within 72 hours", "Act s.8(6), Rule 7(2)", after(72 * time.Hour), dpdp},
	{"DPDP Act 2023 (India; from May 2027)", "each person concerned", "without delay", "Act s.8(6), Rule 7(1)", nil, dpdp},
	{"HIPAA (US)", "the individuals; also the media when it is more than 500 residents of a State", "without unreasonable delay, at most 60 calendar days", "45 CFR 164.404, 164.406", after(60 * 24 * time.Hour), breach},
	{"HIPAA (US)", "HHS, for 500 or more individuals", "together with the individuals", "45 CFR 164.408(b)", after(60 * 24 * time.Hour), breach},
	{"HIPAA (US)", "HHS, for fewer than 500", "60 days after the end of the calendar year", "45 CFR 164.408(c)", yearEnd, breach},
}

func after(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Add(d) }
}

func yearEnd(t time.Time) time.Time {
	return time.Date(t.Year(), 12, 31, 23, 59, 0, 0, time.UTC).AddDate(0, 0, 60)
}

func certIn(m *ocsf.Meaning) bool { return m.CertIn }
func breach(m *ocsf.Meaning) bool { return m.Breach }
func gdpr(m *ocsf.Meaning) bool   { return m.Breach && slices.Contains(m.GDPR, "33") }
func dpdp(m *ocsf.Meaning) bool   { return m.Breach && slices.Contains(m.DPDP, "Rule 7") }

// deadlines are those of a finding that was first seen at first, in the order in which they end.
func deadlines(m *ocsf.Meaning, first clock.Time) (out []deadline) {
	for _, c := range clocks {
		if !c.of(m) {
			continue
		}
		d := deadline{Law: c.law, Who: c.who, Within: c.within, Until: "at once", Ref: c.ref}
		if c.until != nil {
			d.Until = c.until(first.UTC()).Format("2 Jan 2006 15:04 UTC")
		}
		out = append(out, d)
	}
	return out
}
