package detectors

import (
	"strconv"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// socket is one exchange that delivers while it runs, told in parts ten seconds apart.
type socket struct {
	seq     uint32
	who     call.Principal
	status  int
	at      clock.Time
	people  int
	records int
	begun   bool
	capped  bool     // the call lists only the first 32 patients of all, as what reads bodies may
	all     []string // so far
}

// part is the next part, which brought patients for the first time and so many records besides.
func (s *socket) part(ids []string, records int, last bool) *call.Call {
	s.at += clock.Time(10 * time.Second)
	s.people += len(ids)
	s.records += records + len(ids)
	c := &call.Call{
		Order: call.Order{Time: s.at, Flow: 5000 + s.who.Key, Seq: s.seq}, Start: epoch, Method: "GET", Host: "ehr", Route: "/ws/vitals",
		Path: "/ws/vitals", Endpoint: 901, Status: s.status, Principal: s.who, Running: !last, Continued: s.begun,
		Messages: [2]int64{1, int64(s.records)},
	}
	s.begun = true
	s.all = append(s.all, ids...)
	listed := ids
	if s.capped {
		listed = s.all[:min(32, len(s.all))]
	}
	for _, id := range listed {
		c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true, Where: call.InResponse})
	}
	for _, id := range ids {
		c.Delivered = append(c.Delivered, patientKey(id))
	}
	for i := range records {
		c.Delivered = append(c.Delivered, patientKey("obs"+strconv.Itoa(s.records)+"/"+strconv.Itoa(i)))
	}
	c.PHI = call.Found{People: s.people, Records: s.records}
	return c
}

func numbered(from, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = strconv.Itoa(100000 + 7*(from+i))
	}
	return ids
}

// kinds are the findings among sigs, each once, and how many signals there were of each.
func kinds(sigs []Signal) map[string]int {
	m := map[string]int{}
	for _, s := range sigs {
		m[s.Detector]++
	}
	return m
}

// A stream that delivers 3,000 patients one by one in half an hour must be found while it runs, by the same kinds
// of finding as one answer with 3,000, and as one incident: one case, one call, told again only as it doubles.
func TestOngoing_Drip(t *testing.T) {
	for _, status := range []int{101, 200, 206} {
		who := call.Principal{Key: 7, Kind: call.JWT, ID: "evil"}
		one := New(Defaults())
		whole := &socket{who: who, status: status, at: epoch}
		answer := whole.part(numbered(0, 3000), 0, true)
		want := kinds(accusations(one.Observe(nil, answer)))
		if want["oversized_phi"] != 1 {
			t.Fatalf("one answer with 3,000 patients: %v", want)
		}

		e := New(Defaults())
		s := &socket{who: who, status: status, at: epoch, capped: status == 206}
		var sigs []Signal
		first := 0
		for i := 0; i < 3000; {
			n := 16 + i%3
			n = min(n, 3000-i)
			c := s.part(numbered(i, n), 0, false)
			i += n
			sigs = append(sigs, accusations(e.Observe(nil, c))...)
			if first == 0 && len(sigs) > 0 {
				first = s.people
			}
		}
		show(t, sigs)
		t.Logf("first told at %d patients: %v", first, kinds(sigs))
		for kind := range want {
			if kinds(sigs)[kind] == 0 {
				t.Errorf("status %d: %s is not found while it runs", status, kind)
			}
		}
		last := map[string]Signal{}
		for _, g := range sigs {
			if want[g.Detector] == 0 {
				t.Errorf("status %d: %s was found, which one answer would not be", status, g.Detector)
			}
			if was, ok := last[g.Detector]; ok {
				if g.Since != was.Since || g.People < 2*was.People {
					t.Errorf("status %d: %s told again as %d patients since %d, after %d since %d", status, g.Detector, g.People, g.Since, was.People, was.Since)
				}
			}
			if g.Calls != 1 || len(g.Evidence) != 1 {
				t.Errorf("status %d: %s counts %d calls and %d of evidence, want the one", status, g.Detector, g.Calls, len(g.Evidence))
			}
			last[g.Detector] = g
		}
		if g := last["oversized_phi"]; g.People <= 1500 {
			t.Errorf("last told with %d patients", g.People)
		}
		end := s.part(nil, 0, true)
		if more := accusations(e.Observe(nil, end)); len(more) > 0 {
			t.Errorf("its end alone was told: %v", kinds(more))
		}
		for _, g := range e.Close(nil) {
			if g.Detector == "oversized_phi" && g.People != 3000 {
				t.Errorf("told at the end with %d patients", g.People)
			}
		}
		if st := e.Stats(); st.Calls != 1 || st.Ongoing != 0 {
			t.Errorf("%d calls, %d left open", st.Calls, st.Ongoing)
		}
	}
}

// A ward's monitors run for twelve hours: twenty patients, a value of each every second. Nobody is accused, and
// the charts of those patients may be opened at any time of the day.
func TestOngoing_WardMonitor(t *testing.T) {
	e := New(Defaults())
	h := newHospital(1, 1, 1)
	nurse := call.Principal{Key: 21, Kind: call.JWT, ID: "nurse"}
	s := &socket{who: nurse, status: 101, at: epoch}
	bed := numbered(0, 20)
	unexplained := uint64(0)
	for i := range 12 * 360 {
		var fresh []string
		if i == 0 {
			fresh = bed
		}
		for _, g := range accusations(e.Observe(nil, s.part(fresh, 20*10, i == 12*360-1))) {
			show(t, []Signal{g})
			t.Fatal("a ward monitor was accused")
		}
		if i%90 == 60 { // every quarter of an hour a chart is opened
			for _, g := range accusations(e.Observe(nil, h.open(s.at+1, nurse, bed[i/90%20], 200))) {
				show(t, []Signal{g})
				t.Fatal("who opens the chart of a monitored patient was accused")
			}
		}
		unexplained = e.Stats().Unexplained
	}
	if unexplained > 0 {
		t.Errorf("%d charts of monitored patients were opened without a reason", unexplained)
	}
}

// Parts after the first are no further requests: what the request named is judged once.
func TestOngoing_RequestOnce(t *testing.T) {
	e := New(Defaults())
	who := call.Principal{Key: 9, Kind: call.JWT, ID: "u"}
	s := &socket{who: who, status: 200, at: epoch}
	for i := range 50 {
		c := s.part(nil, 1, i == 49)
		c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: "4711", Key: patientKey("4711"), Param: patientParam, Patient: true})
		if sigs := e.Observe(nil, c); len(sigs) > 0 {
			t.Fatalf("part %d: %v", i, kinds(sigs))
		}
	}
	st := e.Stats()
	if st.Calls != 1 || st.Parts != 49 || st.Contacts != 1 || st.Unexplained != 1 {
		t.Errorf("calls %d, parts %d, contacts %d, unexplained %d; want 1, 49, 1, 1", st.Calls, st.Parts, st.Contacts, st.Unexplained)
	}
}

// A part whose beginning was forgotten adds what it brought and accuses nobody of the rest.
func TestOngoing_Forgotten(t *testing.T) {
	cfg := Defaults()
	cfg.Ongoing = 1
	e := New(cfg)
	a := &socket{who: call.Principal{Key: 1, Kind: call.JWT, ID: "a"}, status: 101, at: epoch}
	b := &socket{who: call.Principal{Key: 2, Kind: call.JWT, ID: "b"}, status: 101, at: epoch}
	for i := range 20 {
		for _, s := range []*socket{a, b} {
			if sigs := e.Observe(nil, s.part(numbered(5*i, 5), 0, false)); len(sigs) > 0 {
				t.Fatalf("part %d: %v", i, kinds(sigs))
			}
		}
	}
	st := e.Stats()
	if st.LostParts != 19 || st.EvictedOngoing == 0 || st.Ongoing > 1 {
		t.Errorf("lost %d, evicted %d, open %d", st.LostParts, st.EvictedOngoing, st.Ongoing)
	}
}

// The outcome of a gRPC call is its own status, whatever the HTTP status that carries it.
func TestOutcome_GRPC(t *testing.T) {
	for _, f := range []struct {
		http, grpc  int
		ok, refused bool
	}{
		{200, -2, true, false}, {200, -1, true, false}, {200, 0, true, false}, {200, 7, false, true}, {200, 16, false, true},
		{200, 5, false, true}, {200, 13, false, false}, {403, -1, false, true}, {404, -2, false, true}, {101, -2, true, false},
		{503, -2, false, false},
	} {
		c := &call.Call{Status: f.http, GRPC: http.GRPC(f.grpc + 2)}
		if c.OK() != f.ok || c.Refused() != f.refused {
			t.Errorf("HTTP %d, gRPC %d: ok %v, refused %v", f.http, f.grpc, c.OK(), c.Refused())
		}
	}
	if !failed(&call.Call{Status: 200, GRPC: 14 + 2}) || failed(&call.Call{Status: 200, GRPC: 7 + 2}) || !failed(&call.Call{Status: 502}) {
		t.Error("a failure of the server is not told from a refusal")
	}
}

// Walking the numbers over gRPC, where every answer is an HTTP 200, is found by its refusals as well.
func TestOutcome_GRPCProbing(t *testing.T) {
	e, h := New(Defaults()), newHospital(1, 1, 1)
	who := call.Principal{Key: 3, Kind: call.JWT, ID: "u"}
	var sigs []Signal
	for i := range 60 {
		c := h.open(epoch+clock.Time(i)*clock.Time(20*time.Second), who, "x"+strconv.Itoa(i*i*7919%100003), 404)
		c.Status, c.GRPC = 200, 7+2
		sigs = append(sigs, accusations(e.Observe(nil, c))...)
	}
	if len(sigs) == 0 {
		t.Fatal("60 calls that were denied raised nothing")
	}
	if sigs[len(sigs)-1].Refusals == 0 {
		t.Error("no refusals are told")
	}
}
