package vault_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"auscult/pipeline/vault"
)

func officer(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func pseudonym(i int) string {
	return fmt.Sprintf("obj:aaaaaa:%s", strings.Repeat("b", 18)+fmt.Sprint(22+i%6*10+i/6))
}

// opened is a vault of the test at path.
func opened(t testing.TB, path string, most int, to ...age.Recipient) *vault.Vault {
	t.Helper()
	v, err := vault.Open(path, "case", to, most)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func closed(t testing.TB, v *vault.Vault) {
	t.Helper()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestVault(t *testing.T) {
	one, other, stranger := officer(t), officer(t), officer(t)
	path := filepath.Join(t.TempDir(), "v")
	v := opened(t, path, 10, one.Recipient(), other.Recipient())
	who := vault.Entry{Pseudonym: "usr:aaaaaa:bbbbbbbbbbbbbbbbbbbb", Kind: "jwt", Issuer: "https://idp.example", ID: "dr.rao"}
	v.Note(who)
	if err := v.Flush(); err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		t.Helper()
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	sealed := size()
	v.Note(who)
	if err := v.Flush(); err != nil || size() != sealed {
		t.Errorf("a pseudonym that is kept was kept again: %d bytes, then %d, %v", sealed, size(), err)
	}
	for i := range 20 {
		v.Note(vault.Entry{Pseudonym: pseudonym(i), ID: fmt.Sprint("patient ", i)})
	}
	v.Note(vault.Entry{Pseudonym: "obj:aaaaaa:cccccccccccccccccccc", ID: strings.Repeat("x", 5000)})
	if v.Stats != (vault.Stats{Kept: 10, Refused: 12}) {
		t.Errorf("%+v", v.Stats)
	}
	closed(t, v)
	for _, id := range []age.Identity{one, other} {
		if e, err := vault.Find(path, who.Pseudonym, id); err != nil || e != who {
			t.Errorf("%+v, %v", e, err)
		}
		if e, err := vault.Find(path, pseudonym(8), id); err != nil || e.ID != "patient 8" {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if _, err := vault.Find(path, pseudonym(9), one); !errors.Is(err, vault.ErrUnknown) {
		t.Errorf("past the bound: %v", err)
	}
	if _, err := vault.Find(path, who.Pseudonym, stranger); !errors.Is(err, vault.ErrIdentity) {
		t.Errorf("a stranger: %v", err)
	}
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(b, []byte("dr.rao")) || bytes.Contains(b, []byte("usr:")) {
		t.Errorf("the vault is not sealed: %v", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others can read it: %v, %v", st.Mode(), err)
	}
}

// A vault is written further, in a folder each case has its own, and what a killed run has written in part costs only that.
func TestVaultGoesOn(t *testing.T) {
	id := officer(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "case.vault")
	for i := range 3 {
		v := opened(t, dir, 10, id.Recipient())
		v.Note(vault.Entry{Pseudonym: pseudonym(i), ID: fmt.Sprint(i)})
		closed(t, v)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte{0, 0, 1, 0, 'a', 'g', 'e'}[:3+2*i]) // a frame that was cut off
		f.Close()
		for k := range i + 1 {
			if e, err := vault.Find(dir, pseudonym(k), id); err != nil || e.ID != fmt.Sprint(k) {
				t.Errorf("after %d: %+v, %v", i, e, err)
			}
		}
	}
	if _, err := vault.Find(t.TempDir(), pseudonym(0), id); err == nil || !strings.Contains(err.Error(), "holds no vault") {
		t.Error(err)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(other, "", []age.Recipient{id.Recipient()}, 1); err == nil || !strings.Contains(err.Error(), "not a vault") {
		t.Errorf("another file was taken for a vault: %v", err)
	}
	if b, _ := os.ReadFile(other); string(b) != "something else\n" {
		t.Errorf("another file was changed: %q", b)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Find(path, pseudonym(9), id); err == nil || errors.Is(err, vault.ErrUnknown) {
		t.Errorf("a vault that was changed: %v", err)
	}
}

func TestConfig(t *testing.T) {
	if err := vault.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for want, c := range map[string]vault.Config{"max_entries: 0": {}, "recipients: nobody could read": {Path: "x", MaxEntries: 1}} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	for s, want := range map[string]bool{"usr:4jbvmh:6gfenhl77is7agbjvkll": true, "usr:4jbvmh:6gfenhl77is7agbjvkl": false, "usr:4jbvmh:6gfenhl77is7agbjvkl1": false,
		"u:4jbvmh:6gfenhl77is7agbjvkll": false, "": false, "usr:4JBVMH:6gfenhl77is7agbjvkll": false} {
		if vault.IsPseudonym(s) != want {
			t.Errorf("%q is a pseudonym: %v", s, !want)
		}
	}
}

// FuzzFind reads vaults of anybody: what is in a frame, and what stands where frames should, never makes it panic, hang or grow.
func FuzzFind(f *testing.F) {
	id := officer(f)
	path := filepath.Join(f.TempDir(), "v")
	f.Add([]byte(`{"pseudonym":"`+pseudonym(0)+`","id":"0"}`+"\n"), []byte{})
	f.Add([]byte(`{"pseudonym":"x"}`), []byte("\xff\xff\xff\xff"))
	f.Add([]byte("{}\n[]\n"), []byte("\x00\x00\x00\x03age"))
	f.Add([]byte{}, []byte("\x00\x00\x00\x16age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, text, more []byte) {
		var frame bytes.Buffer
		w, err := age.Encrypt(&frame, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		w.Write(text)
		w.Close()
		b := binary.BigEndian.AppendUint32([]byte("auscult vault 1\n"), uint32(frame.Len()))
		if err := os.WriteFile(path, append(append(b, frame.Bytes()...), more...), 0o600); err != nil {
			t.Fatal(err)
		}
		if e, err := vault.Find(path, pseudonym(0), id); err == nil && e.Pseudonym != pseudonym(0) {
			t.Errorf("%+v was not asked for", e)
		}
	})
}
