package pcaps

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// high is severity_id 4 of OCSF.
const high = 4

// verdict is what must be said of a case.
type verdict struct {
	about    []string // addresses of the accused, sorted; none: nobody is woken
	kinds    []string // of which the incident is; the first of them by that many of the attack's calls
	by       int
	severity int      // that it must reach
	of       string   // what the path of an attack's call has in it, where the accused do other work too
	minor    []string // kinds of all that is said without waking anybody, sorted
}

// What the servers of the cases are themselves said to lack. A token of the made cases lives for longer than a day.
var (
	plain  = []string{"cleartext_phi"}
	lasted = []string{"cleartext_phi", "credential_hygiene"}
)

// tool is where the attacks on the practice's service come from.
var tool = []string{"10.50.9.9"}

var verdicts = map[string]verdict{
	"sequential-walk":  {[]string{"10.20.236.193"}, []string{"sequential_enumeration", "bola_fanout", "recon_probe"}, 15, high, "", plain},
	"shuffled-range":   {[]string{"10.20.222.62"}, []string{"bola_fanout", "sequential_enumeration"}, 15, high, "", plain},
	"slow-walk":        {[]string{"10.20.194.241"}, []string{"sequential_enumeration", "bola_fanout"}, 20, high, "/fhir/Patient/", plain},
	"search-and-open":  {[]string{"10.20.220.24"}, []string{"bola_fanout"}, 60, medium, "", plain},
	"oversized-export": {[]string{"10.20.132.54"}, []string{"oversized_phi"}, 1, high, "", plain},
	"shared-walk": {[]string{"10.21.147.27", "10.21.155.132", "10.21.23.144", "10.21.3.182", "10.21.64.227"},
		[]string{"distributed_enumeration"}, 15, high, "", lasted},
	"no-token": {[]string{"10.66.18.108"}, []string{"missing_auth"}, 2, high, "", plain},

	"sqlmap":            {tool, []string{"injection", "recon_probe"}, 5, high, "/api/search", []string{"cleartext_phi", "verbose_error"}},
	"sqlmap-tampers":    {tool, []string{"injection"}, 5, high, "/api/search", []string{"cleartext_phi", "verbose_error"}},
	"sqlmap-postgres":   {[]string{"10.66.202.95"}, []string{"injection", "recon_probe"}, 5, high, "", plain},
	"traversal":         {tool, []string{"injection", "recon_probe"}, 2, high, "/api/files", []string{"cleartext_phi", "verbose_error"}},
	"word-list":         {tool, []string{"recon_probe"}, 10, medium, "", plain},
	"id-list":           {tool, []string{"recon_probe", "sequential_enumeration", "bola_fanout"}, 15, high, "/api/patients/", plain},
	"random-charts":     {tool, []string{"bola_fanout"}, 30, high, "/api/patients/", plain},
	"one-account":       {tool, []string{"auth_bruteforce"}, 30, medium, "", plain},
	"password-spray":    {tool, []string{"auth_bruteforce"}, 20, medium, "", plain},
	"stuffing":          {tool, []string{"auth_bruteforce"}, 25, medium, "", plain},
	"default-password":  {tool, []string{"default_credentials"}, 1, high, "", plain},
	"alg-none":          {tool, []string{"weak_token"}, 1, high, "", plain},
	"token-in-url":      {tool, []string{"weak_token"}, 5, medium, "/api/patients/", []string{"cleartext_phi", "weak_token"}},
	"metadata-ssrf":     {tool, []string{"ssrf_param", "injection"}, 1, medium, "/api/preview", plain},
	"mass-assignment":   {tool, []string{"mass_assignment"}, 1, high, "/api/patients/", plain},
	"big-list":          {tool, []string{"oversized_phi"}, 1, high, "/api/patients", plain},
	"hammering":         {tool, []string{"resource_exhaustion"}, 50, medium, "/api/search", []string{"cleartext_phi", "resource_exhaustion"}},
	"no-credential":     {tool, []string{"missing_auth", "bola_fanout"}, 1, high, "", plain},
	"hashes-in-answers": {tool, []string{"bfla"}, 1, medium, "/api/admin/users", []string{"cleartext_phi", "excess_property"}},

	"admin-functions": {[]string{"10.21.55.173"}, []string{"bfla"}, 2, high, "/admin/", lasted},
	"bulk-delete":     {[]string{"10.21.103.196"}, []string{"bulk_write_delete", "bola_fanout"}, 15, high, "", lasted},
	"expired-token":   {[]string{"10.21.158.118"}, []string{"weak_token"}, 3, medium, "", lasted},
	"log4shell":       {[]string{"10.21.177.52"}, []string{"injection"}, 1, medium, "", lasted},
	"xxe":             {[]string{"10.21.59.201"}, []string{"injection"}, 1, medium, "", lasted},
	"patient-context": {[]string{"10.21.21.172"}, []string{"patient_context_mismatch"}, 12, high, "", lasted},
	"token-sharing":   {[]string{"10.20.195.14", "203.0.113.9"}, []string{"token_reuse", "bola_fanout"}, 10, high, "", lasted},
	"bot-stuffing": {[]string{"10.21.0.45", "10.21.1.146", "10.21.149.26", "10.21.153.143", "10.21.175.85", "10.21.70.78", "10.21.72.122", "10.21.75.148"},
		[]string{"auth_bruteforce"}, 30, medium, "", lasted},
	"verbose-error": {minor: []string{"cleartext_phi", "credential_hygiene", "verbose_error"}},

	"ward-day":        {minor: plain},
	"nightly-etl":     {minor: plain},
	"paging":          {minor: plain},
	"imaging-viewer":  {minor: plain},
	"ward-round":      {minor: lasted},
	"registrar":       {minor: lasted},
	"password-monday": {minor: lasted},
	"odd-names":       {minor: lasted},
	"behind-nat":      {minor: lasted},
	"roaming":         {minor: lasted},
	"stale-password":  {minor: lasted},
	"page-bursts":     {minor: lasted},
}

// TestWhatMustBeSaid holds the golden alerts to what each case is about, so that rewriting them cannot turn a miss
// or a false alarm into an expectation: one incident that wakes somebody, of these kinds, by so many of the attack's
// calls, about these and nobody else; and nothing besides but what is said of servers.
func TestWhatMustBeSaid(t *testing.T) {
	names := cases(t)
	if len(names) != len(verdicts) && !testing.Short() {
		t.Errorf("%d cases, %d verdicts", len(names), len(verdicts))
	}
	for _, name := range names {
		want, ok := verdicts[name]
		if !ok {
			t.Errorf("%s: nothing says what it is about", name)
			continue
		}
		alerts := alertsOf(t, read(t, filepath.Join(name, "alerts.jsonl")))
		grave, minor := incidents(alerts)
		if !slices.Equal(minor, want.minor) {
			t.Errorf("%s: %v is said without waking anybody, want %v", name, minor, want.minor)
		}
		if len(want.about) == 0 {
			if len(grave) > 0 {
				t.Errorf("%s: accuses somebody of %v", name, grave)
			}
			continue
		}
		if len(grave) != 1 {
			t.Errorf("%s: %d incidents, want one: %v", name, len(grave), grave)
			continue
		}
		var about []string
		var worst int
		var first int64
		for _, a := range alerts {
			if a.Severity < medium {
				continue
			}
			worst = max(worst, a.Severity)
			if first == 0 {
				first = a.Time
			}
			if !slices.Contains(want.kinds, a.kind()) {
				t.Errorf("%s: %s, want %v", name, a.kind(), want.kinds)
			}
			for _, e := range a.Evidences {
				about = append(about, e.Src.IP)
			}
		}
		slices.Sort(about)
		if about = slices.Compact(about); !slices.Equal(about, want.about) {
			t.Errorf("%s: names %v, want %v", name, about, want.about)
		}
		if grave[0] != want.kinds[0] {
			t.Errorf("%s: first %s, want %s", name, grave[0], want.kinds[0])
		}
		if worst < want.severity {
			t.Errorf("%s: severity %d, want %d", name, worst, want.severity)
		}
		if after := attempts(t, name, want, first); after == 0 || after > want.by {
			t.Errorf("%s: said after %d of the attack's calls, want at most %d", name, after, want.by)
		}
	}
}

// attempts is how many of the attack's calls began by a time in milliseconds.
func attempts(t *testing.T, name string, v verdict, until int64) (n int) {
	t.Helper()
	for line := range bytes.Lines(read(t, filepath.Join(name, "calls.jsonl"))) {
		var c struct {
			Began  time.Time `json:"timestamp"`
			Client string    `json:"client.address"`
			Path   string    `json:"url.path"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(v.about, c.Client) && strings.Contains(c.Path, v.of) && c.Began.UnixMilli() <= until {
			n++
		}
	}
	return n
}
