package main

import (
	"fmt"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/clock"
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

// setting is what the hospital of an attack is: cells of one setting share hospitals.
type setting struct {
	ids    world.Scheme
	people int
	cold   bool // the attack is on the first morning of the capture, alone
	spread bool // attacks of many accounts run one at a time
	part   *ablation
}

// cell is one square of a table: an attack, made many times.
type cell struct {
	setting
	group string // the table it stands in
	name  string
	order *order
	pace  pace
	role  world.Role
	count int     // accounts that share the walk
	hosts int     // addresses it comes from; 0: the accounts' own
	naked bool    // no credential: who calls is the address
	hits  float64 // share of the identifiers that exist
	cover float64 // share that a search delivers first
	most  int     // patients that it takes at most
	early bool    // it begins in the first minute of the day
	rival bool    // the rules of others judge it too

	replicates int
	results    []result
}

// result is what became of one raid.
type result struct {
	ours      delay
	others    [rivalCount]delay
	incidents int // that named the attacker
	evidence  evidence
	named     float64 // share of the accounts that the incidents named, of spread attacks
	right     float64 // share of those they named that were the attack's
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

// world is the hospital at a seed.
func (s *setting) world(seed uint64) world.Config {
	w := world.Default(seed)
	w.People, w.IDs = s.people, s.ids
	if s.cold {
		w.Patients = coldTop
	}
	if s.part != nil && s.part.world != nil {
		s.part.world(&w)
	}
	return w
}

func (s *setting) detectors() detectors.Config {
	cfg := detectors.Defaults()
	if s.part != nil && s.part.detectors != nil {
		s.part.detectors(&cfg)
	}
	return cfg
}

// describe is the setting in words.
func (s *setting) describe() string {
	text := fmt.Sprintf("%d staff, identifiers %v", s.people, s.ids)
	if s.cold {
		text += ", seen cold"
	}
	if s.spread {
		text += ", many accounts"
	}
	if s.part != nil {
		text += ", " + s.part.name
	}
	return text
}
