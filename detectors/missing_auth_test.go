package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// credentialed is n reads of charts by three people with tokens, one every ten seconds from start on.
func credentialed(start, n int) []*call.Call {
	return repeat(n, func(i int) []*call.Call {
		return []*call.Call{as(chart(from(start+i*10000, 100+i%3), 50+i), fmt.Sprint("nurse", i%3))}
	})
}

func TestMissingAuth(t *testing.T) {
	f := func(name, want string, by int, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		if got := o.first(); got != want || want != "" && (o.after > by || o.principals() != 1) {
			t.Errorf("%s: %q after %d calls, %d accused, want %q by %d; all: %v", name, got, o.after, o.principals(), want, by, o.told)
		}
	}
	const accused = "missing_auth High 10.20.0.9"
	f("people behind one address, before anyone shows a credential", "", 0, append(repeat(12, func(i int) []*call.Call {
		c := chart(from(i*1000, 9), 300+i)
		c.UserAgent = fmt.Sprint("Mozilla/5.0 Chrome/", i%4)
		return []*call.Call{c}
	}), credentialed(60000, 9)...))
	f("one who changes the name of the program", accused, 7, append(credentialed(0, 6), repeat(6, func(i int) []*call.Call {
		c := chart(from(70000+i*1000, 9), 300+i)
		c.UserAgent = fmt.Sprint("Mozilla/5.0 Chrome/", i%4)
		return []*call.Call{c}
	})...))
	bare := func(start, n, client int, change func(*call.Call)) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			c := chart(from(start+i*1000, client), 500+i)
			change(c)
			return []*call.Call{c}
		})
	}
	same := func(*call.Call) {}
	join := func(parts ...[]*call.Call) []*call.Call {
		return repeat(len(parts), func(i int) []*call.Call { return parts[i] })
	}
	f("among others with tokens", accused, 11, join(credentialed(0, 30), bare(95000, 5, 9, same)))
	f("before the others are seen", accused, 13, join(bare(0, 10, 9, same), credentialed(60000, 30)))
	f("where a request was refused before", accused, 3, join(credentialed(0, 1), bare(5000, 1, 9, func(c *call.Call) {
		c.Status, c.PHI, c.Delivered = 401, call.Found{}, nil
	}), bare(9000, 1, 9, same)))
	f("one alone", "", 0, bare(0, 50, 9, same))
	f("an inner interface: nobody shows any", "", 0, join(bare(0, 50, 9, same), bare(500, 50, 10, same), bare(700, 50, 11, same)))
	f("an open viewer beside a closed server", "", 0, join(credentialed(0, 30), bare(95000, 40, 9, func(c *call.Call) {
		c.Path, c.Route, c.Endpoint = "/dicom-web/studies/1", "/dicom-web/studies/{id}", 78
	})))
	elsewhere := func(classes phi.Class) func(*call.Call) {
		return func(c *call.Call) {
			c.Path, c.Route, c.Endpoint = "/legacy/Patient/1", "/legacy/Patient/{id}", 79
			c.PHI.Classes = classes
		}
	}
	f("national numbers, on a path that nobody else uses", "missing_auth Medium 10.20.0.9", 31, join(credentialed(0, 30), bare(400000, 3, 9, elsewhere(phi.Name|phi.SSN))))
	f("a named patient's diagnoses there", "missing_auth Medium 10.20.0.9", 31, join(credentialed(0, 30), bare(400000, 3, 9, elsewhere(phi.Name|phi.Diagnosis))))
	f("an own booking", "", 0, join(credentialed(0, 30), bare(400000, 1, 9, elsewhere(phi.Name|phi.Encounter))))
	f("diagnoses, before anyone showed a credential", "", 0, bare(0, 10, 9, elsewhere(phi.Name|phi.Diagnosis)))
	f("a directory of staff", "", 0, join(credentialed(0, 30), bare(95000, 5, 9, func(c *call.Call) { c.FHIR.Type = "Practitioner" })))
	f("a request without its head", "", 0, join(credentialed(0, 30), bare(95000, 5, 9, func(c *call.Call) { c.Loss = http.LossMidstream })))
	f("a signed link", "", 0, join(credentialed(0, 30), bare(95000, 5, 9, func(c *call.Call) {
		c.Args = []call.Arg{{Name: "X-Amz-Signature", Where: call.InQuery, Kind: call.Secret}}
	})))
	f("one who registers", "", 0, join(credentialed(0, 30), bare(95000, 5, 9, func(c *call.Call) { c.Method, c.Flags = "POST", call.Create })))
	f("a connection that was authenticated", "", 0, join(credentialed(0, 30), bare(94000, 1, 9, func(c *call.Call) {
		c.Conn, c.Auth.Scheme = 5, call.OtherScheme
	}), bare(95000, 5, 9, func(c *call.Call) { c.Conn = 5 })))
	f("health checks", "", 0, join(credentialed(0, 30), bare(95000, 5, 9, func(c *call.Call) { c.Flags |= call.Health })))
}

func TestMissingAuth_OpenServer(t *testing.T) {
	o := judge(t, repeat(30, func(i int) []*call.Call { return []*call.Call{chart(from(i*1000, i%4), i)} })...)
	if len(o.told) != 0 || len(o.postures) != 1 {
		t.Errorf("told %v, postures %v", o.told, o.postures)
	}
}
