package phi

import (
	"fmt"
	"strings"
	"testing"
)

// TestCSV reads tables cut at every byte: what was found must not depend on the cut.
func TestCSV(t *testing.T) {
	f := func(body string, people, records int, class Class, ids string) {
		t.Helper()
		for cut := range len(body) {
			s := New(Defaults())
			s.Reset(typeForm([]byte("text/csv; charset=utf-8")))
			s.Scan([]byte(body[:cut]))
			s.Scan([]byte(body[cut:]))
			s.Close(true)
			r := s.Report()
			if r.Form != CSV || r.People != people || r.Records != records || r.Classes&class != class || r.Truncated {
				t.Fatalf("cut at %d: %+v", cut, r)
			}
			if got := idList(r); got != ids {
				t.Fatalf("cut at %d: ids %s", cut, got)
			}
		}
	}
	f("patient_id,first_name,last_name,dob\r\n5,Ann,Lee,1970-01-02\r\n6,Bo,Ray,1980-02-03\r\n", 2, 2, Name|BirthDate, "Patient 5,Patient 6")
	f("mrn;lastName;note\nH001;Lee;\"said \"\"no\"\";\nand left\"\nH002;Ray;x", 2, 2, Name, "mrn H001,mrn H002")
	f("visitId\tward\n17\t3A\n18\t3A\n", 0, 2, 0, " 17, 18")
	f("colour,price\nred,5\nblue,6\n", 0, 2, 0, "")
}

func idList(r *Report) string {
	var out []string
	for _, id := range r.IDs {
		out = append(out, fmt.Sprintf("%s %s", id.Type, id.Value))
	}
	return strings.Join(out, ",")
}

// TestRemoteCalls finds what GraphQL and JSON-RPC requests name.
func TestRemoteCalls(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		for cut := range len(body) {
			s := New(Defaults())
			s.Reset(JSON)
			s.Scan([]byte(body[:cut]))
			s.Scan([]byte(body[cut:]))
			s.Close(true)
			if got := idList(s.Report()); got != want {
				t.Fatalf("%s, cut at %d: %q", body, cut, got)
			}
		}
	}
	f(`{"query":"query P($id: ID!) { patient(id: $id) { id name } }","variables":{"id":"123"}}`, " 123")
	f(`{"query":"{ patient(id: \"123\") { id name } }"}`, "Patient 123")
	f(`{"query":"{ visit(id: 77) { id } }"}`, " 77")
	f(`{"query":"{ visits(patientId: 5, first: 10) { id } }"}`, "Patient 5")
	f(`{"query":"{ patient(mrn: \"H0012\") { id } p: patient(id:9) { id } }"}`, "mrn H0012,Patient 9")
	f(`{"query":"red shoes: \"9\""}`, "")
	f(`{"jsonrpc":"2.0","id":7,"method":"getPatient","params":{"id":"123"}}`, " 123")
	f(`{"id":7,"method":"getPatient","params":{"patientId":123},"jsonrpc":"2.0"}`, "Patient 123")
}
