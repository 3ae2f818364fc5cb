package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnit holds the systemd unit to the program: its command line and its variables are ones that the program knows.
func TestUnit(t *testing.T) {
	unit := contents(t, "systemd/auscult.service")
	var args, environ []string
	set := map[string]string{"INTERFACE": "none0"}
	for line := range strings.Lines(unit) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "Environment":
			name, v, _ := strings.Cut(value, "=")
			set[name] = strings.ReplaceAll(v, "%S", t.TempDir())
			environ = append(environ, name+"="+set[name])
		case "ExecStart":
			for _, word := range strings.Fields(value)[1:] {
				if name, ok := strings.CutPrefix(word, "${"); ok {
					word = set[strings.TrimSuffix(name, "}")]
				}
				args = append(args, word)
			}
		}
	}
	status, _, stderr := auscultWith(t, context.Background(), environ, "", args...)
	if want := "interface none0: there is none of that name"; status != statusUsage || !strings.Contains(stderr, want) || strings.Contains(stderr, "names no setting") {
		t.Errorf("%q with %q: status %d, %s; want no more than %s", args, environ, status, stderr, want)
	}
	for _, want := range []string{"Type=notify", "WatchdogSec=", "AmbientCapabilities=CAP_NET_RAW\n", "CapabilityBoundingSet=CAP_NET_RAW\n",
		"NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service seccomp\n", "LimitCORE=0"} {
		if !strings.Contains(unit, "\n"+want) {
			t.Errorf("the unit has no %s", want)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("not verified by systemd, which is not here")
		return
	}
	copied := filepath.Join(t.TempDir(), "auscult.service") // the program need not be installed
	if err := os.WriteFile(copied, []byte(strings.ReplaceAll(unit, "=/usr/local/bin/auscult", "="+os.Args[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", copied).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
