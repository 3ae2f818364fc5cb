package detectors

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestSpread is one walk through many principals: rotating tokens from one address, many addresses under one account,
// many addresses without credentials. It is one finding, soon, and names nobody else.
func TestSpread(t *testing.T) {
	session := func(key int) call.Principal {
		return call.Principal{Key: uint64(100000 + key), Kind: call.Session, ID: fmt.Sprintf("s%d", key), Token: uint64(700000 + key)}
	}
	for _, f := range []struct {
		name  string
		kind  string
		who   func(i int) call.Principal
		addr  func(i int) byte
		named int // of 60 calls
		fact  string
	}{
		{"a new token each time", "distributed_enumeration", session, func(int) byte { return 200 }, 60, "1 address"},
		{"twenty tokens in turn", "distributed_enumeration", func(i int) call.Principal { return session(i % 20) }, func(int) byte { return 200 }, 20, "1 address"},
		{"three tokens in turn", "distributed_enumeration", func(i int) call.Principal { return session(i % 3) }, func(int) byte { return 200 }, 3, "1 address"},
		{"many addresses, one account", "sequential_enumeration", func(int) call.Principal { return session(0) }, func(i int) byte { return byte(200 + i%20) }, 1, ""},
		{"many addresses, no credentials", "distributed_enumeration", func(i int) call.Principal {
			return call.Principal{Key: uint64(200000 + i%20), Kind: call.Address, ID: fmt.Sprintf("10.9.9.%d", i%20)}
		}, func(i int) byte { return byte(200 + i%20) }, 20, "20 addresses"},
	} {
		var found []int
		for seed := int64(1); seed <= 8; seed++ {
			w := newSmallWorld(seed, 15)
			calls := w.benign(2)
			for i := range 60 {
				c := w.open(epoch+hour+clock.Time(i)*9*second, f.who(i), plainID(1230+i), 200)
				c.Client.Addr[15] = f.addr(i)
				calls = append(calls, c)
			}
			e, n, caught, named := New(Defaults()), 0, 0, 0
			fact := ""
			for _, c := range inOrder(calls) {
				if c.Principal.Key >= 100000 {
					n++
				}
				for _, s := range accusations(e.Observe(nil, c)) {
					if s.Principal.Key < 100000 || slices.ContainsFunc(s.Members, func(p call.Principal) bool { return p.Key < 100000 }) {
						t.Errorf("%s, seed %d: accused %s: %s", f.name, seed, s.Principal.ID, s.Title)
					}
					if s.Detector == "bola_fanout" && f.named == 1 {
						continue // of the same principal: one incident
					}
					if s.Detector != f.kind {
						t.Errorf("%s, seed %d: also %s: %s", f.name, seed, s.Detector, s.Title)
						continue
					}
					if caught == 0 {
						caught = n
					}
					named = len(s.Members) + 1
					for _, g := range s.Facts {
						if g.Name == "client addresses" {
							fact = g.Value
						}
					}
				}
			}
			found = append(found, caught)
			if named < f.named/2 || named > f.named {
				t.Errorf("%s, seed %d: %d named of %d", f.name, seed, named, f.named)
			}
			if !strings.HasPrefix(fact, strings.TrimSuffix(f.fact, "es")) {
				t.Errorf("%s, seed %d: addresses %q, want %q", f.name, seed, fact, f.fact)
			}
		}
		slices.Sort(found)
		t.Logf("%-32s caught after %v", f.name, found)
		if found[0] == 0 || found[len(found)-1] > 15 {
			t.Errorf("%s: caught after %v", f.name, found)
		}
	}
}

// TestAcross_Warm splits one walk over fifty accounts of a known hospital, five identifiers a day each beside their
// honest work: in order, and shuffled in two thousand.
func TestAcross_Warm(t *testing.T) {
	const days, accounts, each = 13, 50, 5
	for _, f := range []struct {
		name string
		most int
	}{{"in order", 15}, {"shuffled", 100}} {
		for seed := int64(1); seed <= 2; seed++ {
			h := newHospital(seed, 400, 200000)
			e := New(Defaults())
			base, perm := 20000+h.rng.Intn(150000), h.rng.Perm(2000)
			bad := map[uint64]bool{}
			for i := range accounts {
				bad[h.people[i*3].who.Key] = true
			}
			n, caught := 0, 0
			var told Signal
			for d := range days {
				var calls []*call.Call
				for _, v := range h.day(d) {
					who, id := h.people[v.person].who, plainID(v.id)
					if v.listed {
						calls = append(calls, h.list(v.at-2*second, who, []string{id}, false))
					}
					calls = append(calls, h.open(v.at, who, id, 200))
				}
				for i := range accounts * each {
					if d < days-1 {
						break
					}
					j := i
					if f.name == "shuffled" {
						j = perm[i]
					}
					c := h.open(epoch+clock.Time(d)*day+6*hour+clock.Time(i)*3*minute, h.people[i%accounts*3].who, plainID(base+j), 200)
					c.Stream = 1 // marks the attack for this test
					calls = append(calls, c)
				}
				for _, c := range inOrder(calls) {
					n += int(c.Stream)
					for _, s := range accusations(e.Observe(nil, c)) {
						if s.Detector == "distributed_enumeration" {
							told = s
							if caught == 0 {
								caught = n
							}
						}
					}
				}
			}
			right, wrong := 0, 0
			for _, m := range append(told.Members, told.Principal) {
				if bad[m.Key] {
					right++
				} else {
					wrong++
				}
			}
			t.Logf("%s, seed %d: caught after %d objects, %d of %d accounts named, %d others", f.name, seed, caught, right, accounts, wrong)
			if caught == 0 || caught > f.most || right < accounts*8/10 || wrong > 1 {
				t.Errorf("%s, seed %d", f.name, seed)
			}
		}
	}
}
