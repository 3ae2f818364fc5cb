package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pcaps/rewrap"
)

// sealed writes the case walk as it looks in TLS 1.3, and gives its capture and the key log.
func sealed(t *testing.T) (capture rewrap.Capture, keylog []byte) {
	t.Helper()
	plain, err := rewrap.Read(walk)
	if err != nil {
		t.Fatal(err)
	}
	capture, keylog, err = rewrap.TLS(plain, 0x0304)
	if err != nil {
		t.Fatal(err)
	}
	return capture, keylog
}

func lines(s string) int { return strings.Count(s, "\n") }

// TestKeyLog opens TLS with a key log, and says of every connection what can be seen of it, opened or not.
func TestKeyLog(t *testing.T) {
	capture, keylog := sealed(t)
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "tls.pcap"), filepath.Join(dir, "keys")
	if err := capture.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keys, keylog, 0o600); err != nil {
		t.Fatal(err)
	}
	plain, open, shut := filepath.Join(dir, "plain"), filepath.Join(dir, "open"), filepath.Join(dir, "shut")
	for _, args := range [][]string{{"-l", plain, walk}, {"-l", open, "--keylog", keys, file}, {"-l", shut, file}} {
		if status, _, stderr := replayed(t, append([]string{"--calls", "jsonl"}, args...)...); status != statusDone {
			t.Fatalf("status %d: %s", status, stderr)
		}
	}
	calls := lines(contents(t, filepath.Join(plain, callsFile)))
	if got := lines(contents(t, filepath.Join(open, callsFile))); got != calls || calls == 0 {
		t.Errorf("%d calls with the key log, want %d", got, calls)
	}
	if got := lines(contents(t, filepath.Join(open, alertsFile))); got == 0 {
		t.Error("no alert with the key log")
	}
	if got := contents(t, filepath.Join(shut, callsFile)); got != "" {
		t.Errorf("calls without keys: %s", got)
	}
	for _, c := range []struct{ dir, want string }{
		{open, `"auscult.tls.decrypted":true`}, {shut, `"auscult.tls.decrypted":false`}, {shut, `"auscult.tls.opaque":"no_keys"`},
		{shut, `"tls.client.ja4":"t13`}, {shut, `"tls.client.server_name":"`},
	} {
		text := contents(t, filepath.Join(c.dir, linksFile))
		if lines(text) == 0 || strings.Count(text, c.want) != lines(text) {
			t.Errorf("%d of %d connections have %s: %.600s", strings.Count(text, c.want), lines(text), c.want, text)
		}
	}
	if text := contents(t, filepath.Join(shut, statsFile)); !strings.Contains(text, "tls: not decrypted, no secrets") {
		t.Errorf("the ledger does not say what was opaque: %s", text)
	}
	if text := contents(t, filepath.Join(plain, linksFile)); text != "" {
		t.Errorf("connections of plain HTTP: %s", text)
	}
}

func TestBadKeyLog(t *testing.T) {
	dir := t.TempDir()
	status, _, stderr := replayed(t, "--keylog", filepath.Join(dir, "absent"), walk)
	if status != statusUsage || lines(stderr) != 1 || !strings.Contains(stderr, "absent") {
		t.Errorf("status %d: %s", status, stderr)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("# nothing\nGARBAGE 12 34\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr = replayed(t, "--keylog", empty, walk)
	if status != statusDone || !strings.Contains(stderr, "no TLS secret in it") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
