package detectors

import (
	"testing"

	"auscult/sensor/call"
)

func TestMassAssignment_GraphQL(t *testing.T) {
	mutation := func(at, who int, field string, pairs ...string) *call.Call {
		c := writing(at, who, "POST", "/graphql", pairs...)
		c.Flags |= call.GraphQL
		c.Graph.Mutation = field
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := told(t, "mass_assignment", calls...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	staff, all := "variables.p.isStaff=true", "variables.p.permissions=*"
	f("two properties", "Medium", mutation(0, 1, "updatePatient", "variables.p.phone=1"), mutation(9, 9, "updatePatient", "variables.p.phone=1", staff, all))
	f("one, once", "Low", mutation(0, 9, "updatePatient", staff))
	f("one, twice", "Low Medium", mutation(0, 9, "updatePatient", staff), mutation(5, 9, "updatePatient", staff))
	f("refused", "Low", showing(mutation(0, 9, "updatePatient", staff, all), "errors="))
	f("what only reads", "", mutation(0, 9, "", "variables.filter.role=admin", staff))
	f("an administrator", "", role("sysadmin", mutation(0, 9, "updatePatient", staff, all)))
	for _, field := range []string{"createUser", "setUserRole", "inviteMember", "grantAccess", "addPractitioner", "updateStaff", "assignRole"} {
		f("accounts by "+field, "", mutation(0, 9, field, staff, all), mutation(5, 9, field, staff, all))
	}
	f("lesser values", "", mutation(0, 9, "updatePatient", "variables.p.role=patient", "variables.p.isStaff=false", "variables.p.permissions=read", "variables.p.price=5", "variables.p.doctorId=7"))
	f("all do", "Medium Medium", mutation(0, 1, "updateContact", staff, all), mutation(5, 2, "updateContact", staff, all), mutation(9, 9, "updateContact", staff, all))
}
