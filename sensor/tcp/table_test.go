package tcp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

var (
	clientEnd = netip.MustParseAddrPort("10.0.0.1:40000")
	serverEnd = netip.MustParseAddrPort("10.0.0.2:80")
)

const (
	start = clock.Time(1_700_000_000_000_000_000)
	ms    = clock.Time(time.Millisecond)
)

// seg builds a segment: from is 'c' or 's', flags letters of SAFRP.
func seg(from byte, flags string, seq, ack uint32, payload string) *packet.Segment {
	s := &packet.Segment{Seq: seq, Ack: ack, Window: 65535, Payload: []byte(payload)}
	src, dst := clientEnd, serverEnd
	if from == 's' {
		src, dst = dst, src
	}
	s.Flow, s.Dir = packet.NewFlow(src, dst)
	for _, f := range flags {
		s.Flags |= map[rune]packet.Flags{'S': packet.SYN, 'A': packet.ACK, 'F': packet.FIN, 'R': packet.RST, 'P': packet.PSH}[f]
	}
	return s
}

// log writes events as "c:text", "c:-3" and "c:FIN", the client's direction being A to B.
func log(w *strings.Builder, events []tcp.Event) {
	why := [...]string{"FIN", "RST", "IDLE", "EVICT", "REUSE", "CAPTURE"}
	for _, e := range events {
		if w.Len() > 0 {
			w.WriteByte(' ')
		}
		w.WriteString(string("cs"[e.Dir]) + ":")
		switch e.Kind {
		case tcp.Data:
			w.Write(e.Bytes)
		case tcp.Gap:
			fmt.Fprintf(w, "-%d", e.Lost)
		case tcp.End:
			w.WriteString(why[e.Why])
		}
	}
}

// step is a segment and the milliseconds before it.
type step struct {
	wait clock.Time
	seg  *packet.Segment
}

func run(t *testing.T, cfg tcp.Config, steps []step) (*tcp.Table, string) {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	table := tcp.New(cfg)
	var w strings.Builder
	now := start
	var events []tcp.Event
	for _, s := range steps {
		now += s.wait * ms
		events = table.Segment(events[:0], now, s.seg)
		log(&w, events)
	}
	log(&w, table.Close(nil, now))
	if table.Len() != 0 {
		t.Fatal("connections left after Close:", table.Len())
	}
	return table, w.String()
}

// opened is a handshake with initial numbers 99 and 999.
func opened(rest ...step) []step {
	return append([]step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "SA", 999, 100, "")}, {1, seg('c', "A", 100, 1000, "")},
	}, rest...)
}

func TestSegment(t *testing.T) {
	f := func(name string, steps []step, want string) {
		t.Helper()
		if _, got := run(t, tcp.Defaults(), steps); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	cut := func(s *packet.Segment, n int) *packet.Segment { s.Cut = n; return s }
	f("in order, both close", opened(
		step{1, seg('c', "PA", 100, 1000, "req")}, step{1, seg('s', "PA", 1000, 103, "resp")},
		step{1, seg('c', "FA", 103, 1004, "")}, step{1, seg('s', "FA", 1004, 104, "")}, step{1, seg('c', "A", 104, 1005, "")},
	), "c:req s:resp c:FIN s:FIN")
	f("out of order", opened(
		step{1, seg('c', "PA", 103, 1000, "def")}, step{1, seg('c', "PA", 106, 1000, "ghi")}, step{1, seg('c', "PA", 100, 1000, "abc")},
	), "c:abc c:defghi c:CAPTURE s:CAPTURE")
	f("retransmission, whole and partial", opened(
		step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "PA", 101, 1000, "bcde")},
	), "c:abc c:de c:CAPTURE s:CAPTURE")
	f("keep-alive and window probe", opened(
		step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "A", 102, 1000, "\x00")}, step{1, seg('s', "A", 1000, 103, "")},
		step{1, seg('c', "A", 103, 1000, "d")}, step{1, seg('c', "PA", 103, 1000, "def")},
	), "c:abc c:d c:ef c:CAPTURE s:CAPTURE")
	f("fast open: data on the SYN", []step{
		{0, seg('c', "S", 99, 0, "req")}, {1, seg('s', "SA", 999, 103, "")}, {1, seg('s', "PA", 1000, 103, "resp")},
	}, "c:req s:resp c:CAPTURE s:CAPTURE")
	f("fast open refused, sent again", []step{
		{0, seg('c', "S", 99, 0, "req")}, {1, seg('s', "SA", 999, 100, "")}, {1, seg('c', "A", 100, 1000, "req")},
	}, "c:req c:CAPTURE s:CAPTURE")
	f("FIN with data, data after FIN", opened(
		step{1, seg('c', "FA", 100, 1000, "abc")}, step{1, seg('c', "PA", 104, 1000, "more")}, step{1, seg('s', "PA", 1000, 104, "ok")},
	), "c:abc c:FIN s:ok s:CAPTURE")
	f("FIN before its data", opened(
		step{1, seg('c', "FA", 103, 1000, "")}, step{1, seg('c', "A", 100, 1000, "abc")},
	), "c:abc c:FIN s:CAPTURE")
	f("RST in the window", opened(
		step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('s', "R", 1000, 0, "")}, step{1, seg('c', "PA", 103, 1000, "late")},
	), "c:abc c:RST s:RST")
	f("RST outside the window", opened(
		step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('s', "R", 900, 0, "")}, step{1, seg('s', "R", 1<<24, 0, "")},
		step{1, seg('c', "PA", 103, 1000, "def")},
	), "c:abc c:def c:CAPTURE s:CAPTURE")
	f("RST answers a SYN", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "RA", 0, 100, "")},
	}, "")
	f("scan", []step{{0, seg('c', "S", 99, 0, "")}}, "")
	f("strays", []step{
		{0, seg('c', "A", 99, 5, "")}, {1, seg('c', "FA", 99, 5, "")}, {1, seg('c', "R", 99, 5, "")}, {1, seg('c', "A", 99, 5, "\x00")},
	}, "")
	f("simultaneous open", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "S", 999, 0, "")}, {1, seg('c', "SA", 99, 1000, "")}, {1, seg('s', "SA", 999, 100, "")},
		{1, seg('c', "PA", 100, 1000, "a")}, {1, seg('s', "PA", 1000, 101, "b")},
	}, "c:a s:b c:CAPTURE s:CAPTURE")
	f("SYN after SYN-ACK and data", []step{
		{0, seg('s', "SA", 999, 100, "")}, {1, seg('c', "PA", 100, 1000, "abc")}, {1, seg('c', "S", 99, 0, "")}, {1, seg('c', "PA", 103, 1000, "def")},
	}, "c:abc c:def c:CAPTURE s:CAPTURE")
	f("ports reused after close", append(opened(
		step{1, seg('c', "FA", 100, 1000, "a")}, step{1, seg('s', "FA", 1000, 102, "b")}),
		step{1, seg('c', "S", 5000, 0, "")}, step{1, seg('s', "SA", 9000, 5001, "")}, step{1, seg('c', "PA", 5001, 9001, "new")},
	), "c:a c:FIN s:b s:FIN c:new c:CAPTURE s:CAPTURE")
	f("ports reused, the client's FIN and SYN lost", opened(
		step{1, seg('c', "PA", 100, 1000, "req")}, step{1, seg('s', "FA", 1000, 103, "resp")},
		step{1000, seg('s', "SA", 5_000_000, 700_000, "")}, step{1, seg('c', "PA", 700_000, 5_000_001, "req2")},
		step{1, seg('s', "PA", 5_000_001, 700_004, "resp2")},
	), "c:req s:resp s:FIN c:REUSE c:req2 s:resp2 c:CAPTURE s:CAPTURE")
	f("ports reused on a live connection", opened(
		step{1, seg('c', "PA", 100, 1000, "old")},
		step{1, seg('c', "S", 50000000, 0, "")}, step{1, seg('s', "SA", 9000, 50000001, "")}, step{1, seg('c', "PA", 50000001, 9001, "new")},
	), "c:old c:REUSE s:REUSE c:new c:CAPTURE s:CAPTURE")
	f("a forged SYN changes nothing", opened(
		step{1, seg('c', "PA", 100, 1000, "old")}, step{1, seg('c', "S", 50000000, 0, "")}, step{1, seg('s', "A", 1000, 103, "")},
		step{1, seg('c', "PA", 103, 1000, "more")},
	), "c:old c:more c:CAPTURE s:CAPTURE")
	f("joined midway", []step{
		{0, seg('c', "PA", 100, 1000, "req")}, {1, seg('s', "PA", 1000, 103, "resp")},
	}, "c:req s:resp c:CAPTURE s:CAPTURE")
	f("joined midway, answer captured first", []step{
		{0, seg('s', "PA", 1000, 103, "resp")}, {1, seg('c', "PA", 100, 1000, "req")},
	}, "c:req s:resp c:CAPTURE s:CAPTURE")
	f("joined midway, first segment of the answer lost", []step{
		{0, seg('c', "PA", 100, 1000, "req")}, {1, seg('s', "PA", 1010, 103, "tail")}, {1, seg('c', "A", 103, 1014, "")}, {300, seg('c', "A", 103, 1014, "")},
	}, "c:req s:-10 s:tail c:CAPTURE s:CAPTURE")
	f("handshake captured after the data", []step{
		{0, seg('c', "PA", 103, 1000, "def")}, {0, seg('c', "S", 99, 0, "")}, {0, seg('s', "A", 1000, 106, "")}, {0, seg('s', "SA", 999, 100, "")},
		{0, seg('s', "PA", 1000, 106, "answer")}, {1, seg('c', "PA", 100, 1000, "abc")},
	}, "c:abc c:def s:answer c:CAPTURE s:CAPTURE")
	f("one side only, client", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('c', "A", 100, 1000, "")}, {1, seg('c', "PA", 100, 1000, "r1")},
		{500, seg('c', "PA", 102, 1200, "r2")}, {500, seg('c', "PA", 104, 1400, "r3")}, {500, seg('c', "PA", 106, 1600, "r4")},
	}, "c:r1 c:r2 c:r3 c:r4 c:CAPTURE s:CAPTURE")
	f("one side only, server, midway", []step{
		{0, seg('s', "PA", 1000, 103, "a1")}, {500, seg('s', "PA", 1002, 203, "a2")}, {1, seg('s', "PA", 1004, 303, "a3")},
	}, "s:a1 s:a2 s:a3 c:CAPTURE s:CAPTURE")
	f("answer captured before its request", opened(
		step{1, seg('s', "PA", 1000, 103, "resp")}, step{1, seg('c', "PA", 100, 1000, "req")},
	), "c:req s:resp c:CAPTURE s:CAPTURE")
	f("request lost", opened(
		step{1, seg('s', "PA", 1000, 103, "resp")}, step{300, seg('s', "PA", 1004, 103, "more")},
	), "c:-3 s:respmore c:CAPTURE s:CAPTURE") // only one side says that there was one
	f("request lost, its sender went past it", opened(
		step{1, seg('s', "PA", 1000, 103, "resp")}, step{1, seg('c', "A", 103, 1004, "")}, step{300, seg('s', "PA", 1004, 103, "more")},
	), "c:-3 s:resp s:more c:CAPTURE s:CAPTURE")
	f("hole acknowledged", opened(
		step{1, seg('c', "PA", 105, 1000, "tail")}, step{1, seg('s', "A", 1000, 109, "")}, step{100, seg('s', "A", 1000, 109, "")},
		step{100, seg('c', "PA", 109, 1000, "next")},
	), "c:-5 c:tail c:next c:CAPTURE s:CAPTURE")
	f("hole not acknowledged", opened(
		step{1, seg('c', "PA", 105, 1000, "tail")}, step{3999, seg('c', "A", 109, 1000, "")}, step{1, seg('c', "PA", 109, 1000, "next")},
	), "c:-5 c:tail c:next c:CAPTURE s:CAPTURE")
	f("snap length", opened(
		step{1, cut(seg('c', "PA", 100, 1000, "abc"), 7)}, step{1, seg('c', "PA", 110, 1000, "next")}, step{1, seg('c', "PA", 130, 1000, "end")},
		step{1, cut(seg('c', "PA", 114, 1000, "x"), 15)},
	), "c:abc c:-7 c:next c:x c:-15 c:end c:CAPTURE s:CAPTURE")
	f("wrap", []step{
		{0, seg('c', "S", 1<<32-4, 0, "")}, {1, seg('s', "SA", 1<<32-1, 1<<32-3, "")}, {1, seg('c', "A", 2, 0, "fgh")},
		{1, seg('c', "A", 1<<32-3, 0, "abcde")}, {1, seg('s', "A", 0, 5, "resp")},
	}, "c:abcde c:fgh s:resp c:CAPTURE s:CAPTURE")
	f("forged segment beyond the window", opened(
		step{1, seg('c', "PA", 100, 1000, "a")}, step{1, seg('s', "A", 1000, 101, "")}, step{1, seg('c', "PA", 10_000_000, 1000, "evil")},
		step{4100, seg('c', "PA", 101, 1000, "b")},
	), "c:a c:b c:CAPTURE s:CAPTURE")
	f("a wrong SYN-ACK", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "SA", 5000, 5555, "")}, {1, seg('s', "SA", 999, 100, "")},
		{1, seg('c', "PA", 100, 1000, "req")}, {1, seg('s', "PA", 1000, 103, "resp")},
	}, "c:req s:resp c:CAPTURE s:CAPTURE")
}
