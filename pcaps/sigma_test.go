package pcaps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// sigmaRule is a rule of detectors/sigma, or a correlation of one.
type sigmaRule struct {
	Title, ID, Name, Status, Description, Author, Date, Level string
	References, Tags, FalsePositives                          []string
	LogSource                                                 struct{ Product, Service string }
	Detection                                                 map[string]any
	Correlation                                               *sigmaCorrelation
}

// sigmaCorrelation counts the calls of a rule, or the values of a field in them, within a sliding time.
type sigmaCorrelation struct {
	Type      string
	Rules     []string
	GroupBy   []string `yaml:"group-by"`
	Timespan  string
	Condition struct {
		Field string
		Gte   int
	}
}

// engines is where the interface engines of the cases are, which a site writes in place of the addresses for examples
// (RFC 5737) that the rules are delivered with.
const examples, engines = "192.0.2.0/24", "10.40.0.0/16"

func sigmaRules(t *testing.T) map[string]*sigmaRule {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "detectors", "sigma", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	rules := map[string]*sigmaRule{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("cidr: "+examples), []byte("cidr: "+engines))
		d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
		for {
			r := &sigmaRule{}
			if err := d.Decode(r); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if rules[r.Name] != nil {
				t.Errorf("%s: a second %s", name, r.Name)
			}
			rules[r.Name] = r
		}
	}
	return rules
}

// fields are the keys of a call, those of its objects left out: no rule may ask for what SIEMs flatten differently.
type fields map[string]any

// logged is a call of the golden log.
type logged struct {
	fields
	at     time.Time
	client string
}

func loggedCalls(t *testing.T, name string) []logged {
	t.Helper()
	var out []logged
	for line := range bytes.Lines(read(t, filepath.Join(name, "calls.jsonl"))) {
		c := logged{fields: fields{}}
		if err := json.Unmarshal(line, &c.fields); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339Nano, c.fields["timestamp"].(string))
		if err != nil {
			t.Fatal(err)
		}
		c.at, c.client = at, c.fields["client.address"].(string)
		out = append(out, c)
	}
	return out
}

// matches is whether the rule's condition holds for c: one detection, or several with and, or, not, from the left.
func (r *sigmaRule) matches(c fields) bool {
	result, op, not := false, "or", false
	for _, word := range strings.Fields(r.Detection["condition"].(string)) {
		switch word {
		case "and", "or":
			op = word
		case "not":
			not = true
		default:
			v := selects(r.Detection[word].(map[string]any), c) != not
			if not = false; op == "and" {
				result = result && v
			} else {
				result = result || v
			}
		}
	}
	return result
}

// selects is whether every key of a detection holds for c, by any of its values.
func selects(detection map[string]any, c fields) bool {
	for key, want := range detection {
		name, modifier, _ := strings.Cut(key, "|")
		values, isList := want.([]any)
		if !isList {
			values = []any{want}
		}
		got, ok := c[name]
		if !ok || got == nil || !slices.ContainsFunc(values, func(v any) bool { return holds(got, modifier, v) }) {
			return false
		}
	}
	return true
}

// holds compares as Sigma does: text without regard to case.
func holds(got any, modifier string, want any) bool {
	g, w := strings.ToLower(fmt.Sprint(got)), strings.ToLower(fmt.Sprint(want))
	switch modifier {
	case "":
		return g == w
	case "contains":
		return strings.Contains(g, w)
	case "endswith":
		return strings.HasSuffix(g, w)
	case "gte":
		limit, err := strconv.ParseFloat(w, 64)
		return err == nil && got.(float64) >= limit
	case "cidr":
		network, err := netip.ParsePrefix(w)
		return err == nil && network.Contains(netip.MustParseAddr(g))
	}
	panic("no such modifier: " + modifier)
}

// fires gives the calls by which the rule first fires for each group.
func (r *sigmaRule) fires(rules map[string]*sigmaRule, calls []logged) []logged {
	if r.Correlation == nil {
		return slices.DeleteFunc(slices.Clone(calls), func(c logged) bool { return !r.matches(c.fields) })
	}
	k := r.Correlation
	span, err := time.ParseDuration(strings.Replace(k.Timespan, "1d", "24h", 1))
	if err != nil {
		panic(err)
	}
	groups := map[string][]logged{}
	var out []logged
	for _, c := range rules[k.Rules[0]].fires(rules, calls) {
		id := ""
		for _, name := range k.GroupBy {
			id += fmt.Sprint(c.fields[name], "\n")
		}
		window := append(groups[id], c)
		window = slices.DeleteFunc(window, func(o logged) bool { return c.at.Sub(o.at) > span })
		groups[id] = window
		seen := map[any]bool{}
		for _, o := range window {
			seen[o.fields[k.Condition.Field]] = true
		}
		n := len(window)
		if k.Type == "value_count" {
			n = len(seen)
		}
		if n >= k.Condition.Gte {
			out = append(out, window...)
		}
	}
	return out
}

// sigmaFinds are the cases that each rule finds, sorted. A rule that is not here only feeds correlations.
var sigmaFinds = map[string][]string{
	"auscult_chart_fanout":     {"id-list", "random-charts", "search-and-open", "sequential-walk"},
	"auscult_chart_scrape":     {"search-and-open", "sequential-walk", "shuffled-range", "slow-walk"},
	"auscult_unknown_paths":    {"sequential-walk", "word-list"},
	"auscult_login_burst":      {"one-account", "password-spray", "stuffing"},
	"auscult_login_spread":     {"bot-stuffing"},
	"auscult_missing_auth":     {"no-credential", "no-token"},
	"auscult_token_in_url":     {"token-in-url"},
	"auscult_token_sharing":    {"token-sharing"},
	"auscult_oversized_answer": {"big-list", "oversized-export"},
	"auscult_bulk_operations":  {"oversized-export"},
	"auscult_hammering":        {"hammering", "sqlmap", "sqlmap-postgres", "sqlmap-tampers"},
	"auscult_bulk_delete":      {"bulk-delete"},
	"auscult_admin_function":   {"hashes-in-answers"},
	"auscult_server_errors":    {"sqlmap", "sqlmap-postgres", "sqlmap-tampers"},
	"auscult_attack_tool":      {"hammering", "id-list", "one-account", "password-spray", "sqlmap", "sqlmap-postgres", "stuffing", "traversal"},
}

// TestSigma runs every rule over the golden call log of every case: it finds its attacks, by calls of the accused
// alone, and nothing else, the honest cases least of all.
func TestSigma(t *testing.T) {
	rules := sigmaRules(t)
	found := map[string][]string{}
	for _, name := range cases(t) {
		calls := loggedCalls(t, name)
		for rule := range sigmaFinds {
			by := rules[rule].fires(rules, calls)
			if len(by) > 0 {
				found[rule] = append(found[rule], name)
			}
			for _, c := range by {
				if !slices.Contains(verdicts[name].about, c.client) {
					t.Errorf("%s accuses %s in %s", rule, c.client, name)
					break
				}
			}
		}
	}
	for rule, want := range sigmaFinds {
		if got := found[rule]; testing.Short() {
			if i := slices.IndexFunc(got, func(name string) bool { return !slices.Contains(want, name) }); i >= 0 {
				t.Errorf("%s finds %s", rule, got[i])
			}
		} else if !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", rule, got, want)
		}
	}
}

// TestSigmaIsValid holds each rule to the Sigma rules and correlation specification 2.1, as far as ours use it, and to
// the fields of the call log.
func TestSigmaIsValid(t *testing.T) {
	rules := sigmaRules(t)
	known := fields{}
	for _, name := range cases(t) {
		for _, c := range loggedCalls(t, name) {
			for key, v := range c.fields {
				known[key] = v
			}
		}
	}
	has := func(rule, name string) {
		if _, ok := known[name]; !ok || name == "auscult.objects" {
			t.Errorf("%s asks for %q, which no call has", rule, name)
		}
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tag := regexp.MustCompile(`^attack\.(t\d{4}(\.\d{3})?|[a-z]+(-[a-z]+)*)$`)
	ids, used := map[string]bool{}, map[string]bool{}
	for name, r := range rules {
		if !uuid.MatchString(r.ID) || ids[r.ID] || r.Status != "test" || r.Title == "" || len(r.Title) > 256 || r.Description == "" || r.Author == "" ||
			len(r.References) == 0 || len(r.Tags) == 0 || len(r.FalsePositives) == 0 ||
			!slices.Contains([]string{"informational", "low", "medium", "high", "critical"}, r.Level) {
			t.Errorf("%s: %+v", name, r)
		}
		ids[r.ID] = true
		if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, label := range r.Tags {
			if !tag.MatchString(label) {
				t.Errorf("%s: tag %q", name, label)
			}
		}
		k := r.Correlation
		if k == nil {
			if r.LogSource.Product != "auscult" || r.LogSource.Service != "call" || r.Detection["condition"] == nil {
				t.Errorf("%s: %+v", name, r)
			}
			for key, detection := range r.Detection {
				if key == "condition" {
					continue
				}
				for field := range detection.(map[string]any) {
					field, _, _ = strings.Cut(field, "|")
					has(name, field)
				}
			}
			continue
		}
		if r.Detection != nil || len(k.Rules) != 1 || rules[k.Rules[0]] == nil || rules[k.Rules[0]].Correlation != nil || k.Condition.Gte < 2 ||
			(k.Type == "value_count") == (k.Condition.Field == "") || k.Type != "value_count" && k.Type != "event_count" ||
			!regexp.MustCompile(`^\d+[smhd]$`).MatchString(k.Timespan) || len(k.GroupBy) == 0 {
			t.Errorf("%s: %+v", name, k)
			continue
		}
		used[k.Rules[0]] = true
		for _, field := range k.GroupBy {
			has(name, field)
		}
		if k.Type == "value_count" {
			has(name, k.Condition.Field)
		}
	}
	for name := range rules {
		if _, tested := sigmaFinds[name]; tested == used[name] {
			t.Errorf("%s: named in the cases it finds: %v; part of a correlation: %v", name, tested, used[name])
		}
	}
}
