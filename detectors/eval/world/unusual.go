package world

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// skews are how a clock that is off shows in tokens.
var skews = [...]call.AuthMarks{call.Expired, call.NotYet}

// machines are the accounts of no person, as places in World.People.
type machines struct{ etl, engine, broken, load, scanner, monitor, proxy int }

// recruit makes the machines, the scanner of the security team and the users of the portal.
func (w *World) recruit() {
	add := func(p *Person) int {
		p.Role = Services
		return len(w.People) - 1
	}
	w.machines = machines{
		etl:     add(w.service("svc-warehouse", "Java/17.0.9", 21)),
		engine:  add(w.service("svc-interface-engine", "Mirth/4.4", 22)),
		broken:  add(w.service("svc-reports", "python-requests/2.31.0", 23)),
		load:    add(w.service("svc-loadtest", "k6/0.49.0", 24)),
		scanner: add(w.outsider(10, 9, 9, 9, "Mozilla/5.0 (Nessus)")),
		monitor: add(w.outsider(10, 5, 0, 2, "kube-probe/1.29")),
		proxy:   add(w.outsider(10, 5, 0, 3, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")),
	}
	for range w.cfg.People * 2 {
		w.portals = append(w.portals, len(w.People))
		w.portalUser()
	}
}

// Allowed is the address of the security team's scanner, which an operator puts on the allow-list.
const Allowed = "10.9.9.9"

// machinery makes what runs every day by itself.
func (w *World) machinery(begin clock.Time) {
	for t := begin + 13*Second; t < begin+Day; t += 2 * Minute {
		w.step(w.machines.monitor, t, HealthCheck, 0, 200, Machine)
	}
	// The nightly copy reads whom the day has touched, in the order of their numbers, and all of the newest.
	at, etl := begin+Hour, w.machines.etl
	w.step(etl, at-Second, ServiceToken, 0, 200, ETL)
	n := min(w.pat.top(), 2*w.cfg.People)
	for id := w.pat.top() - n + 1; id <= w.pat.top()-len(w.fresh); id++ {
		w.step(etl, at, ChartOpen, int32(id), 200, ETL)
		at += clock.Time(60+w.rng.IntN(60)) * Second / 1000
	}
	for t := begin + 7*Second; t < begin+Day; t += 3 * Minute { // admissions from elsewhere
		w.step(w.machines.engine, t, Vitals, w.wards[w.rng.IntN(len(w.wards))][w.rng.IntN(beds)], 200, Machine)
	}
	if w.cfg.Hard > 0 {
		for t := begin + 31*Second; t < begin+Day; t += 10 * Minute {
			w.step(w.machines.broken, t, ServiceToken, 0, 401, BrokenService)
		}
	}
}

// unusual makes what happens now and then, and looks like an attack.
func (w *World) unusual(begin clock.Time) {
	often := w.cfg.Hard * float64(w.cfg.People) / 400
	if w.day%7 == 2 && w.cfg.Hard > 0 { // the security team scans on Wednesdays
		at := begin + 11*Hour
		for i := range 200 {
			w.step(w.machines.scanner, at, Probe, 0, int32(i), Scanner)
			at += clock.Time(100+w.rng.IntN(300)) * Second / 1000
		}
	}
	if w.rng.is(.05 * w.cfg.Hard) {
		at := begin + 14*Hour
		for i := range 3000 {
			w.step(w.machines.load, at, ChartOpen+Kind(i%5), int32(1+i%20), 200, LoadTest)
			at += Second / 20
		}
	}
	if w.rng.is(.017 * often) {
		w.vaccination(begin)
	}
	if w.rng.is(.03 * often) {
		w.burst(begin)
	}
}

// vaccination: a few nurses see two hundred people each whom no list of theirs has.
func (w *World) vaccination(begin clock.Time) {
	for range 3 {
		i := w.rng.IntN(w.staff)
		for w.People[i].Role != Nurse {
			i = (i + 1) % w.staff
		}
		unseen := w.rng.is(.3) // their list of appointments is of another system
		at := begin + 9*Hour
		for range 150 + w.rng.IntN(100) {
			id := w.anyone()
			if unseen {
				w.step(i, at, MRNLookup, id, 1, Vaccination)
			} else {
				w.step(i, at, NameSearch, id, 1, Vaccination)
			}
			w.step(i, at+10*Second, ChartOpen, id, 200, Vaccination)
			w.step(i, at+50*Second, Immunize, id, 201, Vaccination)
			at += clock.Time(60+w.rng.IntN(60)) * Second
		}
	}
}

// burst: a school sends its list, and a registrar makes a record for each of its pupils.
func (w *World) burst(begin clock.Time) {
	at := begin + 10*Hour
	i, ok := w.clerk(at)
	if !ok {
		return
	}
	for range 20 + w.rng.IntN(40) {
		id := int32(w.pat.admit())
		w.step(i, at, Register, id, 201, Burst)
		w.step(i, at+2*Second, ChartOpen, id, 200, Burst)
		at += clock.Time(15+w.rng.IntN(40)) * Second
	}
}

// audit: a coder goes through some hundred discharged patients: mostly from a worklist, some from a spreadsheet.
func (w *World) audit(d *sheet) {
	n := 120 + w.rng.IntN(200)
	sheet := w.rng.is(.1)
	if !sheet {
		w.step(d.i, d.start-30*Second, WorkList, 0, int32(n), Audit)
	}
	for v := range n {
		at := d.start + clock.Time((float64(v)+.5*w.rng.Float64())*float64(7*Hour)/float64(n))
		id := w.listed(d.i, v)
		if sheet {
			id = pick(w.rng, w.past)
			w.step(d.i, at-4*Second, MRNLookup, id, 1, Audit)
		}
		w.step(d.i, at, ChartOpen, id, 200, Audit)
		w.step(d.i, at+Second, Conditions, id, 200, Audit)
		w.step(d.i, at+2*Second, Documents, id, 200, Audit)
	}
}

// cohortPull: research pages through a cohort's patients by search.
func (w *World) cohortPull(d *sheet) {
	at := d.start + clock.Time(w.rng.IntN(5))*Hour
	for page := range 2 + w.rng.IntN(9) {
		w.step(d.i, at, CohortPage, 0, int32(page), Cohort)
		at += clock.Time(1+w.rng.IntN(6)) * Second
	}
}

// administer is the day of who looks after accounts.
func (w *World) administer(d *sheet) {
	for v := range d.todo {
		at := d.start + clock.Time((float64(v)+w.rng.Float64())*float64(8*Hour)/float64(d.todo+1))
		w.step(d.i, at, AdminUsers, 0, 200, Administration)
		w.step(d.i, at+8*Second, AdminUser, 0, int32(w.rng.IntN(w.staff)), Administration)
		if w.rng.is(.4) {
			w.step(d.i, at+40*Second, AdminEdit, 0, int32(w.rng.IntN(w.staff)), Administration)
		}
	}
}

// portal lets three in a hundred of its users look at their own record.
func (w *World) portal(begin clock.Time) {
	for _, i := range w.portals {
		if !w.rng.is(.03) {
			continue
		}
		p := w.People[i]
		at := begin + clock.Time((7+15*w.rng.Float64())*float64(Hour))
		if w.rng.is(.12) {
			w.step(i, at-12*Second, SignIn, 0, 401, PortalUse)
		}
		w.step(i, at, SignIn, 0, 200, PortalUse)
		for j := range 2 + w.rng.IntN(5) {
			at += clock.Time(1+w.rng.IntN(30)) * Second
			w.step(i, at, ChartOpen+Kind(j%6), int32(p.patient), 200, PortalUse)
		}
	}
}
