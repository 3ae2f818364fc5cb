package pseudonym_test

import (
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// From its moment on a key makes the pseudonyms, in clones too, and before it the one before.
func TestRotation(t *testing.T) {
	k := keyer(t, 1)
	k.Then(100, keyer(t, 2))
	k.Then(200, keyer(t, 3))
	if ids := k.KeyIDs(); len(ids) != 3 || ids[0] != keyer(t, 1).KeyID() || ids[2] != keyer(t, 3).KeyID() {
		t.Errorf("keys %v", ids)
	}
	names := (&pseudonym.Names{Keys: k}).Clone()
	for at, key := range map[clock.Time]byte{0: 1, 99: 1, 100: 2, 199: 2, 200: 3, 1 << 60: 3} {
		names.At(at)
		alone := &pseudonym.Names{Keys: keyer(t, key)}
		c := call.Call{Path: "/users/17?x", Route: "/users/{id}", Query: "q=17"}
		for i, f := range []func(n *pseudonym.Names) []byte{
			func(n *pseudonym.Names) []byte { return n.Object(nil, "17") },
			func(n *pseudonym.Names) []byte { return n.User(nil, &call.Principal{ID: "rao"}) },
			func(n *pseudonym.Names) []byte { return n.App(nil, "app") },
			func(n *pseudonym.Names) []byte { return n.Token(nil, 17) },
			func(n *pseudonym.Names) []byte { return n.Word(nil, "a b?") },
			func(n *pseudonym.Names) []byte { return n.Path(nil, &c) },
			func(n *pseudonym.Names) []byte { return n.Query(nil, &c) },
		} {
			if got, want := string(f(names)), string(f(alone)); got != want {
				t.Errorf("at %d, %d: %s, want %s of key %d", at, i, got, want, key)
			}
		}
	}
}

// Keep is told of every pseudonym of somebody or something, with what it stands for, and of no secret.
func TestKeep(t *testing.T) {
	var kept []string
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	n.Keep = func(k pseudonym.Kept) {
		id := string(k.ID)
		if k.Principal != nil {
			id = k.Principal.ID
		}
		kept = append(kept, string(k.Pseudonym[:4])+id)
	}
	n = n.Clone()
	p := call.Principal{ID: "rao", Kind: call.JWT}
	c := call.Call{Path: "/patients/Patient%2F17/notes", Route: "/patients/{id}/notes",
		Query: "name=m+r&token=opq1&client_secret=s3cret&apiKey=ak_1&page=2&id=4,5&loose", Principal: p}
	b := n.User([]byte("before "), &p)
	b = n.Text(n.Object(n.App(b, "portal"), "p-9"), " {principal} read p-10", &p, []string{"p-10"})
	n.Query(n.Path(b, &c), &c)
	n.Word(n.Token(b, 17), "a b")
	want := []string{"usr:rao", "app:portal", "obj:p-9", "usr:rao", "obj:p-10", "obj:17", "obj:m+r", "obj:4", "obj:5"}
	if !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	n.Reveal = true
	kept = nil
	n.User(n.Object(nil, "p-9"), &p)
	if len(kept) > 0 {
		t.Errorf("revealed, and kept %q", kept)
	}
}
