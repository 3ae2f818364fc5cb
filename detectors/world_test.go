package detectors

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// The world of these tests is a compact form of the simulator behind the detection plan: people of eleven roles,
// wards, clinics, an emergency department, registration, laboratory, billing, cover shifts and paper-list days.

const epoch = clock.Time(1795676400) * clock.Time(time.Second)

type job struct {
	name    string
	share   float64 // of the staff
	mean, k float64 // patients a day
	blind   float64 // mean share that no list delivers
	source  string
}

var jobs = []job{
	{"nurse", .462, 9, 6, .10, "ward"}, {"ward_md", .154, 15, 4, .08, "ward+"}, {"clinic_md", .123, 16, 5, .05, "clinic"},
	{"ed", .062, 25, 5, .15, "ed"}, {"registrar", .031, 60, 5, .25, "registration"}, {"lab", .031, 80, 5, .60, "anyward"},
	{"radiology", .021, 40, 5, .30, "anyward"}, {"coder", .026, 50, 5, .10, "discharged"}, {"billing", .031, 70, 4, .35, "past"},
	{"research", .01, 25, .4, .05, "cohort"}, {"callcentre", .021, 80, 5, .03, "anyone"},
}

type person struct {
	job       *job
	unit      int
	blind, mu float64
	cohort    int
	who       call.Principal
}

type hospital struct {
	rng       *rand.Rand
	people    []person
	wards     [30][]int
	clinics   [30][]int
	ed, left  []int
	past      []int
	fresh     []int
	top, size int
	seq       uint32
}

type visitEvent struct {
	at     clock.Time
	person int
	id     int
	listed bool
}

func newHospital(seed int64, people, patients int) *hospital {
	h := &hospital{rng: rand.New(rand.NewSource(seed)), top: patients, size: patients}
	for i := range jobs {
		n := int(math.Round(jobs[i].share * float64(people)))
		for range n {
			at := len(h.people)
			h.people = append(h.people, person{
				job: &jobs[i], unit: at % 30, blind: h.beta(jobs[i].blind, 10),
				mu: jobs[i].mean * math.Exp(0.35*h.rng.NormFloat64()), cohort: h.rng.Intn(max(1, patients-5000)),
				who: call.Principal{Key: uint64(1000 + at), Kind: call.JWT, ID: fmt.Sprintf("u%d", at), Token: uint64(9000 + at)},
			})
		}
	}
	for w := range h.wards {
		for range 24 {
			h.wards[w] = append(h.wards[w], h.admit())
		}
	}
	return h
}

func (h *hospital) admit() int {
	if h.rng.Float64() < .5 {
		return max(1, h.top-h.rng.Intn(max(1, h.size/115)))
	}
	return 1 + h.rng.Intn(h.top)
}

func (h *hospital) gamma(k float64) float64 {
	if k < 1 {
		return h.gamma(k+1) * math.Pow(h.rng.Float64(), 1/k)
	}
	d := k - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := h.rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(h.rng.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func (h *hospital) beta(m, c float64) float64 {
	a, b := h.gamma(m*c+1e-9), h.gamma((1-m)*c)
	return a / (a + b)
}

func (h *hospital) poisson(mean float64) int {
	if mean > 60 {
		return max(0, int(mean+math.Sqrt(mean)*h.rng.NormFloat64()+.5))
	}
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		if p *= h.rng.Float64(); p < limit {
			return n
		}
		n++
	}
}

func one[T any](h *hospital, from []T) T { return from[h.rng.Intn(len(from))] }

// day makes the visits of one day, in order.
func (h *hospital) day(n int) []visitEvent {
	admissions := max(10, h.size/800)
	h.fresh = h.fresh[:0]
	for range admissions {
		h.top++
		h.fresh = append(h.fresh, h.top)
	}
	h.left, h.ed = h.left[:0], h.ed[:0]
	for w := range h.wards {
		for i := range h.wards[w] {
			if h.rng.Float64() < .25 {
				h.left = append(h.left, h.wards[w][i])
				h.wards[w][i] = h.admit()
			}
		}
		h.clinics[w] = h.clinics[w][:0]
		for range 40 {
			if h.rng.Float64() < .1 {
				h.clinics[w] = append(h.clinics[w], one(h, h.fresh))
			} else {
				h.clinics[w] = append(h.clinics[w], 1+h.rng.Intn(h.top))
			}
		}
	}
	for i := range 180 {
		if i%5 < 2 {
			h.ed = append(h.ed, one(h, h.fresh))
		} else {
			h.ed = append(h.ed, 1+h.rng.Intn(h.top))
		}
	}
	for range 40 {
		h.past = append(h.past, h.clinics[h.rng.Intn(30)]...)
	}
	if len(h.past) > 40000 {
		h.past = slices.Clone(h.past[len(h.past)-40000:])
	}
	var out []visitEvent
	for i := range h.people {
		p := &h.people[i]
		if h.rng.Float64() > 5./7 {
			continue
		}
		todo := h.poisson(p.mu * h.gamma(p.job.k) / p.job.k)
		switch x := h.rng.Float64(); { // cover for colleagues
		case x < .001:
			todo *= 4
		case x < .011:
			todo *= 2
		}
		blind := p.blind
		if h.rng.Float64() < .01 { // the system was down: a list on paper
			blind = math.Min(.9, blind*4)
		}
		start := []float64{7, 8, 15, 22}[h.rng.Intn(4)]
		turn := h.rng.Intn(len(h.fresh))
		for j := range todo {
			hours := float64(n)*24 + start + 8*float64(j)/float64(todo+1) + .1*h.rng.Float64()
			out = append(out, visitEvent{epoch + clock.Time(hours*float64(hour)), i, h.choose(p, &turn), h.rng.Float64() >= blind})
		}
	}
	slices.SortStableFunc(out, func(a, b visitEvent) int { return int(a.at - b.at) })
	return out
}

func (h *hospital) choose(p *person, turn *int) int {
	ward := func(i int) int { return one(h, h.wards[i]) }
	switch x := h.rng.Float64(); p.job.source {
	case "ward":
		if x < .93 {
			return ward(p.unit)
		}
		return ward(h.rng.Intn(30))
	case "ward+":
		if x < .7 {
			return ward(p.unit)
		}
		if x < .95 {
			return ward(h.rng.Intn(30))
		}
	case "clinic":
		if x < .8 {
			return one(h, h.clinics[p.unit])
		}
	case "ed":
		return one(h, h.ed)
	case "registration":
		if x < .4 {
			*turn += 1 + h.rng.Intn(3)
			return h.fresh[*turn%len(h.fresh)]
		}
		return one(h, h.clinics[h.rng.Intn(30)])
	case "anyward":
		return ward(h.rng.Intn(30))
	case "discharged":
		if len(h.left) > 0 {
			return one(h, h.left)
		}
	case "past":
		return one(h, h.past)
	case "cohort":
		return p.cohort + h.rng.Intn(5000)
	}
	return 1 + h.rng.Intn(h.top)
}

func patientKey(id string) uint64 {
	k := uint64(14695981039346656037)
	for _, b := range []byte(id) {
		k = (k ^ uint64(b)) * 1099511628211
	}
	return k | 1
}

const patientParam = 0x9a7

// open is the call by which who opens a patient's chart.
func (h *hospital) open(at clock.Time, who call.Principal, id string, status int) *call.Call {
	h.seq++
	c := &call.Call{
		Order: call.Order{Time: at, Flow: who.Key, Seq: h.seq}, Start: at, Method: "GET", Host: "ehr",
		Route: "/fhir/Patient/{id}", Path: "/fhir/Patient/" + id, Endpoint: 77, Status: status, Principal: who,
		Objects: []call.Object{{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true}},
		FHIR:    call.FHIR{Interaction: "read", Type: "Patient"},
	}
	c.Client.Addr[15] = byte(who.Key)
	if c.OK() {
		c.PHI.People, c.PHI.Records = 1, 1
		c.Delivered = []uint64{patientKey(id)}
		c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true, Where: call.InResponse})
	}
	return c
}

// list is the call by which who is given the patients of a list; named says that the request named them.
func (h *hospital) list(at clock.Time, who call.Principal, ids []string, named bool) *call.Call {
	h.seq++
	c := &call.Call{
		Order: call.Order{Time: at, Flow: who.Key, Seq: h.seq}, Start: at, Method: "GET", Host: "ehr",
		Route: "/fhir/Patient", Path: "/fhir/Patient", Endpoint: 78, Status: 200, Principal: who, Flags: call.Search,
	}
	for _, id := range ids {
		o := call.Object{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true, Where: call.InQuery}
		if named {
			c.Objects = append(c.Objects, o)
		}
	}
	for _, id := range ids {
		c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true, Where: call.InResponse})
		c.Delivered = append(c.Delivered, patientKey(id))
	}
	c.PHI.People, c.PHI.Records = len(ids), len(ids)
	return c
}

// play feeds one visit: the list first, when one delivered the patient.
func (h *hospital) play(e *Engine, dst []Signal, v visitEvent) []Signal {
	who, id := h.people[v.person].who, strconv.Itoa(v.id)
	if v.listed {
		dst = e.Observe(dst, h.list(v.at-2*clock.Time(time.Second), who, []string{id}, false))
	}
	return e.Observe(dst, h.open(v.at, who, id, 200))
}

// accusations are the signals of severity medium or more.
func accusations(sigs []Signal) []Signal {
	return slices.DeleteFunc(slices.Clone(sigs), func(s Signal) bool { return s.Severity < Medium })
}

func show(t *testing.T, sigs []Signal) {
	for _, s := range sigs {
		t.Logf("%s %s %v %q exp=%q obs=%q facts=%v", s.Detector, s.Principal.ID, s.Severity, s.Title, s.Expected, s.Observed, s.Facts)
	}
}
