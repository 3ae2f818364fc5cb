package world_test

import (
	"fmt"
	"hash/fnv"
	"testing"

	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

func small(seed uint64) world.Config {
	c := world.Default(seed)
	c.People, c.Patients = 60, 5000
	return c
}

func play(c world.Config, days int, see func(*call.Call, world.Mark)) {
	w := world.New(c)
	for range days {
		w.Day(see)
	}
}

// digest plays days and hashes what the calls say.
func digest(c world.Config, days int) uint64 {
	h := fnv.New64a()
	play(c, days, func(k *call.Call, m world.Mark) {
		fmt.Fprintln(h, k.Order, k.Method, k.Target, k.Status, k.Principal.Key, len(k.Objects), len(k.Delivered), k.Args, m)
	})
	return h.Sum64()
}

func TestDay_SameSeedSameCalls(t *testing.T) {
	a, b, c := digest(small(7), 3), digest(small(7), 3), digest(small(8), 3)
	if a != b {
		t.Error("one seed, two streams")
	}
	if a == c {
		t.Error("two seeds, one stream")
	}
}

// TestDay_Calls holds what every detector builds on: calls come in the order of time, and each names what it should.
func TestDay_Calls(t *testing.T) {
	for s := range 10 {
		c := small(3)
		c.IDs, c.Roles, c.India, c.Hard = world.Scheme(s), s%2 == 0, s%3 == 0, 5
		var last call.Order
		n := 0
		play(c, 8, func(k *call.Call, m world.Mark) {
			n++
			if last.Compare(k.Order) >= 0 {
				t.Fatalf("%v: call %v comes after %v", c.IDs, k.Order, last)
			}
			last = k.Order
			for _, o := range k.Objects {
				if o.ID == "" || o.Key == 0 || o.Param == 0 {
					t.Fatalf("%v: %s: object %+v", c.IDs, k.Target, o)
				}
			}
			if k.Principal.Key == 0 || k.Endpoint == 0 || k.Path == "" || k.PHI.People > 0 && !k.OK() {
				t.Fatalf("%v: %+v %v", c.IDs, k, m)
			}
			if m.Person < 0 {
				t.Fatal(m)
			}
		})
		if perDay := n / 8; perDay < 60*60 || perDay > 60*250 {
			t.Errorf("%v: %d calls a day of 60 people", c.IDs, perDay)
		}
	}
}

// TestDay_Tags holds that what looks bad does happen.
func TestDay_Tags(t *testing.T) {
	c := small(1)
	c.People, c.Hard = 400, 10
	seen := map[world.Tag]int{}
	play(c, 8, func(_ *call.Call, m world.Mark) { seen[m.Tag]++ })
	for tag := range world.Tags {
		if tag := world.Tag(tag); seen[tag] == 0 && tag != world.Attack && tag != world.Skew {
			t.Errorf("no call of %v", tag)
		}
	}
}

func TestIDs_Distinct(t *testing.T) {
	for s := range 10 {
		c := small(1)
		c.IDs = world.Scheme(s)
		w := world.New(c)
		seen := map[string]bool{}
		for n := 1; n <= w.Top(); n++ {
			id, _ := w.ID(n)
			if seen[id] {
				t.Fatalf("%v: %s twice", c.IDs, id)
			}
			seen[id] = true
		}
	}
}

func TestOpen_IsMade(t *testing.T) {
	w := world.New(small(2))
	at := world.Epoch + 10*world.Hour
	for i := range 5 {
		w.Open(at+clock.Time(i)*world.Second, 3, 100+i, func(k *call.Call) { k.Status = 403 })
	}
	n := 0
	w.Day(func(k *call.Call, m world.Mark) {
		if m.Tag == world.Attack {
			id, key := w.ID(100 + n)
			if k.Status != 403 || m.Person != 3 || k.Objects[0].ID != id || k.Objects[0].Key != key {
				t.Errorf("%+v %v", k, m)
			}
			n++
		}
	})
	if n != 5 {
		t.Errorf("%d of 5 calls", n)
	}
}

func BenchmarkDay(b *testing.B) {
	w := world.New(world.Default(1))
	calls := 0
	for b.Loop() {
		w.Day(func(*call.Call, world.Mark) { calls++ })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(calls), "ns/call")
}
