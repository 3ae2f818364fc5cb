package main

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	quiet := report{
		Inputs: make([]input, 1), Packets: 3190, Bytes: 1_220_000, Flows: 104, Calls: 519,
		First: "2026-11-26T07:03:46Z", Last: "2026-11-26T09:00:46Z",
		Run: speed{Workers: 1, Seconds: 0.5, Mbits: 19.52},
	}
	loud := quiet
	loud.Inputs, loud.Unread = make([]input, 2), []string{"x.pcap: no such file"}
	loud.Opaque = 0.6821
	loud.Missed = missed{Calls: 7, Seen: 0.9867, Packets: 0.01}
	loud.Alerts, loud.Incidents = 9, []count{{"bola_fanout", 1}, {"oversized_phi", 12}}
	loud.Lost = []loss{{"unreadable", "inputs", 1}, {"tcp: gaps", "bytes", 12345}}
	loud.Grave = 13
	loud.Run = speed{Workers: 2, Seconds: 75, Mbits: 1500, Stopped: true}
	for _, c := range []struct {
		r    report
		want string
	}{
		{quiet, `
inputs   1 file
packets  3,190, 1.22 MB
seen     2026-11-26T07:03:46Z to 2026-11-26T09:00:46Z
flows    104
calls    519
alerts   none
unread   nothing, and nothing was lost
took     0.50 s, 19.5 Mbit/s, 1 worker
`}, {loud, `
inputs   2 files, 1 not readable
packets  3,190, 1.22 MB
seen     2026-11-26T07:03:46Z to 2026-11-26T09:00:46Z
flows    104
         68.2 % of their bytes could not be read (TLS without keys, other protocols)
calls    519
         about 1.3 % of the calls were not seen (estimated from gaps)
alerts   13 incidents in 9 messages
         13 of medium severity or more
         1 bola_fanout
         12 oversized_phi
unread   1 input (unreadable)
         12,345 bytes (tcp: gaps)
took     1 min 15 s, 1.50 Gbit/s, 2 workers
         stopped by a signal before the end of the inputs
`}} {
		var out strings.Builder
		if err := c.r.print(&out); err != nil || out.String() != c.want[1:] {
			t.Errorf("%v, got\n%swant%s", err, out.String(), c.want)
		}
	}
}

func TestAmount(t *testing.T) {
	for nouns, want := range map[string]string{"bodies": "1 body", "addresses": "1 address", "times": "1 time", "packets": "1 packet"} {
		if got := amount(1, nouns); got != want {
			t.Errorf("one of %s: %q, want %q", nouns, got, want)
		}
	}
	if got := amount(1234, "bodies"); got != "1,234 bodies" {
		t.Errorf("got %q", got)
	}
}
