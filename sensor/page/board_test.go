package page_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/page"
)

func detail(t *testing.T, p *page.Page, uid string) (d page.Detail) {
	t.Helper()
	s := httptestOf(t, p)
	status, body, _ := asked(t, s, "GET", "/incident?uid="+uid, "", "")
	if status != 200 {
		t.Fatalf("%s: status %d", uid, status)
	}
	for _, secret := range secrets {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in\n%s", secret, body)
		}
	}
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDetail: what joins an incident is told beside what leads it, until it is graver.
func TestDetail(t *testing.T) {
	p := page.New(options(t))
	other := incident(1, 2, alert.Update, time.Second)
	other.Signal.Detector, other.Signal.Title = "recon_probe", "{principal} was refused\u202e"
	other.Kinds = []string{"bola_fanout", "recon_probe"}
	show(t, p, incident(1, 1, alert.Create, 0), other)
	d := detail(t, p, "auscult-1")
	if d.Kind != "bola_fanout" || len(d.Joined) != 1 || !strings.HasSuffix(d.Joined[0].Title, " was refused?") || len(d.Kinds) != 2 {
		t.Errorf("after another joined: %+v", d)
	}
	if d.Rule.Endpoint != "GET /fhir/Patient/{id}" || d.Rule.Detector != "bola_fanout" || !strings.HasPrefix(d.Rule.Principal, "usr:") {
		t.Errorf("a rule would be about %+v", d.Rule)
	}
	if len(d.Shown) != 1 || d.Shown[0].Status != 200 || d.Shown[0].At != begun.Millis() || len(d.Touched) != 1 || d.Advice == "" || d.WhoKind != "jwt" {
		t.Errorf("shown: %+v", d)
	}
	other.Sequence, other.Signal.Severity = 3, detectors.Critical
	show(t, p, other)
	if d = detail(t, p, "auscult-1"); d.Kind != "recon_probe" || d.Severity != 5 {
		t.Errorf("after a graver one: %+v", d)
	}
	for n := range 200 {
		show(t, p, incident(1, n+4, alert.Update, time.Duration(n)*time.Second))
	}
	if d = detail(t, p, "auscult-1"); len(d.Growth) < 20 || len(d.Growth) > 48 || d.Growth[0].People != 5 || d.Growth[len(d.Growth)-1].People != d.People {
		t.Errorf("growth %+v of %d", d.Growth, d.People)
	}
}

// TestRouteWithName: a level of an endpoint that holds an identifier fits anything.
func TestRouteWithName(t *testing.T) {
	p := page.New(options(t))
	a := incident(1, 1, alert.Create, 0)
	a.Signal.Route = "GET /ward/P-10023/list"
	show(t, p, a)
	if d := detail(t, p, "auscult-1"); d.Rule.Endpoint != "GET /ward/*/list" {
		t.Errorf("a rule would be about %q", d.Rule.Endpoint)
	}
}

func TestBounds(t *testing.T) {
	o := options(t)
	o.Config.Incidents, o.Config.Keep = 3, time.Hour
	p := page.New(o)
	kept := func(want ...string) {
		t.Helper()
		s := httptestOf(t, p)
		for _, uid := range []string{"auscult-1", "auscult-2", "auscult-3", "auscult-4", "auscult-5"} {
			status, _, _ := asked(t, s, "GET", "/incident?uid="+uid, "", "")
			if is := status == 200; is != strings.Contains(strings.Join(want, " "), uid) {
				t.Errorf("%s is kept: %v", uid, is)
			}
		}
	}
	show(t, p, incident(1, 1, alert.Create, 0), incident(2, 1, alert.Create, 1), incident(2, 2, alert.Close, 2), incident(3, 1, alert.Create, 3))
	kept("auscult-1", "auscult-2", "auscult-3")
	show(t, p, incident(4, 1, alert.Create, 4))
	kept("auscult-1", "auscult-3", "auscult-4") // the closed one went first
	show(t, p, incident(1, 2, alert.Update, 5), incident(5, 1, alert.Create, 6))
	kept("auscult-1", "auscult-4", "auscult-5") // then whose last message is the oldest
	show(t, p, incident(4, 2, alert.Close, 7), incident(5, 2, alert.Update, 2*time.Hour))
	kept("auscult-1", "auscult-5") // a closed one stays an hour
	if n := p.Counts(); n.Kept != 2 || n.Left != 2 {
		t.Errorf("counted %+v", n)
	}
}

func TestBusy(t *testing.T) {
	o := options(t)
	o.Config.Principals = 2
	p, s := served(t, o)
	calls := func(at time.Duration, who string, n int) {
		c := call.Call{Order: call.Order{Time: begun.Add(at)}, Principal: call.Principal{Key: uint64(len(who)), ID: who, Kind: call.JWT}, Status: 404, RespWire: 10}
		c.PHI.Records = 2
		running := c
		running.Running = true
		for range n {
			if err := p.WriteCalls([]call.Call{c, running}); err != nil {
				t.Fatal(err)
			}
		}
	}
	top := func() (list []page.Principal) {
		var begin struct{ Principals []page.Principal }
		follow(t, s, "").next("begin", &begin)
		return begin.Principals
	}
	calls(0, "dr.rao", 2)
	calls(1, "dr.rao.two", 3)
	calls(2, "dr.rao.three", 4)
	list := top()
	if len(list) != 3 || list[0].Calls != 3 || list[0].Records != 6 || list[0].Refused != 3 || list[0].Bytes != 30 || list[1].Calls != 2 || list[2].Name != "" || list[2].Calls != 4 {
		t.Errorf("%+v", list)
	}
	for _, n := range list {
		if strings.Contains(n.Name, "rao") {
			t.Errorf("%s is told", n.Name)
		}
	}
	calls(6*time.Minute, "dr.rao", 5)
	if list = top(); len(list) != 3 || list[0].Calls != 7 || list[2].Calls != 4 {
		t.Errorf("after six minutes %+v", list)
	}
	calls(12*time.Minute, "dr.rao", 1)
	if list = top(); len(list) != 1 || list[0].Calls != 6 {
		t.Errorf("after twelve minutes %+v", list)
	}
	calls(time.Hour, "dr.rao", 1)
	if list = top(); len(list) != 1 || list[0].Calls != 1 {
		t.Errorf("after an hour %+v", list)
	}
}
