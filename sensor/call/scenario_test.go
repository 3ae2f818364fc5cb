package call_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/call"
)

type truth struct {
	Method, Path, Principal string
	Status                  int
	Attack                  bool
}

func readTruth(t *testing.T, file string) []truth {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []truth
	for s := bufio.NewScanner(f); s.Scan(); {
		var line truth
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

// TestScenarios_Routes holds that the traffic of eleven scenarios has few endpoints, each of them a template.
func TestScenarios_Routes(t *testing.T) {
	dir := shared.Path(t, "scenarios/truth")
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	routes := map[string]bool{}
	s := newSite(nil)
	lines := 0
	for _, file := range files {
		for _, line := range readTruth(t, file) {
			c := s.do(line.Method, line.Path, line.Status, nil)
			routes[c.Route] = true
			lines++
		}
	}
	got := slices.Sorted(maps.Keys(routes))
	t.Logf("%d lines, %d routes:\n%s", lines, len(got), strings.Join(got, "\n"))
	if lines < 5000 || len(got) > 60 {
		t.Errorf("%d routes in %d lines", len(got), lines)
	}
	for _, r := range got {
		if strings.ContainsAny(strings.ReplaceAll(strings.ReplaceAll(r, "v1", ""), "v2", ""), "13567890") {
			t.Errorf("%s holds an identifier", r)
		}
	}
}

// TestScenarios_Objects holds that the objects of the attacks' calls are those that the attacks touched.
func TestScenarios_Objects(t *testing.T) {
	dir := shared.Path(t, "scenarios")
	for _, name := range []string{"A1", "A4", "A5", "A13", "A17"} {
		var label struct{ Objects []string }
		b, err := os.ReadFile(filepath.Join(dir, "labels", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &label); err != nil {
			t.Fatal(err)
		}
		ids, params := map[string]bool{}, map[uint64]bool{}
		for _, line := range readTruth(t, filepath.Join(dir, "truth", name+".jsonl")) {
			if !line.Attack {
				continue
			}
			for _, o := range build(call.Defaults(), exchange(line.Method, line.Path, line.Status), nil, nil).Objects {
				if !o.Patient {
					t.Errorf("%s: %s has %s %s, which is no patient", name, line.Path, o.Type, o.ID)
				}
				ids[o.ID], params[o.Param] = true, true
			}
		}
		slices.Sort(label.Objects)
		if got := slices.Sorted(maps.Keys(ids)); !slices.Equal(got, slices.Compact(label.Objects)) || len(params) != 1 {
			t.Errorf("%s: %d patients of %d, %d params", name, len(got), len(label.Objects), len(params))
		}
	}
}

// TestScenarios_Principals holds that each credential of the scenarios tells its principal.
func TestScenarios_Principals(t *testing.T) {
	dir := shared.Path(t, "scenarios/labels")
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	n := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var label struct {
			Principals []struct {
				ID, Kind string
				Auth     struct {
					Scheme, Header, Name, Subject string
					Credentials                   []string
				}
			}
		}
		if err := json.Unmarshal(b, &label); err != nil {
			t.Fatal(err)
		}
		for _, p := range label.Principals {
			for _, credential := range p.Auth.Credentials {
				header, want := "", credential
				switch p.Auth.Scheme {
				case "bearer-jwt":
					header, want = "Authorization: Bearer "+credential, p.Auth.Subject
				case "session-cookie":
					header = "Cookie: " + p.Auth.Name + "=" + credential
				case "api-key":
					header = p.Auth.Header + ": " + credential
				}
				got := build(call.Defaults(), exchange("GET", "/", 200, header), nil, nil).Principal
				if got.ID != want || got.Service != (p.Kind == "service") {
					t.Errorf("%s %s is %s, service %v", p.Kind, p.ID, got.ID, got.Service)
				}
				n++
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d credentials", n)
	}
}
