package detectors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// consent follows the consent artefacts of India's ABDM (HIE-CM v3) as their notifications pass, and finds requests
// for health information, and transfers, that an artefact does not cover: withdrawn, expired, denied, past the time
// at which data must be erased, or of care contexts that are another patient's. Of an artefact that was never seen
// nothing is said: it may be older than the sensor.
type consent struct {
	*casebook[gap]
	artefacts *lru[artefact]
	transfers *lru[transfer]
}

// artefact is a consent that was seen.
type artefact struct {
	state    consentState
	ended    clock.Time // when it was withdrawn, or is erased; 0 while it holds
	from, to clock.Time // of the records that it covers; 0 unknown
	contexts []uint64   // care contexts, at most contextsMost
	full     bool       // there are more than are kept
	patient  uint64     // 0 unknown
}

// transfer is a transaction under way and its consent.
type transfer struct{ consent uint64 }

type consentState uint8

const (
	unknownConsent consentState = iota
	granted
	revoked
	expired
	denied
)

var consentWords = [...]string{"", "granted", "revoked", "expired", "denied"}

// gap is what one caller did beyond consents.
type gap struct {
	requests, transfers int
	why                 string
}

const (
	contextsMost = 64
	argsMost     = 31
	// consentGrace is how long a request and a withdrawal may cross on their ways.
	consentGrace = minute
	rangeGrace   = day // dates are of days, in any time zone
)

func newConsent(s *scene) *consent {
	spare := func(*artefact) bool { return true }
	d := &consent{artefacts: newLRU(s.cfg.Consents, spare, nil),
		transfers: newLRU(s.cfg.Consents, func(*transfer) bool { return true }, nil)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*consent) Name() string { return "consent_gap" }
func (*consent) Key() Key     { return ByObject }

func (d *consent) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedSuspects += d.artefacts.evicted + d.transfers.evicted
}

// message is what a body of ABDM says.
type message struct {
	status      consentState
	ids         [8]uint64
	n           int
	transaction uint64
	patient     uint64
	contexts    [contextsMost]uint64
	m           int
	cut         bool
	from, to    clock.Time
	erase       clock.Time
	push        bool // dataPushUrl stands in it: a request for health information
	entries     bool // it carries records
}

// Observe folds one call. Messages of ABDM are POSTs that carry a consent id or a transaction.
func (d *consent) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Method != "POST" || c.Continued || len(c.Args) < 2 || c.Status >= 400 {
		return dst
	}
	var m message
	if !m.read(c) {
		return dst
	}
	switch {
	case m.push && m.n > 0:
		return d.request(dst, c, &m)
	case m.entries && m.transaction != 0:
		return d.transferred(dst, c, &m)
	case m.status != unknownConsent && m.n > 0:
		d.notify(&m)
	}
	return dst
}

// read takes from the arguments what concerns consent, and tells whether there was any.
func (m *message) read(c *call.Call) bool {
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InBody {
			continue
		}
		m.cut = m.cut || i >= argsMost // the list of values is bounded too, and may go on
		name := a.Name
		last := name[strings.LastIndexByte(name, '.')+1:]
		switch {
		case last == "consentId", strings.HasSuffix(name, "consentArtefacts.id"), strings.HasSuffix(name, "consent.id"):
			if m.n < len(m.ids) {
				m.ids[m.n] = a.Value
				m.n++
			}
		case last == "transactionId":
			m.transaction = a.Value
		case last == "status" && m.status == unknownConsent:
			m.status = consentStateOf(a.Text)
		case last == "dataPushUrl":
			m.push = true
		case last == "dataEraseAt":
			m.erase = instant(a.Text)
		case strings.HasSuffix(name, "dateRange.from"):
			m.from = instant(a.Text)
		case strings.HasSuffix(name, "dateRange.to"):
			m.to = instant(a.Text)
		case strings.HasSuffix(name, "patient.id"):
			m.patient = a.Value
		case last == "careContextReference":
			if m.m < contextsMost {
				m.contexts[m.m] = a.Value
				m.m++
			} else {
				m.cut = true
			}
			m.entries = m.entries || strings.HasPrefix(name, "entries.")
		}
	}
	return m.n > 0 || m.transaction != 0
}

func consentStateOf(word string) consentState {
	for i, w := range consentWords {
		if i > 0 && strings.EqualFold(w, word) {
			return consentState(i)
		}
	}
	return unknownConsent
}

// instant reads a time as ABDM writes it; 0 when it is none.
func instant(s string) clock.Time {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1970 && t.Year() < 2200 {
			return clock.Time(t.UnixNano())
		}
	}
	return 0
}

// notify learns of artefacts. What was withdrawn is not granted again: a consent that is given anew has a new id.
func (d *consent) notify(m *message) {
	now := d.scene.now
	for _, id := range m.ids[:m.n] {
		a, _ := d.artefacts.use(id)
		if a.state > granted {
			continue
		}
		a.state = m.status
		switch {
		case m.status > granted:
			a.ended = now
		case m.erase != 0:
			a.ended = m.erase
		}
		if m.n > 1 {
			continue // what else the message says is not of one artefact
		}
		a.from, a.to = later(a.from, m.from), later(a.to, m.to)
		if m.patient != 0 {
			a.patient = m.patient
		}
		for _, x := range m.contexts[:m.m] {
			if len(a.contexts) < contextsMost {
				a.contexts = append(a.contexts, x)
			}
		}
		a.full = a.full || m.cut
	}
}

func later(old, now clock.Time) clock.Time {
	if now != 0 {
		return now
	}
	return old
}

// request judges a request for health information.
func (d *consent) request(dst []Signal, c *call.Call, m *message) []Signal {
	if m.transaction != 0 {
		t, _ := d.transfers.use(m.transaction)
		t.consent = m.ids[0]
	}
	a := d.artefacts.find(m.ids[0])
	if a == nil {
		return dst
	}
	d.artefacts.use(m.ids[0])
	why := d.uncovered(a)
	switch {
	case why != "":
	case a.to != 0 && m.to > a.to+rangeGrace || a.from != 0 && m.from != 0 && m.from < a.from-rangeGrace:
		why = "records of a time that the consent does not cover"
	case m.patient != 0 && a.patient != 0 && m.patient != a.patient:
		why = "records of another patient than the consent's"
	default:
		return dst
	}
	return d.accuse(dst, c, why, false)
}

// uncovered is why an artefact covers nothing any more, or nothing.
func (d *consent) uncovered(a *artefact) string {
	if a.ended == 0 || d.scene.now < a.ended+consentGrace {
		return ""
	}
	if a.state > granted {
		return "a consent that was " + consentWords[a.state]
	}
	return "a consent whose data had to be erased before"
}

// transferred judges records on their way to whom the request named.
func (d *consent) transferred(dst []Signal, c *call.Call, m *message) []Signal {
	t := d.transfers.find(m.transaction)
	if t == nil {
		return dst
	}
	a := d.artefacts.find(t.consent)
	if a == nil {
		return dst
	}
	why := d.uncovered(a)
	if why == "" && len(a.contexts) > 0 && !a.full {
		for _, x := range m.contexts[:m.m] {
			if !slices.Contains(a.contexts, x) {
				why = "a care context that is not among the consent's"
				break
			}
		}
	}
	if why == "" {
		return dst
	}
	return d.accuse(dst, c, why, true)
}

func (d *consent) accuse(dst []Signal, c *call.Call, why string, moved bool) []Signal {
	f := d.of(callerKey(c) ^ stats.Mix(text("consent")))
	p := &f.state
	p.why = why
	if moved {
		p.transfers++
	} else {
		p.requests++
	}
	d.note(f, c)
	return d.tell(dst, f, c)
}

// describe states a caller's case.
func (d *consent) describe(f *dossier[gap]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 85, Score: float64(p.requests + p.transfers), Threshold: 1}
	sig.Title = fmt.Sprintf("{principal} asked for health information under %s", p.why)
	if p.transfers > 0 {
		sig.Confidence = 95
		sig.Title = fmt.Sprintf("{principal} handed over health information under %s", p.why)
	}
	if strings.HasPrefix(p.why, "records") || strings.HasPrefix(p.why, "a care") {
		sig.Title = fmt.Sprintf("{principal} exchanged %s", p.why)
	}
	sig.Expected = "Health information moves only while its consent artefact holds, and only for what it covers (ABDM Health Data Management Policy)"
	sig.Observed = fmt.Sprintf("%s and %s beyond the consent: %s", count(p.requests, "request"), count(p.transfers, "transfer"), p.why)
	sig.Facts = []Fact{{"requests", strconv.Itoa(p.requests)}, {"transfers", strconv.Itoa(p.transfers)}}
	return sig
}
