package detectors

import (
	"fmt"
	"math"
	"net/netip"

	"auscult/detectors/rules"
	"auscult/detectors/stats"
	"auscult/sensor/openapi"
)

// Config bounds what the detectors remember and states the false alarms that they may make.
type Config struct {
	// Budget is the number of false alarms allowed per benign call, over all streams.
	Budget float64 `yaml:"budget"`
	// Shares of the budget: unexplained contacts, lattice, refusals, counts, walks across principals, size.
	ShareUnexplained float64 `yaml:"share_unexplained"`
	ShareLattice     float64 `yaml:"share_lattice"`
	ShareRefused     float64 `yaml:"share_refused"`
	ShareVolume      float64 `yaml:"share_volume"`
	ShareAcross      float64 `yaml:"share_across"`
	ShareOversize    float64 `yaml:"share_oversize"`
	// ShareLogins is the share of logins and guessed credentials, over all their streams.
	ShareLogins float64 `yaml:"share_logins"`
	// ShareBytes is the share of bytes of patients' data taken in an hour and a day.
	ShareBytes float64 `yaml:"share_bytes"`
	// ColdThreshold is the evidence, in nats, asked of every stream until the site is known.
	ColdThreshold float64 `yaml:"cold_threshold"`
	// WarmDays is how long a site is watched until the learned thresholds hold in full.
	WarmDays int `yaml:"warm_days"`
	// VolumeTail is the tail probability at which a count of patients is alarming.
	VolumeTail float64 `yaml:"volume_tail"`

	Principals int `yaml:"principals"`         // remembered at once
	Contacts   int `yaml:"contacts"`           // patients remembered for each principal, 7 to 14 days
	Delivered  int `yaml:"delivered"`          // ids delivered to each principal, 12 to 24 hours
	Objects    int `yaml:"objects"`            // patients whose last visitor is remembered, 36 to 72 hours
	Spaces     int `yaml:"spaces"`             // families of identifiers
	Forms      int `yaml:"forms"`              // places whose way of writing identifiers is learned; the oldest is forgotten
	Blocks     int `yaml:"blocks"`             // ranges of numbers watched for walks in no order; the oldest is forgotten
	Endpoints  int `yaml:"endpoints"`          // whose response sizes are learned
	Lattices   int `yaml:"lattices"`           // families of identifiers followed for one principal
	Ongoing    int `yaml:"ongoing"`            // exchanges told in parts while they run
	Profiles   int `yaml:"profiles"`           // endpoints whose request values are learned, and parameters that hold URLs
	Postures   int `yaml:"postures"`           // findings on endpoints, each told once
	Doors      int `yaml:"doors"`              // endpoints where people log in
	Logins     int `yaml:"logins"`             // sources of failed logins, and users and passwords that failed, each
	Tokens     int `yaml:"tokens"`             // credentials whose places of use are remembered
	Suspects   int `yaml:"suspects"`           // cases that a detector of functions, flows or load keeps
	Services   int `yaml:"services"`           // service accounts whose habits are remembered
	Consents   int `yaml:"consents"`           // consent artefacts, and transfers under them, remembered
	Assigned   int `yaml:"assigned"`           // records whose roles, prices and the like are remembered
	Runs       int `yaml:"runs"`               // attacks in the making whose first calls are kept as evidence
	Single     int `yaml:"single_subject_max"` // patients in one answer about one patient
	Unsized    int `yaml:"unclassified_max"`   // patients in one answer of an endpoint not yet known

	// OpenAPI are files that describe the APIs watched: OpenAPI 3, Swagger 2, FHIR CapabilityStatements. What answers
	// and is not in them is told; paths get their templates.
	OpenAPI []string `yaml:"openapi"`
	// API is what they say, read by whoever reads files; nil for none.
	API *openapi.API `yaml:"-"`

	// Rules are the operator's own, in CEL: a list of name, when, per, window, count, at_least, severity, title, reason.
	Rules []rules.Rule `yaml:"rules"`
	// RulesMax is how many rules there may be: each is asked about every call.
	RulesMax int `yaml:"rules_max"`
	// RuleEntries is how many times and things the windows of all rules remember; the oldest windows are forgotten.
	RuleEntries int `yaml:"rule_entries"`

	// Inside are prefixes of the hospital's own networks beside those that are private by RFC 1918 and RFC 4193.
	Inside []string `yaml:"inside"`
}

// Defaults are the shipped settings: one false alarm in a million calls.
func Defaults() Config {
	return Config{
		Budget: 1e-6, ShareUnexplained: 0.25, ShareLattice: 0.15, ShareRefused: 0.10, ShareVolume: 0.15,
		ShareAcross: 0.10, ShareOversize: 0.10, ShareLogins: 0.04, ShareBytes: 0.02,
		ColdThreshold: 24, WarmDays: 10, VolumeTail: 1e-7,
		Principals: 20000, Contacts: 4096, Delivered: 16384, Objects: 400000, Spaces: 1024, Forms: 4096, Blocks: 16384, Endpoints: 4096,
		Lattices: 4, Ongoing: 4096, Profiles: 4096, Postures: 8192, Assigned: 8192, Doors: 1024, Logins: 8192, Tokens: 65536, Runs: 4096, Single: 20, Unsized: 250,
		Suspects: 4096, Services: 1024, Consents: 65536, RulesMax: 64, RuleEntries: 1 << 18,
	}
}

// Validate tells the first field that cannot work, and its value.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		v    float64
	}{
		{"budget", c.Budget}, {"share_unexplained", c.ShareUnexplained}, {"share_lattice", c.ShareLattice},
		{"share_refused", c.ShareRefused}, {"share_volume", c.ShareVolume}, {"share_across", c.ShareAcross},
		{"share_oversize", c.ShareOversize}, {"share_logins", c.ShareLogins}, {"share_bytes", c.ShareBytes}, {"volume_tail", c.VolumeTail},
	} {
		if !(f.v > 0 && f.v < 1) {
			return fmt.Errorf("detectors: %s: %g is not between 0 and 1", f.name, f.v)
		}
	}
	if s := c.ShareUnexplained + c.ShareLattice + c.ShareRefused + c.ShareVolume + c.ShareAcross + c.ShareOversize + c.ShareLogins + c.ShareBytes; s > 1 {
		return fmt.Errorf("detectors: the share_ fields sum to %g, more than 1", s)
	}
	if c.ColdThreshold < 7 || c.ColdThreshold > 100 {
		return fmt.Errorf("detectors: cold_threshold: %g is not between 7 and 100", c.ColdThreshold)
	}
	for _, f := range []struct {
		name     string
		v, least int
	}{
		{"warm_days", c.WarmDays, 0}, {"principals", c.Principals, 1}, {"contacts", c.Contacts, 16},
		{"delivered", c.Delivered, 16}, {"objects", c.Objects, 16}, {"spaces", c.Spaces, 1}, {"forms", c.Forms, 1}, {"blocks", c.Blocks, 1},
		{"endpoints", c.Endpoints, 1}, {"lattices", c.Lattices, 1}, {"ongoing", c.Ongoing, 1}, {"profiles", c.Profiles, 1}, {"postures", c.Postures, 1}, {"assigned", c.Assigned, 1}, {"doors", c.Doors, 1}, {"logins", c.Logins, 1}, {"tokens", c.Tokens, 1}, {"runs", c.Runs, 1},
		{"suspects", c.Suspects, 1}, {"services", c.Services, 1}, {"consents", c.Consents, 1},
		{"single_subject_max", c.Single, 2}, {"unclassified_max", c.Unsized, 2},
	} {
		if f.v < f.least {
			return fmt.Errorf("detectors: %s: %d is less than %d", f.name, f.v, f.least)
		}
	}
	if c.RulesMax < 0 || c.RulesMax > 1024 {
		return fmt.Errorf("detectors: rules_max: %d is not between 0 and 1024", c.RulesMax)
	}
	if len(c.Rules) > c.RulesMax {
		return fmt.Errorf("detectors: rules: %d rules, more than rules_max, %d", len(c.Rules), c.RulesMax)
	}
	if c.RuleEntries < 1<<14 {
		return fmt.Errorf("detectors: rule_entries: %d is less than %d", c.RuleEntries, 1<<14)
	}
	if _, err := rules.Compile(c.Rules); err != nil {
		return fmt.Errorf("detectors: %w", err)
	}
	for _, p := range c.Inside {
		if _, err := netip.ParsePrefix(p); err != nil {
			return fmt.Errorf("detectors: inside: %q is no network prefix such as 203.0.113.0/24", p)
		}
	}
	return nil
}

// thresholds of the streams, from the budget and the fraction of calls that advances each (detection plan 1.1), and
// the tail at which a count alarms.
type thresholds struct {
	unexplained, lattice, refused, across, excess, tail float64
}

// leastThreshold is the evidence asked of the streams of contacts whatever the budget: seven events at the cap do
// not reach it.
const leastThreshold = 14

// thresholds are those of the budget, raised by some nats. Several tracks start at each contact of a walk across
// principals, which costs it two more.
func (c Config) thresholds(raise float64) thresholds {
	of := func(name string, share, fraction float64, experts int) float64 {
		return stats.Stream{Name: name, Share: share, Fraction: fraction, Experts: experts}.Threshold(c.Budget)
	}
	return thresholds{
		unexplained: raise + max(leastThreshold, of("unexplained", c.ShareUnexplained, 0.108, 4)),
		lattice:     raise + max(leastThreshold, of("lattice", c.ShareLattice, 0.0084, 4)),
		refused:     raise + of("refused", c.ShareRefused, 0.05, 2),
		across:      raise + 2 + max(leastThreshold, of("across", c.ShareAcross, 0.0084, 6)),
		excess:      raise + max(leastThreshold, of("excess", c.ShareOversize, 0.05, 1)),
		tail:        c.VolumeTail * math.Exp(-raise),
	}
}

// Stats counts what the limits shed, and what was said.
type Stats struct {
	// ThresholdRaise is by how many nats all thresholds stand above those of the budget, because the alarms of the
	// last seven days were more than it allows.
	ThresholdRaise                                            float64
	Calls, Contacts, Unexplained, Signals                     uint64
	EvictedPrincipals, EvictedEndpoints, EvictedSpaces        uint64
	Parts                                                     uint64 // of exchanges that ran on, after the first
	LostParts                                                 uint64 // of them, those whose beginning was forgotten
	EvictedOngoing                                            uint64
	EvictedProfiles                                           uint64 // what was usual in the values of endpoints
	EarlyForgotten                                            uint64 // contacts or deliveries turned over before their time
	EarlyObjects                                              uint64 // visits of patients turned over before their time
	EvictedLattices                                           uint64
	Forms, EvictedForms, Blocks, EvictedBlocks                uint64
	EvictedServices                                           uint64 // service accounts given up for want of room
	EvictedSuspects                                           uint64 // cases given up for want of room
	PosturesUntold                                            uint64 // findings on endpoints past the limits
	LoginsShed                                                uint64 // sources, users and passwords of failed logins let go to make room
	TokensShed                                                uint64 // credentials let go to make room
	RulesStopped, RulesFailed                                 uint64 // times that an operator's rule went past its cost, or could not be worked out
	RunsRefused                                               uint64 // attacks in the making without kept evidence
	Principals, Endpoints, Spaces, OpenRuns, RememberedVisits uint64 // now
	Ongoing                                                   uint64 // now
}
