package call_test

import (
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// TestObjects_Said finds the patients that the body or query of a request names, as the scan and the values tell.
func TestObjects_Said(t *testing.T) {
	f := func(target, body, want string) {
		t.Helper()
		method, form := "POST", phi.JSON
		if body == "" {
			method = "GET"
		} else if body[0] == 0x1e {
			form = phi.Messages
		}
		s := phi.New(phi.Defaults())
		s.Reset(form)
		s.Scan([]byte(body))
		s.Close(true)
		// The response has the same patients, which must not take the place of those of the request.
		answer := phi.New(phi.Defaults())
		answer.Reset(phi.JSON)
		answer.Scan([]byte(`[{"patientId":"9"},{"patientId":"77"}]`))
		answer.Close(true)
		cn := conn()
		cn.Texts = texts(body, "")
		var c call.Call
		call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), exchange(method, target, 200), cn, s.Report(), answer.Report())
		n := 0
		for n < len(c.Objects) && c.Objects[n].Where != call.InResponse {
			n++
		}
		for _, o := range c.Objects[n:] {
			if o.Where != call.InResponse {
				t.Errorf("%s: %s", target, objects(c))
			}
		}
		c.Objects = c.Objects[:n]
		if got := objects(c); got != want {
			t.Errorf("%s %s: %s, want %s", target, body, got, want)
		}
	}
	f("/graphql", `{"query":"query Q($id: ID!) { patient(id: $id) { name } }","variables":{"id":"9"}}`, "body:Patient=9*")
	f("/graphql", `{"variables":{"id":"9"},"query":"query Q($id: ID!) { getPatientById(id: $id) { name } }"}`, "body:Patient=9*")
	f("/graphql", `{"query":"query($p: ID!){ patientRecord(patientId: $p) { name } }","variables":{"p":"9"}}`, "body:patientId=9*")
	f("/graphql", `{"query":"query($p: ID!){ patient(id: $p) { name } }","variables":{"p":9}}`, "body:patient=9*")
	f("/graphql", `{"query":"query($p: ID!){ ward(id: $p) { name } }","variables":{"p":9}}`, "")
	f("/graphql", `{"query":"{ a: patient(id: 7) { name } b: patient(id: 8) { name } }"}`, "body:Patient=7* body:Patient=8*")
	f("/graphql", `[{"query":"query($p: ID!){ patient(id: $p) { a } }","variables":{"p":9}},{"query":"{ b }"}]`, "body:patient=9*")
	f("/graphql?query={patient(id:%229%22){name}}", "", "query:patient=9*")
	f("/graphql?query=query($id:ID!){patient(id:$id){name}}&variables={%22id%22:%229%22}", "", "query:patient=9*")
	f("/graphql?variables={%22id%22:%229%22}&query=query($id:ID!){patient(id:$id){name}}", "", "query:patient=9*")
	f("/rpc", `{"jsonrpc":"2.0","method":"getPatient","params":{"id":77},"id":1}`, "body:Patient=77*")
	f("/rpc", `{"jsonrpc":"2.0","id":1,"params":[77],"method":"patient.get"}`, "body:patient=77*")
	f("/rpc", `[{"jsonrpc":"2.0","method":"getPatient","params":[77],"id":1},{"jsonrpc":"2.0","method":"getWard","params":[78],"id":2}]`, "body:Patient=77*")
	f("/rpc", `{"jsonrpc":"2.0","method":"getWard","params":{"id":77},"id":1}`, "body:rpc=77")
	f("/ws", "\x1e{\"op\":\"get\",\"patientId\":\"5\"}\x1e{\"type\":\"getPatient\",\"id\":\"6\"}", "body:Patient=5* body:Patient=6*")
	f("/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/7"}},
		{"request":{"method":"GET","url":"Observation?patient=8"}}]}`, "body:Patient=7* body:Patient=8*")
	f("/v0.5/consents", `{"consent":{"patient":{"id":"hinapatel79@sbx"}}}`, "body:Patient=hinapatel79@sbx*")
	f("/v0.5/x", `{"query":{"verifiedIdentifiers":[{"type":"ABHA","value":"91-2345-6789-0123"}]}}`, "body:abha=91-2345-6789-0123*")
	f("/api/patients/bulk", `{"ids":[1,2,3]}`, "body:Patient=1* body:Patient=2* body:Patient=3*")
	f("/api/wards/bulk", `{"ids":[1,2,3]}`, "")
	f("/fhir/Patient?_has:Observation:patient:_id=77", "", "query:Observation=77")
	f("/fhir/Practitioner?_has:Encounter:practitioner:patient=9,Patient/77", "", "query:Patient=9* query:Patient=77*")
	f("/fhir/Patient?_has:Observation:patient:code=1234-5", "", "")
}

// TestPatientBehindAnyWord names a patient's chart by words of which only the answer tells that they lead to a patient.
func TestPatientBehindAnyWord(t *testing.T) {
	f := func(target, body, want string) {
		t.Helper()
		answer := phi.New(phi.Defaults())
		answer.Reset(phi.JSON)
		answer.Scan([]byte(body))
		answer.Close(true)
		var c call.Call
		call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), exchange("GET", target, 200), conn(), nil, answer.Report())
		if got := objects(c); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
		if o := c.Objects; o[0].Patient && o[0].Key != call.PatientKey([]byte("R310")) {
			t.Errorf("%s: another patient's key", target)
		}
	}
	one := `{"patientId":"R310","name":"Ann Lee","birthDate":"1970-01-02"}`
	f("/emr/chart/R310", one, "path:chart=R310* response:Patient=R310*")
	f("/emr/chart/R310/labs", one, "path:chart=R310* response:Patient=R310*")
	f("/emr/chart/R311", one, "path:chart=R311 response:Patient=R310*")
	f("/fhir/Observation/R310", one, "path:Observation=R310 response:Patient=R310*")
	f("/emr/chart/R310", `[`+one+`,{"patientId":"R4","name":"Bo Li","birthDate":"1971-01-02"}]`, "path:chart=R310 response:Patient=R310* response:Patient=R4*")
}
