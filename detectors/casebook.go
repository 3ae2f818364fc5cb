package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// casebook holds what one detector has against each of its keys: a principal, a client, an endpoint. A case is told
// when the detector first speaks, told again when it is graver or has doubled, and ends a day after it was last told.
type casebook[T any] struct {
	scene    *scene
	files    *lru[dossier[T]]
	describe func(*dossier[T]) Signal
	severity func(*dossier[T]) Severity // as describe would say it, where a flood makes that costly; else nil
}

// dossier is the case of one key, with what the detector remembers beside it.
type dossier[T any] struct {
	casefile
	seen    clock.Time
	accused call.Principal // who is named once it is told; later calls may carry other credentials
	state   T
}

// newCasebook makes a casebook of at most limit cases. describe states a case as it stands: kind, severity, words
// and facts; the rest of the Signal is filled in.
func newCasebook[T any](s *scene, limit int, describe func(*dossier[T]) Signal) *casebook[T] {
	return &casebook[T]{scene: s, describe: describe, files: newLRU(limit,
		func(d *dossier[T]) bool { return !d.open(s.now) },
		func(d *dossier[T]) { s.close(&d.casefile) })}
}

// of is the case of key. One that was told ends with its silence: what comes then is a case of its own.
func (b *casebook[T]) of(key uint64) *dossier[T] {
	d, _ := b.files.use(key)
	d.seen = b.scene.now
	if d.until != 0 && !d.open(b.scene.now) {
		b.drop(d)
	}
	return d
}

// find is the case of key if there is one, else nil.
func (b *casebook[T]) find(key uint64) *dossier[T] { return b.files.find(key) }

// drop forgets a suspicion and what was remembered beside it.
func (b *casebook[T]) drop(d *dossier[T]) {
	b.scene.close(&d.casefile)
	seen := d.seen
	var none dossier[T]
	none.casefile, none.seen = d.casefile, seen // close keeps the memory of its counts
	*d = none
}

// note adds a call to the case, with what it touched.
func (b *casebook[T]) note(d *dossier[T], c *call.Call) {
	b.scene.note(&d.casefile, c)
	for i := range b.scene.contacts {
		d.touch(c, &b.scene.contacts[i])
	}
}

// tell states the case, if it is new, graver than it was, or has doubled. c must have been noted.
func (b *casebook[T]) tell(dst []Signal, d *dossier[T], c *call.Call) []Signal {
	s := b.scene
	was := d.open(s.now)
	if !was {
		d.accused = clonePrincipal(&c.Principal)
	} else if !d.grown(s.now) && (d.gravity() >= gravest || b.grade(d) <= d.gravity()) {
		return dst
	}
	d.until = s.now + silence
	return append(dst, b.state(d))
}

// gravest is the most that any case is told as: a flood of calls to one that was need not be described each time.
const gravest = High

// grade is how grave the case is as it stands.
func (b *casebook[T]) grade(d *dossier[T]) Severity {
	if b.severity != nil {
		return b.severity(d)
	}
	sig := b.describe(d)
	return sig.Severity
}

// state is the case as it stands.
func (b *casebook[T]) state(d *dossier[T]) Signal {
	sig := b.describe(d)
	sig.Principal = d.accused
	sig.Endpoint, sig.Route = d.endpoint, d.route()
	d.say(sig)
	d.spoken = true
	sig = b.scene.restate(&d.casefile)
	d.say(sig)
	return sig
}

// forget frees the cases in which nothing has happened for idle.
func (b *casebook[T]) forget(now, idle clock.Time) {
	b.files.dropOldest(func(d *dossier[T]) bool { return now-d.seen > max(idle, silence) })
}

// Forget frees the cases of a day in which nothing has happened.
func (b *casebook[T]) Forget(now clock.Time) { b.forget(now, day) }

// count adds the cases that were given up for want of room.
func (b *casebook[T]) count(st *Stats) { st.EvictedSuspects += b.files.evicted }

// close tells the cases that have grown since they were last told.
func (b *casebook[T]) close(dst []Signal) []Signal {
	b.files.each(func(d *dossier[T]) {
		if d.more(b.scene.now) {
			dst = append(dst, b.state(d))
		}
	})
	return dst
}
