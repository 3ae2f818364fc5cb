package pcaps

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/replay"
)

// manner is a way for a server to go on delivering in one exchange.
type manner struct {
	name    string
	ask     string
	answer  string
	deliver func(text string) string // one item
	end     string
	status  int
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// textFrame is a message of a WebSocket's server (RFC 6455 section 5.2).
func textFrame(text string) string {
	if len(text) < 126 {
		return "\x81" + string(rune(len(text))) + text
	}
	return "\x81\x7e" + string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text
}

var manners = []manner{
	{"server-sent events", "GET /api/patients/feed HTTP/1.1\r\nHost: ehr.test\r\nAccept: text/event-stream\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
		func(text string) string { return chunk("event: patient\ndata: " + text + "\n\n") }, "0\r\n\r\n", 200},
	{"WebSocket", "GET /api/patients/feed HTTP/1.1\r\nHost: ehr.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", textFrame, "\x88\x02\x03\xe8", 101},
	{"NDJSON", "GET /api/patients/feed HTTP/1.1\r\nHost: ehr.test\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
		func(text string) string { return chunk(text + "\n") }, "0\r\n\r\n", 200},
}

// running is one exchange of m in which item i of n is delivered after every so often.
func running(m manner, user string, n int, every time.Duration, item func(i int) string) *dialog {
	d := dial(0, 7, 41000)
	d.say(0, client, m.ask+bearer(user)+"\r\n")
	d.say(20*time.Millisecond, server, m.answer)
	at := time.Duration(0)
	for i := range n {
		at += every
		d.say(at, server, m.deliver(item(i)))
	}
	d.say(at, server, m.end)
	d.hang(at + time.Second)
	return d
}

// TestRunningExport delivers 3,000 patients to one user in half an hour, in one exchange. That is found while it
// runs, is one incident of each kind, and one line of the call log, whatever the number of workers.
func TestRunningExport(t *testing.T) {
	const patients, every = 3000, 600 * time.Millisecond
	for _, m := range manners {
		t.Run(m.name, func(t *testing.T) {
			d := running(m, "u-export", patients, every, func(i int) string { return person(500000 + i*7919%100003) })
			end := (began + int64(patients*every)) / 1e6
			path := capture(t, d, round(8, 42000, "u-nurse", time.Minute, 11, 12, 13, 14))
			cfg := pipeline.Defaults()
			cfg.Workers = 1
			calls, alerts, stats := run(t, cfg, replay.New(replay.Defaults(), path))

			list := alertsOf(t, alerts)
			first := int64(0)
			for _, a := range list {
				if a.Severity < medium {
					continue
				}
				if k := a.kind(); k != "oversized_phi" && k != "bulk_export" && k != "bola_fanout" && k != "sequential_enumeration" {
					t.Errorf("a finding of %s", k)
				}
				if first == 0 && a.Time < end {
					first = a.Time
				}
			}
			kinds, minor := incidents(list)
			if !slices.Equal(minor, unsealed[:2]) {
				t.Errorf("of little weight: %v, want %v", minor, unsealed[:2])
			}
			if len(kinds) == 0 || first == 0 {
				t.Fatalf("incidents %v, the first said at %d, want one before the end at %d", kinds, first, end)
			}
			for i, k := range kinds[1:] {
				if k == kinds[i] {
					t.Errorf("%s is two incidents", k)
				}
			}
			t.Logf("%v, first after %v", kinds, time.Duration(first-began/1e6)*time.Millisecond)

			feeds := 0
			for _, line := range jsonl(calls) {
				var c struct {
					Path     string `json:"url.path"`
					Status   int    `json:"http.response.status_code"`
					People   int    `json:"auscult.phi.people"`
					Messages int    `json:"auscult.response.messages"`
				}
				if err := json.Unmarshal(line, &c); err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(c.Path, "/feed") {
					continue
				}
				feeds++
				if c.Status != m.status || c.People != patients || m.status == 101 && c.Messages != patients {
					t.Errorf("the exchange is told as %s", line)
				}
			}
			if feeds != 1 || len(jsonl(calls)) != 6 {
				t.Errorf("%d lines of the exchange, %d in all, want 1 and 6", feeds, len(jsonl(calls)))
			}
			if stats.Calls != 6 {
				t.Errorf("%d calls are counted, want 6", stats.Calls)
			}

			for _, workers := range []int{2, 8} {
				cfg.Workers = workers
				c, a, _ := run(t, cfg, replay.New(replay.Defaults(), path))
				same(t, fmt.Sprintf("calls, %d workers", workers), c, calls)
				same(t, fmt.Sprintf("alerts, %d workers", workers), a, alerts)
				c, a, live := run(t, cfg, newLive(t, path))
				same(t, fmt.Sprintf("calls, live, %d workers", workers), c, calls)
				same(t, fmt.Sprintf("alerts, live, %d workers", workers), a, alerts)
				if fmt.Sprint(live) != fmt.Sprint(stats) {
					t.Errorf("%d workers: live counts %+v, replay %+v", workers, live, stats)
				}
			}

			// how often the detectors are told is nobody else's affair
			cfg.Extract.StreamReport = time.Hour
			c, _, _ := run(t, cfg, replay.New(replay.Defaults(), path))
			same(t, "calls, told every hour", c, calls)
		})
	}
}

// TestRunningMonitor is a ward's screen: twenty patients, a value of each every second for two hours. Nobody is
// accused.
func TestRunningMonitor(t *testing.T) {
	const hours = 2
	for _, m := range manners[:2] {
		t.Run(m.name, func(t *testing.T) {
			beat := func(i int) string {
				b := []byte("[")
				for bed := range 20 {
					b = fmt.Appendf(b, `{"patientId":"%d","heartRate":%d},`, 900100+bed*137, 60+(i*7+bed*13)%40)
				}
				b[len(b)-1] = ']'
				return string(b)
			}
			d := running(m, "u-monitor", hours*3600, time.Second, beat)
			path := capture(t, d, round(8, 42000, "u-nurse", time.Minute, 900100, 900237, 900374))
			calls, alerts, stats := run(t, pipeline.Defaults(), replay.New(replay.Defaults(), path))
			if grave, minor := incidents(alertsOf(t, alerts)); len(grave) > 0 || !slices.Equal(minor, unsealed[:2]) {
				t.Errorf("somebody is accused of %v, and the servers of %v, want %v", grave, minor, unsealed[:2])
			}
			if n := len(jsonl(calls)); n != 5 || stats.Calls != 5 {
				t.Errorf("%d lines, %d calls counted, want 5", n, stats.Calls)
			}
			if !strings.Contains(string(calls), `"auscult.phi.people":20,`) {
				t.Errorf("20 patients are not told of:\n%s", calls)
			}
			cfg := pipeline.Defaults()
			cfg.Extract.StreamReport = time.Hour
			again, _, _ := run(t, cfg, replay.New(replay.Defaults(), path))
			same(t, "calls, told every hour", again, calls)
		})
	}
}
