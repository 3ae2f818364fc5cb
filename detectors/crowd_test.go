package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestAges_Meet holds that what one principal alone asked for is not the newest number, and that what two did is.
func TestAges_Meet(t *testing.T) {
	a := &ages{}
	for _, f := range []struct{ x, who, newest uint64 }{
		{100, 1, 0}, {90, 2, 90}, {120, 1, 90}, {9999999, 1, 90}, {110, 2, 110}, {5000, 1, 110}, {115, 2, 115},
	} {
		if a.meet(f.x, f.who); a.newest != f.newest {
			t.Errorf("after %d by %d the newest is %d, want %d", f.x, f.who, a.newest, f.newest)
		}
	}
}

// TestStrangers reads patients in no order from addresses without a credential, where people have shown one for days,
// for an hour, or never; and what reads so every day says nothing.
func TestStrangers(t *testing.T) {
	for _, f := range []struct {
		name      string
		days      int
		hosts     int
		each, all int // patients read so on every day, and in the attack
		most      int // patients until it is told, 0 for never
	}{
		{"twenty addresses, known site", 6, 20, 0, 120, 50},
		{"twenty addresses, first day", 1, 20, 0, 120, 50},
		{"a board that is read all day", 6, 3, 60, 60, 0},
		{"one address", 6, 1, 0, 120, 0},
	} {
		h := newHospital(3, 60, 40000)
		e := New(Defaults())
		n, caught, members := 0, 0, 0
		for d := range f.days {
			var calls []*call.Call
			for _, v := range h.day(d) {
				who, id := h.people[v.person].who, plainID(v.id)
				if v.listed {
					calls = append(calls, h.list(v.at-2*second, who, []string{id}, false))
				}
				c := h.open(v.at, who, id, 200)
				c.Auth = call.Auth{Scheme: call.Bearer}
				calls = append(calls, c)
			}
			reads, last := f.each, d == f.days-1
			if last {
				reads = f.all
			}
			for i := range reads {
				p := call.Principal{Key: uint64(200000 + i%f.hosts), Kind: call.Address, ID: fmt.Sprintf("10.9.9.%d", i%f.hosts)}
				at := 12*hour + clock.Time(i)*20*second
				if f.each > 0 {
					at = clock.Time(i) * day / 64
				}
				c := h.open(epoch+clock.Time(d)*day+at, p, plainID(1+h.rng.Intn(39000)), 200)
				c.Client.Addr[15], c.Auth = byte(200+i%f.hosts), call.Auth{}
				if last {
					c.Stream = 1
				}
				calls = append(calls, c)
			}
			for _, c := range inOrder(calls) {
				n += int(c.Stream)
				for _, s := range e.Observe(nil, c) {
					if s.Detector != "distributed_enumeration" {
						continue
					}
					members = len(s.Members) + 1
					if caught == 0 {
						caught = max(1, n)
					}
					if s.Principal.Key < 200000 || s.Severity < Medium {
						t.Errorf("%s: %v %s", f.name, s.Severity, s.Principal.ID)
					}
				}
			}
		}
		t.Logf("%s: after %d patients, %d named", f.name, caught, members)
		if (caught == 0) != (f.most == 0) || caught > f.most || f.most > 0 && members < f.hosts/2 {
			t.Errorf("%s: after %d patients, %d named", f.name, caught, members)
		}
	}
}
