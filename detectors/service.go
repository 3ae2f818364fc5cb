package detectors

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// service watches the accounts of machines, which have no fan-out of their own: they read everybody, day and night.
// What they do not do is browse, move to another host with another program, or read several times as many patients
// as on any day before.
type service struct {
	scene *scene
	books *casebook[machine]
}

// machine is what is usual of one service account.
type machine struct {
	calls   uint32
	first   clock.Time
	hosts   [8]uint64 // addresses that it called from
	agents  [8]uint64 // programs, by the first word of User-Agent
	nHosts  uint8
	nAgents uint8
	browser uint32 // calls by a browser
	moved   uint32 // calls by an unknown program from an unknown address
	why     string
	day     int64
	people  uint32 // patients given this day
	days    stats.Rate
	peak    uint32
}

const (
	machineCalls = 50 // calls before anything is usual
	// machineDays and machineTimes: volume speaks after so many days, and at so many times the largest of them.
	machineDays, machineTimes = 5, 3
	machineShape              = 2.0
	machineLeast              = 500  // patients in a day below which no volume is alarming
	movedCalls                = 3    // calls from elsewhere: a new version on a new host calls too, but then the old ones end
	movedTimes                = 2000 // calls seen before a new host and program are surprising
)

// Reasons of a finding on a service account.
const (
	whyBrowser = "browser"
	whyMoved   = "moved"
	whyVolume  = "volume"
)

func newService(s *scene) *service {
	d := &service{scene: s}
	d.books = newCasebook(s, s.cfg.Services, d.describe)
	return d
}

func (*service) Name() string { return "service_account_misuse" }
func (*service) Key() Key     { return ByPrincipal }

// Forget frees accounts that were not seen in 30 days.
func (d *service) Forget(now clock.Time) { d.books.forget(now, 30*day) }

func (d *service) count(st *Stats) { st.EvictedServices += d.books.files.evicted }

func (d *service) close(dst []Signal) []Signal { return d.books.close(dst) }

func (d *service) Observe(dst []Signal, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	if !p.service || p.shared || c.Continued {
		return dst
	}
	book := d.books.of(p.key)
	m := &book.state
	if m.first == 0 {
		m.first = s.now
	}
	d.tally(m)
	why := d.judge(m, c)
	if why == "" {
		m.calls++
		return dst
	}
	if m.why == "" || !book.open(s.now) {
		m.why = why
	}
	d.books.note(book, c)
	if !c.OK() && !book.open(s.now) {
		return dst // a refused try is noted, and told with the first that succeeds
	}
	return d.books.tell(dst, book, c)
}

// tally closes the day when it has ended, and adds the patients that this call gave.
func (d *service) tally(m *machine) {
	s := d.scene
	if today := int64(s.now / day); today != m.day {
		if m.people > 0 && !s.p.accused(s.now) {
			m.days.Learn(float64(m.people), stats.FadePerson)
			m.peak = max(m.peak, m.people)
		}
		m.day, m.people = today, 0
	}
	m.people += uint32(s.newPeople)
}

// judge says why this call is none of the account's, or nothing. What is usual is learned from what is not judged.
func (d *service) judge(m *machine, c *call.Call) string {
	host, agent := clientKey(c), program(c.UserAgent)
	knownHost, knownAgent := known(m.hosts[:m.nHosts], host), known(m.agents[:m.nAgents], agent)
	switch {
	case m.calls < machineCalls:
	case browser(c.UserAgent) && !knownAgent:
		m.browser++
		return whyBrowser
	case !knownHost && !knownAgent && m.calls >= movedTimes && int(m.nHosts) < len(m.hosts) && int(m.nAgents) < len(m.agents):
		if m.moved++; m.moved >= movedCalls {
			return whyMoved
		}
		return ""
	case m.days.N > machineDays-1 && m.people > machineLeast && m.people > machineTimes*m.peak &&
		stats.Tail(int(m.people), max(1, m.days.Mean(0, 0, machineShape)), m.days.Shape(machineShape)) < d.scene.h.tail:
		return whyVolume
	}
	if !knownHost && int(m.nHosts) < len(m.hosts) {
		m.hosts[m.nHosts] = host
		m.nHosts++
	}
	if !knownAgent && int(m.nAgents) < len(m.agents) {
		m.agents[m.nAgents] = agent
		m.nAgents++
	}
	return ""
}

func known(list []uint64, x uint64) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// program is a hash of the name in a User-Agent, without its version: an update is no other program.
func program(agent string) uint64 {
	if browser(agent) {
		return 1
	}
	name, _, _ := strings.Cut(agent, "/")
	return text(name) | 2
}

// browser tells whether a User-Agent is that of a browser that a person sits at. Libraries that call themselves
// Mozilla alone are none.
func browser(agent string) bool {
	return strings.HasPrefix(agent, "Mozilla/5.0 (") &&
		(strings.Contains(agent, "Gecko/") || strings.Contains(agent, "AppleWebKit/")) && !strings.Contains(agent, "compatible;")
}

func (d *service) describe(book *dossier[machine]) Signal {
	m := &book.state
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 85, Score: float64(m.browser)}
	since := span(d.scene.now - m.first)
	switch m.why {
	case whyBrowser:
		sig.Title = "The credential of the service account {principal} is used in a browser"
		sig.Expected = fmt.Sprintf("A machine's own program, as in %s over %s; a person signs in with an account of their own", count(int(m.calls), "call"), since)
		sig.Observed = fmt.Sprintf("%s by a browser, %s touched", count(int(m.browser), "call"), count(book.people.Len(), "patient"))
	case whyMoved:
		sig.Severity, sig.Confidence = Medium, 70
		sig.Title = "The service account {principal} calls from a new address with a program it never used"
		sig.Expected = fmt.Sprintf("%s and %s, as in %s over %s", hosts(int(m.nHosts)), count(int(m.nAgents), "program"), count(int(m.calls), "call"), since)
		sig.Observed = fmt.Sprintf("%s from elsewhere by another program; a move to a new host, announced, would explain it", count(int(m.moved), "call"))
	default:
		sig.Severity, sig.Confidence = Medium, 75
		sig.Title = fmt.Sprintf("The service account {principal} was given %s in a day; at most %d on any day before", count(int(m.people), "patient"), m.peak)
		sig.Expected = fmt.Sprintf("about %.0f a day, over %s", m.days.Mean(0, 0, machineShape), since)
		sig.Observed = count(int(m.people), "patient") + " this day; a migration or a first full load, announced, would explain it"
	}
	sig.Facts = []Fact{{"calls before", strconv.Itoa(int(m.calls))}, {"addresses known", strconv.Itoa(int(m.nHosts))},
		{"programs known", strconv.Itoa(int(m.nAgents))}, {"patients this day", strconv.Itoa(int(m.people))}}
	return sig
}

func hosts(n int) string {
	if n == 1 {
		return "1 address"
	}
	return strconv.Itoa(n) + " addresses"
}

// shift is what tells a machine from a person by its hours and its appetite.
type shift struct {
	hours   uint32 // of this day in which it called
	people  uint32 // patients opened this day
	crowded uint8  // days of twenty hours and a hundred patients, or of a thousand
}

const (
	shiftHours  = 20
	shiftLeast  = 100
	shiftPeople = 1000
	shiftDays   = 3
)

// work notes that p called at now.
func (w *shift) work(now clock.Time) { w.hours |= 1 << (now / hour % 24) }

// end closes a day, and tells whether p is a machine: such a day on three days, and nothing held against it.
func (w *shift) end() bool {
	if bits.OnesCount32(w.hours) >= shiftHours && w.people >= shiftLeast || w.people > shiftPeople {
		w.crowded = min(w.crowded+1, shiftDays)
	}
	w.hours, w.people = 0, 0
	return w.crowded >= shiftDays
}
