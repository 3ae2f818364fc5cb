package custody

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func fuzzKey(t testing.TB) *Key {
	t.Helper()
	k, err := ParseKey("PRIVATE+KEY+ward+f7552208+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzManifest: what is taken for a manifest is written in one way only.
func FuzzManifest(f *testing.F) {
	f.Add(golden(f, ManifestFile))
	f.Add([]byte("{" + sealed + "\"\"\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		was := slices.Clone(text)
		p, err := parse(text)
		if !bytes.Equal(was, text) {
			t.Fatal("it was written to")
		}
		if err != nil {
			return
		}
		if !bytes.HasSuffix(text, tail(p.note)) {
			t.Errorf("the seal %q has two forms", p.note)
		}
		body, err := p.body()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parse(append(body, tail(p.note)...)); err != nil || again.note != p.note {
			t.Errorf("cannot be read again: %v", err)
		}
	})
}

// FuzzCheckpoint: no text but that which was signed is taken, in any form.
func FuzzCheckpoint(f *testing.F) {
	k := fuzzKey(f)
	signed := map[string]bool{}
	for line := range bytes.Lines(golden(f, CheckpointsFile)) {
		c, err := openLine(bytes.TrimSpace(line), k.Verifier())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.TrimSpace(line))
		f.Add([]byte(c.Note))
		signed[c.Note] = true
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := OpenAll(text, k.Verifier(), "ward+1+x")
		if err != nil {
			return
		}
		for _, c := range list {
			if !signed[c.Note] {
				t.Errorf("%q is taken for signed", c.Note)
			}
		}
	})
}

// FuzzLeaf: a line of the log has one form.
func FuzzLeaf(f *testing.F) {
	for line := range bytes.Lines(golden(f, LogFile)) {
		f.Add(bytes.TrimSpace(line))
	}
	v := &verifying{asked: Asked{Leaves: "alerts.jsonl"}}
	f.Fuzz(func(t *testing.T, line []byte) {
		if file, h, ok := v.parseLeaf(line); ok && string(appendLeaf(nil, file, h)) != string(line)+"\n" {
			t.Errorf("%q has two forms", line)
		}
	})
}

// FuzzFolder: whatever lies in the folder, a check ends and tells of it.
func FuzzFolder(f *testing.F) {
	f.Add(golden(f, ManifestFile), golden(f, LogFile), golden(f, AuditFile), golden(f, CheckpointsFile), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, manifest, log, audit, points, alerts []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{ManifestFile: manifest, LogFile: log, AuditFile: audit, CheckpointsFile: points, "alerts.jsonl": alerts} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		v, err := Verify(dir, Asked{Leaves: "alerts.jsonl", Verifier: fuzzKey(t).Verifier()})
		if err != nil || v.Count == 0 { // the alerts that the golden case was signed over are not there
			t.Errorf("%v: %+v", err, v)
		}
	})
}

// TestBodyForm: the text of a checkpoint is read as it is written.
func TestBodyForm(t *testing.T) {
	c := Checkpoint{Origin: "auscult/ward/1", Size: 7, Time: time.Unix(1772438400, 0).UTC(), Number: 2, Previous: noPrior}
	if got, err := parseBody(c.body()); err != nil || got != c {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "x\n", "auscult/\n7\n\n\n\n\n", c.body() + "more\n", "go.sum database tree\n7\n" + c.Root.String() + "\n"} {
		if _, err := parseBody(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
