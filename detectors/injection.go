package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/inject"
)

// injection finds requests whose values would be read as a language by what is behind the server: SQL, a shell, paths,
// templates and the others of package inject. The syntax of one value is weak evidence, as people write what they
// like into free text; so it takes a form that no honest value has, or an answer that shows the payload at work, or
// the repetition of one who tries things out. The weaker forms in long texts, headers and parameters where three
// others send the same count only with an answer.
type injection struct {
	scene    *scene
	profiles *lru[valueProfile]
	cases    *casebook[injector]
}

func newInjection(s *scene) *injection {
	d := &injection{scene: s}
	d.profiles = newLRU(s.cfg.Profiles, func(v *valueProfile) bool { return v.answered < 5 }, nil)
	d.cases = newCasebook(s, s.cfg.Principals, d.describe)
	return d
}

func (*injection) Name() string { return "injection" }
func (*injection) Key() Key     { return ByPrincipal }

const (
	payloadsAlarm = 3           // different payloads of one principal that are no accident
	payloadsTime  = 10 * minute // when they come within it
	longValue     = 256         // bytes from which a value is a text or a document
	namesKept     = 4           // parameters that a finding names
)

// injector is one who has sent payloads.
type injector struct {
	families  inject.Family
	sure      inject.Family
	worked    inject.Family             // of which an answer showed the effect
	shown     exposure.Set              // in those answers
	recent    [payloadsAlarm]clock.Time // when the last different payloads came, newest first
	values    [8]uint64                 // the last different payloads
	at        int
	payloads  int // different ones
	failed    int // answered with 5xx
	waited    int // answered as late as they asked
	blocked   int // refused with 403, 406 or 429
	confirmed int // different payloads of which an answer showed the effect
	names     []string
	before    stated // when it was last told
}

// stated is what a finding said last: what has come since is new.
type stated struct {
	families, worked inject.Family
	names            int
}

// Forget frees those who have sent nothing of the kind for a day; what is usual is kept as long as it is used.
func (d *injection) Forget(now clock.Time) {
	d.cases.forget(now, payloadsTime)
	d.profiles.dropOldest(func(v *valueProfile) bool { return now-v.seen > contactHalf*2 })
}

func (d *injection) count(st *Stats) {
	st.EvictedProfiles += d.profiles.evicted
	d.cases.count(st)
}

// Observe folds one call. The request alone is judged, with the beginning of its answer, so later parts of a long
// exchange say nothing new.
func (d *injection) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued {
		return dst
	}
	v := d.profiles.find(c.Endpoint)
	found := false
	for i := range c.Args {
		if c.Args[i].Look.Families != 0 {
			found = true
			break
		}
	}
	if found {
		n := len(dst)
		if dst = d.judge(dst, c, v); len(dst) > n {
			return dst
		}
		if f := d.cases.find(callerKey(c)); f != nil && f.open(d.scene.now) {
			return dst
		}
	}
	if c.Status == 0 || v == nil && (!c.OK() || c.Endpoint == 0) {
		return dst
	}
	if v == nil {
		v, _ = d.profiles.use(c.Endpoint)
	} else if d.scene.now-v.seen > hour {
		d.profiles.use(c.Endpoint)
	}
	if v.answered == 0 || d.scene.now-v.seen > hour {
		v.seen = d.scene.now
	}
	v.learn(c, callerKey(c))
	return dst
}

// payload is what one call shows.
type payload struct {
	families, sure, worked inject.Family
	counts                 bool // towards repetition
	waited, failed         bool
	shown                  exposure.Set
}

// judge weighs a call with values that look like payloads.
func (d *injection) judge(dst []Signal, c *call.Call, v *valueProfile) []Signal {
	var all payload
	fresh := 0
	var f *dossier[injector]
	for i := range c.Args {
		a := &c.Args[i]
		if a.Look.Families == 0 {
			continue
		}
		p := weigh(c, a, v)
		if p.families == 0 || !p.counts && p.sure == 0 && p.worked == 0 {
			continue
		}
		if f == nil {
			f = d.cases.of(callerKey(c))
			d.stale(f)
		}
		all.families |= p.families
		all.sure |= p.sure
		all.worked |= p.worked
		all.shown |= p.shown
		all.waited, all.failed = all.waited || p.waited, all.failed || p.failed
		value := a.Value ^ uint64(a.Look.Families)
		if operator(a) {
			value ^= a.Key // the payload is the name
		}
		if f.state.send(value, d.scene.now) {
			if fresh++; p.worked != 0 {
				f.state.confirmed++
			}
		}
		f.state.name(a)
	}
	if f == nil {
		return dst
	}
	s := &f.state
	s.families |= all.families
	s.sure |= all.sure
	s.worked |= all.worked
	s.shown |= all.shown
	if all.waited {
		s.waited++
	}
	if all.failed {
		s.failed++
	}
	if c.Status == 403 || c.Status == 406 || c.Status == 429 {
		s.blocked++
	}
	d.cases.note(f, c)
	often := s.recent[payloadsAlarm-1] != 0 && d.scene.now-s.recent[payloadsAlarm-1] <= payloadsTime
	if !f.open(d.scene.now) && s.sure == 0 && s.worked == 0 && !often {
		return dst
	}
	n := len(dst)
	if dst = d.cases.tell(dst, f, c); len(dst) > n {
		s.before = stated{s.families, s.worked, len(s.names)}
	}
	return dst
}

// stale forgets a suspicion that came to nothing.
func (d *injection) stale(f *dossier[injector]) {
	if f.calls > 0 && !f.open(d.scene.now) && d.scene.now-f.last > payloadsTime {
		d.cases.drop(f)
	}
}

// weigh says what one value of a call shows.
func weigh(c *call.Call, a *call.Arg, v *valueProfile) payload {
	const always = inject.JNDI | inject.Deserialising | inject.XXE // nobody's usual input
	p := payload{families: a.Look.Families, sure: a.Look.Sure}
	free := false
	if v != nil {
		if k := v.parameter(a.Key); k != nil {
			p.families &^= k.families &^ always
			p.sure &^= k.families &^ always
			free = k.values >= 5 && a.Look.Chars&signs&^k.chars == 0
		}
	}
	if p.families == 0 {
		return p
	}
	if a.Where == call.InBody && prose.in(lastName(a.Name)) != "" { // people write there what they like, and editors send pages
		p.sure &^= inject.XSS | inject.Path | inject.Template | inject.SQL
		free = true
	}
	if a.Len > longValue { // pages and documents hold scripts, and speak of files
		p.sure &^= inject.XSS | inject.Path | inject.Command | inject.Template
	}
	weak := inject.XPath | inject.Lines | inject.Deserialising
	if c.Flags&call.Login == 0 && !anything(a) && !(operator(a) && v != nil && v.known()) {
		weak |= inject.NoSQL // operators are how some applications write filters
	}
	strong := p.sure != 0 || p.families&^weak != 0 && a.Len <= longValue && a.Where != call.InHeader
	p.counts = p.sure != 0 || strong && !free
	p.shown = c.Answer.Set & effects(p.families)
	switch {
	case p.shown != 0:
		p.worked = p.families
	case a.Look.Delay > 0 && v != nil && v.known() && c.TTFB >= clock.Time(a.Look.Delay)*(minute/60) && c.TTFB > 4*v.wait:
		p.worked, p.waited = p.families, true
	}
	if failure(c.Status) {
		p.failed = true
		if v != nil && v.known() && !v.fails() && strong {
			p.worked = p.families
		}
	}
	return p
}

// prose are the names of what is written to be read, in whole or as their beginning.
var prose = wordList{"html", "text", "note", "body", "content", "template", "message", "comment", "remark", "description", "narrative", "letter",
	"summary", "finding", "impression", "assessment", "instruction", "history", "subjective", "objective", "plan", "div", "markdown", "css",
	"signature", "reason", "diagnosis", "complaint"}

// failure tells whether a status says that the program failed: not that a gateway found none.
func failure(status int) bool { return status == 500 || status == 501 || status >= 505 && status < 600 }

// operator tells whether a parameter of the query bears an operator that no search form needs, where others send none.
func operator(a *call.Arg) bool {
	if a.Where != call.InQuery || a.Look.Families&inject.NoSQL == 0 {
		return false
	}
	for _, op := range [...]string{"[$ne]", "[$regex]", "[$where]", "[$gt]", "[$nin]", "[$exists]"} {
		if strings.HasSuffix(a.Name, op) {
			return true
		}
	}
	return false
}

// anything tells whether the operand of an operator is one that only a way around a login has: none, anything at all.
func anything(a *call.Arg) bool {
	return a.Kind == call.Null || a.Text == "" && a.Kind == call.String || strings.HasPrefix(a.Text, ".*") || strings.HasPrefix(a.Text, "^")
}

// effects is what an answer shows when a payload of the families has worked.
func effects(f inject.Family) (set exposure.Set) {
	for _, e := range [...]struct {
		families inject.Family
		set      exposure.Set
	}{
		{inject.SQL | inject.NoSQL, exposure.DatabaseError}, {inject.LDAP, exposure.LDAPError}, {inject.XPath | inject.XXE, exposure.XMLError},
		{inject.Command, exposure.CommandOutput | exposure.SystemFile}, {inject.Path | inject.XXE, exposure.SystemFile},
		{inject.Template, exposure.TemplateError | exposure.CommandOutput}, {inject.Deserialising | inject.JNDI, exposure.StackTrace},
	} {
		if f&e.families != 0 {
			set |= e.set
		}
	}
	return set
}

// send notes a payload and tells whether it is another than those before.
func (s *injector) send(value uint64, now clock.Time) bool {
	for _, x := range s.values {
		if x == value {
			return false
		}
	}
	s.values[s.at%len(s.values)] = value
	s.at++
	s.payloads++
	copy(s.recent[1:], s.recent[:payloadsAlarm-1])
	s.recent[0] = now
	return true
}

// name notes a parameter.
func (s *injector) name(a *call.Arg) {
	if len(s.names) == namesKept {
		return
	}
	name := parameterName(a)
	for _, n := range s.names {
		if n == name {
			return
		}
	}
	s.names = append(s.names, name)
}

// parameterName is how a finding names a parameter: without what could be an identifier or a payload in its name.
func parameterName(a *call.Arg) string {
	if a.Where == call.InHeader {
		return "header " + cleanName(a.Name)
	}
	if a.Name == "" {
		return "the whole body"
	}
	return cleanName(a.Name)
}

// cleanName keeps of a name what a program would call something: the rest, and long numbers, become dots.
func cleanName(name string) string {
	var b strings.Builder
	digits := 0
	for i := 0; i < len(name) && b.Len() < 40; i++ {
		x := name[i]
		if x >= '0' && x <= '9' {
			digits++
		} else {
			digits = 0
		}
		switch {
		case digits > 3:
		case x >= 'a' && x <= 'z', x >= 'A' && x <= 'Z', x >= '0' && x <= '9', strings.IndexByte("_-.$[]!", x) >= 0:
			b.WriteByte(x)
		default:
			b.WriteByte('.')
		}
	}
	return b.String()
}

// describe states a case as it stands.
func (d *injection) describe(f *dossier[injector]) Signal {
	s := &f.state
	sig := Signal{Detector: "injection", Severity: Medium, Confidence: 70, Score: float64(s.payloads), Threshold: payloadsAlarm}
	kinds := injections(s.families)
	sig.Title = fmt.Sprintf("{principal} tried to inject %s in %s to %s", kinds, count(f.calls, "request"), f.route())
	sig.Expected = "Values that people and programs send here are data: they hold no syntax of " + kinds
	sig.Observed = fmt.Sprintf("%s in %s (%s), in %s", count(s.payloads, "payload"), plural("parameter", s.names), strings.Join(s.names, ", "), span(f.last-f.since))
	var effect []string
	if s.shown != 0 {
		effect = append(effect, "answers show "+showings(s.shown))
	}
	if s.failed > 0 {
		effect = append(effect, fmt.Sprintf("%d made the server fail", s.failed))
	}
	if s.waited > 0 {
		effect = append(effect, fmt.Sprintf("%d made it wait as long as they asked", s.waited))
	}
	if s.blocked > 0 {
		effect = append(effect, fmt.Sprintf("%d were blocked", s.blocked))
	}
	if len(effect) > 0 {
		sig.Observed += "; " + strings.Join(effect, ", ")
	}
	switch {
	case s.worked != 0 && (s.sure&s.worked != 0 || s.confirmed > 1):
		sig.Severity, sig.Confidence = High, 95
		sig.Title += ", and the server reacts"
	case s.sure != 0:
		sig.Confidence = 85
	}
	if news := s.news(); len(news) > 0 {
		sig.Title += "; new: " + strings.Join(news, ", ")
	}
	sig.Observed += ". A security test that was agreed on would explain it"
	sig.Facts = []Fact{{"kinds", kinds}, {"payloads", strconv.Itoa(s.payloads)}, {"forms no honest value has", yes(s.sure != 0)},
		{"parameters", strings.Join(s.names, ", ")}, {"answers that show an effect", strconv.Itoa(s.confirmed)},
		{"failures of the server", strconv.Itoa(s.failed)}, {"blocked", strconv.Itoa(s.blocked)}}
	return sig
}

// news is what has come since the case was last told; nothing the first time.
func (s *injector) news() (news []string) {
	if s.before.families == 0 {
		return nil
	}
	if more := s.families &^ s.before.families; more != 0 {
		news = append(news, injections(more))
	}
	if more := s.worked &^ s.before.worked; more != 0 {
		news = append(news, "a reaction to "+injections(more))
	}
	if more := s.names[min(s.before.names, len(s.names)):]; len(more) > 0 {
		news = append(news, plural("parameter", more)+" "+strings.Join(more, ", "))
	}
	return news
}

func plural(noun string, of []string) string {
	if len(of) == 1 {
		return noun
	}
	return noun + "s"
}

// close states the cases that have grown since they last were.
func (d *injection) close(dst []Signal) []Signal { return d.cases.close(dst) }

// injections names kinds of injection.
func injections(set inject.Family) string {
	names := [inject.NumFamilies]string{"SQL", "NoSQL operators", "LDAP filters", "XPath", "shell commands", "paths to other files",
		"template expressions", "XML entities", "Log4j lookups", "scripts", "serialised objects", "header lines"}
	var out []string
	for i, name := range names {
		if set&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return listed(out)
}

// showings names what answers show.
func showings(set exposure.Set) string {
	var out []string
	for _, s := range [...]struct {
		set  exposure.Set
		name string
	}{
		{exposure.DatabaseError, "errors of a database"}, {exposure.LDAPError, "errors of LDAP"}, {exposure.XMLError, "errors of an XML parser"},
		{exposure.TemplateError, "errors of a template"}, {exposure.CommandOutput, "the output of a command"},
		{exposure.SystemFile, "a file of the system"}, {exposure.StackTrace, "frames of the program"},
	} {
		if set&s.set != 0 {
			out = append(out, s.name)
		}
	}
	return listed(out)
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
