package detectors

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// watchedSite is an engine that has seen some days of a hospital.
func watchedSite(t testing.TB, people, days int) (*hospital, *Engine) {
	t.Helper()
	h := newHospital(7, people, 50000)
	e := New(Defaults())
	for d := range days {
		for _, v := range h.day(d) {
			h.play(e, nil, v)
		}
	}
	return h, e
}

func saved(t testing.TB, e *Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBaseline_Same saves, loads and saves again: the same bytes, and from there on the same words.
func TestBaseline_Same(t *testing.T) {
	h, e := watchedSite(t, 120, 8)
	first := saved(t, e)
	loaded, err := Load(Defaults(), bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if again := saved(t, loaded); !bytes.Equal(first, again) {
		t.Fatalf("%d bytes, then %d: they differ", len(first), len(again))
	}
	t.Logf("%d bytes for %d principals", len(first), e.Stats().Principals)
	// What the site taught is there: a nurse's account that reads at random is caught as soon as by the engine that
	// was never saved, and sooner than cold.
	after := func(e *Engine) int {
		who := h.people[3].who
		for i := range 60 {
			c := h.open(epoch+9*day+9*hour+clock.Time(i)*2*second, who, plainID(1+(i*7919)%50000), 200)
			if len(accusations(e.Observe(nil, c))) > 0 {
				return i + 1
			}
		}
		return 1000
	}
	a, b := after(e), after(loaded)
	cold := after(New(Defaults()))
	if a > 14 || b > a+1 || cold <= b {
		t.Errorf("caught after %d by the engine itself, %d by the loaded one, %d cold", a, b, cold)
	}
}

// TestBaseline_Names looks for the words of people in the file.
func TestBaseline_Names(t *testing.T) {
	w := newSmallWorld(3, 15)
	e := New(Defaults())
	secret := call.Principal{Key: 99, Kind: call.JWT, ID: "dr.rao.secret", Issuer: "issuer.secret", Role: "nurse"}
	for i, c := range inOrder(w.benign(2)) {
		if i%3 == 0 {
			c.Principal = secret
		}
		e.Observe(nil, c)
	}
	b := saved(t, e)
	for _, word := range []string{"secret", "/fhir", "1233"} {
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("the file holds %q", word)
		}
	}
	if !bytes.Contains(b, []byte("nurse")) {
		t.Error("the role is not there")
	}
}

// TestBaseline_Older loads what a capture taught and reads the same capture: what it remembers of that capture must
// not explain the attack in it.
func TestBaseline_Older(t *testing.T) {
	w := newSmallWorld(4, 15)
	calls := w.benign(3)
	for i := range 60 {
		calls = append(calls, w.open(epoch+hour+clock.Time(i)*2*second, evil, opaque(w), 200))
	}
	inOrder(calls)
	e := New(Defaults())
	want := 0
	for i, c := range calls {
		if len(accusations(e.Observe(nil, c))) > 0 && want == 0 {
			want = i
		}
	}
	e, err := Load(Defaults(), bytes.NewReader(saved(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range calls {
		said := accusations(e.Observe(nil, c))
		if len(said) == 0 {
			continue
		}
		if s := said[0]; s.Principal.Key != evil.Key {
			t.Errorf("accused %s", s.Principal.ID)
		} else if s.Principal.ID != evil.ID {
			t.Errorf("named %q", s.Principal.ID)
		}
		if i > want+10 {
			t.Fatalf("caught at call %d, cold at %d", i, want)
		}
		return
	}
	t.Error("not caught")
}

// TestBaseline_Self reads a capture twice. The attack must be caught as soon as on one reading, and whoever does the
// same honest work as everyone else not accused.
func TestBaseline_Self(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		w := newSmallWorld(seed, 25)
		calls := w.benign(6)
		for i := range 90 { // slowly at first: it might pass for the usual
			gap := 40 * second
			if i > 30 {
				gap = 4 * second
			}
			calls = append(calls, w.open(epoch+hour+clock.Time(i)*gap, evil, opaque(w), 200))
		}
		inOrder(calls)
		once := New(Defaults())
		self := Learn(Defaults())
		for _, c := range calls {
			self.Observe(nil, c)
		}
		var b bytes.Buffer
		if err := self.Lessons(&b); err != nil {
			t.Fatal(err)
		}
		twice, err := Load(Defaults(), &b)
		if err != nil {
			t.Fatal(err)
		}
		first := [2]int{1000, 1000}
		n := 0
		for _, c := range calls {
			if c.Principal.Key == evil.Key {
				n++
			}
			for i, e := range [...]*Engine{once, twice} {
				for _, s := range accusations(e.Observe(nil, c)) {
					if s.Principal.Key != evil.Key {
						show(t, []Signal{s})
						t.Errorf("seed %d: reading %d accused %s", seed, i+1, s.Principal.ID)
					}
					first[i] = min(first[i], n)
				}
			}
		}
		if first[0] == 1000 || first[1] > first[0]+2 {
			t.Errorf("seed %d: caught after %d calls on one reading, %d on two", seed, first[0], first[1])
		}
	}
	if err := New(Defaults()).Lessons(&bytes.Buffer{}); err == nil {
		t.Error("an engine that was not made to learn gives lessons")
	}
}

// TestBaseline_Refused is what cannot be loaded: one clear error each.
func TestBaseline_Refused(t *testing.T) {
	_, e := watchedSite(t, 30, 2)
	good := saved(t, e)
	f := func(want string, b []byte, cfg Config) {
		t.Helper()
		if _, err := Load(cfg, bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	sealed := func(b []byte) []byte {
		sum := sha256.Sum256(b)
		return append(bytes.Clone(b), sum[:]...)
	}
	body := good[:len(good)-sha256.Size]
	f("not a file that --save-baseline wrote", nil, Defaults())
	f("not a file that --save-baseline wrote", []byte("timestamp,mean\n"+strings.Repeat("1,2\n", 50)), Defaults())
	f("damaged", good[:len(good)-1], Defaults())
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	f("damaged", flipped, Defaults())
	newer := bytes.Clone(body)
	newer[len(baselineMagic)] = 9
	f("version 9", sealed(newer), Defaults())
	other := Defaults()
	other.WarmDays = 3
	f("other settings", good, other)
	f("section scene ends too early", sealed(append(bytes.Clone(body[:len(baselineMagic)+9]), "\x05scene\x00"...)), Defaults())
	f("more than there can be", sealed(append(bytes.Clone(body[:len(baselineMagic)+9]), "\x05scene\xff\xff\xff\x7f"...)), Defaults())
	f(`section "nobody"`, sealed(append(bytes.Clone(body), "\x06nobody\x00"...)), Defaults())
	f("has read already", sealed(append(bytes.Clone(body), "\x05scene\x00"...)), Defaults())
}

// TestBaseline_Smaller loads what a larger table held: the newest stay.
func TestBaseline_Smaller(t *testing.T) {
	_, e := watchedSite(t, 120, 2)
	cfg := Defaults()
	cfg.Principals = 10
	small, err := Load(cfg, bytes.NewReader(saved(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	if n := small.Stats().Principals; n != 10 {
		t.Errorf("%d principals", n)
	}
	newest := e.scene.principals.last.key
	if small.scene.principals.find(newest) == nil {
		t.Error("the newest was let go")
	}
}

// FuzzLoad throws sealed files at the reader: an error or an engine that works, and no more memory than the file's.
func FuzzLoad(f *testing.F) {
	_, e := watchedSite(f, 12, 1)
	good := saved(f, e)
	head := len(baselineMagic) + 9
	f.Add(good[head:len(good)-sha256.Size], uint16(0), byte(0))
	f.Add([]byte("\x05scene\x03\x00\x00\x00"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, sections []byte, at uint16, x byte) {
		b := append(bytes.Clone(good[:head]), sections...)
		if len(sections) > 0 {
			b[head+int(at)%len(sections)] ^= x
		}
		sum := sha256.Sum256(b)
		e, err := Load(Defaults(), bytes.NewReader(append(b, sum[:]...)))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		h := &hospital{}
		for i := range 5 {
			e.Observe(nil, h.open(epoch+clock.Time(i)*second, evil, plainID(i), 200))
		}
		saved(t, e)
	})
}

// TestBaseline_Ages keeps how old the numbers are that people ask for.
func TestBaseline_Ages(t *testing.T) {
	a := &ages{newest: 200000}
	for range blockDays + 1 {
		a.today[0], a.today[11] = 7, 40
		a.turn()
	}
	var e encoder
	a.save(&e)
	d, b := decoder{b: e.b}, &ages{}
	if b.restore(&d); d.err != nil || len(d.b) != 0 || *b != *a {
		t.Errorf("restored %+v of %+v, %d bytes left, %v", b, a, len(d.b), d.err)
	}
	if got := b.expect(199000, 6); got <= (&ages{newest: 200000}).expect(199000, 6) {
		t.Errorf("what is usual is forgotten: %v", got)
	}
}
