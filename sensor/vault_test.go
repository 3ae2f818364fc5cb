package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"auscult/pipeline/custody"
)

// vaulted is a case whose pseudonyms the holder of an identity can turn back.
type vaulted struct {
	dir, key, vault, identity, signing string
	said                               string
}

func newVaulted(t *testing.T, more ...string) vaulted {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	v := vaulted{at("case"), at("key"), at("vault"), at("officer"), at(custody.KeyName), ""}
	if err := os.WriteFile(v.identity, []byte("# the officer's\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"replay", "--key", v.key, "-l", v.dir, "--vault", v.vault, "--vault-recipient", id.Recipient().String()}, more...)
	status, _, stderr := auscult(t, append(args, walk)...)
	if status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	v.said = stderr
	return v
}

func (v *vaulted) reveal(t *testing.T, pseudonym string, more ...string) (status int, stdout, stderr string) {
	t.Helper()
	return auscult(t, append([]string{"reveal", "-l", v.dir, "--vault", v.vault, "--identity", v.identity, "--signing-key", v.signing, "--reason", "case 7, approved", pseudonym}, more...)...)
}

var anyPseudonym = regexp.MustCompile(`(usr|obj|app):[a-z2-7]{6}:[a-z2-7]{20}`)

// Every pseudonym of a principal, an object or an application in the alerts can be turned back, into what --reveal says, each
// time on record, and the case stays whole.
func TestReveal(t *testing.T) {
	v := newVaulted(t)
	status, clear, _ := auscult(t, "replay", "--key", v.key, "--reveal", walk)
	if status != statusDone || !strings.Contains(v.said, "vault    ") {
		t.Fatalf("status %d; said %s", status, v.said)
	}
	seen := map[string]bool{}
	for _, p := range anyPseudonym.FindAllString(contents(t, filepath.Join(v.dir, alertsFile)), -1) {
		if seen[p] {
			continue
		}
		seen[p] = true
		status, stdout, stderr := v.reveal(t, p)
		if strings.Contains(stderr, "stands for nobody") {
			delete(seen, p)
			continue
		}
		name := strings.TrimSuffix(stdout, "\n")
		if status != statusDone || name == "" || !strings.Contains(clear, name) || !strings.Contains(stderr, "on record as leaf ") {
			t.Errorf("%s is %q, which --reveal does not say: status %d, %s", p, name, status, stderr)
		}
	}
	if len(seen) < 10 {
		t.Fatalf("%d pseudonyms", len(seen))
	}
	if status, stdout, stderr := auscult(t, "verify", v.dir); status != statusDone {
		t.Errorf("after reveals: status %d, %s%s", status, stdout, stderr)
	}
	reveals := 0
	for line := range strings.Lines(contents(t, filepath.Join(v.dir, custody.AuditFile))) {
		var e custody.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Audit == "reveal" {
			reveals++
			if !seen[e.Of] || e.By == "" || e.Time == "" || e.Text != "case 7, approved" {
				t.Errorf("on record: %s", line)
			}
		}
	}
	if reveals != len(seen) {
		t.Errorf("%d reveals are on record, of %d", reveals, len(seen))
	}
}

// What cannot be put on record is not revealed, and who has no right to it is told nothing.
func TestRevealRefuses(t *testing.T) {
	v := newVaulted(t)
	alerts := filepath.Join(v.dir, alertsFile)
	who, name := "", ""
	for _, p := range regexp.MustCompile(`usr:[a-z2-7]{6}:[a-z2-7]{20}`).FindAllString(contents(t, alerts), -1) {
		if _, said, _ := v.reveal(t, p); said != "" {
			who, name = p, strings.TrimSpace(said)
			break
		}
	}
	if len(name) < 4 {
		t.Fatalf("nobody is named: %q is %q", who, name)
	}
	audit := contents(t, filepath.Join(v.dir, custody.AuditFile))
	f := func(want int, why string, args ...string) {
		t.Helper()
		status, stdout, stderr := v.reveal(t, who, args...)
		if status != want || stdout != "" || !strings.Contains(stderr, why) || strings.Contains(stderr, name) || strings.Contains(stderr, "SECRET-KEY-1Q") {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want %d and %q", args, status, stdout, stderr, want, why)
		}
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	f(statusFailed, "not sealed to this identity", "--identity", write(t, "stranger", stranger.String()+"\n"))
	f(statusUsage, "no file of age identities", "--identity", write(t, "broken", stranger.String()[:40]+"\n"))
	f(statusUsage, "says whom it is about", "--reason", "about "+strings.ToUpper(name)+".")
	f(statusUsage, "reveal needs --reason TEXT", "--reason", " ")
	f(statusUsage, "reveal needs --vault FILE", "--vault", "")
	f(statusUsage, "the key that signed the case", "--signing-key", filepath.Join(t.TempDir(), "none"))
	other := filepath.Join(t.TempDir(), "other")
	if _, err := custody.LoadOrCreateKey(other, "other"); err != nil {
		t.Fatal(err)
	}
	f(statusFailed, "cannot be put on record", "--signing-key", other)
	f(statusFailed, "cannot be put on record", "-l", filepath.Join(t.TempDir(), "none"))
	if got := contents(t, filepath.Join(v.dir, custody.AuditFile)); got != audit {
		t.Errorf("what was refused is on record: %s", got)
	}
	if status, _, stderr := v.reveal(t, "obj:aaaaaa:aaaaaaaaaaaaaaaaaaaa"); status != statusFailed || !strings.Contains(stderr, "does not hold this pseudonym") {
		t.Errorf("an unknown pseudonym: status %d, %s", status, stderr)
	}
	if err := os.WriteFile(alerts, []byte(contents(t, alerts)+"{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(statusFailed, "cannot be put on record: custody: the case is not whole")
}

func TestVaultFlags(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "case")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--vault needs a case folder", []string{"--vault", "v", "--vault-recipient", "age1x"}},
		{"--vault-recipient is about a vault", []string{"-l", dir, "--vault-recipient", "age1x"}},
		{"vault.recipients: nobody could read", []string{"-l", dir, "--vault", "v"}},
		{"vault.recipients: ", []string{"-l", dir, "--vault", "v", "--vault-recipient", "age1x"}},
		{"--reveal writes no pseudonyms", []string{"-l", dir, "--reveal", "--vault", "v", "--vault-recipient", "age1x"}},
	} {
		if status, _, stderr := replayed(t, append(c.args, walk)...); status != statusUsage || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %s", c.args, status, stderr)
		}
	}
}

// A new key from a moment on: what begins before it has the old pseudonyms, what begins later the new ones, and the vault knows
// both. What is found is the same.
func TestKeyRotation(t *testing.T) {
	dir := t.TempDir()
	config := write(t, "c.yml", "pseudonym:\n  rotate:\n    - {from: 2026-11-26T07:30:00Z, key_file: "+filepath.Join(dir, "second")+"}\n")
	v := newVaulted(t, "-c", config, "--calls", "jsonl")
	_, plain, _ := auscult(t, "replay", "--key", v.key, walk)
	masked := func(s string) string {
		s = regexp.MustCompile(`(usr|obj|app|tok|txt):[a-z2-7]{6}:[a-z2-7]{20}`).ReplaceAllString(s, "$1")
		return regexp.MustCompile(`auscult-[a-z2-7]{26}(:\d+)?`).ReplaceAllString(s, "uid")
	}
	alerts := contents(t, filepath.Join(v.dir, alertsFile))
	if masked(alerts) != masked(plain) {
		t.Error("another key changes more than pseudonyms and uids")
	}
	keyOf := map[bool]map[string]bool{false: {}, true: {}} // by whether it is later
	for line := range strings.Lines(contents(t, filepath.Join(v.dir, callsFile))) {
		later := line[:len(`{"timestamp":"2026-11-26T07:30`)] >= `{"timestamp":"2026-11-26T07:30`
		for _, p := range anyPseudonym.FindAllString(line, -1) {
			keyOf[later][p[4:10]] = true
		}
	}
	if len(keyOf[false]) != 1 || len(keyOf[true]) != 1 {
		t.Errorf("keys before and after: %v", keyOf)
	}
	for id := range keyOf[false] {
		if keyOf[true][id] {
			t.Error("the key is the old one still")
		}
		if manifest := contents(t, filepath.Join(v.dir, "manifest.json")); !strings.Contains(manifest, id+" ") {
			t.Error("the manifest does not name both keys")
		}
	}
	names := map[string]int{}
	for _, p := range anyPseudonym.FindAllString(alerts, -1) {
		if names[p]++; names[p] == 1 {
			if status, _, stderr := v.reveal(t, p); status != statusDone && !strings.Contains(stderr, "stands for nobody") {
				t.Errorf("%s: %s", p, stderr)
			}
		}
	}
	for _, bad := range []string{"- {key_file: a}", "- {from: 2026-11-26T07:30:00Z}", "- {from: 2026-11-26T07:30:00Z, key_file: a}\n    - {from: 2026-11-26T07:30:00Z, key_file: b}"} {
		if status, _, stderr := auscult(t, "config", "-c", write(t, "bad.yml", "pseudonym:\n  rotate:\n    "+bad+"\n")); status != statusUsage || !strings.Contains(stderr, "pseudonym.rotate: entry ") {
			t.Errorf("%s: status %d, %s", bad, status, stderr)
		}
	}
}
