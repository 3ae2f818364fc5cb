package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLiveOutbox: a sensor that has given up its rights, in a folder that it may not even come to, still keeps alerts in
// its outbox and delivers them; killed and started again, it goes on.
func TestLiveOutbox(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	if err := os.Mkdir(at("out"), 0o700); err != nil {
		t.Fatal(err)
	}
	as := ""
	if fields := strings.Fields(contents(t, "/proc/self/uid_map")); len(fields) != 3 || fields[2] != "1" { // there are other users
		as = "65534:65533"
		for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o711} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chown(at("out"), 65534, 65533); err != nil {
			t.Fatal(err)
		}
	}
	before := ""
	for _, run := range []string{"first", "second"} {
		live := exec.Command(at("auscult"), "live", "-i", "rx0", "-l", at(run), "--outbox", at("deep/outbox"), "--key", at("key"),
			"--listen", served, "--log-level", "info", "--user", as)
		live.Env = append(os.Environ(), "AUSCULT_FILE_PATH="+at("out/alerts.jsonl"))
		var stderr said
		live.Stderr = &stderr
		if err := live.Start(); err != nil {
			t.Fatal(err)
		}
		defer live.Process.Kill()
		defer func() {
			if t.Failed() {
				t.Log(stderr.String())
			}
		}()
		until(t, "it listens", func() bool { return strings.Contains(stderr.String(), "listening") })
		transmit(t, walk, "tx0")
		until(t, "the file has what the case has", func() bool {
			b, _ := os.ReadFile(at("out/alerts.jsonl"))
			alerts := contents(t, filepath.Join(dir, run, alertsFile))
			// What was taken at the moment of the kill may come once more.
			return alerts != "" && len(b) > len(before) && strings.HasPrefix(string(b), before) && strings.HasSuffix(string(b), alerts)
		})
		before = contents(t, at("out/alerts.jsonl"))
		if run == "first" {
			live.Process.Signal(syscall.SIGKILL)
			live.Wait()
			continue
		}
		live.Process.Signal(syscall.SIGTERM)
		live.Wait()
		if got := live.ProcessState.ExitCode(); got != 143 {
			t.Errorf("ended with status %d: %s", got, stderr.String())
		}
	}
}
