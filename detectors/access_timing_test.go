package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
)

// accessWatchers are the detectors of credentials.
func accessWatchers(s *scene) []Detector {
	logins, tokens := newLogins(s), newTokenReuse(s)
	return []Detector{newMissingAuth(s), newWeakToken(s, tokens.uses), tokens, newHygiene(s), newBruteforce(s, logins),
		newSessions(s, logins, tokens.uses), newDefaultCredentials(s, logins), newAccountOracle(s, logins)}
}

// steadyCalls are reads of charts by many people with tokens.
func steadyCalls() []*call.Call {
	return repeat(4096, func(i int) []*call.Call {
		return []*call.Call{as(chart(from(i*100, i%500), i%3000), fmt.Sprint("u", i%500))}
	})
}

func TestAccess_Allocs(t *testing.T) {
	s := &scene{}
	s.init(Defaults())
	all, calls := accessWatchers(s), steadyCalls()
	var dst []Signal
	i := 0
	step := func() {
		c := calls[i%len(calls)]
		s.now = c.Time
		for _, d := range all {
			dst = d.Observe(dst[:0], c)
		}
		i++
	}
	for range 2 * len(calls) {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func BenchmarkAccess(b *testing.B) {
	s := &scene{}
	s.init(Defaults())
	all, calls := accessWatchers(s), steadyCalls()
	var dst []Signal
	b.ReportAllocs()
	for i := range b.N {
		c := calls[i%len(calls)]
		s.now = c.Time
		for _, d := range all {
			dst = d.Observe(dst[:0], c)
		}
	}
}
