package main

import (
	"math/rand/v2"
	"slices"
	"strings"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// raid is one attack as it runs. It is put into the world day by day, so that one that was found can end.
type raid struct {
	cell    *cell
	id      int
	members []int // of World.People
	keys    []uint64
	rng     *rand.Rand
	base    int
	start   clock.Time // of each of its days
	first   int        // day
	days    int        // that it has had
	taken   int        // patients, so far, of those that are planned
	begin   clock.Time

	read   int
	ids    map[string]bool     // patients read
	times  map[clock.Time]bool // of its calls
	rivals [rivalCount]delay
	ours   delay
	found  int // the day it was found on
	proof  evidence
	told   int  // incidents on it
	spoilt bool // one was open before it began, or the account was another's
	named  []uint64
}

// evidence is what the first alert on a raid showed of it.
type evidence struct {
	calls  float64    // share of the calls shown that are the attack's
	listed float64    // share of the attack's patients that are listed, of as many as a list may hold
	stray  float64    // share of the patients listed that are none of the attack's
	late   clock.Time // from the call that an alert is of until it was out, in the time of the packets
}

// newRaid plans a raid by members, from a number on that is as far as may be from those of others: one attack must not
// stand in the tracks of another.
func newRaid(c *cell, id int, s *site, rng *rand.Rand, members []int, day int, others []int) *raid {
	x := &raid{cell: c, id: id, members: members, rng: rng, first: day, found: -1, ids: map[string]bool{}, times: map[clock.Time]bool{}}
	for _, i := range members {
		x.keys = append(x.keys, s.world.People[i].Who.Key)
	}
	most := -1
	for range 8 {
		base, room := 1000+rng.IntN(max(1, s.world.Top()-2000-span)), s.world.Top()
		for _, b := range others {
			room = min(room, max(b-base, base-b))
		}
		if room > most {
			x.base, most = base, room
		}
	}
	x.start = 9*world.Hour + clock.Time(rng.Int64N(int64(world.Hour)))
	if c.early {
		x.start = clock.Time(rng.Int64N(int64(world.Minute)))
	}
	x.begin = world.Epoch + clock.Time(day)*world.Day + x.start
	return x
}

// morning puts the raid's part of a day into the world.
func (x *raid) morning(s *site, day int) {
	c, w := x.cell, s.world
	for k, i := range x.members {
		if w.People[i].Who.Key != x.keys[k] {
			x.spoilt = true // somebody left, and another sits in their place
		}
	}
	x.days++
	midnight := world.Epoch + clock.Time(day)*world.Day
	at := midnight + x.start
	for today := 0; x.taken < c.most && (c.pace.day == 0 || today < c.pace.day); today++ {
		if today > 0 && at >= midnight+19*world.Hour && c.pace.gap > world.Second {
			return
		}
		n := min(w.Top(), max(1, c.order.next(x.taken, x.base, w.Top(), x.rng)))
		edit := x.edit(x.taken)
		who := x.members[x.taken%len(x.members)]
		if c.cover > 0 && x.rng.Float64() < c.cover {
			w.Add(at-2*world.Second, who, n, world.NameSearch, x.disguise(x.taken))
		}
		w.Open(at, who, n, edit)
		x.taken++
		at += c.pace.gap + clock.Time(x.rng.Int64N(int64(c.pace.gap)/4+1))
	}
}

// over tells whether the raid need not go on after a day: it has ended, or it was found and nothing else is to be
// seen. A spread one goes on for a day, so that all its accounts can be named.
func (x *raid) over(day int) bool {
	switch {
	case x.spoilt || x.days >= x.cell.pace.days || x.taken >= x.cell.most:
		return true
	case x.cell.rival || x.found < 0:
		return false
	case x.cell.spread:
		return day > x.found
	}
	return true
}

// edit makes the call of the i-th patient what the cell says: a miss, from another address, without a credential.
func (x *raid) edit(i int) func(*call.Call) {
	miss := x.rng.Float64() >= x.cell.hits
	disguise := x.disguise(i)
	if !miss {
		return disguise
	}
	return func(k *call.Call) {
		refuse(k, 404)
		if disguise != nil {
			disguise(k)
		}
	}
}

// disguise changes where a call comes from and who makes it.
func (x *raid) disguise(i int) func(*call.Call) {
	c := x.cell
	if c.hosts == 0 {
		return nil
	}
	a := packet.Addr{10: 0xff, 11: 0xff, 12: 185, 13: 7, 14: byte(x.id), 15: byte(1 + i%c.hosts)}
	var p call.Principal
	if c.naked {
		p = call.Principal{Key: uint64(a[14])<<8 | uint64(a[15]) | 0xabc<<32, Kind: call.Address, ID: a.IP().String(), Strength: 20}
		if !slices.Contains(x.keys[len(x.members):], p.Key) {
			x.keys = append(x.keys, p.Key)
		}
	}
	return func(k *call.Call) {
		k.Client.Addr = a
		if c.naked {
			k.Principal, k.Auth = p, call.Auth{}
		}
	}
}

// refuse makes a call one that was refused.
func refuse(k *call.Call, status int) {
	k.Status = status
	k.PHI, k.Delivered, k.Answer, k.FHIR.Entries, k.RespDec, k.RespWire = call.Found{}, nil, call.Answer{}, 0, 120, 120
	k.Objects = slices.DeleteFunc(k.Objects, func(o call.Object) bool { return o.Where == call.InResponse })
}

// reads notes a call of the raid.
func (x *raid) reads(k *call.Call) {
	x.times[k.Time] = true
	if !opens(k) {
		return
	}
	x.read++
	for i := range k.Objects {
		if o := &k.Objects[i]; o.Where == call.InPath && o.Patient {
			x.ids[strings.Clone(o.ID)] = true
		}
	}
}

// opens tells whether a call reads a chart.
func opens(k *call.Call) bool { return strings.HasPrefix(k.Route, "/fhir/Patient/{id}") }

func (x *raid) accused(in *incident) bool { return slices.ContainsFunc(x.keys, in.names) }

// tell notes an incident that names the raid.
func (x *raid) tell(in *incident, now clock.Time, day int) {
	x.told++
	switch {
	case x.read == 0:
		x.spoilt = true
	case x.ours.n == 0:
		x.ours, x.found = delay{x.read, now - x.begin}, day
		x.proof = x.score(&in.signal)
		x.proof.late = now - in.signal.Time
	}
}

// score compares what an alert shows with what the raid did.
func (x *raid) score(s *detectors.Signal) evidence {
	var e evidence
	for i := range s.Evidence {
		if x.times[s.Evidence[i].Time] {
			e.calls++
		}
	}
	e.calls /= float64(max(1, len(s.Evidence)))
	mine := 0
	for _, id := range s.Patients {
		if x.ids[id] {
			mine++
		}
	}
	e.listed = float64(mine) / float64(max(1, min(len(x.ids), maxListed)))
	e.stray = 1 - float64(mine)/float64(max(1, len(s.Patients)))
	if len(s.Patients) == 0 {
		e.stray = 0
	}
	return e
}

// maxListed is how many patients an alert lists.
const maxListed = 20

// note keeps whom a signal names beside a member of the raid.
func (x *raid) note(s *detectors.Signal) {
	all := append([]call.Principal{s.Principal}, s.Members...)
	if !slices.ContainsFunc(all, func(p call.Principal) bool { return slices.Contains(x.keys, p.Key) }) {
		return
	}
	for _, p := range all {
		if p.Key != 0 && !slices.Contains(x.named, p.Key) {
			x.named = append(x.named, p.Key)
		}
	}
}

// result is what became of it.
func (x *raid) result() result {
	r := result{ours: x.ours, others: x.rivals, incidents: x.told, evidence: x.proof}
	// Of accounts that were never used, or that an address stood for, nothing can be known.
	mine := x.keys[:min(len(x.keys), max(1, x.read))]
	if x.cell.naked {
		mine = x.keys[len(x.members):]
	}
	n := 0
	for _, key := range mine {
		if slices.Contains(x.named, key) {
			n++
		}
	}
	r.named = float64(n) / float64(max(1, len(mine)))
	r.right = 1
	if len(x.named) > 0 {
		n = 0
		for _, key := range x.named {
			if slices.Contains(x.keys, key) {
				n++
			}
		}
		r.right = float64(n) / float64(len(x.named))
	}
	return r
}
