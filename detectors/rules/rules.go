// Package rules holds what an operator says of calls in CEL (the Common Expression Language, cel.dev): conditions that
// are typed, checked when they are loaded, and bounded in cost, so that no rule can stall the sensor.
package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/interpreter"

	"auscult/sensor/call"
)

// Rule is one rule as it is set. Without Window every call that fits is a finding; with it, so many within that time.
type Rule struct {
	Name     string        `yaml:"name"`     // stands in the finding
	When     string        `yaml:"when"`     // the condition, in CEL, on one call
	Per      string        `yaml:"per"`      // whose calls are a case: principal (default), client, endpoint
	Window   time.Duration `yaml:"window"`   // in which Count must reach AtLeast; 0: each call is judged alone
	Count    string        `yaml:"count"`    // calls (default), patients, objects, people, bytes
	AtLeast  int           `yaml:"at_least"` // of Count
	Severity string        `yaml:"severity"` // informational, low, medium (default), high, critical
	Title    string        `yaml:"title"`    // may hold {principal}
	Reason   string        `yaml:"reason"`   // what the analyst should know
}

// Bounds of rules.
const (
	maxText    = 4096   // of a condition
	maxAtLeast = 10_000 // distinct things in a window, or calls
	maxWindow  = 7 * 24 * time.Hour
	costLimit  = 500 // CEL's units: a rule that is stopped has taken some 50 µs
)

// Words of a Rule.
var (
	pers       = []string{"", "principal", "client", "endpoint"}
	counts     = []string{"", "calls", "patients", "objects", "people", "bytes"}
	severities = []string{"informational", "low", "medium", "high", "critical"}
)

// Grade is the rule's severity as a number, 1 informational to 5 critical.
func (r *Rule) Grade() int {
	if r.Severity == "" {
		return 3
	}
	return 1 + slices.Index(severities, r.Severity)
}

// Counts is what the rule counts: distinct(patients) is written as patients.
func (r *Rule) Counts() string {
	word := strings.TrimSuffix(strings.TrimPrefix(r.Count, "distinct("), ")")
	if word == "" {
		return "calls"
	}
	return word
}

// Error is what is wrong with a rule.
type Error struct {
	Rule, Field  string
	Index        int // of the rule in the list
	Line, Column int // in the condition, from 1; 0 when it is about another field
	Text         string
}

func (e *Error) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(" line %d, column %d", e.Line, e.Column)
	}
	name := ""
	if e.Rule != "" {
		name = fmt.Sprintf(" (%s)", e.Rule)
	}
	return fmt.Sprintf("rules[%d].%s%s%s: %s", e.Index, e.Field, name, at, e.Text)
}

// Set is rules made ready. It is owned by one goroutine.
type Set struct {
	Rules    []Rule
	programs []cel.Program
	calls    activation
}

// Verdict is what a rule says of a call.
type Verdict uint8

// Verdicts.
const (
	No Verdict = iota
	Yes
	Costly // it was stopped at its limit
	Failed // it divided by zero, or looked for what is not there
)

// Compile checks rules and makes them ready. An error is an *Error.
func Compile(list []Rule) (*Set, error) {
	if len(list) == 0 {
		return nil, nil
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	s := &Set{Rules: slices.Clone(list)}
	names := map[string]bool{}
	for i := range list {
		r := &list[i]
		if err := r.check(i); err != nil {
			return nil, err
		}
		if names[r.Name] {
			return nil, r.wrong(i, "name", "another rule has it")
		}
		names[r.Name] = true
		p, err := compile(env, r, i)
		if err != nil {
			return nil, err
		}
		s.programs = append(s.programs, p)
	}
	return s, nil
}

func (r *Rule) wrong(i int, field, format string, args ...any) error {
	return &Error{Rule: r.Name, Index: i, Field: field, Text: fmt.Sprintf(format, args...)}
}

// check looks at all but the condition.
func (r *Rule) check(i int) error {
	switch {
	case strings.TrimSpace(r.Name) == "":
		return r.wrong(i, "name", "it needs one")
	case len(r.Name) > 80:
		return r.wrong(i, "name", "longer than 80 bytes")
	case strings.TrimSpace(r.When) == "":
		return r.wrong(i, "when", "it needs a condition, such as call.status == 200")
	case len(r.When) > maxText:
		return r.wrong(i, "when", "longer than %d bytes", maxText)
	case len(r.Title) > 200:
		return r.wrong(i, "title", "longer than 200 bytes")
	case len(r.Reason) > 500:
		return r.wrong(i, "reason", "longer than 500 bytes")
	case !slices.Contains(pers, r.Per):
		return r.wrong(i, "per", "%q is none of principal, client, endpoint", r.Per)
	case !slices.Contains(counts, r.Counts()):
		return r.wrong(i, "count", "%q is none of calls, patients, objects, people, bytes", r.Count)
	case r.Grade() < 1:
		return r.wrong(i, "severity", "%q is none of informational, low, medium, high, critical", r.Severity)
	case r.Window < 0 || r.Window > maxWindow || r.Window > 0 && r.Window < time.Second:
		return r.wrong(i, "window", "%v is not between 1s and %v", r.Window, maxWindow)
	case r.Window == 0 && (r.Count != "" || r.AtLeast != 0):
		return r.wrong(i, "window", "count and at_least need one, such as 10m")
	case r.Window > 0 && r.AtLeast < 1:
		return r.wrong(i, "at_least", "%d is not positive", r.AtLeast)
	case r.Window > 0 && r.AtLeast > maxAtLeast && r.Counts() != "bytes" && r.Counts() != "people":
		return r.wrong(i, "at_least", "%d is more than %d", r.AtLeast, maxAtLeast)
	}
	return nil
}

// compile makes one condition ready. What can be shown to stay within the limit needs no counting while it runs.
func compile(env *cel.Env, r *Rule, i int) (cel.Program, error) {
	ast, issues := env.Compile(r.When)
	if issues != nil && len(issues.Errors()) > 0 {
		e := issues.Errors()[0]
		return nil, &Error{Rule: r.Name, Index: i, Field: "when", Line: e.Location.Line(), Column: e.Location.Column() + 1,
			Text: firstLine(e.Message)}
	}
	if ast.OutputType() != cel.BoolType {
		return nil, &Error{Rule: r.Name, Index: i, Field: "when", Line: 1, Column: 1,
			Text: fmt.Sprintf("it is a %s, not true or false", ast.OutputType())}
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if c, err := env.EstimateCost(ast, sizes{}); err != nil || c.Max > costLimit {
		options = append(options, cel.CostLimit(costLimit))
	}
	p, err := env.Program(ast, options...)
	if err != nil {
		return nil, &Error{Rule: r.Name, Index: i, Field: "when", Line: 1, Column: 1, Text: firstLine(err.Error())}
	}
	return p, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// Look makes c the call that the rules are asked about.
func (s *Set) Look(c *call.Call) { s.calls.look(c) }

// Fits is what rule i says of the call at hand.
func (s *Set) Fits(i int) Verdict {
	out, _, err := s.programs[i].Eval(&s.calls)
	if err == nil {
		if out.Value() == true {
			return Yes
		}
		return No
	}
	var stopped interpreter.EvalCancelledError
	if errors.As(err, &stopped) && stopped.Cause == interpreter.CostLimitExceeded {
		return Costly
	}
	return Failed
}

// sizes bounds what a call holds, for the cost of a condition before it runs.
type sizes struct{}

func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	path := n.Path()
	if len(path) == 0 {
		return nil
	}
	switch {
	case len(path) == 1 && slices.Contains(listVars, path[0]):
		return &cost.SizeEstimate{Max: 64}
	case path[len(path)-1] == "call.path" || path[len(path)-1] == "call.route":
		return &cost.SizeEstimate{Max: 8192}
	}
	return &cost.SizeEstimate{Max: 1024}
}
