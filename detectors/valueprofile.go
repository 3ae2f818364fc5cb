package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/inject"
)

// parametersKept bounds the parameters of one endpoint whose values are learned; of further ones nothing is known.
const parametersKept = 12

// valueProfile is what is usual in the requests of one endpoint: how it answers, how soon, and what signs its
// parameters hold when honest people fill them in.
type valueProfile struct {
	seen     clock.Time
	answered int // with anything
	failed   int // of them, with 5xx
	wait     clock.Time
	params   [parametersKept]parameterProfile
	n        int
}

// parameterProfile is what the values of one parameter have held that had signs at all.
type parameterProfile struct {
	key      uint64
	values   int
	chars    inject.Chars  // that at least two values had
	once     inject.Chars  // that one had
	families inject.Family // that values of three principals showed
	by       [2]uint64     // the first two who sent something of a family
	shown    inject.Family // by them
}

// The signs that a payload needs and a code, a name or a date does not have.
const signs = inject.SingleQuote | inject.DoubleQuote | inject.Semicolon | inject.Paren | inject.Angle | inject.Brace |
	inject.Dollar | inject.Backtick | inject.Pipe | inject.Backslash | inject.Star | inject.Hash

// learn adds an honest call.
func (v *valueProfile) learn(c *call.Call, who uint64) {
	if v.answered++; c.Status >= 500 {
		v.failed++
	}
	if c.TTFB > 0 { // an average of the last 16 or so, in whole nanoseconds
		if v.wait == 0 {
			v.wait = c.TTFB
		}
		v.wait += (min(c.TTFB, 4*v.wait) - v.wait) / 16
	}
	for i := range c.Args {
		a := &c.Args[i]
		if a.Look.Chars&signs == 0 && a.Look.Families == 0 {
			continue
		}
		p := v.parameter(a.Key)
		if p == nil {
			if v.n == parametersKept {
				continue
			}
			p = &v.params[v.n]
			p.key = a.Key
			v.n++
		}
		p.learn(&a.Look, who)
	}
}

func (p *parameterProfile) learn(l *inject.Look, who uint64) {
	p.values++
	p.chars |= p.once & l.Chars
	p.once |= l.Chars
	if l.Families == 0 {
		return
	}
	switch {
	case p.by[0] == 0 || p.by[0] == who:
		p.by[0] = who
	case p.by[1] == 0 || p.by[1] == who:
		p.by[1] = who
	default:
		p.families |= l.Families & p.shown
	}
	p.shown |= l.Families
}

// parameter is the profile of the parameter with the key, or nil.
func (v *valueProfile) parameter(key uint64) *parameterProfile {
	for i := range v.params[:v.n] {
		if v.params[i].key == key {
			return &v.params[i]
		}
	}
	return nil
}

// fails tells whether the endpoint is known to fail by itself.
func (v *valueProfile) fails() bool { return v.failed*20 > v.answered }

// known tells whether enough calls were seen to say how the endpoint answers.
func (v *valueProfile) known() bool { return v.answered >= 5 }
