package rules

import (
	"fmt"
	"testing"
)

// BenchmarkTenRules asks ten rules about a call, as an operator would write them.
func BenchmarkTenRules(b *testing.B) {
	whens := []string{
		`call.method == "DELETE" && call.route.startsWith("/api/admin") && !(call.principal.role in ["admin"])`,
		`call.principal.id == "dr.house"`,
		`call.hour >= 22 && call.phi.people > 20`,
		`"ssn" in call.phi.classes && call.response.bytes > 100000`,
		`call.user_agent.startsWith("curl/") && call.path.contains("/export")`,
		`call.status == 500 && call.route.endsWith("/{id}")`,
		`call.principal.kind == "api_key" && call.weekday in [0, 6]`,
		`call.client_ip.startsWith("10.9.") && call.ok`,
		`call.path.matches("/v[0-9]+/internal/")`,
		`call.tls.version == "1.0" && call.phi.people > 0`,
	}
	var list []Rule
	for i, w := range whens {
		list = append(list, Rule{Name: fmt.Sprint(i), When: w})
	}
	s, err := Compile(list)
	if err != nil {
		b.Fatal(err)
	}
	c := sample()
	b.ReportAllocs()
	for b.Loop() {
		s.Look(c)
		for i := range s.Rules {
			s.Fits(i)
		}
	}
}

// BenchmarkCostlyRule is the worst that a rule may do to a call.
func BenchmarkCostlyRule(b *testing.B) {
	const every = `["a","b","c","d","e","f","g","h","i","j"]`
	s, err := Compile([]Rule{{Name: "x", When: every + `.all(a, ` + every + `.all(b, ` + every + `.all(c, call.path != a + b + c)))`}})
	if err != nil {
		b.Fatal(err)
	}
	s.Look(sample())
	for b.Loop() {
		if s.Fits(0) != Costly {
			b.Fatal("it is not stopped")
		}
	}
}
