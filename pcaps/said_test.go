package pcaps

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
)

// TestWhatMustBeSaid holds the golden alerts to what each case is about, so that rewriting them cannot turn a miss
// or a false alarm into an expectation.
func TestWhatMustBeSaid(t *testing.T) {
	walk := []string{"sequential_enumeration", "bola_fanout"}
	want := map[string]struct {
		kinds    []string // any of them may come first; none: nothing must be said
		accounts int      // that the incident names
	}{
		"sequential-walk":  {walk, 1},
		"shuffled-range":   {walk, 1},
		"slow-walk":        {walk, 1},
		"search-and-open":  {[]string{"bola_fanout"}, 1},
		"oversized-export": {[]string{"oversized_phi"}, 1},
		"shared-walk":      {[]string{"distributed_enumeration"}, 5},
		"ward-day":         {},
		"nightly-etl":      {},
		"paging":           {},
		"imaging-viewer":   {},
		"ward-round":       {},
		"registrar":        {},
	}
	names := cases(t)
	if len(names) != len(want) {
		t.Errorf("%d cases, %d expectations", len(names), len(want))
	}
	for _, name := range names {
		w, ok := want[name]
		if !ok {
			t.Errorf("%s: nothing says what it is about", name)
		}
		incidents, accounts := map[string]string{}, map[string]bool{}
		for line := range bytes.Lines(read(t, filepath.Join(name, "alerts.jsonl"))) {
			var a struct {
				FindingInfo struct {
					UID      string
					Analytic struct{ UID string }
				} `json:"finding_info"`
				Evidences []struct {
					Actor struct{ User struct{ UID string } }
				}
			}
			if err := json.Unmarshal(line, &a); err != nil {
				t.Fatal(err)
			}
			if _, known := incidents[a.FindingInfo.UID]; !known {
				incidents[a.FindingInfo.UID] = a.FindingInfo.Analytic.UID
			}
			for _, e := range a.Evidences {
				accounts[e.Actor.User.UID] = true
			}
		}
		if len(w.kinds) == 0 {
			if len(incidents) != 0 {
				t.Errorf("%s: accuses %v", name, incidents)
			}
			continue
		}
		if len(incidents) != 1 {
			t.Errorf("%s: %d incidents, want one: %v", name, len(incidents), incidents)
		}
		for _, kind := range incidents {
			if !slices.Contains(w.kinds, kind) {
				t.Errorf("%s: %s, want one of %v", name, kind, w.kinds)
			}
		}
		if len(accounts) != w.accounts {
			t.Errorf("%s: %d accounts named, want %d", name, len(accounts), w.accounts)
		}
	}
}
