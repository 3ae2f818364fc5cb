package tcp_test

import (
	"testing"

	"auscult/sensor/tcp"
)

// TestSeen: bytes that wait, for those before them or for what they answer, keep the time of their own packet.
func TestSeen(t *testing.T) {
	table := tcp.New(tcp.Defaults())
	now := start
	seen := map[string]tcp.Event{}
	feed := func(events []tcp.Event) {
		for _, e := range events {
			if e.Kind == tcp.Data {
				seen[string(e.Bytes)] = e
			}
		}
	}
	for _, s := range opened(
		step{1, seg('c', "PA", 103, 1000, "def")}, step{5, seg('c', "PA", 100, 1000, "abc")}, // out of order
		step{7, seg('s', "PA", 1000, 200, "resp")}, step{1, seg('c', "PA", 200, 1004, "next")}, // 106 to 199 are lost
	) {
		now += s.wait * ms
		feed(table.Segment(nil, now, s.seg))
	}
	feed(table.Close(nil, now+500*ms))
	for text, after := range map[string]struct{ seen, known int }{"def": {3, 8}, "abc": {8, 8}, "resp": {15, 216}, "next": {16, 216}} {
		e := seen[text]
		if got := int((e.Seen - start) / ms); got != after.seen {
			t.Errorf("%s was seen after %d ms, want %d", text, got, after.seen)
		}
		if got := int((e.Time - start) / ms); got < after.known {
			t.Errorf("%s was known after %d ms, want %d", text, got, after.known)
		}
	}
}
