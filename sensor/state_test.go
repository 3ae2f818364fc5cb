package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// halfway cuts the walk, whose attack goes over an hour, in two.
const halfway = "2026-11-26T09:30:00Z"

// TestReplayState reads a capture in two parts: nothing is told twice or lost, and each incident goes on under its uid.
func TestReplayState(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	whole := "../pcaps/slow-walk/traffic.pcap"
	_, want, _ := auscult(t, "replay", "--key", at("key"), whole)
	for _, workers := range []string{"1", "8"} {
		status, first, stderr := auscult(t, "replay", "--key", at("key"), "--workers", workers, "--state", at("s"+workers), "--to", halfway, whole)
		if status != statusDone || !strings.Contains(stderr, "state: there is none in ") {
			t.Fatalf("status %d: %s", status, stderr)
		}
		status, second, stderr := auscult(t, "replay", "--key", at("key"), "--workers", workers, "--resume", at("s"+workers), "--from", halfway, whole)
		if status != statusDone || !strings.Contains(stderr, "state: going on from 2026-11-26T09:2") {
			t.Fatalf("status %d: %s", status, stderr)
		}
		if first+second != want || second == "" {
			t.Errorf("%s workers: in two parts %q and %q, at once %q", workers, toldBy(t, first), toldBy(t, second), toldBy(t, want))
		}
	}
}

// toldBy is the kind, the incident and the sequence of each alert.
func toldBy(t *testing.T, lines string) (out []string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		var a struct {
			Activity string `json:"activity_name"`
			Metadata struct {
				UID string
			}
		}
		if line == "" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		out = append(out, a.Activity+" "+a.Metadata.UID)
	}
	return out
}

// TestReplayState_Bad: whatever is wrong with the file is one line, and the run begins anew.
func TestReplayState_Bad(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("settings.yml"), "detectors:\n  principals: 999\n")
	_, want, _ := auscult(t, "replay", "--key", at("key"), walk)
	auscult(t, "replay", "--key", at("key"), "--state", at("good"), walk)
	good := contents(t, at("good"))
	f := func(file, line string, args ...string) {
		t.Helper()
		put(t, at("state"), file)
		status, stdout, stderr := auscult(t, append([]string{"replay", "--state", at("state")}, append(args, walk)...)...)
		if status != statusDone || !strings.Contains(stderr, line) || strings.Count(stderr, "auscult:") != 1 {
			t.Errorf("status %d, want one line with %q: %s", status, line, stderr)
		}
		if len(args) == 2 && args[1] == at("key") && len(stdout) < len(want)/2 {
			t.Errorf("%s: %d bytes of alerts, of %d", line, len(stdout), len(want))
		}
		if contents(t, at("state.bad")) != file {
			t.Errorf("%s: it was not set aside", line)
		}
		os.Remove(at("state.bad"))
	}
	f("", "is no state file of this format", "--key", at("key"))
	f(good[:len(good)-1], "is damaged: its seal does not fit", "--key", at("key"))
	f(good, "was sealed under another key of pseudonyms", "--key", at("other"))
	f(good, "is of another version of auscult, or of other settings", "--key", at("key"), "-c", at("settings.yml"))

	for _, args := range [][]string{{"--state", at("a"), "--resume", at("b")}, {"--state", at("a"), "--baseline", "self"}} {
		if status, _, _ := auscult(t, append([]string{"replay", "--key", at("key"), walk}, args...)...); status != statusUsage {
			t.Errorf("%q: status %d", args, status)
		}
	}
	status, _, stderr := auscult(t, "replay", "--key", at("key"), "--state", at("good"), walk)
	if status != statusDone || !strings.Contains(stderr, "what was read twice counts twice") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// TestReplayState_Baseline: what a baseline says is remembered on, and not read again.
func TestReplayState_Baseline(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	auscult(t, "replay", "--key", at("key"), "--save-baseline", at("usual"), walk)
	_, want, _ := auscult(t, "replay", "--key", at("key"), "--baseline", at("usual"), walk)
	status, got, stderr := auscult(t, "replay", "--key", at("key"), "--baseline", at("usual"), "--state", at("state"), walk)
	if status != statusDone || !strings.HasPrefix(want, got) || got == "" {
		t.Fatalf("status %d, %d bytes of %d: %s", status, len(got), len(want), stderr)
	}
	status, rest, stderr := auscult(t, "replay", "--key", at("key"), "--baseline", at("usual"), "--resume", at("state"), "--from", "2099-01-01T00:00:00Z", walk)
	if status != statusDone || got+rest != want || !strings.Contains(stderr, "the baseline is left out") {
		t.Errorf("status %d: %d + %d bytes of %d: %s", status, len(got), len(rest), len(want), stderr)
	}
}
