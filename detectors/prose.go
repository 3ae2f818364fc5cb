package detectors

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// describeWalk writes what a finding of stream D or E says.
func (s *scene) describeWalk(sig *Signal, f *casefile, l *lattice) {
	n, took := f.objects.Len(), span(f.last-f.since)
	what := thing(f)
	if !f.walked {
		sig.Title = fmt.Sprintf("{principal} asked for %s that %s mostly refused, in %s", count(n, what), isAre(n), took)
		sig.Expected = "People ask for records that exist and that they may see: refusals are few"
		sig.Observed = fmt.Sprintf("%d of %d calls were refused (403, 404): probing", f.refusals, f.calls)
		sig.Facts = s.facts(sig, f)
		return
	}
	verb := "read"
	if f.refusals*2 > f.calls {
		verb = "tried"
	}
	t := bestTrack(l)
	words, shape := f.tells(), "lie close together"
	if t != nil && t.exact >= t.near && float64(t.exact) >= float64(l.nearness) {
		switch {
		case t.step == 1:
			shape = "run one after another"
		case t.step == -1:
			shape = "run one after another, downwards"
		default:
			shape = "are " + strconv.FormatInt(abs(t.step), 10) + " apart"
		}
	} else if l == nil && words.shape != "" {
		shape = words.shape // an update: the evidence was reset when the walk was told
	}
	words.shape = shape
	sig.Title = fmt.Sprintf("{principal} %s %s whose numbers %s, in %s", verb, count(n, what), shape, took)
	sig.Expected = "Patients come from worklists, searches and colleagues, so the numbers one person asks for are scattered"
	sig.Observed = fmt.Sprintf("%s in %s; their numbers %s and no answer had delivered them", count(n, what), count(f.calls, "call"), shape)
	if f.refusals > 0 {
		sig.Observed += fmt.Sprintf("; %d refused", f.refusals)
		if f.refusals*2 > f.calls {
			sig.Observed += ", so this is probing"
		}
	}
	if t != nil {
		words.step = t.step
		words.fill = fill(l, t)
	}
	sig.Facts = s.facts(sig, f)
	if words.step != 0 {
		sig.Facts = append(sig.Facts, Fact{"step", strconv.FormatInt(words.step, 10)}, Fact{"range filled", percent(words.fill)})
	}
}

// bestTrack is the track that says most, or nil.
func bestTrack(l *lattice) *track {
	if l == nil {
		return nil
	}
	var best *track
	for _, tracks := range l.tracks() {
		for i := range tracks {
			if t := &tracks[i]; best == nil || t.w() > best.w() {
				best = t
			}
		}
	}
	return best
}

// fill is the share of the numbers between the ends of a track that were asked for.
func fill(l *lattice, t *track) float64 {
	lo, hi := min(t.from, t.last), max(t.from, t.last)
	in := 0
	for _, x := range l.sorted {
		if x >= lo && x <= hi {
			in++
		}
	}
	return min(1, float64(in)/float64(hi-lo+1))
}

// describeAcross writes what a walk of several principals says.
func (s *scene) describeAcross(sig *Signal, t *track) {
	f := &t.names.file
	n, who := f.objects.Len(), len(sig.Members)+1
	verb := "read"
	if f.refusals*2 > f.calls {
		verb = "try"
	}
	sig.Title = fmt.Sprintf("{principal} and %s took turns to %s %s in order, in %s",
		count(who-1, "other account"), verb, count(n, thing(f)), span(f.last-f.since))
	sig.Expected = "Different people ask for different patients; the next number is seldom the next person's"
	sig.Observed = fmt.Sprintf("%s walked one range together: %s, %d refused", count(who, "account"), count(f.calls, "call"), f.refusals)
	sig.Facts = append(s.facts(sig, f), Fact{"accounts", strconv.Itoa(who)}, Fact{"client addresses", t.names.addresses()}, Fact{"step", strconv.FormatInt(t.step, 10)})
}

// describeFanout writes what a finding of streams U and F says.
func (s *scene) describeFanout(sig *Signal, f *casefile) {
	took := span(f.last - f.since)
	n := f.objects.Len()
	if f.given > 0 {
		sig.Title = fmt.Sprintf("{principal} was given %s by searches, in %s", count(sig.People, "patient"), took)
		sig.Observed = fmt.Sprintf("%s delivered, %d of them opened", count(f.given, "patient"), n)
	} else {
		did := "opened"
		if 2*f.deletes > f.calls {
			did = "deleted records of"
		}
		sig.Title = fmt.Sprintf("{principal} %s %s in %s, %d of them for no visible reason", did, count(n, "patient"), took, f.reasonless)
		if f.reasonless*2 < n {
			sig.Title = fmt.Sprintf("{principal} %s %s in %s; usual is about %s", did, count(n, "patient"), took, f.tells().usual)
		}
		sig.Observed = fmt.Sprintf("%s in %s: %d delivered by a list or search first, %d seen by colleagues, %d unexplained",
			count(n, "patient"), count(f.calls, "call"), f.delivered, f.peer, f.reasonless)
		if f.refusals > 0 {
			sig.Observed += fmt.Sprintf("; %d refused", f.refusals)
			if f.refusals*2 > f.calls {
				sig.Observed += ", so this is probing"
			}
		}
	}
	sig.Facts = append(s.facts(sig, f),
		Fact{"delivered before", strconv.Itoa(f.delivered)}, Fact{"seen by colleagues", strconv.Itoa(f.peer)},
		Fact{"unexplained", strconv.Itoa(f.reasonless)})
	sig.Facts = append(sig.Facts, f.tells().facts...)
}

// expectFanout writes what was usual, and the counts that were not, at the time of the alarm.
func (s *scene) expectFanout(sig *Signal, f *casefile, v [measures]verdict) {
	worst := opened
	for m := range v {
		if v[m].p < v[worst].p {
			worst = measure(m)
		}
	}
	words := f.tells()
	words.usual = count(int(max(1, math.Round(v[worst].mean))), "new patient") + " in " + scales[v[worst].scale].name
	sig.Expected = "Like colleagues: about " + words.usual + ", nearly all from lists, searches or earlier care"
	words.facts = nil
	for m, name := range [...]string{"patients opened", "opened unexplained", "patients delivered"} {
		if v[m].p < 1e-4 {
			words.facts = append(words.facts, Fact{name + " in " + scales[v[m].scale].name, strconv.Itoa(v[m].n)},
				Fact{name + ": chance", fmt.Sprintf("%.0e", v[m].p)})
		}
	}
}

// describeSize writes what an oversized answer says.
func describeSize(sig *Signal, c *call.Call, class sizeClass, why string, usual int) {
	people := c.PHI.People
	route := c.Method + " " + c.Route
	switch why {
	case whyBulk:
		sig.Title = fmt.Sprintf("{principal} exported %s in bulk", count(people, "patient"))
		sig.Expected = "Bulk exports are made by known machines, not by people"
		sig.Observed = fmt.Sprintf("first bulk answer to this principal: %s, %d bytes", count(people, "patient"), c.PHI.Bytes)
	case whyAsked:
		sig.Title = fmt.Sprintf("{principal} asked for %d records a page and got %s", c.Asked, count(people, "patient"))
		sig.Expected = fmt.Sprintf("pages of at most %d here", usual)
		sig.Observed = fmt.Sprintf("page size %d, %s in one answer", c.Asked, count(people, "patient"))
	case whyMild:
		sig.Title = "{principal} keeps drawing large answers about many patients"
		sig.Expected = "few answers of this size"
		sig.Observed = fmt.Sprintf("answers of more than %d patients again and again, the last with %d", mild, people)
	case whyPages:
		sig.Title = "{principal} draws the list of patients in large pages, one soon after the other"
		sig.Expected = fmt.Sprintf("pages of at most %d here, and few of them; nobody else in view draws pages of this size", pageNormal)
		sig.Observed = fmt.Sprintf("%d large pages or more within minutes of one another, %d patients or more not given before, the last page with %d",
			pullPages, pullPeople, people)
	default:
		sig.Title = fmt.Sprintf("{principal} got %s in one answer", count(people, "patient"))
		sig.Expected = fmt.Sprintf("fewer than %.0f patients: the endpoint is %s", sig.Threshold, sizeClasses[class])
		sig.Observed = fmt.Sprintf("%s, %d records, %d bytes of one answer", count(people, "patient"), c.PHI.Records, c.PHI.Bytes)
	}
	sig.Facts = []Fact{{"endpoint", route}, {"kind of endpoint", sizeClasses[class]}, {"patients", strconv.Itoa(people)},
		{"records", strconv.Itoa(c.PHI.Records)}, {"page size asked", strconv.Itoa(c.Asked)}}
	if c.PHI.Cut {
		sig.Facts = append(sig.Facts, Fact{"scan", "cut short: at least these"})
	}
}

// facts are the numbers that every finding of a sum has.
func (s *scene) facts(sig *Signal, f *casefile) []Fact {
	known := "known site"
	if s.cold() {
		known = "site not yet known: shipped norms and the others in view judge"
	}
	return []Fact{
		{"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)},
		{"odds", fmt.Sprintf("10^%.0f to 1", math.Round(sig.Score/math.Ln10))},
		{"refused", strconv.Itoa(f.refusals)},
		{"baseline", known},
	}
}

// thing is what the case touched: patients when it named any.
func thing(f *casefile) string {
	if f.people.Len() > 0 || f.patient {
		return "patient"
	}
	return "record"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func isAre(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) }

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 0, 64) + " %" }

// span is a duration as people say it.
func span(t clock.Time) string {
	d := time.Duration(t)
	switch {
	case d < 1500*time.Millisecond:
		return "a second"
	case d < 2*time.Minute:
		return number(d.Seconds()) + " seconds"
	case d < 2*time.Hour:
		return number(d.Minutes()) + " minutes"
	case d < 48*time.Hour:
		return number(d.Hours()) + " hours"
	}
	return number(d.Hours()/24) + " days"
}
