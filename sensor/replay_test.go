package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const walk = "../pcaps/sequential-walk/traffic.pcap"

// replay runs auscult replay with a key of the test's own.
func replayed(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return auscult(t, append([]string{"replay", "--key", filepath.Join(t.TempDir(), "key")}, args...)...)
}

func contents(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReplayToStandardOutput(t *testing.T) {
	status, stdout, stderr := replayed(t, walk)
	if status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if stdout == "" {
		t.Fatal("no alert")
	}
	incidents, grave := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(stdout) {
		var finding struct {
			Class    int                  `json:"class_uid"`
			Severity int                  `json:"severity_id"`
			Info     struct{ UID string } `json:"finding_info"`
		}
		if err := json.Unmarshal([]byte(line), &finding); err != nil || finding.Class != 2004 {
			t.Errorf("not a finding: %v in %s", err, line)
		}
		incidents[finding.Info.UID] = true
		if finding.Severity >= 3 { // medium
			grave[finding.Info.UID] = true
		}
	}
	if len(grave) != 1 {
		t.Errorf("%d incidents of medium severity or more, want 1:\n%s", len(grave), stdout)
	}
	told := fmt.Sprintf("%d incidents in %d messages", len(incidents), strings.Count(stdout, "\n"))
	for _, want := range []string{"inputs ", "packets ", "calls ", told, "unread ", "took "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the summary has no %q:\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "\x1b") {
		t.Errorf("escape codes on what is no terminal: %q", stderr)
	}
	if _, _, quiet := replayed(t, "-q", walk); quiet != "" {
		t.Errorf("--quiet, and yet %q", quiet)
	}
	if status, _, _ := replayed(t, "--fail-on-alert", walk); status != statusAlerts {
		t.Errorf("--fail-on-alert: status %d", status)
	}
}

func TestReplayStandardInput(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	_, fromFile, _ := auscult(t, "replay", "--key", key, walk)
	status, stdout, stderr := auscultWith(t, context.Background(), nil, contents(t, walk), "replay", "--key", key, "-")
	if status != statusDone || stdout != fromFile {
		t.Errorf("status %d: %s\ngot  %s\nwant %s", status, stderr, stdout, fromFile)
	}
}

func TestCaseFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "case")
	key := filepath.Join(t.TempDir(), "key")
	replay := func(more ...string) (int, string) {
		status, stdout, stderr := auscult(t, append([]string{"replay", "--key", key, "-l", dir, walk}, more...)...)
		if stdout != "" {
			t.Errorf("data on standard output beside a case folder: %q", stdout)
		}
		return status, stderr
	}
	if status, stderr := replay("--calls", "jsonl", "--workers", "1"); status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if contents(t, filepath.Join(dir, alertsFile)) == "" || contents(t, filepath.Join(dir, callsFile)) == "" {
		t.Error("an empty file in the case folder")
	}
	first, apis := statsOf(t, dir), contents(t, filepath.Join(dir, inventoryFile))
	for _, name := range []string{alertsFile, callsFile, statsFile, inventoryFile, draftFile} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
	if status, stderr := replay(); status != statusUsage || !strings.Contains(stderr, "holds another case") {
		t.Errorf("a second case in the folder: status %d, %s", status, stderr)
	}
	if status, stderr := replay("--force", "--workers", "3"); status != statusDone {
		t.Errorf("--force: status %d, %s", status, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, callsFile)); err == nil {
		t.Error("the call log of the case before is still there")
	}
	if second := contents(t, filepath.Join(dir, inventoryFile)); second != apis || !strings.Contains(apis, `"route": "/fhir/Patient/{id}"`) {
		t.Errorf("inventory.json differs with three workers:\n%s\n%s", apis, second)
	}
	if second := statsOf(t, dir); second != first {
		t.Errorf("stats.json differs beyond its run part:\n%s\n%s", first, second)
	}
}

// statsOf is the stats.json in dir without what may differ from run to run.
func statsOf(t *testing.T, dir string) string {
	t.Helper()
	text, run, ok := strings.Cut(contents(t, filepath.Join(dir, statsFile)), `"run": {`)
	if !ok || !strings.Contains(run, `"seconds"`) || !strings.Contains(text, `"packets"`) {
		t.Fatalf("stats.json: %s%s", text, run)
	}
	return text
}

func TestCaseFolderWithoutFindings(t *testing.T) {
	dir := t.TempDir()
	status, _, stderr := replayed(t, "-l", dir, "--calls", "jsonl", "--to", "1990-01-01T00:00:00Z", walk)
	if status != statusDone || !strings.Contains(stderr, "outside_window") {
		t.Errorf("status %d: %s", status, stderr)
	}
	for _, name := range []string{alertsFile, callsFile} {
		if contents(t, filepath.Join(dir, name)) != "" {
			t.Errorf("%s is not empty", name)
		}
	}
}

func TestUnreadableInput(t *testing.T) {
	dir := t.TempDir()
	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("not a capture at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{note, filepath.Join(dir, "missing.pcap")} {
		status, stdout, stderr := replayed(t, bad, walk)
		if status != statusInput || stdout == "" || !strings.Contains(stderr, "auscult: "+bad) || !strings.Contains(stderr, "1 input (unreadable)") {
			t.Errorf("%s beside a good one: status %d, %d bytes of alerts, %s", bad, status, len(stdout), stderr)
		}
		if status, _, _ := replayed(t, bad); status != statusInput {
			t.Errorf("%s alone: status %d", bad, status)
		}
	}
}

func TestTruncatedInput(t *testing.T) {
	whole := contents(t, walk)
	cut := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(cut, []byte(whole[:len(whole)-7]), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := replayed(t, cut)
	if status != statusDone || stdout == "" || !strings.Contains(stderr, "auscult: "+cut+": truncated") || !strings.Contains(stderr, "1 file (truncated)") {
		t.Errorf("status %d, %d bytes of alerts, %s", status, len(stdout), stderr)
	}
}

func TestStoppedRun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&exit{143, errors.New("stopped by a signal")})
	dir := filepath.Join(t.TempDir(), "case")
	key := filepath.Join(t.TempDir(), "key")
	status, _, stderr := auscultWith(t, ctx, nil, "", "replay", "--key", key, "-l", dir, "--calls", "jsonl", walk)
	if status != 143 || strings.Contains(stderr, "auscult: ") {
		t.Errorf("status %d, %s", status, stderr)
	}
	for _, name := range []string{alertsFile, callsFile, statsFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
	if !strings.Contains(contents(t, filepath.Join(dir, statsFile)), `"stopped_early": true`) {
		t.Error("stats.json does not say that the run was stopped")
	}
}
