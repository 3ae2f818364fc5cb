package detectors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// missingAuth finds patients' data handed to a request without a credential where others show one (CWE-306). Where
// several read without, the server asks for none: an inner interface behind a gateway, an open viewer. That is said
// once, of the server, and accuses nobody. Who read before the others were seen is named when they are.
type missingAuth struct {
	scene   *scene
	areas   *lru[area]
	clients *casebook[bare]
	bound   stats.Recent // connections authenticated as a whole: NTLM and Negotiate (RFC 4559)
}

// area is a part of a server that one application serves: by its address and the first words of the path.
type area struct {
	seen     clock.Time
	owners   stats.Set // principals who read patients' data with a credential, the first few
	answers  int       // with a credential and patients' data
	refusals int       // of requests without a credential: 401
	bare     []uint64  // clients that were given data without, the first few
	programs []uint64  // of those clients, the first few: several people share an address
}

// bare is a client that was given data without a credential.
type bare struct {
	area uint64
	answers,
	owners int // of the area, when it was told
	apart   bool // nobody reads that part of the server with a credential
	guarded bool // the description demands a credential
	strong  bool // an answer held what nobody shows to anybody
}

// An area needs credentials once so many answers went to so many who carried one; it needs none when so many
// clients read without.
const (
	ownedAnswers = 5
	ownedBy      = 2
	openTo       = 3
	apartAnswers = 20       // of the whole server, to speak of a part that nobody else reads
	apartReads   = 2        // of one client there
	coldTime     = 6 * hour // data read without a credential for so long, before anyone showed one, is usual
)

func newMissingAuth(s *scene) *missingAuth {
	d := &missingAuth{scene: s}
	d.areas = newLRU(s.cfg.Endpoints, func(a *area) bool { return len(a.bare) == 0 && a.owners.Len() < ownedBy }, nil)
	d.clients = newCasebook(s, s.cfg.Logins, d.describe)
	return d
}

func (*missingAuth) Name() string { return "missing_auth" }
func (*missingAuth) Key() Key     { return ByClient }

// Forget frees what has been idle for long.
func (d *missingAuth) Forget(now clock.Time) {
	d.areas.dropOldest(func(a *area) bool { return now-a.seen > contactHalf })
	d.clients.forget(now, day)
}

// personal are the classes of which an answer about a person has one: a directory of staff has none.
const personal = phi.BirthDate | phi.MRN | phi.SSN | phi.Aadhaar | phi.ABHA | phi.PAN | phi.MBI | phi.Insurance |
	phi.Diagnosis | phi.Observation | phi.Medication | phi.Procedure | phi.Allergy | phi.Immunization | phi.Encounter |
	phi.Imaging | phi.Sensitive | phi.Genetic

// Observe folds one call.
func (d *missingAuth) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Auth.Scheme == call.OtherScheme {
		d.bound.Add(c.Conn, c.Time, day, d.scene.cfg.Ongoing)
	}
	refused := c.Status == 401 && c.Auth.Scheme == call.NoCredential
	if !refused && !d.gives(c) || c.Continued || c.Flags&(call.Login|call.Token|call.Health|call.Reset) != 0 {
		return dst
	}
	key := areaKey(c)
	a, _ := d.areas.use(key)
	a.seen = d.scene.now
	switch {
	case refused:
		a.refusals++
	case c.Auth.Scheme != call.NoCredential || c.Principal.Kind != call.Address:
		a.answers++
		whole, _ := d.areas.use(serverKey(c))
		whole.seen = d.scene.now
		if whole.answers++; whole.owners.Len() < ownedBy+openTo {
			whole.owners.Add(c.Principal.Key)
		}
		if a.owners.Len() < ownedBy+openTo && a.owners.Add(c.Principal.Key) {
			return d.late(dst, a, key, c)
		}
		if a.answers == ownedAnswers {
			return d.late(dst, a, key, c)
		}
	case d.excused(c), (description{d.scene.cfg.API}).free(c):
	default:
		return d.without(dst, a, key, c)
	}
	return dst
}

// gives is whether the answer holds data of a person who is a patient.
func (d *missingAuth) gives(c *call.Call) bool {
	return c.PHI.People > 0 && c.OK() && c.PHI.Classes&personal != 0 && !public(c.FHIR.Type)
}

// strong is whether an answer ties people to what no board on a wall shows: the number by which a state knows somebody,
// or what a named one is ill with.
func strong(c *call.Call) bool {
	return c.PHI.Classes&(phi.SSN|phi.Aadhaar) != 0 || c.PHI.Classes&phi.Name != 0 && c.PHI.Classes&(phi.Diagnosis|phi.Sensitive|phi.Genetic) != 0
}

// public are the FHIR types that servers give to anybody.
func public(typ string) bool {
	switch typ {
	case "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Slot", "Schedule", "Endpoint",
		"ValueSet", "CodeSystem", "ConceptMap", "StructureDefinition", "CapabilityStatement", "Questionnaire", "Medication",
		"Substance", "Library", "Measure", "PlanDefinition", "ActivityDefinition", "SearchParameter", "OperationDefinition":
		return true
	}
	return false
}

// excused is whether a request without a credential may have had one all the same: its head was not seen whole, its
// connection was authenticated, a link carried the right to it, or it made the record that it is shown.
func (d *missingAuth) excused(c *call.Call) bool {
	if c.Loss&(http.LossMidstream|http.LossOneSided|http.LossGap) != 0 || c.Auth.Marks&call.InURL != 0 || c.Flags&call.Create != 0 {
		return true
	}
	if d.bound.Len() > 0 && d.bound.Has(c.Conn, c.Time, day) {
		return true
	}
	for i := range c.Args {
		if a := &c.Args[i]; a.Kind == call.Secret || a.Where == call.InQuery && signsLink(a.Name) {
			return true
		}
	}
	return false
}

// signsLink is whether a parameter makes a link that carries its own right (pre-signed and shared links).
func signsLink(name string) bool {
	for _, w := range [...]string{"sig", "signature", "x-amz-signature", "x-goog-signature", "hmac", "share", "sharekey", "ticket", "st", "auth"} {
		if strings.EqualFold(name, w) {
			return true
		}
	}
	return false
}

// without judges an answer to a request that carried nothing.
func (d *missingAuth) without(dst []Signal, a *area, key uint64, c *call.Call) []Signal {
	who := c.Principal.Key
	if len(a.bare) < openTo && !slices.Contains(a.bare, who) {
		a.bare = append(a.bare, who)
	}
	if p := who ^ stats.Mix(agent(c)); len(a.programs) < openTo && !slices.Contains(a.programs, p) {
		a.programs = append(a.programs, p)
	}
	if a.open() {
		if f := d.clients.find(who); f == nil || !f.open(d.scene.now) {
			return d.scene.serverPosture(dst, c, d.Name(), "open server", openServer)
		}
	}
	f := d.clients.of(who)
	f.state.area = key
	f.state.answers++
	d.clients.note(f, c)
	f.largest(c.PHI.People)
	owners := a.owners.Len()
	guarded := (description{d.scene.cfg.API}).guards(c)
	f.state.guarded = f.state.guarded || guarded
	if !a.needs() && !guarded {
		// A part of the server that nobody reads with a credential may be open on purpose, a board on a wall say.
		whole, _ := d.areas.use(serverKey(c))
		known := owners == 0 && whole.owners.Len() >= openTo && whole.answers >= apartAnswers
		f.state.strong = f.state.strong || known && strong(c)
		f.state.apart = known && (f.state.strong || f.state.answers >= apartReads)
		if owners = whole.owners.Len(); !f.open(d.scene.now) && !f.state.apart {
			return dst
		}
	} else {
		f.state.apart = false
	}
	f.state.owners = max(f.state.owners, owners)
	return d.clients.tell(dst, f, c)
}

// open is whether several were let in without a credential: clients, or programs at one address.
func (a *area) open() bool { return len(a.bare) >= openTo || len(a.programs) >= openTo }

// needs is whether others had to show who they are.
func (a *area) needs() bool {
	return a.answers >= ownedAnswers && a.owners.Len() >= ownedBy || a.refusals > 0 && a.owners.Len() > 0 || a.owners.Len() >= ownedBy+1
}

// late names those who had read before it was known that others carry credentials.
func (d *missingAuth) late(dst []Signal, a *area, key uint64, c *call.Call) []Signal {
	if !a.needs() || a.open() {
		return dst
	}
	for _, who := range a.bare {
		f := d.clients.find(who)
		if f == nil || f.open(d.scene.now) || f.calls == 0 || f.state.area != key || f.kept == 0 ||
			f.last-f.since > coldTime || d.scene.now-f.last > day {
			continue
		}
		f.state.owners = a.owners.Len()
		k := f.evidence[0].show().Call
		n := len(dst)
		dst = d.clients.tell(dst, f, &k)
		for i := n; i < len(dst); i++ {
			dst[i].Order = c.Order // it is known only now
		}
	}
	return dst
}

// areaKey is a key of the server's address and the first words of the path: of /fhir/Patient/1 "fhir", of
// /api/v2/patients/1 "api/v2".
func areaKey(c *call.Call) uint64 {
	h := serverKey(c)
	path := c.Path
	for first := true; len(path) > 0 && path[0] == '/'; first = false {
		word := path[1:]
		path = ""
		if i := strings.IndexByte(word, '/'); i >= 0 {
			word, path = word[:i], word[i:]
		}
		if !first && !generic(word) {
			break
		}
		h = stats.Mix(h ^ text(word))
		if !generic(word) {
			break
		}
	}
	return h
}

// generic is whether a word of a path says nothing of what is behind it.
func generic(word string) bool {
	switch word {
	case "api", "rest", "ws", "services", "service", "public", "gateway":
		return true
	}
	return len(word) >= 2 && len(word) <= 4 && word[0] == 'v' && word[1] >= '0' && word[1] <= '9'
}

func openServer() Signal {
	return Signal{Severity: Low, Confidence: 80,
		Title:    "A server gives patients' data to requests without a credential",
		Expected: "Each request for patients' data says who sends it",
		Observed: fmt.Sprintf("%d or more clients read without showing any", openTo),
		Facts:    []Fact{{"what would explain it", "an interface behind a gateway that has checked already"}}}
}

// describe states the case of a client.
func (d *missingAuth) describe(f *dossier[bare]) Signal {
	n := max(f.people.Len(), f.most)
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 90, Score: float64(f.state.answers), Threshold: 1}
	sig.Title = fmt.Sprintf("{principal} read data of %s without any credential", count(n, "patient"))
	sig.Expected = "Others show a credential to read here"
	if f.state.guarded {
		sig.Expected = "The API's description demands a credential here"
	}
	sig.Observed = fmt.Sprintf("%s with patients' data to requests that carried none; %d others carried one", count(f.state.answers, "answer"), f.state.owners)
	if f.state.apart {
		if sig.Severity, sig.Confidence = Low, 60; f.state.strong {
			sig.Severity, sig.Confidence = Medium, sureness(&call.Principal{Shared: f.accused.Shared}, 70)
		}
		sig.Expected = "Patients' data is given to those who show a credential"
		sig.Observed += " elsewhere on this server, none in this part of it"
	}
	sig.Facts = []Fact{{"answers without a credential", strconv.Itoa(f.state.answers)}, {"principals with one", strconv.Itoa(f.state.owners)},
		{"refused", strconv.Itoa(f.refusals)}, {"what would explain it", "an interface that is let in by its address"}}
	return sig
}

func (d *missingAuth) count(st *Stats) {
	d.clients.count(st)
	st.EvictedProfiles += d.areas.evicted
}

// close tells the cases that have grown since they were last told.
func (d *missingAuth) close(dst []Signal) []Signal { return d.clients.close(dst) }
