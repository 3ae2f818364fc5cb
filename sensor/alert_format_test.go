package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormat asks for each format on standard output and in a case folder, where OCSF stays beside it.
func TestFormat(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	for _, c := range []struct{ format, file, first string }{
		{"ocsf", "", `{"metadata":{"version":"1.8.0"`},
		{"ecs", ecsFile, `{"@timestamp":"`},
		{"cef", cefFile, "CEF:0|Auscult|auscult|"},
	} {
		status, stdout, stderr := auscult(t, "replay", "--key", key, "-q", "--format", c.format, walk)
		if status != statusDone || !strings.HasPrefix(stdout, c.first) {
			t.Errorf("%s: status %d, %.80q, %s", c.format, status, stdout, stderr)
		}
		dir := t.TempDir()
		if status, _, stderr := auscult(t, "replay", "--key", key, "-q", "--format", c.format, "-l", dir, walk); status != statusDone {
			t.Errorf("%s -l: status %d, %s", c.format, status, stderr)
		}
		alerts := contents(t, filepath.Join(dir, alertsFile))
		if !strings.HasPrefix(alerts, `{"metadata":`) {
			t.Errorf("%s: %s holds %.80q", c.format, alertsFile, alerts)
		}
		if c.file != "" {
			if got := contents(t, filepath.Join(dir, c.file)); got != stdout || strings.Count(got, "\n") != strings.Count(alerts, "\n") {
				t.Errorf("%s: %s differs from standard output, or tells another number of alerts", c.format, c.file)
			}
		}
		if status, _, stderr := auscult(t, "replay", "--key", key, "-q", "--force", "-l", dir, walk); status != statusDone {
			t.Errorf("--force: status %d, %s", status, stderr)
		}
		if _, err := os.Stat(filepath.Join(dir, c.file)); c.file != "" && err == nil {
			t.Errorf("%s of the case before is still there", c.file)
		}
	}
}
