package detectors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/detectors/rules"
	"auscult/sensor/call"
)

func ruling(list ...rules.Rule) Config {
	cfg := Defaults()
	cfg.Rules = list
	return cfg
}

func TestUserRule(t *testing.T) {
	f := func(name, want string, cfg Config, calls ...*call.Call) {
		t.Helper()
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		if got, _ := said(t, cfg, "user_rule", calls...); strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	del := func(at, who int) *call.Call {
		return path(at, who, "DELETE", "/api/admin/users/{id}", "/api/admin/users/7", 0)
	}
	chart := func(at, who, patient int) *call.Call {
		c := path(at, who, "GET", "/charts/{id}", fmt.Sprint("/charts/", patient), 1)
		id := fmt.Sprint(patient)
		c.Objects = []call.Object{{Type: "Patient", ID: id, Key: call.PatientKey([]byte(id)), Patient: true, Where: call.InPath}}
		return c
	}
	deletes := rules.Rule{Name: "deletes", When: `call.method == "DELETE" && call.route.startsWith("/api/admin")`, Severity: "high", Reason: "Only at night"}
	f("each call, one case", "High {principal}: 1 call that the rule deletes is about; High {principal}: 2 calls that the rule deletes is about",
		ruling(deletes), del(0, 1), chart(1, 1, 1), del(2, 1))
	f("two people", "High {principal}: 1 call that the rule deletes is about; High {principal}: 1 call that the rule deletes is about",
		ruling(deletes), del(0, 1), del(2, 2))
	titled := deletes
	titled.Title, titled.Severity = "someone deletes users", ""
	f("its title", "Medium Rule deletes: someone deletes users ({principal})", ruling(titled), del(0, 1))
	titled.Title, titled.Per, titled.Severity = "{principal} deletes users", "endpoint", "low"
	f("of an endpoint", "Low Rule deletes: DELETE /api/admin/users/{id} deletes users", ruling(titled), del(0, 1))
	f("no rules", "", Defaults(), del(0, 1))
	f("two rules", "High {principal}: 1 call that the rule deletes is about; Medium {principal}: 1 call that the rule any is about",
		ruling(deletes, rules.Rule{Name: "any", When: "call.ok"}), del(0, 1))
	part := del(1, 1)
	part.Running = true
	rest := del(2, 1)
	rest.Continued = true
	f("an exchange told in parts", "High {principal}: 1 call that the rule deletes is about", ruling(deletes), part, rest)

	many := rules.Rule{Name: "many", When: "call.ok", Window: 10 * time.Minute, Count: "distinct(patients)", AtLeast: 5, Title: "{principal} opened five"}
	walk := func(n, step, of int) (calls []*call.Call) {
		for i := range n {
			calls = append(calls, chart(i*step, 1, i%of))
		}
		return calls
	}
	f("five patients in a window", "Medium Rule many: {principal} opened five", ruling(many), walk(5, 60, 9)...)
	f("four", "", ruling(many), walk(4, 60, 9)...)
	f("the same four over and over", "", ruling(many), walk(50, 1, 4)...)
	f("five, too slowly", "", ruling(many), walk(50, 151, 50)...)
	f("five, just in time", "Medium Rule many: {principal} opened five", ruling(many), walk(5, 149, 50)...)
	calls := many
	calls.Count, calls.AtLeast, calls.Title = "calls", 30, ""
	if got, _ := said(t, ruling(calls), "user_rule", walk(30, 20, 2)...); len(got) != 1 {
		t.Errorf("thirty calls: %q", got)
	}
	if got, _ := said(t, ruling(calls), "user_rule", walk(300, 21, 2)...); len(got) != 0 {
		t.Errorf("thirty calls, too slowly: %q", got)
	}
	people := many
	people.Count, people.AtLeast, people.Title = "people", 100, ""
	list := func(at, n int) *call.Call { return path(at, 1, "GET", "/list", "/list", n) }
	if got, _ := said(t, ruling(people), "user_rule", list(0, 60), list(60, 60)); len(got) != 1 {
		t.Errorf("a hundred people: %q", got)
	}
	if got, _ := said(t, ruling(people), "user_rule", list(0, 60), list(700, 60), list(1400, 60)); len(got) != 0 {
		t.Errorf("a hundred people, too slowly: %q", got)
	}
}

// TestUserRule_Facts: the rule's name is a fact, and nobody's name is in the words.
func TestUserRule_Facts(t *testing.T) {
	rule := rules.Rule{Name: "rao", When: `call.principal.id == "u7"`, Severity: "critical"}
	_, sigs := said(t, ruling(rule), "user_rule", path(0, 7, "GET", "/charts/{id}", "/charts/12", 1))
	if len(sigs) != 1 || sigs[0].Severity != Critical || sigs[0].Facts[0] != (Fact{"rule", "rao"}) || sigs[0].Principal.ID != "u7" {
		t.Fatalf("%+v", sigs)
	}
	if words := sigs[0].Title + sigs[0].Expected + sigs[0].Observed; strings.Contains(words, "u7") || strings.Contains(words, "/charts/12") {
		t.Error(words)
	}
}

// TestUserRule_Bounds: windows of many keys stay within the bound of all.
func TestUserRule_Bounds(t *testing.T) {
	cfg := ruling(rules.Rule{Name: "x", When: "true", Window: time.Hour, Count: "calls", AtLeast: 1000},
		rules.Rule{Name: "y", When: "true", Window: time.Hour, Count: "objects", AtLeast: 1000})
	cfg.RuleEntries, cfg.Suspects = 1<<14, 200
	var s scene
	s.init(cfg)
	d := newUserRules(&s)
	most := 0
	for i := range 60000 {
		c := path(i/100, 1, "GET", "/x", "/x", 0)
		c.Principal.Key = uint64(1 + i%300)
		c.Objects = []call.Object{{ID: "1", Key: uint64(i + 1), Where: call.InPath}}
		s.now = c.Time
		d.Observe(nil, c)
		most = max(most, d.entries)
		if i%20000 == 0 {
			sum := 0
			d.windows.each(func(w *window) { sum += w.entries() })
			if sum != d.entries {
				t.Fatalf("%d entries, counted as %d", sum, d.entries)
			}
		}
	}
	var st Stats
	d.count(&st)
	if most > cfg.RuleEntries || d.windows.len() > cfg.Suspects || st.EvictedSuspects == 0 {
		t.Errorf("%d entries, %d windows, %d shed", most, d.windows.len(), st.EvictedSuspects)
	}
}

func TestUserRule_Stopped(t *testing.T) {
	const every = `["a","b","c","d","e","f","g","h","i","j"]`
	cfg := ruling(rules.Rule{Name: "slow", When: every + `.all(a, ` + every + `.all(b, ` + every + `.all(c, call.path != a + b + c)))`},
		rules.Rule{Name: "wrong", When: `call.args[3] == ""`})
	e := New(cfg)
	if out := e.Observe(nil, path(0, 1, "GET", "/x", "/x", 0)); len(out) != 0 {
		t.Errorf("%+v", out)
	}
	if st := e.Stats(); st.RulesStopped != 1 || st.RulesFailed != 1 {
		t.Errorf("%d stopped, %d failed", st.RulesStopped, st.RulesFailed)
	}
}
