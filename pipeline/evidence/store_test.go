package evidence_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/sensor/packet"
)

// Of packets that are encrypted to someone nothing is written in the clear; they decrypt to what is written without.
func TestSealed(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "recipients")
	if err := os.WriteFile(list, []byte("# the investigators\n"+identity.Recipient().String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	packets := []sent{{second, frame(client, server, ack, 1, "patient in the clear")}}
	_, open := slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second, second, 0))
	want, err := os.ReadFile(filepath.Join(open, "u.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{identity.Recipient().String(), list} {
		recipients, err := evidence.ReadRecipients([]string{to})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		store, err := evidence.Create(dir, recipients, 0)
		if err != nil {
			t.Fatal(err)
		}
		notes := evidence.NewCollector(evidence.Defaults())
		notes.Write(context.Background(), []alert.Alert{alerted("u", client, 7, second, second, 0)})
		s := evidence.NewSlicer(notes, packet.Defaults(), store.Put)
		raw := packet.Raw{Time: second, Frame: packets[0].frame, WireLen: len(packets[0].frame), Link: packet.LinkRaw}
		if err := s.Packet(&raw, evidence.Interface{Link: packet.LinkRaw, Name: "mirror"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(filepath.Join(dir, evidence.Folder))
		if err != nil || len(files) != 2 || files[1].Name() != "u.pcapng.age" {
			t.Fatalf("%v %v", files, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, evidence.Folder, f.Name()))
			if err != nil || bytes.Contains(b, []byte("patient")) {
				t.Errorf("%s: %v, in the clear: %q", f.Name(), err, b)
			}
		}
		f, err := os.Open(filepath.Join(dir, evidence.Folder, "u.pcapng.age"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		clear, err := age.Decrypt(f, identity)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(clear); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: decrypted it is not what is written in the clear", err)
		}
	}
}

func TestRecipientsRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "key.txt")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte(identity.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"age1nonsense", `"age1nonsense" is no age recipient`},
		{"no/such/file", `"no/such/file" is no age recipient (age1…), and not a file of them`},
		{secret, "no file of age recipients"},
	} {
		_, err := evidence.ReadRecipients([]string{c.text})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// Only what is ours is removed, and what a run that was killed has left.
func TestRemove(t *testing.T) {
	dir := t.TempDir()
	if err := evidence.Remove(dir); err != nil {
		t.Error(err)
	}
	store, err := evidence.Create(dir, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	if _, err := evidence.Create(dir, nil, 0); err == nil {
		t.Error("made over another")
	}
	for _, name := range []string{"u.pcapng", "v.pcapng.age", "w.pcapng.new"} {
		if err := os.WriteFile(filepath.Join(dir, evidence.Folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := evidence.Remove(dir); err != nil || evidence.Exists(dir) {
		t.Errorf("%v, or it is still there", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, evidence.Folder), 0o700); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, evidence.Folder, "a.pcapng")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := evidence.Remove(dir); err == nil || !strings.Contains(err.Error(), "a.pcapng") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, evidence.Folder, "thesis.doc")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := evidence.Remove(dir); err == nil || !strings.Contains(err.Error(), "thesis.doc") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	if err := evidence.Defaults().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*evidence.Config){
		"before: -1ns":       func(c *evidence.Config) { c.Before = -1 },
		"after: 25h":         func(c *evidence.Config) { c.After = 25 * 3600e9 },
		"max_bytes: 1":       func(c *evidence.Config) { c.MaxBytes = 1 },
		"max_total: 4096":    func(c *evidence.Config) { c.MaxTotal = 4096 },
		"max_incidents: 0":   func(c *evidence.Config) { c.MaxIncidents = 0 },
		"max_connections: 0": func(c *evidence.Config) { c.MaxConnections = 0 },
	} {
		c := evidence.Defaults()
		if change(&c); c.Validate() == nil || !strings.Contains(c.Validate().Error(), want) {
			t.Errorf("got %v, want %q", c.Validate(), want)
		}
	}
}
