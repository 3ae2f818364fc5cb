package page_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auscult/pipeline/alert"
	"auscult/sensor/clock"
	"auscult/sensor/page"
	"auscult/sensor/pseudonym"
)

// marking is a page whose operator can mark, and what it writes.
type marking struct {
	page.Options
	file    string
	reached atomic.Int64
	audited []string
	allow   *page.Allowing
}

func newMarking(t *testing.T, rules int) *marking {
	t.Helper()
	m := &marking{Options: options(t), file: filepath.Join(t.TempDir(), "allow.yml")}
	m.reached.Store(int64(begun))
	var err error
	m.allow, err = page.OpenAllowing(m.file, rules, func() clock.Time { return clock.Time(m.reached.Load()) }, func(text string) { m.audited = append(m.audited, text) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.allow.Close() })
	m.Allow, m.Unable = m.allow, ""
	return m
}

// run takes rules as a pipeline does that is so late, and gives them.
func (m *marking) run(t *testing.T, late time.Duration) (taken func() []alert.Rule) {
	stop, ended := make(chan struct{}), make(chan []alert.Rule, 1)
	begun := clock.Time(m.reached.Load())
	m.reached.Store(int64(begun.Add(-late)))
	go func() {
		var list []alert.Rule
		for at := begun; ; at = at.Add(time.Millisecond) {
			select {
			case <-stop:
				ended <- list
				return
			case <-time.After(time.Millisecond):
			}
			m.reached.Store(int64(at.Add(-late)))
			list = append(list, m.allow.Take(at)...)
		}
	}()
	return func() []alert.Rule {
		close(stop)
		return <-ended
	}
}

func (m *marking) text(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(m.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const typed = "application/json"

func TestExpect(t *testing.T) {
	m := newMarking(t, 3)
	p, s := served(t, m.Options)
	show(t, p, incident(1, 1, alert.Create, 0))
	taken := m.run(t, 0)
	status, body, _ := asked(t, s, "POST", "/expect", operator, `{"uid":"auscult-1","principal":true,"detector":true,"reason":"  a drill\n","until":"2026-12-01"}`, "Content-Type", typed)
	if status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	rules := taken()
	if len(rules) != 1 {
		t.Fatalf("taken: %+v", rules)
	}
	r := rules[0]
	if !strings.HasPrefix(r.Principal, "usr:") || r.Endpoint != "" || r.Detector != "bola_fanout" || r.Reason != "a drill" ||
		!r.Until.Equal(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)) || r.From.Before(begun.UTC()) || m.allow.Rules() != 4 {
		t.Errorf("the rule: %+v", r)
	}
	var kept struct {
		Principal, Endpoint, Detector, Reason string
		From, Until                           time.Time
	}
	line, ok := strings.CutPrefix(m.text(t), "- ")
	if err := json.Unmarshal([]byte(line), &kept); !ok || err != nil || kept.Principal != r.Principal || !kept.From.Equal(r.From) || !kept.Until.Equal(r.Until) {
		t.Errorf("kept: %q, %v", line, err)
	}
	if len(m.audited) != 1 || !strings.Contains(m.audited[0], "Asha Rao (operator) marked incident auscult-1 as expected until 2026-12-02T00:00:00Z") || !strings.Contains(m.audited[0], "a drill; in force from 2026-11-22T10:") {
		t.Errorf("audited: %q", m.audited)
	}
	d := detail(t, p, "auscult-1")
	if d.Expected == nil || d.Expected.By != "Asha Rao (operator)" || d.Expected.Reason != "a drill" || p.Counts().Allowed != 1 {
		t.Errorf("shown: %+v", d.Expected)
	}
}

// TestExpectRefused: what is not understood, or too wide, changes nothing.
func TestExpectRefused(t *testing.T) {
	m := newMarking(t, 0)
	p, s := served(t, m.Options)
	nobody := incident(2, 1, alert.Create, 0)
	nobody.Signal.Principal.ID, nobody.Signal.Principal.Key = "", 0
	show(t, p, incident(1, 1, alert.Create, 0), nobody)
	for body, want := range map[string]string{
		`{`:                         "not understood",
		`{"uid":"auscult-1","x":1}`: "not understood",
		`{"uid":"auscult-9","principal":true,"reason":"x","until":"2026-12-01"}`:                                   "not kept",
		`{"uid":"auscult-1","principal":true,"reason":"x"}`:                                                        "until which day",
		`{"uid":"auscult-1","principal":true,"reason":"x","until":"tomorrow"}`:                                     "until which day",
		`{"uid":"auscult-1","principal":true,"reason":"x","until":"2026-11-21"}`:                                   "has passed",
		`{"uid":"auscult-1","principal":true,"reason":"x","until":"2036-11-21"}`:                                   "nothing is expected for ever",
		`{"uid":"auscult-1","principal":true,"reason":" \n","until":"2026-12-01"}`:                                 "why it is expected",
		`{"uid":"auscult-1","principal":true,"reason":"` + strings.Repeat("x", 501) + `","until":"2026-12-01"}`:    "more than 500",
		`{"uid":"auscult-1","reason":"x","until":"2026-12-01"}`:                                                    "silence everybody",
		`{"uid":"auscult-1","detector":true,"reason":"x","until":"2026-12-01"}`:                                    "silence everybody",
		`{"uid":"auscult-2","principal":true,"detector":true,"reason":"x","until":"2026-12-01"}`:                   "does not name",
		`{"uid":"auscult-1","principal":true,"reason":"` + strings.Repeat("x", 20<<10) + `","until":"2026-12-01"}`: "not understood",
	} {
		if status, got, _ := asked(t, s, "POST", "/expect", operator, body, "Content-Type", typed); status < 400 || !strings.Contains(got, want) {
			t.Errorf("%.90s: status %d, %q; want %q", body, status, got, want)
		}
	}
	if m.text(t) != "" || len(m.audited) != 0 || m.allow.Rules() != 0 {
		t.Errorf("kept %q, audited %q", m.text(t), m.audited)
	}
}

// TestExpectLate: a rule that a pipeline cannot take in time is in force nowhere.
func TestExpectLate(t *testing.T) {
	const ask = `{"uid":"auscult-1","principal":true,"reason":"x","until":"2026-12-01"}`
	m := newMarking(t, 0)
	p, s := served(t, m.Options)
	show(t, p, incident(1, 1, alert.Create, 0))
	taken := m.run(t, time.Hour) // it is an hour ahead of what it says
	status, body, _ := asked(t, s, "POST", "/expect", operator, ask, "Content-Type", typed)
	if rules := taken(); status != 503 || !strings.Contains(body, "does not move") || len(rules) != 0 || m.text(t) != "" || len(m.audited) != 0 {
		t.Errorf("status %d, %s; taken %+v, kept %q", status, body, rules, m.text(t))
	}
	m.reached.Store(0)
	if status, body, _ = asked(t, s, "POST", "/expect", operator, ask, "Content-Type", typed); status != 503 || !strings.Contains(body, "nothing was read yet") {
		t.Errorf("status %d, %s", status, body)
	}
	full := newMarking(t, page.MaxRules)
	p, s = served(t, full.Options)
	show(t, p, incident(1, 1, alert.Create, 0))
	if status, body, _ = asked(t, s, "POST", "/expect", operator, ask, "Content-Type", typed); status != 503 || !strings.Contains(body, "1000 rules already") {
		t.Errorf("status %d, %s", status, body)
	}
}

// TestWhole: a line that was never written whole is taken away, what a hand wrote is not.
func TestWhole(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "- {\"reason\":\"x\"}\n": "- {\"reason\":\"x\"}\n", "- {\"reason\":\"x\"}": "- {\"reason\":\"x\"}\n",
		"- {\"reason\":\"x\"}\n- {\"rea": "- {\"reason\":\"x\"}\n", "- {": "",
		"- reason: x\n  detector: y": "- reason: x\n  detector: y\n", "# none": "# none\n",
	} {
		name := filepath.Join(t.TempDir(), "allow.yml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := page.OpenAllowing(name, 0, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.Close()
		if got, _ := os.ReadFile(name); string(got) != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if got := page.Whole([]byte(text)); strings.TrimSuffix(string(got), "\n") != strings.TrimSuffix(want, "\n") {
			t.Errorf("of %q whole is %q", text, got)
		}
	}
}

// TestRuleKey: a rule has the pseudonym of the key that is in force, by which alerts are compared with it.
func TestRuleKey(t *testing.T) {
	o := options(t)
	next, err := pseudonym.FromKey(append(make([]byte, pseudonym.KeySize-1), 1))
	if err != nil {
		t.Fatal(err)
	}
	o.Names.Keys.Then(begun.Add(time.Hour), next)
	p := page.New(o)
	show(t, p, incident(1, 1, alert.Create, 0))
	before := detail(t, p, "auscult-1").Rule.Principal
	show(t, p, incident(1, 2, alert.Update, 2*time.Hour))
	a := incident(1, 1, alert.Create, 0)
	if after := detail(t, p, "auscult-1").Rule.Principal; after == before || after != string(next.Principal(nil, &a.Signal.Principal)) {
		t.Errorf("%s, and after the change %s", before, after)
	}
}
