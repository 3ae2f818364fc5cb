package world

import (
	"math"

	"auscult/sensor/clock"
)

// morning lets a night pass: discharges, appointments, people who come and go.
func (w *World) morning() {
	w.fresh = w.fresh[:0]
	for range max(10, w.cfg.People*5/8) {
		w.fresh = append(w.fresh, int32(w.pat.admit()))
	}
	w.left, w.ed = w.left[:0], w.ed[:0]
	for u := range w.wards {
		for i := range w.wards[u] {
			if w.rng.is(.25) {
				w.left = append(w.left, w.wards[u][i])
				w.wards[u][i] = w.admission()
			}
		}
		w.clinics[u] = w.clinics[u][:0]
		for range 40 {
			w.clinics[u] = append(w.clinics[u], w.anyone())
		}
		w.down[u] = w.rng.is(.003 * w.cfg.Hard)
	}
	for range max(30, w.cfg.People*3/10) {
		w.ed = append(w.ed, w.anyone())
	}
	for range len(w.clinics) {
		w.past = append(w.past, pick(w.rng, w.clinics)...)
	}
	if n := len(w.past); n > 40000 {
		w.past = append(w.past[:0], w.past[n-40000:]...)
	}
	w.skew = 0
	if w.rng.is(.03 * w.cfg.Hard) {
		w.skew = pick(w.rng, skews[:])
	}
	w.staffing()
}

// staffing moves people between units and replaces those who leave.
func (w *World) staffing() {
	for i := range w.staff {
		p := w.People[i]
		if p.moved > 0 {
			if p.moved--; p.moved == 0 {
				p.news = Plain
			}
		}
		switch x := w.rng.Float64() / max(1e-9, w.cfg.Hard); {
		case x < .0015: // the successor has an account of its own
			q := w.hire(p.Role)
			w.People = w.People[:len(w.People)-1]
			q.news, q.moved = NewHire, 5
			w.People[i] = q
		case x < .0035:
			p.unit = w.rng.IntN(len(w.wards))
			p.news, p.moved = Transfer, 3
		}
	}
}

// weekend tells whether offices and clinics are closed.
func (w *World) weekend() bool { return w.day%7 >= 5 }

// plan makes the steps of the day that begins at begin.
func (w *World) plan(begin clock.Time) {
	w.clerks = w.clerks[:0]
	for i := range w.staff {
		p := w.People[i]
		office := jobs[p.Role].office
		if office && w.weekend() || !office && w.rng.is(2./7) || office && w.rng.is(.08) {
			continue
		}
		w.shift(i, begin)
	}
	w.registrations(begin)
	w.machinery(begin)
	w.unusual(begin)
	w.portal(begin)
}

// sheet is one person's day at work.
type sheet struct {
	i          int
	p          *Person
	start, end clock.Time
	tag        Tag
	blind      float64
	todo       int
	search     bool // works by searching, not from a list
}

// shift makes one person's day.
func (w *World) shift(i int, begin clock.Time) {
	p := w.People[i]
	j := &jobs[p.Role]
	hours := []float64{7, 7, 15, 22}[w.rng.IntN(4)]
	if j.office {
		hours = 8
	}
	d := sheet{i: i, p: p, start: begin + clock.Time((hours+.4*w.rng.Float64())*float64(Hour)), tag: p.news, blind: p.blind}
	d.end = d.start + 8*Hour
	if hours == 22 && d.tag == Plain {
		d.tag = Night
	}
	d.todo = w.rng.poisson(p.mu * w.rng.gamma(j.k) / j.k)
	switch x := w.rng.Float64() / max(1e-9, w.cfg.Hard); {
	case x < .001:
		d.todo, d.tag = d.todo*4, Cover4
	case x < .011:
		d.todo, d.tag = d.todo*2, Cover2
	}
	if w.rng.is(.01*w.cfg.Hard) || w.down[p.unit] {
		d.blind, d.tag = math.Min(.9, d.blind*4), Paper
	}
	if p.roams && d.tag == Plain {
		d.tag = Roaming
	}
	if p.Role == Registrar {
		w.clerks = append(w.clerks, duty{i, d.start, d.end})
	}
	w.signIn(&d)
	w.lists(&d)
	if p.Role == Administrator {
		w.administer(&d)
		return
	}
	if p.Role == Coder && w.rng.is(.016*w.cfg.Hard) {
		w.audit(&d)
		return
	}
	if p.Role == Research && w.rng.is(.1*w.cfg.Hard) {
		w.cohortPull(&d)
	}
	for v := range d.todo {
		at := d.start + clock.Time((float64(v)+w.rng.Float64())*float64(8*Hour)/float64(d.todo+1))
		w.visit(&d, at)
	}
}

// signIn makes the login, some attempts at it, and mostly the end of the session.
func (w *World) signIn(d *sheet) {
	at := d.start - 3*Minute
	failures := 0
	tag := d.tag
	if w.rng.is(.06) {
		failures = 1
	}
	if w.day%28 == 0 && w.rng.is(.3*min(1, w.cfg.Hard)) {
		failures, tag = 1+w.rng.IntN(3), Passwords
	}
	for range failures {
		w.step(d.i, at, SignIn, 0, 401, tag)
		at += clock.Time(5+w.rng.IntN(20)) * Second
	}
	if tag == Passwords && w.rng.is(.5) {
		w.step(d.i, at, ResetPassword, 0, 200, tag)
		at += 20 * Second
	}
	w.step(d.i, at, SignIn, 0, 200, tag)
	for t := d.start; t < d.end; t += clock.Time(20+w.rng.IntN(20)) * Minute {
		w.step(d.i, t, Inbox, 0, 200, d.tag)
	}
	if w.rng.is(.6) {
		w.step(d.i, d.end+15*Minute, SignOut, 0, 200, d.tag)
	}
}

// lists makes the lists that a shift works from, now and again.
func (w *World) lists(d *sheet) {
	k, n, tag := WardList, 0, d.tag
	switch d.p.Role {
	case ClinicDoctor:
		k = ClinicList
	case EDDoctor:
		k = EDList
	case Laboratory:
		k, n = LabList, 60+w.rng.IntN(40)
	case Radiology, CallCentre:
		k, n = WorkList, 60+w.rng.IntN(120)
		if w.rng.is(.01 * w.cfg.Hard) {
			n, tag = 250+w.rng.IntN(150), Worklist
		}
	case Coder:
		k, n = DischargeList, 100
	case Registrar, Billing, Research, Administrator:
		d.search = true
		return
	}
	for t := d.start - 30*Second; t < d.end; t += clock.Time(60+w.rng.IntN(60)) * Minute {
		w.step(d.i, t, k, 0, int32(n), tag)
		if k == WardList && d.p.prefetch && w.rng.is(.3) {
			at := t + Second
			for _, id := range w.wards[d.p.unit][:12] {
				w.step(d.i, at, ChartOpen, id, 200, Prefetch)
				at += clock.Time(30+w.rng.IntN(120)) * Second / 1000
			}
		}
	}
}

// visit is one patient's turn: found in a list, by a search, or by what stands on paper, and then opened.
func (w *World) visit(d *sheet, at clock.Time) {
	id, onList := w.choose(d, at)
	tag := d.tag
	if w.rng.is(d.blind) {
		if w.rng.is(.3) {
			if tag == Plain {
				tag = Barcode
			}
			if w.rng.is(.03) {
				w.step(d.i, at-9*Second, MRNLookup, 0, 0, Typo)
			}
			w.step(d.i, at-3*Second, MRNLookup, id, 1, tag)
		}
	} else if !onList {
		if w.rng.is(.02*w.cfg.Hard) && tag == Plain {
			tag = OddText
		}
		w.step(d.i, at-clock.Time(3+w.rng.IntN(9))*Second, NameSearch, id, int32(1+w.rng.poisson(2)), tag)
	}
	switch d.p.Role {
	case Laboratory:
		if w.rng.is(.7) {
			w.specimen(d, at, id)
			return
		}
	case Billing:
		w.step(d.i, at, Account, id, 200, tag)
		for range 2 + w.rng.IntN(4) {
			at += clock.Time(1+w.rng.IntN(20)) * Second
			w.step(d.i, at, Invoice, id, 200, tag)
		}
		return
	case EDDoctor:
		if w.rng.is(1. / 60) {
			w.step(d.i, at-Second, Emergency, id, 200, BreakGlass)
		}
	case Radiology:
		w.step(d.i, at+2*Second, Studies, id, 200, tag)
		w.step(d.i, at+4*Second, StudyMeta, id, 200, tag)
	}
	w.chart(d.i, at, id, tag)
}

// chart opens a patient: about eight calls, some at once, some as one reads.
func (w *World) chart(i int, at clock.Time, id int32, tag Tag) {
	first := w.rng.IntN(5)
	for j := range 5 {
		k := ChartOpen + Kind((first+j)%5)
		if first > 1 {
			k = ChartOpen + Kind(j) // most pages ask for the patient first
		}
		w.step(i, at, k, id, 200, tag)
		if w.rng.is(.003) {
			w.step(i, at+Second/2, k, id, 503, Retry)
			w.step(i, at+3*Second, k, id, 200, Retry)
		}
		at += clock.Time(20+w.rng.IntN(200)) * Second / 1000
	}
	for range w.rng.poisson(3) {
		at += clock.Time(2+w.rng.IntN(40)) * Second
		k := Documents
		switch x := w.rng.Float64(); {
		case x < .3:
			k = Record
		case x < .5:
			k = Vitals
		case x < .57:
			k = NoteWrite
		case x < .6:
			k = Book
		case x < .605:
			k = Cancel
		case x < .607 && w.cfg.Hard > 0:
			w.step(i, at, DeadLink, 0, 404, Stale)
			continue
		}
		w.step(i, at, k, id, 200, tag)
	}
}

// specimen is one order of the laboratory: from the list, or by the barcode of the next tube.
func (w *World) specimen(d *sheet, at clock.Time, id int32) {
	tag := d.tag
	if tag == Plain {
		tag = LabRun
	}
	n := w.accession(at-clock.Time(w.rng.IntN(90))*Minute) + int32(w.rng.IntN(3))
	w.step(d.i, at, LabOrder, id, n, tag)
	w.step(d.i, at+clock.Time(10+w.rng.IntN(30))*Second, LabResult, id, n, tag)
}

// accession is the number of the order that the laboratory was given at a time: they are counted up over the hospital.
func (w *World) accession(at clock.Time) int32 {
	return int32(5_000_000 + float64(at-Epoch)/float64(Day)*float64(w.cfg.People)*2)
}

// choose is whom a person has reason to see, and whether its list has them.
func (w *World) choose(d *sheet, at clock.Time) (int32, bool) {
	p := d.p
	x := w.rng.Float64()
	switch p.Role {
	case Nurse:
		if x < .93 {
			return pick(w.rng, w.wards[p.unit]), true
		}
		return pick(w.rng, w.wards[w.rng.IntN(len(w.wards))]), false
	case WardDoctor:
		if x < .7 {
			return pick(w.rng, w.wards[p.unit]), true
		}
		if x < .95 {
			return pick(w.rng, w.wards[w.rng.IntN(len(w.wards))]), false
		}
	case ClinicDoctor:
		if x < .8 {
			return pick(w.rng, w.clinics[p.unit]), true
		}
	case EDDoctor:
		if x < .4 {
			if id := w.arrived(at); id != 0 {
				return id, false
			}
		}
		return pick(w.rng, w.ed), true
	case Registrar:
		return pick(w.rng, w.clinics[w.rng.IntN(len(w.clinics))]), false
	case Laboratory, Radiology:
		return pick(w.rng, w.wards[w.rng.IntN(len(w.wards))]), p.Role == Laboratory
	case Coder:
		if len(w.left) > 0 {
			return w.left[w.rng.IntN(min(100, len(w.left)))], true
		}
	case Billing:
		return pick(w.rng, w.past), false
	case Research:
		return int32(min(w.pat.top(), p.cohort+w.rng.IntN(5000))), false
	}
	return w.anyone(), false
}

// arrived is one of those who were registered today before at, or 0.
func (w *World) arrived(at clock.Time) int32 {
	n := int(float64(at%Day-7*Hour) / float64(14*Hour) * float64(len(w.fresh)))
	if at%Day < 7*Hour || n < 1 {
		return 0
	}
	return w.fresh[w.rng.IntN(min(n, len(w.fresh)))]
}

// duty is when one of People is at work.
type duty struct {
	i        int
	from, to clock.Time
}

// clerk is a registrar at work.
func (w *World) clerk(at clock.Time) (int, bool) {
	for range 4 * len(w.clerks) {
		if c := pick(w.rng, w.clerks); at >= c.from && at < c.to {
			return c.i, true
		}
	}
	return 0, false
}

// registrations makes today's new patients, in order of their numbers, from six to eight.
func (w *World) registrations(begin clock.Time) {
	for k, id := range w.fresh {
		at := begin + 6*Hour + clock.Time(float64(k)/float64(len(w.fresh))*float64(14*Hour))
		i, ok := w.clerk(at)
		if !ok {
			continue // by a system that is not watched
		}
		w.step(i, at, Register, id, 201, Plain)
		w.step(i, at+4*Second, ChartOpen, id, 200, Plain)
		if w.rng.is(.5) {
			w.step(i, at+40*Second, Book, id, 201, Plain)
		}
	}
}

func (w *World) step(person int, at clock.Time, k Kind, patient, x int32, tag Tag) {
	w.steps = append(w.steps, step{at: at, person: int32(person), patient: patient, x: x, kind: k, tag: tag})
}
