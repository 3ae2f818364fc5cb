package pseudonym_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

func keyer(t testing.TB, first byte) *pseudonym.Keyer {
	t.Helper()
	root := make([]byte, pseudonym.KeySize)
	root[0] = first
	k, err := pseudonym.FromKey(root)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyer(t *testing.T) {
	k := keyer(t, 1)
	form := regexp.MustCompile(`^usr:[a-z2-7]{6}:[a-z2-7]{20}$`)
	a := string(k.Append(nil, pseudonym.User, "dr.rao"))
	if !form.MatchString(a) {
		t.Errorf("form of %q", a)
	}
	if b := string(k.Append([]byte("x"), pseudonym.User, "dr.rao")); b != "x"+a {
		t.Errorf("the second time it was %q, not %q", b, a)
	}
	if b := string(k.Clone().Append(nil, pseudonym.User, "dr.rao")); b != a {
		t.Errorf("a clone says %q, not %q", b, a)
	}
	// The vector, computed apart from this code, pins the derivation: names in old files must go on meaning the same.
	if want := "usr:4jbvmh:6gfenhl77is7agbjvkll"; a != want {
		t.Errorf("got %q, want %q", a, want)
	}
	other := string(keyer(t, 2).Append(nil, pseudonym.User, "dr.rao"))
	object := string(k.Append(nil, pseudonym.Object, "dr.rao"))
	if other[11:] == a[11:] || other[4:10] == a[4:10] || object[11:] == a[11:] {
		t.Errorf("keys and classes must part: %q, %q, %q", a, other, object)
	}
	long := strings.Repeat("z", 100)
	once := string(k.Append(nil, pseudonym.User, long))
	if again := string(k.Append(nil, pseudonym.User, long)); again != once {
		t.Errorf("a long identifier has two pseudonyms: %q, %q", once, again)
	}
	if _, err := pseudonym.FromKey(make([]byte, 31)); err == nil {
		t.Error("a key of 31 bytes was taken")
	}
	seen := map[string]int{}
	for i := range 20_000 { // far more than are remembered
		id := string(rune('a'+i%26)) + strings.Repeat("x", i%50) + string(rune('0'+i%10)) + string(rune(0x4e00+i))
		p := string(k.Append(nil, pseudonym.Object, id))
		if at, twice := seen[p]; twice {
			t.Fatalf("identifiers %d and %d share %s", at, i, p)
		}
		seen[p] = i
		if q := string(k.Clone().Append(nil, pseudonym.Object, id)); i%1000 == 0 && q != p {
			t.Fatalf("%q: remembered %s, computed %s", id, p, q)
		}
	}
}

func TestPrincipalsApart(t *testing.T) {
	k := keyer(t, 1)
	say := func(p call.Principal) string { return string(k.Principal(nil, &p)) }
	all := []call.Principal{{ID: "17", Kind: call.JWT, Issuer: "a"}, {ID: "17", Kind: call.JWT, Issuer: "b"}, {ID: "17", Kind: call.Session},
		{ID: "b17", Kind: call.JWT, Issuer: ""}, {ID: "17", Kind: call.JWT, Issuer: "ab"}}
	seen := map[string]bool{}
	for _, p := range all {
		if s := say(p); seen[s] {
			t.Errorf("%+v is taken for another", p)
		} else {
			seen[s] = true
		}
	}
}

func TestKeyerAllocations(t *testing.T) {
	k := keyer(t, 1)
	buf := make([]byte, 0, 64)
	i := 0
	ids := [...]string{"dr.rao", "P-10023", strings.Repeat("long", 20), "77"}
	p := call.Principal{ID: "dr.rao", Issuer: "https://idp.example", Kind: call.JWT}
	if n := testing.AllocsPerRun(1000, func() {
		buf = k.Append(buf[:0], pseudonym.Object, ids[i%len(ids)])
		buf = k.Principal(buf[:0], &p)
		i++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "pseudonym.key")
	k, err := pseudonym.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pseudonym.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if k.KeyID() != again.KeyID() {
		t.Error("the key changed")
	}
	other, err := pseudonym.LoadOrCreate(filepath.Join(t.TempDir(), "k"))
	if err != nil {
		t.Fatal(err)
	}
	if other.KeyID() == k.KeyID() {
		t.Error("two keys are one")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if st, err := os.Stat(p); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", p, st.Mode().Perm(), err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	refuse(t, path, "lets others read it; run chmod 600")
}

func refuse(t *testing.T, path, want string) {
	t.Helper()
	_, err := pseudonym.LoadOrCreate(path)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with %q", err, want)
	}
}

func TestLoadRefusesWrongForm(t *testing.T) {
	for _, text := range []string{"", "abc", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 66), strings.Repeat("a", 1000)} {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refuse(t, path, "want 64 hexadecimal digits")
	}
	refuse(t, t.TempDir(), "not a regular file")
}
