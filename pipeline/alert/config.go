package alert

import (
	"fmt"
	"strings"
	"time"

	"auscult/detectors"
	"auscult/sensor/pseudonym"
)

// Config bounds what a Folder remembers and says what it is not to report.
type Config struct {
	// Quiet is how long an incident must show nothing new before it is closed.
	Quiet time.Duration `yaml:"quiet"`
	// MaxOpen bounds the open incidents; past it the one that was idle longest is closed early and counted.
	MaxOpen int `yaml:"max_open"`
	// MaxMembers bounds the principals of one incident that are named; more are counted.
	MaxMembers int `yaml:"max_members"`
	// Allow is what is known and accepted.
	Allow []Rule `yaml:"allow"`
	// AllowFile is a file of more such rules, a YAML list; one that is missing holds none. The live page adds to it.
	AllowFile string `yaml:"allow_file"`
	// Keys makes incident ids depend on who is accused without saying who it is. Without it the ids are as
	// stable, and depend on the call alone.
	Keys *pseudonym.Keyer `yaml:"-"`
}

// Rule silences findings on a principal and an endpoint. Each pattern may hold * (anything) and ? (one byte);
// an empty one fits all.
type Rule struct {
	// Principal fits the identity in the clear or its pseudonym.
	Principal string `yaml:"principal"`
	// Endpoint fits the method and template the finding is on: "GET /fhir/*".
	Endpoint string `yaml:"endpoint"`
	// Detector fits the kind of finding.
	Detector string `yaml:"detector"`
	// Reason is why; it is required.
	Reason string `yaml:"reason"`
	// From begins the rule, in packet time; without it the rule has always held.
	From time.Time `yaml:"from,omitempty"`
	// Until ends the rule, in packet time. It is required: what is known and accepted today may be an attack in a year.
	Until time.Time `yaml:"until"`
}

// Defaults suits a hospital: an attack that rests for a night is still the same one.
func Defaults() Config {
	return Config{Quiet: 24 * time.Hour, MaxOpen: 10_000, MaxMembers: 256}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case c.Quiet <= 0:
		return fmt.Errorf("quiet: %v is not positive", c.Quiet)
	case c.MaxOpen < 1:
		return fmt.Errorf("max_open: %d is not positive", c.MaxOpen)
	case c.MaxMembers < 1:
		return fmt.Errorf("max_members: %d is not positive", c.MaxMembers)
	}
	for i := range c.Allow {
		if err := c.Allow[i].check(fmt.Sprintf("allow[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// Validate names the field that cannot be worked with.
func (r *Rule) Validate() error { return r.check("rule") }

func (r *Rule) check(name string) error {
	switch {
	case strings.TrimSpace(r.Reason) == "":
		return fmt.Errorf("%s.reason: %q says nothing", name, r.Reason)
	case r.Until.IsZero():
		return fmt.Errorf("%s.until: missing; say when %q ends, like 2027-01-31T00:00:00Z", name, r.Reason)
	case !r.From.IsZero() && r.Until.Before(r.From):
		return fmt.Errorf("%s.until: %q ends before it begins", name, r.Reason)
	case r.Principal == "" && r.Endpoint == "" && r.Detector == "":
		return fmt.Errorf("%s: %q would silence everything", name, r.Reason)
	}
	return nil
}

// fits is whether r silences s; pseudonym is that of its principal.
func (r *Rule) fits(s *detectors.Signal, pseudonym string) bool {
	if at := s.Time.UTC(); at.Before(r.From) || at.After(r.Until) {
		return false
	}
	return (r.Detector == "" || glob(r.Detector, s.Detector)) &&
		(r.Endpoint == "" || glob(r.Endpoint, s.Route)) &&
		(r.Principal == "" || glob(r.Principal, s.Principal.ID) || pseudonym != "" && glob(r.Principal, pseudonym))
}

// glob is whether pattern fits all of s. It goes back to the last star only, so it takes at most len(pattern)
// times len(s) steps.
func glob(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
