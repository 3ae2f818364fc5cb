package pcaps

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/pcaps/rewrap"
	"auscult/pipeline"
	"auscult/replay"
)

// hidden is the request that an attacker hides, without the empty line that would end it.
const hidden = "GET /fhir/Patient/1?_format=json HTTP/1.1\r\nHost: ehr.test\r\nX: "

// smuggles are requests of which a front end and a server see different ends, each with another one inside (CWE-444).
var smuggles = []struct{ name, fields, body string }{
	{"CL.TE", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len("0\r\n\r\n"+hidden)), "0\r\n\r\n" + hidden},
	{"TE.CL", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(hidden+"a\r\n\r\n"), hidden+"a\r\n\r\n")},
	{"TE.TE", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n", len("0\r\n\r\n"+hidden)), "0\r\n\r\n" + hidden},
}

// ordinary is what others do meanwhile.
func ordinary() []*dialog {
	return []*dialog{
		round(21, 42001, "u-nurse1", time.Minute, 301, 302, 303), round(22, 42002, "u-nurse2", 2*time.Minute, 304, 305),
		round(23, 42003, "u-nurse3", 3*time.Minute, 306, 307, 308, 309),
	}
}

// marked are the marks of each call that has any, by the client's address.
func marked(t *testing.T, calls []byte) map[string][][]string {
	t.Helper()
	out := map[string][][]string{}
	for _, line := range jsonl(calls) {
		var c struct {
			Client string   `json:"client.address"`
			Marks  []string `json:"auscult.marks"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Marks) > 0 {
			out[c.Client] = append(out[c.Client], c.Marks)
		}
	}
	return out
}

// TestSmuggling has one client hide requests in each of three forms, alone and all together: one incident, and the
// calls say what is odd about them.
func TestSmuggling(t *testing.T) {
	attack := func(d *dialog, at time.Duration, form int) {
		s := &smuggles[form]
		d.say(at, client, "POST /api/search HTTP/1.1\r\nHost: ehr.test\r\nContent-Type: text/plain\r\n"+bearer("u-smuggler")+s.fields+"\r\n"+s.body)
		d.say(at+20*time.Millisecond, server, response(200, `{"total":0}`))
	}
	f := func(name string, forms ...int) {
		t.Helper()
		var dialogs []*dialog
		for i, form := range forms {
			d := dial(time.Duration(i)*time.Minute, 66, uint16(45000+i))
			attack(d, d.now, form)
			d.hang(d.now + time.Second)
			dialogs = append(dialogs, d)
		}
		path := capture(t, append(dialogs, ordinary()...)...)
		var first []byte
		for _, workers := range []int{1, 2, 8} {
			cfg := pipeline.Defaults()
			cfg.Workers = workers
			calls, alerts, _ := run(t, cfg, replay.New(replay.Defaults(), path))
			if kinds, minor := incidents(alertsOf(t, alerts)); !slices.Equal(kinds, []string{"request_smuggling"}) || !slices.Equal(minor, unsealed) {
				t.Errorf("%s: incidents %v and %v, want one of request_smuggling and %v", name, kinds, minor, unsealed)
			}
			hiding := 0
			for who, list := range marked(t, calls) {
				for _, m := range list {
					if who != "10.1.0.66" {
						t.Errorf("%s: a call of %s is marked %v", name, who, m)
					}
					if slices.Contains(m, "ambiguous") && slices.Contains(m, "smuggled") {
						hiding++
					}
				}
			}
			if hiding != len(forms) {
				t.Errorf("%s: %d calls are marked as hiding another, want %d: %v", name, hiding, len(forms), marked(t, calls))
			}
			if first == nil {
				first = alerts
			}
			same(t, fmt.Sprintf("%s: alerts, %d workers", name, workers), alerts, first)
		}
	}
	for i := range smuggles {
		f(smuggles[i].name, i)
	}
	f("all three", 0, 1, 2)
	f("again and again", 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2)
}

// TestConflict has a client send a request twice with different bytes, so that a watcher and the server may have
// read different ones.
func TestConflict(t *testing.T) {
	ask := func(n int) string {
		return fmt.Sprintf("GET /fhir/Patient/%d HTTP/1.1\r\nHost: ehr.test\r\n%s\r\n", n, bearer("u-evader"))
	}
	evade := func(first, second string) string {
		d := dial(0, 66, 45000)
		d.say(time.Second, client, ask(400))
		d.say(2*time.Second, server, response(200, person(400)))
		at := d.seq[client]
		d.now = 3 * time.Second
		d.send(client, tcpACK, first)
		again := d.frame(client, tcpACK, at, second)
		d.frames = append(d.frames, rewrap.Frame{Time: began + int64(d.now), Data: again})
		d.now += time.Millisecond
		d.say(d.now, server, response(200, person(401)))
		d.hang(d.now + time.Second)
		return capture(t, append(ordinary(), d)...)
	}
	calls, alerts, _ := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), evade(ask(401), ask(999))))
	if kinds, minor := incidents(alertsOf(t, alerts)); !slices.Equal(kinds, []string{"desync_evasion"}) || !slices.Equal(minor, unsealed) {
		t.Errorf("incidents %v and %v, want one of desync_evasion and %v", kinds, minor, unsealed)
	}
	if all := marked(t, calls); len(all) != 1 || !slices.Contains(slices.Concat(all["10.1.0.66"]...), "conflict") {
		t.Errorf("marks %v, want a conflict", all)
	}
	calls, alerts, _ = run(t, pipeline.Defaults(), replay.New(replay.Defaults(), evade(ask(401), ask(401))))
	if kinds, minor := incidents(alertsOf(t, alerts)); len(kinds) > 0 || !slices.Equal(minor, unsealed) || len(marked(t, calls)) > 0 {
		t.Errorf("an honest retransmission: %v, incidents %v and %v", marked(t, calls), kinds, minor)
	}
}

// TestOrdinaryIsUnmarked has no case of another kind marked or accused as smuggling or evasion, as captured and
// with packets late and twice.
func TestOrdinaryIsUnmarked(t *testing.T) {
	odd := []string{"ambiguous", "smuggled", "conflict", "ambiguous_response", "host_conflict"}
	check := func(name string, calls, alerts []byte) {
		t.Helper()
		for _, a := range alertsOf(t, alerts) {
			if kind := a.kind(); kind == "request_smuggling" || kind == "desync_evasion" {
				t.Errorf("%s: %s", name, kind)
			}
		}
		for who, list := range marked(t, calls) {
			for _, m := range list {
				if slices.ContainsFunc(m, func(s string) bool { return slices.Contains(odd, s) }) {
					t.Errorf("%s: a call of %s is marked %s", name, who, strings.Join(m, ", "))
				}
			}
		}
	}
	for _, name := range cases(t) {
		path := filepath.Join(name, "traffic.pcap")
		calls, alerts, _ := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), path))
		check(name, calls, alerts)
		plain, err := rewrap.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(t.TempDir(), "traffic.pcap")
		if err := rewrap.Disturb(plain, 0.1, 5).Write(path); err != nil {
			t.Fatal(err)
		}
		calls, alerts, _ = run(t, pipeline.Defaults(), replay.New(replay.Defaults(), path))
		check(name+", disturbed", calls, alerts)
	}
}
