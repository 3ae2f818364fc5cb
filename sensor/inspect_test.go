package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// knownKey is a key file with a key that golden files were made with.
func knownKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(strings.Repeat("0f", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// uidOf is the uid of the first incident of a kind in the walk, by knownKey.
func uidOf(t *testing.T, key, kind string) string {
	t.Helper()
	_, table, _ := auscult(t, "inspect", "incidents", "--key", key, walk)
	for line := range strings.Lines(table) {
		if strings.Contains(line, kind) {
			return strings.Fields(line)[0]
		}
	}
	t.Fatalf("no %s in\n%s", kind, table)
	return ""
}

func TestInspect(t *testing.T) {
	key := knownKey(t)
	for name, args := range map[string][]string{
		"calls":      {"calls", "--limit", "12"},
		"flows":      {"flows", "--limit", "12"},
		"flows.json": {"flows", "--json", "--to", "2026-11-26T07:10:00Z"},
		"principals": {"principals"},
		"incidents":  {"incidents"},
		"incident":   {"incident", uidOf(t, key, "sequential_enumeration"), "--limit", "5"},
	} {
		status, stdout, stderr := auscult(t, append(append([]string{"inspect"}, args...), "--workers", "2", "--key", key, walk)...)
		if status != statusDone || stderr != "" {
			t.Errorf("%s: status %d, %s", name, status, stderr)
		}
		golden := filepath.Join("testdata", "inspect", name)
		if *update {
			if err := os.WriteFile(golden, []byte(stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := contents(t, golden); stdout != want {
			t.Errorf("%s:\n%s\nwant (go test ./sensor -run TestInspect -update makes it anew)\n%s", name, stdout, want)
		}
		if _, again, _ := auscult(t, append(append([]string{"inspect"}, args...), "--workers", "1", "--key", key, walk)...); again != stdout {
			t.Errorf("%s: other bytes with one worker", name)
		}
	}
}

// TestInspectAgreesWithTheCallLog follows everybody, and finds each call of the call log once.
func TestInspectAgreesWithTheCallLog(t *testing.T) {
	key, dir := knownKey(t), filepath.Join(t.TempDir(), "case")
	if status, _, stderr := auscult(t, "replay", "-q", "--key", key, "-l", dir, "--calls", "jsonl", walk); status != statusDone {
		t.Fatal(stderr)
	}
	log := contents(t, filepath.Join(dir, callsFile))
	if _, stdout, _ := auscult(t, "inspect", "calls", "--json", "--key", key, walk); stdout != log {
		t.Error("inspect calls --json differs from calls.jsonl")
	}
	_, people, _ := auscult(t, "inspect", "principals", "--json", "--key", key, walk)
	calls, n := 0, 0
	for line := range strings.Lines(people) {
		var p struct {
			ID    string
			Calls int
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		calls += p.Calls
		if n++; n > 3 {
			continue
		}
		_, theirs, _ := auscult(t, "inspect", "principal", p.ID, "--json", "--key", key, walk)
		want := ""
		for call := range strings.Lines(log) {
			if strings.Contains(call, `"auscult.principal.id":"`+p.ID+`"`) {
				want += call
			}
		}
		if theirs != want || strings.Count(want, "\n") != p.Calls {
			t.Errorf("the calls of %s differ from those of the call log", p.ID)
		}
	}
	if want := strings.Count(log, "\n"); calls != want {
		t.Errorf("principals made %d calls of %d", calls, want)
	}
}

func TestInspectUsage(t *testing.T) {
	key := knownKey(t)
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"calls"}, statusUsage, "needs a capture file"},
		{[]string{"principal", "x"}, statusUsage, "needs a principal and a capture"},
		{[]string{"calls", "--limit", "0", walk}, statusUsage, "--limit"},
		{[]string{"incident", "auscult-x", "-"}, statusUsage, "reads captures twice"},
		{[]string{"incident", "auscult-x", walk}, statusFailed, "no incident is called"},
		{[]string{"flows", "no-such-file"}, statusInput, "no-such-file"},
	} {
		status, _, stderr := auscult(t, append(append([]string{"inspect"}, c.args...), "--key", key)...)
		if status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: status %d, %s", c.args, status, stderr)
		}
	}
	status, stdout, _ := auscult(t, "inspect", "calls", "--key", key, "--limit", "1", "--reveal", walk)
	if status != statusDone || !utf8.ValidString(stdout) || strings.Contains(stdout, "usr:") {
		t.Errorf("--reveal: status %d, %s", status, stdout)
	}
}

func TestInventoryCommand(t *testing.T) {
	key := knownKey(t)
	for name, args := range map[string][]string{"table": nil, "json": {"--json"}, "draft": {"--draft"}} {
		status, stdout, stderr := auscult(t, append([]string{"inventory", "--key", key, walk}, args...)...)
		if status != statusDone || stderr != "" || !strings.Contains(stdout, "/fhir/Patient/{id}") {
			t.Errorf("%s: status %d, %s%s", name, status, stderr, stdout)
		}
		if args != nil && !json.Valid([]byte(stdout)) {
			t.Errorf("%s: no JSON: %s", name, stdout)
		}
	}
	if status, _, stderr := auscult(t, "inventory", "--json", "--draft", walk); status != statusUsage || !strings.Contains(stderr, "keep one") {
		t.Errorf("two outputs: status %d, %s", status, stderr)
	}
}
