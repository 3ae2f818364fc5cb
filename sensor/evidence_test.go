package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/packet"
)

// evidenceOf is the files of a case's evidence.
func evidenceOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(dir, evidence.Folder))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range list {
		files[e.Name()] = contents(t, filepath.Join(dir, evidence.Folder, e.Name()))
	}
	return files
}

// With --evidence a case has its packets beside the same alerts; from a compressed capture the same ones.
func TestEvidence(t *testing.T) {
	base := t.TempDir()
	dir := func(name string) string { return filepath.Join(base, name) }
	key := []string{"replay", "--key", dir("key")}
	run := func(args ...string) string {
		t.Helper()
		status, _, stderr := auscult(t, append(key, args...)...)
		if status != statusDone {
			t.Fatalf("%q: status %d: %s", args, status, stderr)
		}
		return stderr
	}
	if said := run("-l", dir("without"), walk); strings.Contains(said, "evidence") || evidence.Exists(dir("without")) {
		t.Errorf("there is evidence that nobody asked for: %s", said)
	}
	if said := run("-l", dir("with"), "--evidence", walk); !strings.Contains(said, "evidence  5 files, ") {
		t.Errorf("the summary says\n%s", said)
	}
	if contents(t, dir("with/alerts.jsonl")) != contents(t, dir("without/alerts.jsonl")) {
		t.Error("the alerts are others with evidence")
	}
	if stats := contents(t, dir("with/stats.json")); !strings.Contains(stats, `"files": 5`) {
		t.Error(stats)
	}
	plain := evidenceOf(t, dir("with"))
	if len(plain) != 6 || !strings.Contains(plain["index.jsonl"], `"missing":[]`) {
		t.Errorf("%d files, index %s", len(plain), plain["index.jsonl"])
	}

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(contents(t, walk)))
	z.Close()
	if err := os.WriteFile(dir("walk.pcap.gz"), packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run("-l", dir("packed"), "--evidence", dir("walk.pcap.gz"))
	for name, text := range evidenceOf(t, dir("packed")) {
		if text != plain[name] {
			t.Errorf("%s of the compressed capture is another", name)
		}
	}

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	run("-l", dir("with"), "--force", "--evidence-recipient", identity.Recipient().String(), walk)
	files := evidenceOf(t, dir("with"))
	if len(files) != 6 {
		t.Errorf("%d files", len(files))
	}
	for name, text := range files {
		uid, sealed := strings.CutSuffix(name, ".age")
		if !sealed {
			continue
		}
		r, err := age.Decrypt(strings.NewReader(text), identity)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != plain[uid] {
			t.Errorf("%s does not decrypt to what is kept in the clear: %v", name, err)
		}
		delete(plain, uid)
	}
	if len(plain) != 1 {
		t.Errorf("not encrypted: %d files", len(plain)-1)
	}
	status, _, stderr := auscult(t, append(key, "-l", dir("with"), walk)...)
	if status != statusUsage || !strings.Contains(stderr, "holds another case") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestEvidenceRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--evidence", walk}, "--evidence needs a case folder: add -l DIR"},
		{[]string{"--evidence-recipient", "age1x", walk}, "--evidence needs a case folder: add -l DIR"},
		{[]string{"-l", "DIR", "--evidence", "-"}, "standard input and pipes do not allow: give files"},
		{[]string{"-l", "DIR", "--evidence-recipient", "age1x", walk}, `evidence.recipients: "age1x" is no age recipient`},
	} {
		dir := filepath.Join(t.TempDir(), "case")
		for i := range c.args {
			c.args[i] = strings.ReplaceAll(c.args[i], "DIR", dir)
		}
		status, _, stderr := replayed(t, c.args...)
		if status != statusUsage || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %q", c.args, status, stderr)
		}
		if _, err := os.Stat(filepath.Join(dir, alertsFile)); err == nil || evidence.Exists(dir) {
			t.Errorf("%q: a case was left behind", c.args)
		}
	}
}

// A capture that changes between its two readings gives no evidence, and it is said.
func TestEvidenceOfAChangedCapture(t *testing.T) {
	was := contents(t, walk)
	for name, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte(was+was[24:]), 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
		"gone":    os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, []byte(was), 0o600))
		},
	} {
		path := filepath.Join(t.TempDir(), "walk.pcap")
		if err := os.WriteFile(path, []byte(was), 0o600); err != nil {
			t.Fatal(err)
		}
		src := replay.New(replay.Defaults(), path)
		lanes, err := src.Open(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = lanes[0].Next()
		}
		s := defaults()
		dir := t.TempDir()
		p, err := openEvidence(caseFolder(dir), &s)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		err = src.Again(context.Background(), func(*packet.Raw, replay.Interface) (bool, error) { return true, nil })
		if !errors.Is(err, replay.ErrChanged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		note(t, p)
		if stats, err := p.cut(context.Background(), src); !errors.Is(err, replay.ErrChanged) || stats != nil || evidence.Exists(dir) {
			t.Errorf("%s: %v, %v, or its evidence is there", name, stats, err)
		}
	}
}

// note has p look for a call.
func note(t *testing.T, p *proof) {
	t.Helper()
	e := detectors.Evidence{Order: call.Order{Time: 1}}
	if err := p.notes.Write(context.Background(), []alert.Alert{{UID: "u", Signal: detectors.Signal{Evidence: []detectors.Evidence{e}}}}); err != nil {
		t.Fatal(err)
	}
}

// Who stops a run while its evidence is cut out has none, rather than a part that looks whole.
func TestEvidenceStopped(t *testing.T) {
	src := replay.New(replay.Defaults(), walk)
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = lanes[0].Next()
	}
	s := defaults()
	dir := t.TempDir()
	p, err := openEvidence(caseFolder(dir), &s)
	if err != nil {
		t.Fatal(err)
	}
	note(t, p)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if stats, err := p.cut(ctx, src); !errors.Is(err, context.Canceled) || stats != nil || evidence.Exists(dir) {
		t.Errorf("%v, %v, or its evidence is there", stats, err)
	}
}
