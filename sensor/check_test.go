package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const ruleFile = `detectors:
  rules:
    - name: deletes
      when: call.method == "DELETE"
      severity: high
    - name: patients
      when: |
        call.ok &&
        call.phi.people > 0
      window: 10m
      count: distinct(patients)
      at_least: 10
`

func TestCheck(t *testing.T) {
	good := write(t, "good.yml", ruleFile)
	if status, stdout, stderr := auscult(t, "config", "--check", good); status != statusDone || stderr != "" || !strings.Contains(stdout, "valid; 2 rules") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	log := filepath.Join("..", "pcaps", "sequential-walk", "calls.jsonl")
	status, stdout, stderr := auscult(t, "config", "--check", good, "--calls", log)
	if status != statusDone || stderr != "" || !strings.Contains(stdout, " 0 fit deletes\n") || strings.Contains(stdout, " 0 fit patients\n") || !strings.Contains(stdout, " fit patients\n") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	for _, c := range []struct{ from, to, want string }{
		{"call.method ==", "call.methods ==", "good.yml:4: detectors.detectors: rules[0].when (deletes) line 1, column 5: undeclared reference"},
		{"people > 0", `people > "0"`, "good.yml:7: detectors.detectors: rules[1].when (patients) line 2, column 17: found no matching overload"},
		{"at_least: 10", "at_least: 0", "good.yml:12: detectors.detectors: rules[1].at_least (patients): 0 is not positive"},
		{"severity: high", "severity: loud", "rules[0].severity (deletes)"},
		{"severity: high", "grade: high", "unknown key"},
		{"window: 10m", "window: soon", "good.yml:10"},
	} {
		path := write(t, "good.yml", strings.Replace(ruleFile, c.from, c.to, 1))
		for _, args := range [][]string{{"config", "--check", path}, {"replay", "-c", path, "none.pcap"}} {
			status, stdout, stderr := auscult(t, args...)
			if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
				t.Errorf("%s: %s: status %d, %q %q; want %q", args[0], c.to, status, stdout, stderr, c.want)
			}
		}
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"add --check", []string{"config", "--calls", log}},
		{"none of the others can be", []string{"config", "--check", good, "-c", good}},
	} {
		if status, _, stderr := auscult(t, c.args...); status != statusUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, stderr)
		}
	}
	for _, text := range []string{"{}\n", "text\n", `{"timestamp":"2026-01-01T00:00:00Z"}` + "\n"} {
		if status, _, stderr := auscult(t, "config", "--check", good, "--calls", write(t, "calls.jsonl", text)); status != statusInput || !strings.Contains(stderr, "calls.jsonl:1: no line of a call log") {
			t.Errorf("%q: status %d, %s", text, status, stderr)
		}
	}
}

func TestOpenAPIFlag(t *testing.T) {
	capture := filepath.Join("..", "pcaps", "sequential-walk", "traffic.pcap")
	key := filepath.Join(t.TempDir(), "key")
	api := write(t, "api.yaml", "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {/nothing: {get: {responses: {'200': {description: ok}}}}}\n")
	other := write(t, "other.yaml", "openapi: 3.0.3\ninfo: {title: y, version: '1'}\nservers: [{url: http://other.hospital.test}]\npaths: {/nothing: {get: {responses: {'200': {description: ok}}}}}\n")
	status, _, stderr := auscult(t, "replay", "-q", "--key", key, "--openapi", api, "--openapi", other, capture)
	if status != statusDone || stderr != "" {
		t.Errorf("status %d, %s", status, stderr)
	}
	status, _, stderr = auscultWith(t, context.Background(), []string{"AUSCULT_DETECTORS_OPENAPI=" + api}, "", "replay", "-q", "--key", key, capture)
	if status != statusDone || stderr != "" {
		t.Errorf("by the environment: status %d, %s", status, stderr)
	}
	for name, path := range map[string]string{"broken": write(t, "bad.yaml", "openapi: ["), "missing": "none.yaml", "another kind": write(t, "kind.json", `{"resourceType":"Patient"}`)} {
		status, stdout, stderr := auscult(t, "replay", "-q", "--openapi", api, "--openapi", path, capture)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, filepath.Base(path)) {
			t.Errorf("%s: status %d, %q, %q", name, status, stdout, stderr)
		}
	}
}
