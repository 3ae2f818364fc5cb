package detectors

import (
	"math"
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// excessProperty finds endpoints that return more than they should (OWASP API3:2023, CWE-213): secrets of accounts at
// once; numbers that name a person to the state in long lists; what a description of the API does not list; and what
// an endpoint begins to return one day and returns from then on. It speaks of the endpoint and accuses nobody.
type excessProperty struct {
	scene     *scene
	endpoints *lru[returns]
	api       answerSchema // nil without a description of the API
}

// answerSchema is what a description of the API says of the properties of an answer.
type answerSchema interface {
	// Unlisted is whether the answer to c is described and a property called name is not among what it lists.
	Unlisted(c *call.Call, name string) bool
}

// returns is what an endpoint returns.
type returns struct {
	seen     clock.Time
	answers  int // with records in them
	first    uint64
	several  bool      // principals were answered
	classes  phi.Class // of the first answers
	names    [8]uint64 // of properties in the first answers, a bit each
	features [12]feature
	n        int
}

// feature is a class, or a property of one, that an endpoint's first answers had not.
type feature struct {
	key     uint64
	class   phi.Class
	before  int    // answers without it
	hits    int    // with it, of one patient after another
	patient uint64 // of the last
	who     uint64 // to whom the first went
	others  bool   // it went to somebody else too
	mine    int    // answers to who since then
	told    bool
}

func newExcessProperty(s *scene) *excessProperty {
	d := &excessProperty{scene: s, endpoints: newLRU(s.cfg.Endpoints, func(r *returns) bool { return r.answers < usualAfter }, nil)}
	if s.cfg.API != nil {
		d.api = description{s.cfg.API}
	}
	return d
}

func (*excessProperty) Name() string { return "excess_property" }
func (*excessProperty) Key() Key     { return ByEndpoint }

// Forget frees the endpoints that have not answered for long.
func (d *excessProperty) Forget(now clock.Time) {
	d.endpoints.dropOldest(func(r *returns) bool { return now-r.seen > 2*contactHalf })
}

const (
	// national are the numbers by which a state or a bank knows somebody.
	national = phi.SSN | phi.Aadhaar | phi.PAN
	// byName are classes that a property's name must show: that a patient has such a code says nothing of the endpoint.
	byName = phi.Sensitive | phi.Genetic | phi.Financial
	grave  = national | phi.ABHA | phi.MBI | phi.Credential | byName

	usualAfter  = 10 // answers; what comes among the first of them is what the endpoint returns
	driftHits   = 3  // answers in which what is new must come back
	driftWeight = 10 // nats by which "from here on" must explain the answers better than "now and then"
	longList    = 5  // people
)

// Observe folds one call.
func (d *excessProperty) Observe(dst []Signal, c *call.Call) []Signal {
	if c.RespDec == 0 || !c.OK() || c.Continued || c.Flags&(call.Login|call.Token|call.Health|call.Reset) != 0 || len(c.Handed) > 0 {
		return dst
	}
	if c.PHI.Records == 0 && c.PHI.People == 0 && c.PHI.Classes&grave == 0 {
		return dst // an empty list says nothing
	}
	classes := c.PHI.Classes & grave
	if classes != 0 || d.api != nil {
		dst = d.atOnce(dst, c, classes)
	}
	r, _ := d.endpoints.use(c.Endpoint)
	r.seen = d.scene.now
	if r.answers < usualAfter {
		r.learn(c, classes)
	} else {
		dst = d.drift(dst, r, c, classes)
	}
	r.answers++
	switch {
	case r.first == 0:
		r.first = c.Principal.Key
	case r.first != c.Principal.Key:
		r.several = true
	}
	return dst
}

// atOnce judges an answer without any history.
func (d *excessProperty) atOnce(dst []Signal, c *call.Call, classes phi.Class) []Signal {
	if classes&phi.Credential != 0 {
		switch name, keep := credentialName(c); {
		case keep:
			dst = d.tell(dst, c, "credentials", Low, phi.Credential, ": secrets of accounts", name, "Secrets of accounts are checked on the server and returned to nobody, hashed or not")
		case name != "":
			dst = d.tell(dst, c, "key", Informational, phi.Credential, ": keys or tokens", name, "Keys and tokens are handed out where they are asked for, once")
		}
	}
	if c.FHIR.Interaction == "" { // a FHIR Patient has all its identifiers by the standard
		guarded := classes & (national | phi.Credential | d.named(c))
		if c.PHI.People >= longList && guarded != 0 {
			dst = d.tell(dst, c, "list", Informational, guarded, " of every patient in a list", "", "A list needs what tells patients apart; the rest is in the record of each")
		}
		if atLeastTwo(guarded) {
			dst = d.tell(dst, c, "breadth", Informational, guarded, " together", "", "An answer holds what its page shows")
		}
	}
	if d.api != nil {
		for i := range c.Answer.Props {
			if p := &c.Answer.Props[i]; p.Class&c.PHI.Classes != 0 && d.api.Unlisted(c, p.Name) {
				return d.tell(dst, c, "undescribed", Low, p.Class, " in a property that its description does not list", p.Name, "Answers hold what the API's description lists")
			}
		}
	}
	return dst
}

// named are the classes that the names of properties show.
func (d *excessProperty) named(c *call.Call) phi.Class {
	var all phi.Class
	for i := range c.Answer.Props {
		all |= c.Answer.Props[i].Class
	}
	return all & byName
}

func atLeastTwo(c phi.Class) bool { return c&(c-1) != 0 }

// credentialName is the first property that holds a secret, and whether it is one that a server keeps to itself.
func credentialName(c *call.Call) (name string, keep bool) {
	var buf [48]byte
	for i := range c.Answer.Props {
		p := &c.Answer.Props[i]
		if p.Class&phi.Credential == 0 {
			continue
		}
		if name == "" {
			name = p.Name
		}
		low := buf[:0]
		for k := range min(len(p.Name), len(buf)) {
			low = append(low, p.Name[k]|0x20)
		}
		for _, w := range [...]string{"pass", "pwd", "secret", "mfa", "otp", "hash", "salt", "answer", "pin", "private"} {
			if strings.Contains(string(low), w) {
				return p.Name, true
			}
		}
	}
	return name, name == "" // it was read in another form, or the hash of a password stands under any name
}

// learn takes what an answer has for usual.
func (r *returns) learn(c *call.Call, classes phi.Class) {
	r.classes |= classes
	for i := range c.Answer.Props {
		if p := &c.Answer.Props[i]; p.Class != 0 {
			r.names[p.Key>>6%8] |= 1 << (p.Key & 63)
		}
	}
}

// drift judges what is new in an answer.
func (d *excessProperty) drift(dst []Signal, r *returns, c *call.Call, classes phi.Class) []Signal {
	for i := range r.features[:r.n] {
		if f := &r.features[i]; f.who == c.Principal.Key {
			f.mine++
		}
	}
	for bits := classes &^ byName &^ r.classes; bits != 0; bits &= bits - 1 {
		class := bits & -bits
		dst = d.returned(dst, r, c, uint64(class), class, "")
	}
	if c.FHIR.Interaction != "" {
		return dst // elements come and go with the patients, as the standard has them
	}
	for i := range c.Answer.Props {
		p := &c.Answer.Props[i]
		if p.Class&c.PHI.Classes == 0 || r.names[p.Key>>6%8]>>(p.Key&63)&1 != 0 {
			continue
		}
		if p.Class&grave&^byName&^r.classes == 0 { // else its class was told of already
			dst = d.returned(dst, r, c, p.Key, p.Class, p.Name)
		}
	}
	return dst
}

// returned notes that an answer has what key stands for. It is told when answers have had it, from some answer on, so
// regularly that a rarity that just happened to come up is no explanation.
func (d *excessProperty) returned(dst []Signal, r *returns, c *call.Call, key uint64, class phi.Class, name string) []Signal {
	f := r.feature(key)
	if f == nil {
		if r.n == len(r.features) {
			return dst
		}
		f = &r.features[r.n]
		r.n++
		*f = feature{key: key, class: class, before: r.answers, who: c.Principal.Key, mine: 1}
	}
	if f.told || !r.several {
		return dst
	}
	f.others = f.others || f.who != c.Principal.Key
	if patient := about(c); f.hits == 0 || patient == 0 || patient != f.patient {
		f.hits++
		f.patient = patient
	}
	since, weight, to := r.answers-f.before+1, float64(driftWeight), " as of now"
	if !f.others { // who gets it always where others never do
		since, weight, to = f.mine, driftWeight+2, ", to one account only"
	}
	if f.hits < driftHits || change(f.before, f.hits, since) < weight {
		return dst
	}
	f.told = true
	severity := Low
	if f.class&grave == 0 {
		severity = Informational
	}
	return d.tell(dst, c, "drift "+strings.Join(f.class.Names(), " ")+" "+name, severity, f.class, to, name,
		"It had answered "+strconv.Itoa(f.before)+" times without it")
}

func (r *returns) feature(key uint64) *feature {
	for i := range r.features[:r.n] {
		if r.features[i].key == key {
			return &r.features[i]
		}
	}
	return nil
}

// about is the first patient or record in an answer.
func about(c *call.Call) uint64 {
	if len(c.Delivered) > 0 {
		return c.Delivered[0]
	}
	return 0
}

// change is the log-likelihood ratio of n answers without and then hits of m with, against one rate throughout. The
// products stand alone, so that no machine fuses them into the sums.
func change(n, hits, m int) float64 {
	part := func(k, of int) float64 {
		if k == 0 {
			return 0
		}
		p := float64(k) * math.Log(float64(k)/float64(of))
		return p
	}
	after := part(hits, m) + part(m-hits, m)
	all := part(hits, n+m) + part(n+m-hits, n+m)
	return after - all
}

// shed is how many endpoints were given up for want of room.
func (d *excessProperty) count(st *Stats) { st.EvictedProfiles += d.endpoints.evicted }

// tell says what an endpoint returns, once for each class.
func (d *excessProperty) tell(dst []Signal, c *call.Call, class string, severity Severity, what phi.Class, how, name, expected string) []Signal {
	return d.scene.posture(dst, c, d.Name(), class, func() Signal {
		sig := Signal{Severity: severity, Confidence: 75,
			Title:    c.Method + " " + c.Route + " returns " + strings.Join(what.Names(), ", ") + how,
			Expected: expected,
			Observed: "An answer with " + strings.Join(c.PHI.Classes.Names(), ", "),
		}
		if name != "" && !strings.ContainsAny(name, "0123456789") { // a key that is data may name a person
			sig.Observed = "An answer with the property " + name + " (" + strings.Join(c.PHI.Classes.Names(), ", ") + ")"
			sig.Facts = append(sig.Facts, Fact{"property", strings.Clone(name)})
		}
		sig.Facts = append(sig.Facts, Fact{"patients in the answer", strconv.Itoa(c.PHI.People)})
		return sig
	})
}
