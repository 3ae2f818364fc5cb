package detectors

import (
	"fmt"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// bulkWrite finds people who delete or change many records in a run: sabotage, ransom, a script in the wrong hands.
// A person deletes about two records an hour and changes thirty; services are at their trade. Undoing what one made
// oneself, and work on what a list had just given, say little.
type bulkWrite struct {
	*casebook[writes]
	made  *lru[maker]
	peers writerNorm
}

// writes is what one person changed lately.
type writes struct {
	gone, changed   stats.Recent
	deletes, people stats.Window // in tenths of a record
	deleted, put    int
	harm            bool // deletes are what the case is about
}

// maker is what one person created, which is its own to undo.
type maker struct {
	last clock.Time
	own  stats.Recent
}

// writerNorm is how many others have written this much.
type writerNorm struct{ deletes, changes [everybody]uint64 }

const (
	writeWindow = 10 * minute
	// Records in ten minutes: a Gamma-Poisson person of mean 1/3 and shape 1/2 deletes ten with odds of 1e-4 in a
	// window in which it deletes at all, and sixty are left for what is cancelled by the dozen when a clinic falls out.
	deletesAlarm = 10
	lightDeletes = 60
	changesAlarm = 24
	listedTenths = 1  // weight of a change of what a list had given, in tenths
	peerFactor   = 3  // more is asked when others do the same
	changesHigh  = 80 // people changed
	ownRecords   = 1024
)

func newBulkWrite(s *scene) *bulkWrite {
	d := &bulkWrite{made: newLRU(s.cfg.Suspects, func(*maker) bool { return true }, nil)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*bulkWrite) Name() string { return "bulk_write_delete" }
func (*bulkWrite) Key() Key     { return ByPrincipal }

// Forget frees those who changed nothing for a day.
func (d *bulkWrite) Forget(now clock.Time) {
	d.forget(now, day)
	d.made.dropOldest(func(m *maker) bool { return now-m.last > day })
}

func (d *bulkWrite) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedSuspects += d.made.evicted
}

// Observe folds one call.
func (d *bulkWrite) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Method == "GET" || c.Principal.Key == 0 || c.Continued || !c.OK() || !human(c) || c.Flags&(call.Login|call.Health) != 0 {
		return dst
	}
	switch c.Method {
	case "POST":
		d.create(c)
		return dst
	case "DELETE":
	case "PUT", "PATCH":
		if c.Flags&call.Create != 0 {
			d.create(c)
			return dst
		}
	default:
		return dst
	}
	s := d.scene
	m := d.made.find(c.Principal.Key)
	var f *dossier[writes]
	for i := range s.contacts {
		k := &s.contacts[i]
		if k.Where != call.InPath && k.Where != call.InQuery || m != nil && m.own.Has(k.Key, s.now, day) || i+1 < len(s.contacts) && s.contacts[i+1].Where == k.Where && !k.list {
			continue // the last one that the path names is what is written
		}
		if f == nil {
			f = d.of(c.Principal.Key)
		}
		d.write(&f.state, c, k)
	}
	if f == nil {
		return dst
	}
	d.note(f, c)
	return d.judge(dst, f, c)
}

// create remembers what a person made.
func (d *bulkWrite) create(c *call.Call) {
	if c.Flags&call.Create == 0 {
		return
	}
	m, _ := d.made.use(c.Principal.Key)
	m.last = d.scene.now
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Where == call.InResponse || c.Method == "PUT" {
			m.own.Add(o.Key, d.scene.now, day, ownRecords)
		}
	}
	for _, key := range c.Delivered {
		m.own.Add(key, d.scene.now, day, ownRecords)
	}
}

// write counts one record.
func (d *bulkWrite) write(p *writes, c *call.Call, k *contact) {
	s := d.scene
	if c.Method == "DELETE" {
		if fresh, _ := p.gone.Add(k.Key, s.now, hour, s.cfg.Contacts); !fresh {
			return
		}
		weight := uint32(10)
		if light.in(c.Route) != "" || !k.Patient && c.Flags&call.HealthAPI == 0 {
			weight = 10 * deletesAlarm / lightDeletes
		}
		p.deletes.Add(s.now, writeWindow, weight)
		p.deleted++
		return
	}
	if fresh, _ := p.changed.Add(k.Key, s.now, hour, s.cfg.Contacts); !fresh {
		return
	}
	weight := uint32(10)
	switch {
	case k.why != unexplained:
		weight = listedTenths
	case !k.Patient && c.Flags&call.HealthAPI == 0: // prices, roles, wards
		weight = 1
	case !k.Patient:
		weight = 4
	}
	if light.in(c.Route) != "" {
		weight = min(weight, 2)
	}
	p.people.Add(s.now, writeWindow, weight)
	p.put++
}

// judge tells a run that is long enough.
func (d *bulkWrite) judge(dst []Signal, f *dossier[writes], c *call.Call) []Signal {
	s, p, key := d.scene, &f.state, c.Principal.Key
	if f.open(s.now) {
		return d.tell(dst, f, c)
	}
	deletes, changes := 10*deletesAlarm, 10*changesAlarm
	n, m := p.deletes.Sum(s.now, writeWindow), p.people.Sum(s.now, writeWindow)
	if 2*n >= deletes && crowded(&d.peers.deletes, key) {
		deletes *= peerFactor
	}
	if 2*m >= changes && crowded(&d.peers.changes, key) {
		changes *= peerFactor
	}
	if n < deletes && m < changes {
		return dst
	}
	p.harm = n >= deletes
	return d.tell(dst, f, c)
}

// light are words of what people clear away by the dozen.
var light = wordList{"appointment", "slot", "booking", "notification", "message", "inbox", "draft", "session", "cart", "favorite", "favourite",
	"bookmark", "task", "reminder", "subscription", "alert", "alarm", "queue", "preference", "signoff", "approve", "acknowledge", "verify",
	"device", "token", "temp", "cache", "lock"}

// describe states a person's case.
func (d *bulkWrite) describe(f *dossier[writes]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 75)}
	if p.harm {
		sig.Severity, sig.Confidence = High, sureness(&f.accused, 85)
		sig.Score, sig.Threshold = float64(p.deleted), deletesAlarm
		sig.Title = fmt.Sprintf("{principal} deleted %s in %s", count(p.deleted, "record"), span(f.last-f.since))
		sig.Expected = "A person deletes about two records an hour; undoing one's own is not counted, and a clean-up that was agreed on would explain it"
	} else {
		if p.put >= changesHigh {
			sig.Severity = High
		}
		sig.Score, sig.Threshold = float64(p.put), changesAlarm
		sig.Title = fmt.Sprintf("{principal} changed %s in %s", count(p.put, "record"), span(f.last-f.since))
		sig.Expected = "A person changes about thirty records an hour, of patients that a list or a colleague brought; a migration would explain it"
	}
	sig.Observed = fmt.Sprintf("%s deleted and %s changed, made by others", count(p.deleted, "record"), count(p.put, "record"))
	sig.Facts = []Fact{{"deleted", strconv.Itoa(p.deleted)}, {"changed", strconv.Itoa(p.put)}}
	return sig
}
