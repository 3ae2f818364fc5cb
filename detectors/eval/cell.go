package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// pace is how fast an attacker reads, in all: one patient each gap, within hours of each day.
type pace struct {
	name string
	gap  clock.Time
	day  int // patients a day, 0: as many as the gap allows
	days int // that the attack may last
}

var paces = []pace{
	{"10/s", world.Second / 10, 0, 1},
	{"1/s", world.Second, 0, 1},
	{"1/min", world.Minute, 0, 1},
	{"1/20 min", 20 * world.Minute, 30, 10},
	{"1/2 h", 2 * world.Hour, 5, 30},
	{"5/day", 100 * world.Minute, 5, 30},
	{"1/day", 10 * world.Hour, 1, 60},
}

func paceOf(name string) pace {
	for _, p := range paces {
		if p.name == name {
			return p
		}
	}
	panic("eval: no pace " + name)
}

// cell is one square of a table: an attack, made many times.
type cell struct {
	group  string // the table it stands in
	name   string
	order  *order
	pace   pace
	role   world.Role
	spread int     // accounts that share the walk
	hosts  int     // addresses it comes from; 0: the accounts' own
	naked  bool    // no credential: who calls is the address
	hits   float64 // share of the identifiers that exist
	cover  float64 // share that a search delivers first
	cold   bool    // on the first morning of the capture
	most   int     // patients that it takes at most
	set    func(*world.Config)
	config func(*detectors.Config)
	rivals bool

	replicates int
	found      []delay // ours
	others     [rivalCount][]delay
	named      []float64 // share of the accounts that the incident named, of spread attacks
	accused    int       // incidents on others, while it ran
	calls      uint64
}

// delay is patients read until the alarm, and the time it took. n is 0 for never.
type delay struct {
	n  int
	at clock.Time
}

// Sizes of the hospital that attacks are made in.
const (
	attackStaff = 300
	warmDays    = 12
	coldTop     = 30_000
)

// raid is one attack as it runs.
type raid struct {
	cell    *cell
	members []int // of World.People
	keys    []uint64
	begin   clock.Time
	read    int
	rivals  [rivalCount]delay
	ours    delay
	spoilt  bool // an incident was open before it began
	named   map[uint64]bool
}

func (c *cell) world(seed uint64) world.Config {
	w := world.Default(seed)
	w.People, w.IDs = attackStaff, c.order.ids
	if c.cold {
		w.Patients = coldTop
	}
	if c.set != nil {
		c.set(&w)
	}
	return w
}

func (c *cell) detectors() detectors.Config {
	cfg := detectors.Defaults()
	if c.config != nil {
		c.config(&cfg)
	}
	return cfg
}

// run makes the attack replicates times, from seed on.
func (c *cell) run(seed uint64) {
	for len(c.found) < c.replicates {
		c.visit(seed)
		seed++
	}
}

// visit makes some of the attacks at one site. A site whose history is known takes eight attackers a day, or twelve at
// once when they are slow; one that is seen cold takes one.
func (c *cell) visit(seed uint64) {
	s := newSite(c.world(seed), c.detectors())
	r := rand.New(rand.NewPCG(seed, 99))
	atOnce, rounds, first := 8, 4, warmDays
	switch {
	case c.cold:
		atOnce, rounds, first = 1, 1, 0
	case c.spread > 1:
		atOnce, rounds = 1, 8
	case c.pace.days > 1:
		atOnce, rounds = 12, 1
	}
	rivals := newRivals(c.rivals)
	watch := func(raids []*raid) func(*call.Call, world.Mark, []incident) {
		return func(k *call.Call, m world.Mark, told []incident) { c.judge(s, raids, rivals, k, m, told) }
	}
	for range first {
		s.day(watch(nil))
	}
	free := c.accounts(s, r)
	for day := first; rounds > 0 && len(c.found) < c.replicates; rounds-- {
		var raids []*raid
		for range min(atOnce, c.replicates-len(c.found)) {
			if len(free) < c.spread {
				break
			}
			raids = append(raids, c.plot(s, r, free[:c.spread], day))
			free = free[c.spread:]
		}
		if len(raids) == 0 {
			break
		}
		for range c.pace.days {
			s.day(watch(raids))
			day++
		}
		for _, raid := range raids {
			c.close(raid)
		}
	}
	c.calls += s.calls
}

// accounts are those an attacker may have, in a random order.
func (c *cell) accounts(s *site, r *rand.Rand) []int {
	var free []int
	for i, p := range s.world.People[:s.world.Staff()] {
		if p.Role == c.role || c.spread > 1 {
			free = append(free, i)
		}
	}
	r.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	return free
}

// plot puts an attack into the days to come.
func (c *cell) plot(s *site, r *rand.Rand, members []int, day int) *raid {
	raid := &raid{cell: c, members: members, named: map[uint64]bool{}}
	for _, i := range members {
		raid.keys = append(raid.keys, s.world.People[i].Who.Key)
	}
	w := s.world
	top := w.Top()
	base := 1000 + r.IntN(max(1, top-2000-span))
	midnight := world.Epoch + clock.Time(day)*world.Day
	start := 9*world.Hour + clock.Time(r.Int64N(int64(world.Hour)))
	raid.begin = midnight + start
	at, today, hop := raid.begin, 0, 0
	for i := range c.most {
		n := min(top, max(1, c.order.next(i, base, top, r)))
		edit := c.edit(raid, r, i)
		who := members[i%len(members)]
		if c.cover > 0 && r.Float64() < c.cover {
			w.Add(at-2*world.Second, who, n, world.NameSearch, c.disguise(raid, i))
		}
		w.Open(at, who, n, edit)
		at += c.pace.gap + clock.Time(r.Int64N(int64(c.pace.gap)/4+1))
		if today++; c.pace.day > 0 && today >= c.pace.day || at >= midnight+clock.Time(hop)*world.Day+19*world.Hour && c.pace.gap > world.Second {
			if hop++; hop >= c.pace.days {
				break
			}
			at, today = midnight+clock.Time(hop)*world.Day+start, 0
		}
	}
	return raid
}

// edit makes the call of the i-th patient what the cell says: a miss, from another address, without a credential.
func (c *cell) edit(raid *raid, r *rand.Rand, i int) func(*call.Call) {
	miss := r.Float64() >= c.hits
	disguise := c.disguise(raid, i)
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
func (c *cell) disguise(raid *raid, i int) func(*call.Call) {
	if c.hosts == 0 {
		return nil
	}
	a := packet.Addr{10: 0xff, 11: 0xff, 12: 185, 13: 7, 14: byte(raid.members[0]), 15: byte(1 + i%c.hosts)}
	var p call.Principal
	if c.naked {
		p = call.Principal{Key: uint64(a[14])<<8 | uint64(a[15]) | 0xabc<<32, Kind: call.Address, ID: a.IP().String(), Strength: 20}
		raid.keys = append(raid.keys, p.Key)
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

// judge notes who noticed what at a call.
func (c *cell) judge(s *site, raids []*raid, rivals *rivals, k *call.Call, m world.Mark, told []incident) {
	mine := (*raid)(nil)
	for _, x := range raids {
		if m.Tag == world.Attack && slices.Contains(x.members, m.Person) {
			mine = x
			if opens(k) {
				x.read++
			}
		}
	}
	for i := range told {
		known := false
		for _, x := range raids {
			if !x.accused(&told[i]) {
				continue
			}
			known = true
			if x.ours.n == 0 && x.read > 0 {
				x.ours = delay{x.read, k.Time - x.begin}
			} else if x.read == 0 {
				x.spoilt = true
			}
		}
		if !known && raids != nil {
			c.accused++
		}
	}
	if len(raids) > 0 && c.spread > 1 {
		for i := range s.alerts {
			raids[0].note(s.alerts[i].Signal)
		}
	}
	if rivals != nil {
		rivals.observe(k, func(which int) {
			if mine != nil && mine.rivals[which].n == 0 {
				mine.rivals[which] = delay{mine.read, k.Time - mine.begin}
			}
		})
	}
}

// opens tells whether a call reads a chart.
func opens(k *call.Call) bool { return strings.HasPrefix(k.Route, "/fhir/Patient/{id}") }

func (x *raid) accused(in *incident) bool {
	for _, key := range x.keys {
		if in.names(key) {
			return true
		}
	}
	return false
}

// note keeps who a signal names.
func (x *raid) note(sig detectors.Signal) {
	x.named[sig.Principal.Key] = true
	for _, p := range sig.Members {
		x.named[p.Key] = true
	}
}

// close takes the result of a raid into its cell.
func (c *cell) close(x *raid) {
	if x.spoilt && x.ours.n == 0 {
		c.replicates-- // nothing can be said of it
		return
	}
	c.found = append(c.found, x.ours)
	for i := range c.others {
		c.others[i] = append(c.others[i], x.rivals[i])
	}
	if c.spread > 1 {
		n := 0
		for _, key := range x.keys {
			if x.named[key] {
				n++
			}
		}
		c.named = append(c.named, float64(n)/float64(len(x.keys)))
	}
}

// summary is median, ninth decile, 99th percentile of the patients read before the alarm, and the share of raids that
// were never noticed. A raid that was not noticed counts as longer than any.
type summary struct {
	median, p90, p99 int
	never            float64
	hours            float64 // median
}

const never = 1 << 30

func summarize(found []delay) summary {
	if len(found) == 0 {
		return summary{}
	}
	var n []int
	var t []clock.Time
	missed := 0
	for _, d := range found {
		if d.n == 0 {
			missed++
			n, t = append(n, never), append(t, clock.Never)
			continue
		}
		n, t = append(n, d.n), append(t, d.at)
	}
	slices.Sort(n)
	slices.Sort(t)
	at := func(q float64) int { return n[min(len(n)-1, int(q*float64(len(n))))] }
	s := summary{median: at(.5), p90: at(.9), p99: at(.99), never: float64(missed) / float64(len(found))}
	s.hours = float64(t[len(t)/2]) / float64(world.Hour)
	return s
}

func count(n int) string {
	if n == never {
		return "–"
	}
	return fmt.Sprint(n)
}
