package detectors

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// recode writes every patient's number in calls as an application with that code would.
func recode(calls []*call.Call, code func(uint64) string) {
	for _, c := range calls {
		for i := range c.Objects {
			o := &c.Objects[i]
			n, _ := strconv.ParseUint(o.ID, 10, 64)
			o.ID = code(n)
			o.Key = patientKey(o.ID)
		}
		c.Delivered = c.Delivered[:0]
		for _, o := range c.Objects {
			if o.Where == call.InResponse {
				c.Delivered = append(c.Delivered, o.Key)
			}
		}
	}
}

// sqid and hashid write one number as the encoders do, by trying what their decoders read.
func encoded(letters string, decode func([]byte) (uint64, bool)) func(uint64) string {
	codes := map[uint64]string{}
	var try func(b []byte, depth int)
	try = func(b []byte, depth int) {
		if depth == 0 {
			if n, ok := decode(b); ok && n < 6000 && codes[n] == "" {
				codes[n] = string(b)
			}
			return
		}
		for i := range len(letters) {
			try(append(b, letters[i]), depth-1)
		}
	}
	try(nil, 2)
	try(nil, 3)
	return func(n uint64) string { return codes[n] }
}

// TestColdStart_Codes walks numbers in every code and several orders, in captures without history: by the walk
// alone where it has a step, at twelve seconds a step beside honest work of the same account.
func TestColdStart_Codes(t *testing.T) {
	orders := []struct {
		name  string
		limit int
		at    func(i int) int
	}{
		{"ascending", 20, func(i int) int { return i }},
		{"descending", 20, func(i int) int { return 300 - i }},
		{"every seventh", 20, func(i int) int { return 7 * i }},
		{"shuffled", 40, func(i int) int { return i * 83 % 199 }},
	}
	codes := append(slices.Clone(coders), []struct {
		name string
		code func(uint64) string
	}{
		{"Sqids", encoded("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", decodeSqids)},
		{"Hashids", encoded(hashidsAlphabet, decodeHashids)},
	}...)
	for _, code := range codes {
		for _, o := range orders {
			var found []int
			for seed := int64(1); seed <= 6; seed++ {
				w := newSmallWorld(seed, 15)
				calls := w.benign(2)
				at := epoch + clock.Time(w.rng.Float64()*float64(hour))
				for i := range 60 {
					calls = append(calls, w.open(at+clock.Time(i)*12*second, evil, plainID(1230+o.at(i)), 200))
				}
				recode(calls, code.code)
				e, n, caught := New(Defaults()), 0, 1000
				for _, c := range inOrder(calls) {
					if c.Principal.Key == evil.Key {
						n++
					}
					for _, s := range accusations(e.Observe(nil, c)) {
						switch {
						case s.Principal.Key != evil.Key:
							t.Errorf("%s %s, seed %d: accused %s: %s", code.name, o.name, seed, s.Principal.ID, s.Title)
						case s.Detector == "sequential_enumeration" || o.name == "shuffled":
							caught = min(caught, n)
						}
					}
				}
				found = append(found, caught)
			}
			slices.Sort(found)
			t.Logf("%-22s %-14s caught after %v", code.name, o.name, found)
			if found[len(found)-1] > o.limit {
				t.Errorf("%s %s: caught after %v, allowed %d", code.name, o.name, found, o.limit)
			}
		}
	}
}

// TestRefusals guesses numbers of which one in a hundred exists: in order it is a walk, in none it is for recon_probe.
func TestRefusals(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		for _, order := range []bool{true, false} {
			w := newSmallWorld(seed, 15)
			calls := w.benign(2)
			for i := range 80 {
				n := 500000 + i
				if !order {
					n = w.rng.Intn(1 << 40)
				}
				status := 404
				if i%40 == 20 {
					status = 200
				}
				calls = append(calls, w.open(epoch+hour+clock.Time(i)*clock.Time(time.Second), evil, plainID(n), status))
			}
			after := 0
			e := New(Defaults())
			n := 0
			for _, c := range inOrder(calls) {
				if c.Principal.Key == evil.Key {
					n++
				}
				for _, s := range accusations(e.Observe(nil, c)) {
					if s.Detector == "sequential_enumeration" && after == 0 {
						after = n
						if s.Severity != Medium {
							t.Errorf("seed %d: refusals alone are %v", seed, s.Severity)
						}
					}
				}
			}
			if order && (after == 0 || after > 14) || !order && after != 0 {
				t.Errorf("seed %d, in order %v: told as a walk after %d", seed, order, after)
			}
		}
	}
}
