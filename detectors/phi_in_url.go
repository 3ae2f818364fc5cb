package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// phiInURL finds endpoints that take what identifies a person in the URL (CWE-598): proxies, browsers and servers
// write URLs into their logs. An id of a record is what URLs are for; a record number, a national number, a phone or
// an e-mail address names the person everywhere.
type phiInURL struct {
	scene *scene
	names [256]paramClass // what parameters are called, by their Key: a memo of a pure function
}

// paramClass is the class of a parameter's values, as its name says.
type paramClass struct {
	key   uint64
	class phi.Class
}

func newPHIInURL(s *scene) *phiInURL { return &phiInURL{scene: s} }

func (*phiInURL) Name() string      { return "phi_in_url" }
func (*phiInURL) Key() Key          { return ByEndpoint }
func (*phiInURL) Forget(clock.Time) {}

// direct are the classes that identify somebody alone.
const direct = phi.MRN | phi.SSN | phi.Aadhaar | phi.ABHA | phi.PAN | phi.MBI | phi.Phone | phi.Email

// Observe folds one call.
func (d *phiInURL) Observe(dst []Signal, c *call.Call) []Signal {
	if len(c.Args) == 0 || c.Continued || !c.OK() || c.Flags&call.Login != 0 {
		return dst
	}
	var seen phi.Class
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where > call.InQuery || a.Kind == call.Secret || len(a.Text) < 4 {
			continue
		}
		class := d.class(a)
		if class == 0 {
			continue
		}
		if a.Name == "identifier" && c.FHIR.Type != "Patient" && c.FHIR.Type != "Person" && c.FHIR.Type != "RelatedPerson" {
			continue
		}
		if holdsPerson(class, a.Text) {
			seen |= class
		}
	}
	if seen&(phi.Name|phi.BirthDate) == phi.Name|phi.BirthDate {
		seen |= nameAndBirth
	}
	if seen &= direct | nameAndBirth; seen == 0 {
		return dst
	}
	return d.scene.posture(dst, c, d.Name(), "", func() Signal { return d.state(c, seen) })
}

// nameAndBirth stands for name and birth date together.
const nameAndBirth = phi.Class(1) << 31

// class is the class of a parameter, by its name.
func (d *phiInURL) class(a *call.Arg) phi.Class {
	p := &d.names[a.Key%uint64(len(d.names))]
	if p.key != a.Key || a.Key == 0 {
		*p = paramClass{a.Key, phi.KeyClass([]byte(a.Name)) & (direct | phi.Name | phi.BirthDate)}
		if a.Name == "identifier" {
			p.class = phi.MRN
		}
	}
	return p.class
}

// holdsPerson is whether a value may be of the class that its parameter's name says: a word in its place is a choice, not
// a person.
func holdsPerson(class phi.Class, value string) bool {
	digits, at := 0, false
	for i := range len(value) {
		switch c := value[i]; {
		case c-'0' <= 9:
			digits++
		case c == '@':
			at = true
		}
	}
	switch {
	case class&phi.Email != 0:
		return at
	case class&phi.Phone != 0:
		return digits >= 7
	case class&phi.BirthDate != 0:
		return digits >= 6
	case class&phi.Name != 0:
		return digits == 0
	case class&(phi.SSN|phi.Aadhaar|phi.MBI|phi.PAN) != 0:
		return digits >= 4
	}
	return digits >= 3
}

// state says what stands in the URL.
func (d *phiInURL) state(c *call.Call, seen phi.Class) Signal {
	what := ""
	for _, f := range [...]struct {
		class phi.Class
		name  string
	}{
		{phi.MRN, "record numbers"}, {phi.SSN | phi.Aadhaar | phi.ABHA | phi.PAN | phi.MBI, "national or insurance numbers"},
		{phi.Phone | phi.Email, "phone numbers or e-mail addresses"}, {nameAndBirth, "names with dates of birth"},
	} {
		if seen&f.class == 0 {
			continue
		}
		if what != "" {
			what += ", "
		}
		what += f.name
	}
	return Signal{Severity: Informational, Confidence: 80,
		Title:    c.Method + " " + c.Route + " takes patients' " + what + " in its URL",
		Expected: "What identifies a person stands in the body of a POST (FHIR has POST _search for it), not in a URL that logs keep",
		Observed: "A call that was answered nameAndBirth a person by " + what + " in the URL",
		Facts:    []Fact{{"seen", what}},
	}
}
