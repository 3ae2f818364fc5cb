package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// record is an answer about one patient, with properties of the given classes.
func record(at, who, patient int, props ...call.Prop) *call.Call {
	c := answerOf(at, who, "GET", "/api/patients/{id}/summary")
	c.PHI = call.Found{Classes: phi.Name | phi.MRN, People: 1, Records: 1}
	c.Delivered = []uint64{uint64(5000 + patient)}
	c.Answer.Props = append(c.Answer.Props, prop("name", phi.Name), prop("mrn", phi.MRN))
	for _, p := range props {
		c.Answer.Props = append(c.Answer.Props, p)
		c.PHI.Classes |= p.Class
	}
	return c
}

func prop(name string, class phi.Class) call.Prop {
	return call.Prop{Key: text(name), Name: name, Class: class}
}

func TestExcessProperty_Drift(t *testing.T) {
	ssn, hiv, phone := prop("ssn", phi.SSN), prop("hivStatus", phi.Sensitive), prop("phone", phi.Phone)
	// days are n answers without extra, then m in which extra comes every so often.
	days := func(n, m, every, users, patients int, extra ...call.Prop) (calls []*call.Call) {
		for i := range n + m {
			var with []call.Prop
			if i >= n && (i-n)%every == 0 {
				with = extra
			}
			calls = append(calls, record(i*30, 1+i%users, i%patients, with...))
		}
		return calls
	}
	f := func(name, want string, calls []*call.Call) {
		t.Helper()
		got, sigs := told(t, "excess_property", calls...)
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		for _, s := range sigs {
			if late := int((s.Time - epoch) / second / 30); late > 65 {
				t.Errorf("%s: told at answer %d", name, late)
			}
		}
	}
	f("from one day on", "Low", days(50, 20, 1, 7, 40, ssn))
	f("after a few answers", "Low", days(12, 20, 1, 7, 40, ssn))
	f("a guarded property", "Low", days(50, 20, 1, 7, 40, hiv))
	f("another property", "Informational", days(50, 20, 1, 7, 40, phone))
	f("from the first", "", days(0, 60, 1, 7, 40, ssn))
	f("rarely", "", days(50, 300, 15, 7, 40, ssn))
	f("of one patient, read again and again", "", days(50, 12, 1, 7, 1, ssn))
	f("in a world of one person", "", days(50, 20, 1, 1, 40, ssn))
	one := days(50, 60, 1, 7, 40)
	for _, c := range one[50:] {
		if c.Principal.Key == one[0].Principal.Key {
			c.Answer.Props, c.PHI.Classes = append(c.Answer.Props, ssn), c.PHI.Classes|phi.SSN
		}
	}
	if got, _ := told(t, "excess_property", one...); got != "Low" {
		t.Errorf("to one account: %q", got)
	}
	coded := days(50, 20, 1, 7, 40)
	for _, c := range coded[50:] {
		c.PHI.Classes |= phi.Sensitive // by a code, as patients have it
	}
	f("by a code", "", coded)
	fhir := days(50, 20, 1, 7, 40, phone)
	for _, c := range fhir {
		c.FHIR.Interaction = "read"
	}
	f("an element of FHIR", "", fhir)
}

func TestExcessProperty_AtOnce(t *testing.T) {
	hash, key := prop("passwordHash", phi.Credential), prop("apiKey", phi.Credential)
	f := func(name, want string, c *call.Call) {
		t.Helper()
		if got, _ := told(t, "excess_property", c); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	with := func(people int, flags call.Flags, props ...call.Prop) *call.Call {
		c := record(0, 1, 1, props...)
		c.PHI.People, c.PHI.Records, c.Flags = people, people, flags
		return c
	}
	f("a password's hash", "Low", with(1, 0, hash))
	f("a key", "Informational", with(1, 0, key))
	f("at login", "", with(1, call.Login, hash))
	f("where tokens are", "", with(1, call.Token, key))
	f("handed out", "", func() *call.Call {
		c := with(1, 0, prop("accessToken", phi.Credential))
		c.Handed = []call.Handed{{Token: 1}}
		return c
	}())
	f("a masked hash", "", func() *call.Call {
		c := with(1, 0, hash)
		c.PHI.Classes &^= phi.Credential // no value was one
		return c
	}())
	f("a hash by its own form, under another name", "Low", func() *call.Call {
		c := with(1, 0, prop("note", 0))
		c.PHI.Classes |= phi.Credential
		return c
	}())
	if _, sigs := told(t, "excess_property", with(1, 0, prop("password_MRN004411", phi.Credential))); len(sigs) != 1 || strings.Contains(fmt.Sprint(sigs[0].Title, sigs[0].Observed, sigs[0].Facts), "4411") {
		t.Errorf("a key that is data is told: %+v", sigs)
	}
	f("a list with national numbers", "Informational", with(40, 0, prop("aadhaar", phi.Aadhaar)))
	f("a FHIR search", "", func() *call.Call {
		c := with(40, call.Search, prop("identifier", 0))
		c.PHI.Classes, c.FHIR.Interaction = c.PHI.Classes|phi.SSN, "search-type"
		return c
	}())
	f("one patient's number", "", with(1, 0, prop("aadhaar", phi.Aadhaar)))
	f("many at once", "Informational", with(1, 0, prop("aadhaar", phi.Aadhaar), prop("hivStatus", phi.Sensitive)))
	f("a clinical record", "", with(1, 0, prop("diagnosis", phi.Diagnosis), prop("abha", phi.ABHA), prop("insurance", phi.Insurance)))
}

// schema is a description that lists some names.
type schema map[string]bool

func (s schema) Unlisted(_ *call.Call, name string) bool { return !s[name] }

func TestExcessProperty_Described(t *testing.T) {
	var s scene
	s.init(Defaults())
	d := newExcessProperty(&s)
	d.api = schema{"name": true, "mrn": true}
	if got := d.Observe(nil, record(0, 1, 1)); len(got) != 0 {
		t.Errorf("what is listed: %+v", got)
	}
	got := d.Observe(nil, record(1, 1, 1, prop("insuranceId", phi.Insurance)))
	if len(got) != 1 || got[0].Severity != Low || !strings.Contains(got[0].Title, "description") {
		t.Errorf("what is not listed: %+v", got)
	}
}

// TestExcessProperty_Bound has more endpoints and names than are kept.
func TestExcessProperty_Bound(t *testing.T) {
	cfg := Defaults()
	cfg.Endpoints = 8
	e := New(cfg)
	d := e.watchers
	for i := range 1000 {
		c := record(i, i%5, i, prop("x"+strings.Repeat("y", i%40), phi.Address))
		c.Endpoint = uint64(i%16) + 1
		e.Observe(nil, c)
	}
	for _, w := range d {
		if w, ok := w.(*excessProperty); ok {
			if w.endpoints.len() > 8 || w.endpoints.evicted == 0 {
				t.Errorf("%d endpoints, %d evicted", w.endpoints.len(), w.endpoints.evicted)
			}
			w.Forget(epoch + 60*day)
			if w.endpoints.len() != 0 {
				t.Errorf("%d endpoints are left", w.endpoints.len())
			}
		}
	}
}

func TestChange(t *testing.T) {
	if got := change(50, 3, 3); got < 11 || got > 12 {
		t.Errorf("3 of 3 after 50: %.2f", got)
	}
	if got := change(50, 3, 30); got > 4 {
		t.Errorf("3 of 30 after 50: %.2f", got)
	}
	if got := change(10, 10, 10); got < 13 {
		t.Errorf("10 of 10 after 10: %.2f", got)
	}
}
