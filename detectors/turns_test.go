package detectors

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// record is the call by which who opens a record that is no patient.
func (h *hospital) record(at clock.Time, who call.Principal, typ, id string, status int) *call.Call {
	c := h.open(at, who, id, status)
	c.Route, c.Path, c.FHIR = "/api/"+typ+"/{id}", "/api/"+typ+"/"+id, call.FHIR{}
	c.Objects = []call.Object{{Type: typ, ID: id, Key: patientKey(typ + id), Param: patientKey(typ)}}
	c.Delivered = nil
	return c
}

// TestInTurn works off records in the order of their numbers, which no list in sight delivered: at the pace of such
// work it is nobody's attack, at the pace of a script it is.
func TestInTurn(t *testing.T) {
	for _, f := range []struct {
		name   string
		typ    string
		first  int
		n      int
		people int
		gap    time.Duration
		code   string
		want   bool
	}{
		{"a tray of tubes", "accessions", 240100, 48, 1, 6 * time.Second, "%d", false},
		{"trays of tubes at three benches", "Specimen", 240100, 90, 3, 2500 * time.Millisecond, "S%07d", false},
		{"pages of wards", "wards", 1, 14, 1, 3 * time.Second, "%d", false},
		{"a queue of claims", "claims", 88100, 60, 5, 12 * time.Second, "%d", false},
		{"invoices, one a minute", "invoices", 4100, 40, 1, time.Minute, "%d", false},
		{"records of a chart, fetched by its page", "reports", 4100, 10, 1, 100 * time.Millisecond, "%d", false},
		{"time slots, fetched by a calendar", "slots", 4100, 30, 1, 100 * time.Millisecond, "%d", false},
		{"coded records, one in ten minutes", "records", 41000, 24, 1, 10 * time.Minute, "%x", true},
		{"every invoice by a script", "invoices", 4100, 40, 1, 2 * time.Second, "%d", true},
		{"every accession by a script", "accessions", 240100, 40, 1, time.Second, "%d", true},
	} {
		for seed := int64(1); seed <= 4; seed++ {
			w := newSmallWorld(seed, 15)
			calls := w.benign(5)
			for i := range f.n {
				who := w.people[i%f.people].who
				at := epoch + hour/2 + clock.Time(i)*clock.Time(f.gap) + clock.Time(w.rng.Int63n(int64(f.gap)/3))
				c := w.record(at, who, f.typ, fmt.Sprintf(f.code, f.first+i), 200)
				if f.typ == "slots" || f.typ == "wards" {
					c.PHI = call.Found{}
				}
				calls = append(calls, c)
			}
			sigs, _ := run(calls)
			if (len(sigs) > 0) != f.want {
				show(t, sigs)
				t.Errorf("%s, seed %d: accused %v", f.name, seed, len(sigs) > 0)
			}
		}
	}
}

// TestMessages walks in the messages of one WebSocket, told in parts of a few messages each.
func TestMessages(t *testing.T) {
	for _, part := range []int{1, 3, 10} {
		w := newSmallWorld(1, 15)
		calls := w.benign(2)
		var ids []string
		for i := range 60 {
			ids = append(ids, plainID(1230+i))
			if len(ids)%part > 0 {
				continue
			}
			c := w.list(epoch+hour+clock.Time(i)*3*second, evil, ids, true)
			c.Route, c.Path, c.Flags, c.Status, c.Flow, c.Seq = "/ws", "/ws", 0, 101, 777, 1
			for j := range c.Objects {
				if c.Objects[j].Where == call.InQuery {
					c.Objects[j].Where = call.InBody
				}
			}
			c.Running, c.Continued = i < 59, i >= part
			calls = append(calls, c)
		}
		sigs, _ := run(calls, evil.Key)
		found := 0
		for _, s := range sigs {
			if s.Principal.Key != evil.Key {
				t.Errorf("parts of %d: accused %s", part, s.Principal.ID)
			}
			if s.Detector == "sequential_enumeration" && found == 0 {
				found = s.Objects
			}
		}
		t.Logf("parts of %d: told at %d patients", part, found)
		if found == 0 || found > 30 {
			t.Errorf("parts of %d: told at %d patients", part, found)
		}
	}
}
