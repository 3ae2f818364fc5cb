package pcaps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/cef"
	"auscult/pipeline/ecs"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/replay/report"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// identities gathers every identifier that the sensor found in a case: principals, their clients, patients and
// records. Short numbers are left out: they stand in any text.
type identities struct {
	seen map[string]bool
}

func (s *identities) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c := &batch[i]
		if c.Principal.Kind != call.Address {
			s.add(c.Principal.ID)
		}
		s.add(c.Principal.Client)
		s.add(c.User)
		for _, o := range c.Objects {
			s.add(o.ID)
		}
	}
	return nil
}

func (s *identities) add(id string) {
	if len(id) >= 6 {
		s.seen[strings.Clone(id)] = true // calls are borrowed
	}
}

func (s *identities) Close() error { return nil }

// watched shows the calls of a log to the report too.
type watched struct {
	pipeline.CallSink
	page *report.Collector
}

func (l watched) WriteCalls(batch []call.Call) error {
	if err := l.page.WriteCalls(batch); err != nil {
		return err
	}
	return l.CallSink.WriteCalls(batch)
}

// TestNobodyIsNamed runs every case with every output and finds no identifier in any byte that was written, but
// all of the accused when the operator asked to reveal them.
func TestNobodyIsNamed(t *testing.T) {
	keyer, err := pseudonym.FromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cases(t) {
		src := func() pipeline.Source { return replay.New(replay.Defaults(), filepath.Join(name, "traffic.pcap")) }
		known := &identities{map[string]bool{}}
		if _, err := pipeline.Run(t.Context(), pipeline.Defaults(), src(), pipeline.Output{Calls: known}, nil); err != nil {
			t.Fatal(err)
		}
		if len(known.seen) < 10 {
			t.Fatalf("%s: only %d identifiers, the test would see nothing", name, len(known.seen))
		}
		for _, reveal := range []bool{false, true} {
			names := &pseudonym.Names{Keys: keyer, Reveal: reveal}
			cfg := pipeline.Defaults()
			cfg.Alert.Keys = keyer
			var cards, lines, documents, events, calls bytes.Buffer
			meta := ocsf.Meta{Version: "test", Tenant: "t", Sensor: "s"}
			page := report.New(report.Defaults(), names, 0)
			stats, err := pipeline.Run(t.Context(), cfg, src(), pipeline.Output{
				Alerts: []pipeline.Sink{
					page,
					sink.NewTerminal(&cards, 100, true, names),
					sink.NewLines(&lines, "lines", names, meta),
					sink.NewLines(&documents, "documents", names, meta).As(ecs.Append),
					sink.NewLines(&events, "events", names, meta).As(cef.Append),
				},
				Calls: watched{sink.NewCallLog(&calls, "calls", names, 0), page},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			text, err := page.Page(&report.Facts{First: stats.First, Last: stats.Last, Packets: stats.Packets, Calls: stats.Calls})
			if err != nil {
				t.Fatal(err)
			}
			written := map[string][]byte{"report": text, "cards": cards.Bytes(), "alerts": lines.Bytes(), "ECS": documents.Bytes(),
				"CEF": events.Bytes(), "calls": calls.Bytes(), "stats": fmt.Appendf(nil, "%+v", stats)}
			found := 0
			for id := range known.seen {
				for where, text := range written {
					if !bytes.Contains(text, []byte(id)) {
						continue
					}
					if found++; !reveal {
						t.Errorf("%s: %q stands in the %s", name, id, where)
					}
				}
			}
			if len(documents.Bytes()) == 0 || len(events.Bytes()) == 0 {
				t.Errorf("%s: nothing in ECS or CEF", name)
			}
			if reveal && found == 0 {
				t.Errorf("%s: revealing names shows none", name)
			}
		}
	}
}

// TestAlertsAreReadable holds what an analyst is promised of every finding in the cases: a sentence first, who, at
// most ten calls that show it, one Create and one Close.
func TestAlertsAreReadable(t *testing.T) {
	for _, name := range cases(t) {
		opened, closed := map[string]int{}, map[string]int{}
		b, err := os.ReadFile(filepath.Join(name, "alerts.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			var a struct {
				Activity    int `json:"activity_id"`
				Count       int
				FindingInfo struct {
					UID, Title, Desc string
				} `json:"finding_info"`
				Evidences []struct {
					Request *struct{} `json:"http_request"`
					Actor   struct{ User struct{ UID string } }
				}
			}
			if err := json.Unmarshal(line, &a); err != nil {
				t.Fatal(err)
			}
			switch alert.Activity(a.Activity) {
			case alert.Create:
				opened[a.FindingInfo.UID]++
			case alert.Close:
				closed[a.FindingInfo.UID]++
			}
			n := 0 // those that show no call name who else is accused
			for _, e := range a.Evidences {
				if e.Request != nil {
					n++
				}
				if e.Actor.User.UID == "" {
					t.Errorf("%s: evidence of nobody", name)
				}
			}
			if n == 0 || n > 10 {
				t.Errorf("%s: %d calls shown", name, n)
			}
			if len(a.FindingInfo.Title) < 30 || len(a.FindingInfo.Desc) < 30 || a.Count == 0 {
				t.Errorf("%s: title %q, description %q, count %d", name, a.FindingInfo.Title, a.FindingInfo.Desc, a.Count)
			}
		}
		for uid, n := range opened {
			if n != 1 || closed[uid] != 1 {
				t.Errorf("%s: incident %s opened %d times, closed %d", name, uid, n, closed[uid])
			}
		}
	}
}
