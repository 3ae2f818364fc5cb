package world

import (
	"slices"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/inject"
)

// Epoch is midnight before the first day, a Monday.
const Epoch = clock.Time(1767571200) * clock.Time(time.Second)

// Spans of packet time.
const (
	Second = clock.Time(time.Second)
	Minute = clock.Time(time.Minute)
	Hour   = clock.Time(time.Hour)
	Day    = 24 * Hour
)

// Mark says of a call what its makers know: what is special about it, who made it, as a place in World.People, and
// which patient it is about, or 0.
type Mark struct {
	Tag     Tag
	Person  int
	Patient int
}

// World is one hospital. Day is called for one day after the other.
type World struct {
	People []*Person

	cfg      Config
	rng      chance
	look     *inject.Reader
	pat      patients
	hired    int
	staff    int // the first of People
	wards    [][]int32
	clinics  [][]int32
	down     []bool // units whose system is down today
	ed, left []int32
	past     []int32
	fresh    []int32 // registered today
	portals  []int
	clerks   []duty // registrars today
	machines machines
	day      int
	last     clock.Time // of a call
	skew     call.AuthMarks
	steps    []step
	late     []step // after midnight
	edits    []func(*call.Call)
	render   render
}

// step is one call to be made.
type step struct {
	at      clock.Time
	person  int32
	patient int32
	x       int32 // what the kind needs: a count, a status, a place in edits
	n       uint32
	kind    Kind
	tag     Tag
}

// New makes the hospital as it is before its first day. The Config must be valid.
func New(cfg Config) *World {
	w := &World{cfg: cfg, look: inject.New(), rng: newChance(cfg.Seed, 1)}
	w.pat = patients{scheme: cfg.IDs, seed: mix(cfg.Seed), india: cfg.India}
	w.pat.ids, w.pat.keys, w.pat.mrns, w.pat.mrnKey = []string{""}, []uint64{0}, []string{""}, []uint64{0}
	for range cfg.Patients {
		w.pat.admit()
	}
	units := min(100, max(2, cfg.People/30))
	w.wards, w.clinics, w.down = make([][]int32, units), make([][]int32, units), make([]bool, units)
	for r := range jobs {
		n := int(jobs[r].share*float64(cfg.People) + .5)
		if n == 0 && w.rng.is(jobs[r].share*float64(cfg.People)) {
			n = 1
		}
		for range n {
			w.hire(Role(r))
		}
	}
	w.staff = len(w.People)
	w.recruit()
	for i := range w.wards {
		for range beds {
			w.wards[i] = append(w.wards[i], w.admission())
		}
	}
	w.render.init(w)
	return w
}

// beds of one ward.
const beds = 24

// Staff is how many of People work for the hospital; the machines and patients come after them.
func (w *World) Staff() int { return w.staff }

// Top is the number of the newest patient; patients count from 1.
func (w *World) Top() int { return w.pat.top() }

// ID is the identifier of a patient, and its Key.
func (w *World) ID(patient int) (string, uint64) { return w.pat.ids[patient], w.pat.keys[patient] }

// admission is who comes to a ward: half are new patients.
func (w *World) admission() int32 {
	top := w.pat.top()
	if w.rng.is(.5) {
		return int32(max(1, top-w.rng.IntN(max(1, w.cfg.Patients/115))))
	}
	return w.anyone()
}

func (w *World) anyone() int32 { return int32(1 + w.rng.IntN(w.pat.top())) }

// Open adds the reading of a chart by one of People at a time that Day has not yet passed. edit may change the
// call; it must not keep it.
func (w *World) Open(at clock.Time, person, patient int, edit func(*call.Call)) {
	w.Add(at, person, patient, ChartOpen, edit)
}

// Add adds any call, tagged as part of an attack.
func (w *World) Add(at clock.Time, person, patient int, k Kind, edit func(*call.Call)) {
	w.edits = append(w.edits, edit)
	w.late = append(w.late, step{at: at, person: int32(person), patient: int32(patient), x: int32(len(w.edits) - 1), kind: k, tag: Attack})
}

// Day makes the calls of the next day and gives each to see, in order.
func (w *World) Day(see func(*call.Call, Mark)) {
	begin := Epoch + clock.Time(w.day)*Day
	w.steps = append(w.steps[:0], w.late...)
	w.late = w.late[:0]
	w.morning()
	w.plan(begin)
	for i := range w.steps {
		w.steps[i].n = uint32(i)
	}
	slices.SortFunc(w.steps, func(a, b step) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return int(a.n) - int(b.n)
	})
	end := begin + Day
	for i := range w.steps {
		s := &w.steps[i]
		if s.at >= end {
			w.late = append(w.late, w.steps[i:]...)
			break
		}
		if s.tag != Attack && w.rng.is(w.cfg.Loss) {
			continue
		}
		s.at = max(s.at, w.last+1) // no two at once
		w.last = s.at
		if c := w.render.call(s); c != nil {
			see(c, Mark{s.tag, int(s.person), int(s.patient)})
		}
	}
	w.day++
}
