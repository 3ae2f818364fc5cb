package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSaveBaseline writes what a capture taught, twice with different workers: the same bytes, and a run that begins
// with it works.
func TestSaveBaseline(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	var first, alerts string
	for _, workers := range []string{"1", "2", "3", "8"} {
		name := filepath.Join(dir, "b"+workers)
		status, _, stderr := auscult(t, "replay", "--key", key, "--workers", workers, "--save-baseline", name, walk)
		if status != statusDone {
			t.Fatalf("status %d: %s", status, stderr)
		}
		b := contents(t, name)
		if first == "" {
			first = b
		}
		if b != first {
			t.Errorf("%s workers: another baseline", workers)
		}
		status, stdout, stderr := auscult(t, "replay", "--key", key, "--workers", workers, "--baseline", name, walk)
		if status != statusDone || stdout == "" {
			t.Fatalf("status %d, %d bytes of alerts: %s", status, len(stdout), stderr)
		}
		if alerts == "" {
			alerts = stdout
		}
		if stdout != alerts {
			t.Errorf("%s workers: other alerts", workers)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".baseline-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestBaselineSelf reads the capture twice: its attack is still found, once, with any number of workers.
func TestBaselineSelf(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	var alerts string
	for _, workers := range []string{"1", "2", "3", "8"} {
		status, stdout, stderr := auscult(t, "replay", "--key", key, "--workers", workers, "--baseline", "self", walk)
		if status != statusDone || !strings.Contains(stderr, " 1 sequential_enumeration\n") {
			t.Fatalf("status %d: %s", status, stderr)
		}
		if alerts == "" {
			alerts = stdout
		}
		if stdout != alerts {
			t.Errorf("%s workers: other alerts", workers)
		}
	}
}

// TestBaselineRefused is one clear error, and no case folder, for each thing that cannot work.
func TestBaselineRefused(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("mean,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(want int, text string, args ...string) {
		t.Helper()
		folder := filepath.Join(dir, "case")
		status, stdout, stderr := auscultWith(t, context.Background(), nil, "", append([]string{"replay", "--key", key, "-l", folder}, args...)...)
		if status != want || stdout != "" || !strings.Contains(stderr, text) || strings.Count(strings.TrimSpace(stderr), "\n") > 0 {
			t.Errorf("%v: status %d, want %d with %q: %s", args, status, want, text, stderr)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%v: made a case folder", args)
		}
	}
	f(statusUsage, "no such file", "--baseline", filepath.Join(dir, "none"), walk)
	f(statusUsage, "not a file that --save-baseline wrote", "--baseline", broken, walk)
	f(statusUsage, "reads the capture twice", "--baseline", "self", "-")
	f(statusUsage, "leave out --baseline self", "--baseline", "self", "--save-baseline", filepath.Join(dir, "b"), walk)
}

// TestSaveBaseline_Fails is told when the run is over, and is no success.
func TestSaveBaseline_Fails(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	status, _, stderr := auscult(t, "replay", "--key", key, "--save-baseline", filepath.Join(t.TempDir(), "missing", "b"), walk)
	if status != statusFailed || !strings.Contains(stderr, "save the baseline: ") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
