package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auscult/pipeline/custody"
	"auscult/sensor/pseudonym"
)

// manifestOf is the manifest of a case.
func manifestOf(t *testing.T, dir string) (m custody.Manifest) {
	t.Helper()
	if err := json.Unmarshal([]byte(contents(t, filepath.Join(dir, custody.ManifestFile))), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestVerifyCases has a case made of every capture checked.
func TestVerifyCases(t *testing.T) {
	paths, err := filepath.Glob("../pcaps/*/traffic.pcap*")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d cases, %v", len(paths), err)
	}
	key := filepath.Join(t.TempDir(), "key")
	for i, path := range paths {
		if testing.Short() && i%3 != 0 { // the race detector takes ten times as long
			continue
		}
		dir := filepath.Join(t.TempDir(), "case")
		status, _, stderr := auscult(t, "replay", "-q", "--key", key, "--workers", fmt.Sprint(1+i%3), "--calls", "jsonl", "--format", []string{"ecs", "cef"}[i%2], "-l", dir, path)
		if status != statusDone {
			t.Errorf("%s: status %d, %s", path, status, stderr)
			continue
		}
		m := manifestOf(t, dir)
		if size := int64(len(contents(t, path))); len(m.Inputs) != 1 || m.Inputs[0].Bytes != size || m.Inputs[0].Note != "" || len(m.Inputs[0].SHA256) != 64 {
			t.Errorf("%s: inputs %+v, want one of %d bytes", path, m.Inputs, size)
		}
		if status, stdout, _ := auscult(t, "verify", "--key", m.Key, dir); status != statusDone || !strings.HasPrefix(stdout, "whole: ") {
			t.Errorf("%s: status %d, %s", path, status, stdout)
		}
	}
}

func TestVerify(t *testing.T) {
	key, dir := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "case")
	made := func(args ...string) {
		t.Helper()
		if status, _, stderr := auscult(t, append([]string{"replay", "-q", "--key", key, "-l", dir, walk}, args...)...); status != statusDone {
			t.Fatal(stderr)
		}
	}
	f := func(want int, line string, args ...string) {
		t.Helper()
		status, stdout, stderr := auscult(t, append([]string{"verify"}, args...)...)
		if status != want || !strings.Contains(stdout+stderr, line) {
			t.Errorf("%q: status %d, %s%s; want %d and %q", args, status, stdout, stderr, want, line)
		}
	}
	made()
	first := manifestOf(t, dir)
	f(statusDone, "only --key can show", dir)
	f(statusDone, "only --checkpoint can show", dir, "--key", first.Key)
	f(statusUsage, "needs one case folder")
	f(statusUsage, "no such", filepath.Join(dir, "none"))
	f(statusUsage, "is no verifier", dir, "--key", "x")
	f(statusUsage, "--checkpoint: ", dir, "--checkpoint", filepath.Join(dir, "none"))
	f(statusFailed, "is missing", t.TempDir())

	alerts := filepath.Join(dir, alertsFile)
	text := contents(t, alerts)
	lines := strings.SplitAfter(text, "\n")
	slices.Reverse(lines[:2])
	put(t, alerts, strings.Join(lines, ""))
	f(statusFailed, "alerts.jsonl: line 1: is out of place", dir)
	put(t, alerts, text)
	f(statusDone, "whole", dir)

	var seal struct{ Seal string }
	if err := json.Unmarshal([]byte(contents(t, filepath.Join(dir, custody.ManifestFile))), &seal); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(t.TempDir(), "note")
	put(t, note, seal.Seal)
	f(statusDone, "whole", dir, "--checkpoint", note)
	made("--force")
	if again := manifestOf(t, dir); again.Case == first.Case || again.Key != first.Key || again.Config != first.Config {
		t.Errorf("a second case of the same key: %+v, after %+v", again, first)
	}
	f(statusFailed, "is about another case", dir, "--checkpoint", note)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestManifestSays looks at what a manifest tells of a run, and what not.
func TestManifestSays(t *testing.T) {
	home := filepath.Join(t.TempDir(), "patient-doe")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(home, "seen.pcap")
	put(t, capture, contents(t, walk))
	conf := filepath.Join(t.TempDir(), "conf.yml")
	put(t, conf, "alert:\n  allow:\n  - principal: nurse.jackie\n    reason: knows mrs doe\n    until: 2030-01-01T00:00:00Z\n")
	made := func(stdin string, args ...string) (custody.Manifest, string) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "case")
		args = append([]string{"replay", "-q", "-c", conf, "--key", filepath.Join(home, "key"), "-l", dir}, args...)
		status, _, stderr := auscultWith(t, context.Background(), []string{"AUSCULT_CUSTODY_EVERY_ALERTS=7"}, stdin, args...)
		if status != statusDone && status != statusInput {
			t.Fatal(stderr)
		}
		if status, stdout, _ := auscult(t, "verify", dir); status != statusDone {
			t.Errorf("%q: %s", args, stdout)
		}
		return manifestOf(t, dir), contents(t, filepath.Join(dir, custody.ManifestFile))
	}
	m, text := made("", capture)
	for _, name := range []string{"nurse", "knows"} {
		if strings.Contains(text, name) {
			t.Errorf("%q is in the manifest", name)
		}
	}
	if m.Inputs[0].Name != "seen.pcap" || m.Revealed || m.Outcome != "complete" || m.Counts.Packets == 0 || m.First == "" || len(m.Build.SHA256) != 64 {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(m.Config.YAML, "every_alerts: 7") {
		t.Error("the configuration is not the effective one")
	}
	if m, text := made("", "--reveal", capture); m.Inputs[0].Name != capture || !m.Revealed || !strings.Contains(text, "nurse.jackie") {
		t.Errorf("revealed: %+v", m.Inputs)
	}
	hash := m.Inputs[0].SHA256
	if m, _ := made(contents(t, walk), "-"); m.Inputs[0].Name != "-" || m.Inputs[0].SHA256 != hash {
		t.Errorf("standard input: %+v", m.Inputs)
	}
	if m, _ := made("", "--no-input-hash", capture); m.Inputs[0].SHA256 != "" || m.InputNote == "" {
		t.Errorf("not hashed: %+v, %q", m.Inputs, m.InputNote)
	}
	if m, _ := made("", "--to", "2026-11-26T07:10:00Z", capture); m.Inputs[0].SHA256 != hash {
		t.Errorf("read in part: %+v", m.Inputs)
	}
	if m, _ := made("", "--evidence", capture); !slices.ContainsFunc(m.Outputs, func(o custody.Output) bool {
		return strings.HasPrefix(o.Name, "evidence/") && strings.HasSuffix(o.Name, ".pcapng")
	}) {
		t.Errorf("evidence: %+v", m.Outputs)
	}
	if m, _ := made("", capture, filepath.Join(home, "none.pcap")); len(m.Inputs) != 2 || m.Inputs[1].Note != "not readable" {
		t.Errorf("one missing: %+v", m.Inputs)
	}
}

// TestManifestHidesSecrets: an address of a chat service is a secret, with --reveal too.
func TestManifestHidesSecrets(t *testing.T) {
	s := defaults()
	s.Webhook.URL = "https://hooks.example/services/T0/s3cr3t"
	for _, reveal := range []bool{false, true} {
		e, err := effective(&s, testNames(t, reveal))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.YAML, "s3cr3t") || !strings.Contains(e.YAML, "https://hooks.example/tok:") {
			t.Errorf("reveal %v: %s", reveal, e.YAML[strings.Index(e.YAML, "webhook:"):])
		}
	}
	if s.Webhook.URL != "https://hooks.example/services/T0/s3cr3t" {
		t.Error("the settings were changed")
	}
}

func TestManifestOfStoppedRun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&exit{143, errors.New("stopped by a signal")})
	dir := filepath.Join(t.TempDir(), "case")
	auscultWith(t, ctx, nil, "", "replay", "-q", "--key", filepath.Join(t.TempDir(), "key"), "-l", dir, walk)
	if m := manifestOf(t, dir); m.Outcome != "stopped" || len(m.Inputs) != 1 || m.Inputs[0].Note == "" {
		t.Errorf("%s, %+v", m.Outcome, m.Inputs)
	}
	if status, stdout, _ := auscult(t, "verify", dir); status != statusDone {
		t.Error(stdout)
	}
}

func TestSigningKeyFlag(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "sign")
	run := func(name string) (int, string) {
		status, _, stderr := replayed(t, "-q", "--signing-key", key, "-l", filepath.Join(dir, name), walk)
		return status, stderr
	}
	if status, stderr := run("a"); status != statusDone {
		t.Fatal(stderr)
	}
	put(t, key, "x")
	if status, stderr := run("b"); status != statusUsage || !strings.Contains(stderr, "want PRIVATE+KEY") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func testNames(t *testing.T, reveal bool) *pseudonym.Names {
	t.Helper()
	k, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Reveal: reveal, Keys: k}
}
