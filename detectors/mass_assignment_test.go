package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
)

// writing is a write by person number who, with name=value pairs in its body.
func writing(at, who int, method, route string, pairs ...string) *call.Call {
	c := answerOf(at, who, method, route)
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		c.Args = append(c.Args, call.Arg{Key: text(name), Name: name, Text: value, Len: len(value), Value: text(value), Where: call.InBody})
	}
	return c
}

// on puts the object's own path in.
func on(path string, c *call.Call) *call.Call { c.Path = path; return c }

// showing has the answer show name=value pairs.
func showing(c *call.Call, pairs ...string) *call.Call {
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		c.Answer.Props = append(c.Answer.Props, call.Prop{Key: text("prop " + name), Name: name, Value: text(value)})
	}
	return c
}

func status(code int, c *call.Call) *call.Call { c.Status = code; return c }
func role(r string, c *call.Call) *call.Call   { c.Principal.Role = r; return c }

func TestMassAssignment(t *testing.T) {
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		got, sigs := told(t, "mass_assignment", calls...)
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		first := uint64(0)
		for _, s := range sigs {
			if first == 0 {
				first = uint64(s.Since)
			}
			if uint64(s.Since) != first || s.Principal.Key != 100+9 {
				t.Errorf("%s: another incident, of %s", name, s.Principal.ID)
			}
		}
	}
	const patient, appointment = "/api/patients/{id}", "/api/appointments/{id}"
	patch := func(at, who int, pairs ...string) *call.Call {
		return on(fmt.Sprint("/api/patients/", at), writing(at, who, "PATCH", patient, pairs...))
	}
	honest := func(calls ...*call.Call) []*call.Call {
		var out []*call.Call
		for i := range 3 {
			out = append(out, showing(patch(i, 1+i, "phone=98765", "address=x"), "insuranceStatus=none", "role=patient", "price=500"))
		}
		return append(out, calls...)
	}
	// A role.
	f("a role on a patient", "Medium", patch(9, 9, "phone=1", "role=admin"))
	f("isAdmin at registration", "Medium", writing(0, 9, "POST", "/register", "username=x", "isAdmin=true"))
	f("nested", "Medium", writing(0, 9, "PUT", "/api/me", "user.profile.roles=ROLE_ADMIN"))
	f("with proof", "High", honest(showing(patch(9, 9, "phone=1", "role=admin"), "role=admin"))...)
	f("shown later, to anybody", "Medium High",
		showing(on("/api/me/7", answerOf(0, 3, "GET", "/api/me/{id}")), "role=nurse"),
		on("/api/me/7", writing(1, 9, "PATCH", "/api/me/{id}", "role=admin")),
		showing(on("/api/me/7", answerOf(2, 3, "GET", "/api/me/{id}")), "role=admin"))
	f("not taken", "Medium",
		showing(on("/api/me/7", answerOf(0, 3, "GET", "/api/me/{id}")), "role=nurse"),
		on("/api/me/7", writing(1, 9, "PATCH", "/api/me/{id}", "role=admin")),
		showing(on("/api/me/7", answerOf(2, 3, "GET", "/api/me/{id}")), "role=nurse"))
	f("refused", "Low", status(400, patch(9, 9, "role=admin")))
	f("refused, then taken", "Low Medium", status(400, patch(9, 9, "role=admin")), patch(10, 9, "isAdmin=true"))
	f("though another did the same", "Medium", func() []*call.Call {
		other := patch(8, 9, "role=admin")
		other.Principal.Key, other.Flags = 100+8, call.Admin // an administrator's
		return []*call.Call{other, patch(9, 9, "phone=1", "role=admin")}
	}()...)
	// What others checked, owners and prices.
	f("insurance with proof", "High", honest(showing(patch(9, 9, "phone=1", "insuranceStatus=verified"), "insuranceStatus=verified"))...)
	f("a price, twice", "Low Medium", honest(patch(9, 9, "phone=1", "price=0"), patch(10, 9, "phone=1", "price=0"))...)
	f("three at once", "High", honest(showing(patch(9, 9, "phone=1", "insuranceStatus=verified", "doctor=Dr. X", "price=0"), "insuranceStatus=verified", "price=0"))...)
	f("nobody else writes", "High",
		showing(on("/api/patients/7", answerOf(0, 9, "GET", patient)), "insuranceStatus=none", "pcp=Dr. A"),
		showing(on("/api/patients/7", writing(1, 9, "PATCH", patient, "insuranceStatus=verified", "pcp=Dr. B")), "insuranceStatus=verified", "pcp=Dr. B"))

	// Honest work.
	f("an administrator's role", "", role("admin", writing(0, 1, "PUT", "/api/users/{id}", "role=admin")))
	adminPath := writing(0, 1, "PUT", "/admin/x/{id}", "role=admin")
	adminPath.Flags = call.Admin
	f("an administrator's page", "", adminPath)
	f("the only writer of accounts", "", writing(0, 1, "POST", "/api/users", "role=admin"), writing(1, 1, "POST", "/api/users", "role=doctor"))
	f("registration with a lesser role", "", writing(0, 1, "POST", "/register", "username=x", "role=patient", "isAdmin=false"))
	f("a login that asks for the role", "", func() *call.Call {
		c := writing(0, 1, "POST", "/login", "username=x", "role=admin")
		c.Flags = call.Login
		return c
	}())
	f("arrivals", "", writing(0, 1, "PATCH", appointment, "status=arrived"), writing(1, 2, "PATCH", appointment, "status=cancelled"))
	f("all send a doctor", "", writing(0, 1, "POST", "/api/appointments", "doctorId=3", "price=100"), writing(1, 2, "POST", "/api/appointments", "doctorId=4", "price=50"))
	var forms []*call.Call
	for i := range 20 { // one clerk with the whole form, of what stands there
		p := fmt.Sprint("/api/patients/", i)
		forms = append(forms, showing(on(p, answerOf(i*10, 1, "GET", patient)), "insuranceStatus=verified", "doctor=A", "role=patient", "price=5"),
			showing(on(p, writing(i*10+5, 1, "PUT", patient, "phone=1", "insuranceStatus=verified", "doctor=A", "role=patient", "price=5")), "insuranceStatus=verified", "doctor=A", "role=patient", "price=5"))
	}
	f("whole forms", "", honest(forms...)...)
	var desk []*call.Call
	for i := range 30 { // one clerk whose task is insurance, others who write addresses
		p := fmt.Sprint("/api/patients/", 100+i)
		desk = append(desk, patch(i*20, 1+i%3, "phone=1", "address=x"), showing(on(p, answerOf(i*20+5, 8, "GET", patient)), "insuranceStatus=none"),
			showing(on(p, writing(i*20+9, 8, "PATCH", patient, "insuranceStatus=verified")), "insuranceStatus=verified"))
	}
	_, sigs := told(t, "mass_assignment", desk...)
	for _, s := range sigs {
		if s.Severity > Low {
			t.Errorf("the insurance desk is accused: %s %s", s.Severity, s.Title)
		}
	}
	fhir := patch(9, 1, "role=admin", "active=true")
	fhir.FHIR.Interaction, fhir.ContentType = "update", "application/fhir+json"
	f("FHIR", "", fhir)
	account := writing(9, 9, "PUT", "/api/Account", "displayName=x", "roles=Administrator")
	account.FHIR.Interaction, account.FHIR.Type = "update", "Account"
	f("a profile with the name of a FHIR resource", "Medium", writing(0, 1, "PUT", "/api/Account", "displayName=a"), account)
	f("no values of requests in the words", "High", honest(showing(patch(9, 9, "phone=1", "insuranceStatus=verified"), "insuranceStatus=verified"))...)
}

// TestMassAssignment_Words holds that neither values nor what they name is told.
func TestMassAssignment_Words(t *testing.T) {
	_, sigs := told(t, "mass_assignment", writing(0, 9, "PATCH", "/api/patients/{id}", "phone=98765", "user.role=admin-of-Asha-Rao"))
	for _, s := range sigs {
		if all := s.Title + s.Expected + s.Observed + fmt.Sprint(s.Facts); strings.Contains(all, "Asha") || strings.Contains(all, "98765") || !strings.Contains(all, "role") {
			t.Errorf("%s", all)
		}
	}
	if len(sigs) != 1 {
		t.Errorf("%d signals", len(sigs))
	}
}

// TestMassAssignment_Flood has an attacker make names, paths and endpoints without end.
func TestMassAssignment_Flood(t *testing.T) {
	cfg := Defaults()
	cfg.Endpoints, cfg.Assigned = 8, 8
	e := New(cfg)
	n := 0
	for i := range 2000 {
		for _, c := range []*call.Call{
			writing(i, 9, "PATCH", fmt.Sprintf("/api/r%d/{id}", i%100), fmt.Sprintf("x%d=1", i), "role=admin", "price=1", "pcp=x"),
			showing(on(fmt.Sprint("/o/", i), answerOf(i, 9, "GET", "/o/{id}")), "role=x", "price=2", "pcp=y", "verified=z", "isAdmin=1", "owner=2", "copay=3"),
		} {
			for _, s := range e.Observe(nil, c) {
				if s.Detector == "mass_assignment" {
					n++
				}
			}
		}
	}
	if n > 13 {
		t.Errorf("told %d times of one writer", n)
	}
	for _, w := range e.watchers {
		if w, ok := w.(*massAssignment); ok {
			if w.endpoints.len() > 8 || w.objects.len() > 8 || w.writers.files.len() > 8 {
				t.Errorf("%d endpoints, %d objects, %d writers", w.endpoints.len(), w.objects.len(), w.writers.files.len())
			}
			w.Forget(epoch + 60*day)
			if w.endpoints.len()+w.objects.len()+w.writers.files.len() != 0 {
				t.Error("something is left")
			}
		}
	}
}

func TestReadName(t *testing.T) {
	f := func(want grants, names string) {
		t.Helper()
		for _, n := range strings.Fields(names) {
			if got := readName(n).group; got != want {
				t.Errorf("%q: %d, want %d", n, got, want)
			}
		}
	}
	f(grantsPower, "role is_admin isAdmin user.roles IS-STAFF patient.account.userType")
	f(grantsApproval, "insuranceStatus insurance_status email_verified isPaid")
	f(grantsMoney, "price order.unit_price balance")
	f(grantsOwner, "doctorId owner_id assignedTo pcp")
	f(givesNothing, "status name phone type description roleplay administered")
	if readName("is_admin").name != readName("isAdmin").name || readName("role").name == readName("roles").name {
		t.Error("names are not flattened")
	}
	if readName(strings.Repeat("role", 50)).group != givesNothing {
		t.Error("an endless name")
	}
}
