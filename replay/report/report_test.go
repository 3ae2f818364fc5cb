package report_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"auscult/detectors"
	"auscult/internal/shared"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/replay"
	"auscult/replay/report"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

func names(t testing.TB) *pseudonym.Names {
	t.Helper()
	keys, err := pseudonym.FromKey(bytes.Repeat([]byte("auscult golden.."), 2))
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Keys: keys}
}

// page is the report of a case.
func page(t testing.TB, name string, workers int, cfg report.Config) string {
	t.Helper()
	n := names(t)
	c := report.New(cfg, n, 0)
	run := pipeline.Defaults()
	run.Workers, run.Alert.Keys = workers, n.Keys
	src := replay.New(replay.Defaults(), filepath.Join(shared.Root(t), "pcaps", name, "traffic.pcap"))
	stats, err := pipeline.Run(context.Background(), run, src, pipeline.Output{Alerts: []pipeline.Sink{c}, Calls: c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := report.Facts{Version: "test", Sensor: "s", Captures: []report.Capture{{Name: "traffic.pcap", Packets: stats.Packets}}, First: stats.First, Last: stats.Last,
		Packets: stats.Packets, Bytes: stats.Bytes, Calls: stats.Calls, Opaque: stats.Loss.Opaque, Missed: stats.Loss.Calls, Seen: stats.Loss.Seen}
	for _, l := range stats.Ledger {
		f.Lost = append(f.Lost, report.Lost(l))
	}
	return write(t, c, &f)
}

func write(t testing.TB, c *report.Collector, f *report.Facts) string {
	t.Helper()
	text, err := c.Page(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var void = []string{"meta", "br", "link", "img", "input", "hr"}

// sound reads a page as a browser does and tells what is wrong with its structure: elements that are not closed, ids that are
// there twice or not at all, and whatever its policy refuses or would have it ask the network for.
func sound(t *testing.T, text string) (elements []string) {
	t.Helper()
	var open, refers []string
	ids := map[string]int{}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			elements = append(elements, token.Data)
			for _, a := range token.Attr {
				switch {
				case a.Key == "id":
					ids[a.Val]++
				case a.Key == "aria-labelledby":
					refers = append(refers, strings.Fields(a.Val)...)
				case a.Key == "href":
					if !strings.HasPrefix(a.Val, "#") {
						t.Errorf("a link to %q", a.Val)
					}
					refers = append(refers, a.Val[1:])
				case a.Key == "src", a.Key == "style", a.Key == "action", a.Key == "srcset", a.Key == "xlink:href", strings.HasPrefix(a.Key, "on"):
					t.Errorf("<%s> has %s=%q", token.Data, a.Key, a.Val)
				}
			}
			if kind == html.StartTagToken && !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, id := range refers {
		if ids[id] == 0 {
			t.Errorf("nothing has the id %q", id)
		}
	}
	for _, no := range []string{"script", "img", "link", "iframe", "object", "form"} {
		if slices.Contains(elements, no) {
			t.Errorf("there is a <%s>", no)
		}
	}
	if i := strings.Index(strings.ReplaceAll(text, "http://www.w3.org/", ""), "://"); i >= 0 {
		t.Errorf("an address of the network: %s", text[max(0, i-40):i+40])
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(text, -1)
	if len(style) != 1 {
		t.Fatalf("%d style sheets", len(style))
	}
	sum := sha256.Sum256([]byte(style[0][1]))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(text, want) {
		t.Errorf("the policy is not %s", want)
	}
	return elements
}

func count(elements []string, name string) (n int) {
	for _, e := range elements {
		if e == name {
			n++
		}
	}
	return n
}

func TestPage(t *testing.T) {
	for _, c := range []struct {
		name      string
		incidents int
		pictures  int // and the timeline
		say       []string
	}{
		{"sequential-walk", 1, 2, []string{"One incident was found", "steps from the lowest", "200 distinct records were asked for", "data of 179 people",
			"45 CFR 164.404", "26 Nov 2026 13:50 UTC", "tcp.port==40751", "1:CD7N2Q44RDQIFeSe/JuveCt/fO0=", "CWE-639", "T1595.003", "A.8.3"}},
		{"random-charts", 1, 1, []string{"a typical other caller", "the busiest tenth"}},
		{"oversized-export", 1, 1, []string{"Sizes of answers", "answers of the same endpoint to others", "The largest answer here has 1.26 MB"}},
		{"password-spray", 1, 1, []string{"Calls, added up over time", "24 calls of this caller"}},
		{"ward-day", 0, 0, []string{"No incident was found", "None of medium severity or more was found", "does not prove that nothing happened"}},
	} {
		text := page(t, c.name, 1, report.Defaults())
		elements := sound(t, text)
		if n := count(elements, "article"); n != c.incidents {
			t.Errorf("%s: %d incidents, want %d", c.name, n, c.incidents)
		}
		if n := count(elements, "svg"); n != c.pictures+1 {
			t.Errorf("%s: %d pictures, want %d", c.name, n, c.pictures+1)
		}
		for _, want := range append(c.say, "What could not be seen", "Words in this report", "Endpoints that gave away most") {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", c.name, want)
			}
		}
		if len(text) > 300<<10 {
			t.Errorf("%s: %d bytes", c.name, len(text))
		}
		if other := page(t, c.name, 3, report.Defaults()); other != text {
			t.Errorf("%s: another page with three workers", c.name)
		}
	}
}

// What was read when there was nothing to read is told too.
func TestNothing(t *testing.T) {
	c := report.New(report.Defaults(), names(t), 0)
	text := write(t, c, &report.Facts{Sensor: "s", Unread: []string{"x.pcap: no capture"}, Stopped: true, Failed: true})
	sound(t, text)
	for _, want := range []string{"No packet was read", "1 file could not be read at all: x.pcap", "stopped before the end", "The run failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

const second = clock.Time(1e9)

// made is a call of caller who to a record.
func made(at clock.Time, who, record uint64, status int) call.Call {
	return call.Call{Order: call.Order{Time: at, Flow: who}, Start: at, Kind: call.HTTP, Method: "GET", Host: "h", Path: "/p/1", Route: "/p/{id}", Endpoint: 7,
		Client: packet.Endpoint{Port: 1}, Server: packet.Endpoint{Port: 80}, Status: status, RespDec: int64(100 * record),
		Principal: call.Principal{Key: who, Kind: call.JWT, ID: fmt.Sprint("someone", who)},
		Objects:   []call.Object{{Type: "Patient", ID: fmt.Sprint(1000 + record), Key: record, Patient: true}},
		PHI:       call.Found{Classes: phi.Name, People: 1, Records: 1}}
}

func raised(uid string, activity alert.Activity, at clock.Time, who uint64, severity detectors.Severity) alert.Alert {
	p := call.Principal{Key: who, Kind: call.JWT, ID: fmt.Sprint("someone", who)}
	return alert.Alert{UID: uid, Activity: activity, Time: at, First: at, Last: at, Kinds: []string{"bola_fanout"}, Signal: detectors.Signal{
		Order: call.Order{Time: at}, Detector: "bola_fanout", Principal: p, Endpoint: 7, Severity: severity, Title: "{principal} did <b>it</b>", Expected: "less",
		Observed: "more", Calls: 9, Objects: 9, People: 9}}
}

// A capture with more of everything than is kept gives a bounded page that says what is left out, and keeps the graver part.
func TestBounds(t *testing.T) {
	cfg := report.Defaults()
	cfg.MaxIncidents, cfg.MaxPictures, cfg.MaxCallers, cfg.MaxPoints, cfg.MaxRecords, cfg.MaxRows = 5, 2, 8, 16, 1000, 3
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c := report.New(cfg, names(t), 0)
	start := 1_770_000_000 * second
	at := start
	for i := range uint64(5000) {
		at += second
		c.WriteCalls([]call.Call{made(at, 1+i%40, i, 200+203*int(i%2))})
	}
	for i := range 20 {
		severity := detectors.Medium
		if i >= 18 {
			severity = detectors.Critical
		}
		uid := fmt.Sprintf("auscult-%d", i)
		a := []alert.Alert{raised(uid, alert.Create, at, uint64(1+i%40), severity), raised(uid, alert.Close, at+second, uint64(1+i%40), severity)}
		if err := c.Write(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	text := write(t, c, &report.Facts{Sensor: "s", First: start, Last: at, Packets: 1, Calls: 5000})
	elements := sound(t, text)
	if n := count(elements, "article"); n != 5 {
		t.Errorf("%d incidents", n)
	}
	for _, want := range []string{"auscult-18", "auscult-19", "15 of severity medium", "Only the first 2 incidents", "were forgotten", "more distinct records than are told apart",
		"5,000 calls", "2,500 were refused", "did &lt;b&gt;it&lt;/b&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(text, "someone") {
		t.Error("a name is in the clear")
	}
	if again := write(t, c, &report.Facts{Sensor: "s", First: start, Last: at, Packets: 1, Calls: 5000}); again != text {
		t.Error("written twice it is not the same")
	}
}

func TestConfig(t *testing.T) {
	if err := report.Defaults().Validate(); err != nil {
		t.Fatal(err)
	}
	cfg := report.Defaults()
	cfg.MaxPoints = 3
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "max_points: 3") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkWriteCalls(b *testing.B) {
	c := report.New(report.Defaults(), names(b), 0)
	var batch []call.Call
	for i := range uint64(10_000) {
		batch = append(batch, made(clock.Time(i)*second, i%500, i%3000, 200))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.WriteCalls(batch[i%len(batch) : i%len(batch)+1])
	}
}

// After a key was changed an incident bears the pseudonyms of its beginning, as its alerts do, and still leads to its caller.
func TestRotation(t *testing.T) {
	n := names(t)
	next, err := pseudonym.FromKey(bytes.Repeat([]byte("another key....."), 2))
	if err != nil {
		t.Fatal(err)
	}
	begin := 1_770_000_000 * second
	n.Keys.Then(begin+10*second, next)
	c := report.New(report.Defaults(), n, 0)
	for i := range uint64(20) {
		c.WriteCalls([]call.Call{made(begin+clock.Time(i)*second, 1, i, 200)})
	}
	c.Write(t.Context(), []alert.Alert{raised("auscult-1", alert.Create, begin+15*second, 1, detectors.High)})
	text := write(t, c, &report.Facts{Sensor: "s", First: begin, Last: begin + 20*second, Packets: 1})
	p := call.Principal{Key: 1, Kind: call.JWT, ID: "someone1"}
	for _, want := range []string{string(n.Keys.Principal(nil, &p)), string(next.Principal(nil, &p)) + " did", n.Keys.KeyID(), next.KeyID(), `<td><a href="#i1">1</a> </td>`} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}
