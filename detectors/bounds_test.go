package detectors

import (
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

func TestConfig(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	f := func(field string, change func(*Config)) {
		t.Helper()
		c := Defaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	f("budget", func(c *Config) { c.Budget = 0 })
	f("share_", func(c *Config) { c.ShareVolume = 0.9 })
	f("cold_threshold", func(c *Config) { c.ColdThreshold = 1 })
	f("principals", func(c *Config) { c.Principals = 0 })
	f("volume_tail", func(c *Config) { c.VolumeTail = 2 })
}

// TestBounds floods a small engine with principals, patients, identifier families and endpoints, while one walk
// goes on slowly among them: nothing grows past its limit, and the suspect is not let go.
func TestBounds(t *testing.T) {
	cfg := Defaults()
	cfg.Principals, cfg.Contacts, cfg.Delivered, cfg.Objects, cfg.Spaces, cfg.Endpoints, cfg.Runs = 64, 64, 64, 200, 16, 16, 32
	cfg.Forms, cfg.Blocks = 16, 16
	e := New(cfg)
	h := &hospital{rng: rand.New(rand.NewSource(1))}
	caught, n := false, 0
	for i := range 20000 {
		at := epoch + clock.Time(i)*second
		if i < 80 && i%20 == 0 || i%200 == 0 { // a quick start, then slowly
			n++
			for _, s := range e.Observe(nil, h.open(at, evil, plainID(5000+n), 200)) {
				caught = caught || s.Principal.Key == evil.Key
			}
			continue
		}
		who := call.Principal{Key: uint64(100 + i), Kind: call.Session, ID: fmt.Sprintf("s%d", i)}
		c := h.open(at, who, fmt.Sprintf("p%c-%d", 'a'+rune(i%20), h.rng.Intn(1e6)), 200)
		c.Endpoint = uint64(i % 100)
		e.Observe(nil, c)
	}
	st := e.Stats()
	t.Logf("%+v", st)
	if st.Principals > 64 || st.Spaces > 16 || st.Endpoints > 16 || st.OpenRuns > 32 || st.RememberedVisits > 400 || st.Forms > 16 || st.Blocks > 16 {
		t.Errorf("over its bounds: %+v", st)
	}
	if st.EvictedPrincipals == 0 || st.EvictedEndpoints == 0 || st.EvictedSpaces == 0 {
		t.Errorf("nothing counted: %+v", st)
	}
	if !caught {
		t.Error("the walk among the flood was not caught")
	}
}

// TestOneLongMemory gives one principal more patients and deliveries than are remembered.
func TestOneLongMemory(t *testing.T) {
	cfg := Defaults()
	cfg.Contacts, cfg.Delivered = 64, 64
	e := New(cfg)
	h := &hospital{rng: rand.New(rand.NewSource(1))}
	for i := range 3000 {
		e.Observe(nil, h.open(epoch+clock.Time(i)*second, evil, plainID(i), 200))
	}
	p := e.scene.principals.find(evil.Key)
	if n := p.contacts.Len(); n > 64 {
		t.Errorf("%d contacts", n)
	}
	if e.Stats().EarlyForgotten == 0 {
		t.Error("what was let go was not counted")
	}
	for _, l := range p.lattices {
		if len(l.order) > latticeIDs || len(l.sorted) != len(l.order) || len(l.plain.tracks) > 8 {
			t.Errorf("lattice of %d ids, %d sorted, %d tracks", len(l.order), len(l.sorted), len(l.plain.tracks))
		}
	}
}

// TestForget frees the idle and changes no verdict.
func TestForget(t *testing.T) {
	play := func(forget bool) (out []Signal) {
		w := newSmallWorld(4, 15)
		calls := w.benign(2)
		for i := range 60 {
			calls = append(calls, w.open(epoch+hour+clock.Time(i)*7*second, evil, plainID(1230+i), 200))
		}
		e := New(Defaults())
		for i, c := range inOrder(calls) {
			if forget && i%10 == 0 {
				e.Forget(c.Time)
			}
			out = e.Observe(out, c)
		}
		e.Forget(epoch + 40*day)
		if n := e.Stats().Principals; n != 0 {
			t.Errorf("%d principals after forty days", n)
		}
		return out
	}
	a, b := play(false), play(true)
	if len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d signals without sweeps, %d with: they must be the same", len(a), len(b))
	}
}

// FuzzObserve throws calls of any shape at an engine.
func FuzzObserve(f *testing.F) {
	f.Add([]byte("\x01\x02\x03 1231 1232 abc"), int64(1))
	f.Add([]byte("MRN0001\xff\x00/////"), int64(2))
	f.Fuzz(func(t *testing.T, data []byte, seed int64) {
		cfg := Defaults()
		cfg.Principals, cfg.Spaces, cfg.Endpoints, cfg.Lattices, cfg.Contacts, cfg.Delivered = 4, 4, 4, 1, 16, 16
		e := New(cfg)
		rng := rand.New(rand.NewSource(seed))
		at := clock.Time(rng.Int63n(1 << 61))
		for i := 0; i+1 < len(data) && i < 400; i++ {
			at += clock.Time(rng.Int63n(int64(time.Hour)))
			n := rng.Intn(min(12, len(data)-i)) + 1
			id := string(data[i:min(len(data), i+n)])
			c := &call.Call{
				Order: call.Order{Time: at, Seq: uint32(i)}, Status: 100 + int(data[i])*2, Method: "GET",
				Flags: call.Flags(data[i+1]) << (data[i] % 3), Asked: int(data[i]) * 50, Endpoint: uint64(data[i] % 9),
				Principal: call.Principal{Key: uint64(data[i+1] % 7), Service: data[i]%5 == 0, Shared: data[i]%7 == 0},
			}
			c.Client.Addr[15] = data[i]%3 + 1
			c.PHI.People = int(data[i])
			for j := range rng.Intn(4) {
				c.Objects = append(c.Objects, call.Object{ID: id, Key: uint64(data[i]) + uint64(j), Param: uint64(data[i+1] % 6),
					Patient: j%2 == 0, Where: call.Where(data[i] % 5), Sub: data[i]%11 == 0})
				c.Delivered = append(c.Delivered, uint64(data[i])*7)
			}
			for _, s := range e.Observe(nil, c) {
				nobody := s.Principal.Key == 0 && (s.Client == "" || s.Client == "::")
				if s.Detector == "" || s.Title == "" || s.Severity < Informational || nobody {
					t.Fatalf("%+v", s)
				}
			}
		}
	})
}
