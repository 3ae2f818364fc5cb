package tcp_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// counts picks what is not zero of the counters that tell what was odd.
func counts(s tcp.Stats, names string) bool {
	v := reflect.ValueOf(s)
	for _, n := range strings.Fields(names) {
		if v.FieldByName(n).Uint() == 0 {
			return false
		}
	}
	return true
}

// stamp gives s a timestamp.
func stamp(n uint32, s *packet.Segment) *packet.Segment { s.HasTime, s.TSVal = true, n; return s }

func urgent(ptr uint16, s *packet.Segment) *packet.Segment {
	s.Flags |= packet.URG
	s.Urgent = ptr
	return s
}

func window(n uint16, s *packet.Segment) *packet.Segment { s.Window = n; return s }

// timed is a handshake with timestamps.
func timed(rest ...step) []step {
	return append([]step{
		{0, stamp(1000, seg('c', "S", 99, 0, ""))}, {1, stamp(7000, seg('s', "SA", 999, 100, ""))},
		{1, stamp(1000, seg('c', "A", 100, 1000, ""))},
	}, rest...)
}

// TestTarget: bytes that a Linux 6.18 host did not read are not read, and what it read is. The answers are that
// host's, taken as in TestLinux.
func TestTarget(t *testing.T) {
	f := func(name string, steps []step, want, counted string) {
		t.Helper()
		table, got := run(t, tcp.Defaults(), steps)
		if got = strings.TrimSuffix(got, " c:CAPTURE s:CAPTURE"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if !counts(table.Stats, counted) {
			t.Errorf("%s: not counted: %s in %+v", name, counted, table.Stats)
		}
	}
	real := func(seq uint32) step { return step{1, seg('c', "PA", seq, 1000, "real")} }

	f("RST a byte early", opened(step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "R", 102, 0, "")}, real(103)), "c:abc c:real", "BadReset")
	f("RST at the next byte", opened(step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "R", 103, 0, "")}), "c:abc c:RST s:RST", "")
	f("RST a byte late", opened(step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, seg('c', "R", 104, 0, "")}, real(103)), "c:abc c:real", "Challenged")
	f("RST far in the window", opened(step{1, seg('c', "R", 40100, 0, "")}, real(100)), "c:real", "Challenged")
	f("RST beyond the window", opened(step{1, seg('c', "R", 70100, 0, "")}, real(100)), "c:real", "BadReset")
	f("RST at the end of what came early", opened(step{1, seg('c', "PA", 105, 1000, "xyz")}, step{1, seg('c', "R", 108, 0, "")}), "c:-5 c:xyz c:RST s:RST", "")
	f("RST where that begins", opened(step{1, seg('c', "PA", 105, 1000, "xyz")}, step{1, seg('c', "R", 105, 0, "")}, step{1, seg('c', "PA", 100, 1000, "abcde")}),
		"c:abcde c:xyz", "Challenged")
	f("RST that is challenged, then silence", opened(step{1, seg('c', "R", 104, 0, "")}, step{5000, seg('c', "A", 100, 1000, "")}), "c:RST s:RST", "Challenged")
	f("RST with an old timestamp", timed(step{1, stamp(1, seg('c', "R", 100, 0, ""))}), "c:RST s:RST", "")

	f("no ACK", opened(step{1, seg('c', "P", 100, 0, "fake")}, real(100)), "c:real", "NoAck")
	f("ACK of what was not sent", opened(step{1, seg('c', "PA", 100, 1100, "fake")}, step{1, seg('s', "A", 1000, 100, "")}, real(100)), "c:real s:-100", "BadAcks") // the end: nothing denies it any more
	f("ACK of what was not sent, beyond the window", opened(step{1, seg('c', "PA", 100, 990_000, "fake")}, step{1, seg('s', "A", 1000, 100, "")}, real(100)), "c:real", "BadAcks")
	f("ACK from before the connection", opened(step{1, seg('c', "PA", 100, 990, "fake")}, real(100)), "c:real", "BadAcks")
	f("SYN in the window", opened(step{1, seg('c', "S", 100, 0, "fake")}, real(100)), "c:real", "BadSYN")
	f("SYN-ACK in the window", opened(step{1, seg('c', "SA", 100, 1000, "fake")}, real(100)), "c:real", "BadSYN")
	f("data on the SYN, refused", []step{
		{0, seg('c', "S", 99, 0, "fake")}, {1, seg('s', "SA", 999, 100, "")}, real(100),
	}, "c:real", "EarlyData")
	f("data on the SYN, taken", []step{
		{0, seg('c', "S", 99, 0, "real")}, {1, seg('s', "SA", 999, 104, "")},
	}, "c:real", "EarlyData Accepted")
	f("data on the SYN-ACK, taken", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "SA", 999, 100, "hello")}, {1, seg('c', "A", 100, 1005, "")},
	}, "s:hello", "EarlyData Accepted")
	f("FIN ahead", opened(step{1, seg('c', "FA", 104, 1000, "")}, real(100),
		step{1, seg('s', "A", 1000, 105, "")}, step{1, seg('c', "PA", 104, 1000, "more")}), "c:real c:FIN s:CAPTURE", "")
	f("FIN beyond the window", opened(step{1, seg('c', "FA", 90_000, 1000, "")}, real(100), step{5000, seg('c', "PA", 104, 1000, "more")}), "c:real c:more", "OutOfWindow")
	f("zero window", opened(
		step{1, seg('c', "PA", 100, 1000, "abc")}, step{1, window(0, seg('s', "A", 1000, 65635, ""))}, // its window is full
		step{1, seg('c', "PA", 103, 1000, strings.Repeat("x", 65532))}, step{1, window(0, seg('s', "A", 1000, 65635, ""))},
		step{1, seg('c', "PA", 65635, 1000, "FAKE")}, step{1, seg('s', "A", 1000, 65635, "")}, real(65635),
	), "c:abc c:"+strings.Repeat("x", 65532)+" c:real", "NoWindow")

	f("PAWS: old", timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))}, step{1, stamp(1500, seg('c', "PA", 101, 1000, "fake"))},
		step{1, stamp(2001, seg('c', "PA", 101, 1000, "real"))}), "c:a c:real", "OldTime")
	f("PAWS: older by 1", timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))}, step{1, stamp(1999, seg('c', "PA", 101, 1000, "bcd"))}), "c:a c:bcd", "")
	f("PAWS: older by 2", timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))}, step{1, stamp(1998, seg('c', "PA", 101, 1000, "bcd"))}), "c:a", "OldTime")
	f("PAWS: none", timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))}, step{1, seg('c', "PA", 101, 1000, "bcd")}), "c:a c:bcd", "")
	f("PAWS: captured out of order", timed(step{1, stamp(5000, seg('c', "PA", 105, 1000, "fgh"))}, step{1, stamp(1001, seg('c', "PA", 100, 1000, "abcde"))}),
		"c:abcde c:fgh", "")
	f("PAWS: captured after its acknowledgement and what came then", timed(step{1, stamp(7001, seg('s', "A", 1000, 103, ""))},
		step{1, stamp(2000, seg('c', "PA", 103, 1000, "def"))}, step{1, stamp(1900, seg('c', "PA", 100, 1000, "abc"))}), "c:abc c:def", "")
	f("PAWS: FIN", timed(step{1, stamp(1, seg('c', "FA", 100, 1000, ""))}, step{1, stamp(1001, seg('c', "PA", 100, 1000, "abc"))}), "c:abc", "OldTime")
	f("PAWS: wrap", timed(step{1, stamp(1<<31, seg('c', "PA", 100, 1000, "a"))}, step{1, seg('s', "A", 1000, 101, "")},
		step{1, stamp(1<<32-1, seg('c', "PA", 101, 1000, "b"))}, step{1, seg('s', "A", 1000, 102, "")}, step{1, stamp(1, seg('c', "PA", 102, 1000, "c"))},
		step{1, seg('s', "A", 1000, 103, "")}, step{1, stamp(1<<32-1, seg('c', "PA", 103, 1000, "fake"))}), "c:a c:b c:c", "OldTime")
	f("PAWS: the sensor is wrong, the target takes it", timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))},
		step{1, stamp(1500, seg('c', "PA", 101, 1000, "bcd"))}, step{1, stamp(7001, seg('s', "A", 1000, 104, ""))},
		step{300, stamp(2001, seg('c', "PA", 104, 1000, "e"))}), "c:a c:bcd c:e", "OldTime Accepted")

	f("self-connect", []step{{0, self("S", 99, 0, "")}, {0, self("SA", 99, 100, "")}, {1, self("PA", 100, 100, "me")}, {1, self("PA", 100, 102, "me")}}, "c:me", "")
	f("split handshake", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "S", 999, 0, "")}, {1, seg('c', "SA", 99, 1000, "")}, {1, seg('s', "A", 1000, 100, "")},
		{1, seg('c', "PA", 100, 1000, "a")}, {1, seg('s', "PA", 1000, 101, "b")},
	}, "c:a s:b", "")
	f("split handshake, five steps", []step{
		{0, seg('c', "S", 99, 0, "")}, {1, seg('s', "A", 5, 100, "")}, {1, seg('s', "S", 999, 0, "")}, {1, seg('c', "SA", 99, 1000, "")},
		{1, seg('s', "A", 1000, 100, "")}, {1, seg('c', "PA", 100, 1000, "a")}, {1, seg('s', "PA", 1000, 101, "b")},
	}, "c:a s:b", "")
}

// self is a segment of a socket connected to itself.
func self(flags string, seqn, ack uint32, text string) *packet.Segment {
	s := seg('c', flags, seqn, ack, text)
	s.Flow.B, s.Dir = s.Flow.A, packet.AtoB
	return s
}

// TestUrgent: what a Linux server reads that does not ask for urgent data in line.
func TestUrgent(t *testing.T) {
	f := func(name string, want string, taken uint64, steps ...step) {
		t.Helper()
		table, got := run(t, tcp.Defaults(), opened(steps...))
		if got = strings.ReplaceAll(strings.TrimSuffix(got, " c:CAPTURE s:CAPTURE"), " c:", ""); got != want || table.Stats.Urgent != taken {
			t.Errorf("%s: got %s and %d urgent, want %s", name, got, table.Stats.Urgent, want)
		}
	}
	abcde := func(ptr uint16) step { return step{1, urgent(ptr, seg('c', "PA", 100, 1000, "abcde"))} }
	fghij := step{1, seg('c', "PA", 105, 1000, "fghij")}
	f("pointer 0", "c:bcdefghij", 1, abcde(0), fghij)
	f("pointer 1", "c:bcdefghij", 1, abcde(1), fghij)
	f("pointer 3", "c:abdefghij", 1, abcde(3), fghij)
	f("pointer 5", "c:abcdfghij", 1, abcde(5), fghij)
	f("pointer into the next", "c:abcdeghij", 1, abcde(6), fghij)
	f("two", "c:acdefhij", 2, abcde(2), step{1, urgent(2, seg('c', "PA", 105, 1000, "fghij"))})
	f("ahead of a hole", "c:abcdefgij", 1, step{1, urgent(3, seg('c', "PA", 105, 1000, "fghij"))}, step{1, seg('c', "PA", 100, 1000, "abcde")})
	f("ahead, then nearer", "c:abcdefgij", 1, step{1, urgent(8, seg('c', "PA", 100, 1000, "abc"))},
		step{1, urgent(2, seg('c', "PA", 103, 1000, "def"))}, step{1, seg('c', "PA", 106, 1000, "ghij")})
	f("without data", "c:abdefghij", 1, step{1, urgent(3, seg('c', "A", 100, 1000, ""))}, step{1, seg('c', "PA", 100, 1000, "abcde")}, fghij)
	f("again, old", "c:abdefghij", 1, abcde(3), abcde(5), fghij)
	f("again, ahead", "c:abcdefhij", 1, step{1, seg('c', "PA", 100, 1000, "abcde")}, abcde(7), fghij)
	f("alone", "c:bcde", 1, step{1, urgent(1, seg('c', "PA", 100, 1000, "a"))}, step{1, seg('c', "PA", 101, 1000, "bcde")})

	cfg := tcp.Defaults()
	cfg.Urgent = tcp.Inline
	if table, got := run(t, cfg, opened(abcde(3))); got != "c:abcde c:CAPTURE s:CAPTURE" || table.Stats.Urgent != 0 {
		t.Errorf("inline: got %s", got)
	}
}

// TestAcknowledged: what makes a hole a Gap, and what a forger cannot.
func TestAcknowledged(t *testing.T) {
	f := func(name string, want, counted string, steps ...step) {
		t.Helper()
		table, got := run(t, tcp.Defaults(), opened(steps...))
		if got = strings.TrimSuffix(got, " c:CAPTURE s:CAPTURE"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if !counts(table.Stats, counted) {
			t.Errorf("%s: not counted: %s in %+v", name, counted, table.Stats)
		}
	}
	request := step{1, seg('c', "PA", 100, 1000, "request")}
	f("forged in the window", "c:request c:-43", "", // lost in truth or not, nothing after the end can tell
		step{1, seg('s', "A", 1000, 150, "")}, step{5000, seg('s', "A", 1000, 150, "")}, request)
	f("forged beyond the window", "c:request", "BadAcks", step{1, seg('s', "A", 1000, 1<<24, "")}, step{5000, seg('s', "A", 1000, 1<<24, "")}, request)
	f("a server that waits is waited for", "c:req c:uest", "",
		step{1, seg('c', "PA", 103, 1000, "uest")}, step{1, seg('s', "A", 1000, 100, "")}, step{60_000, seg('c', "PA", 100, 1000, "req")})
	f("late bytes are told", "c:-3 c:uest", "LateBytes LostClient LostPackets",
		step{1, seg('c', "PA", 103, 1000, "uest")}, step{1, seg('s', "A", 1000, 107, "")}, step{300, seg('c', "PA", 100, 1000, "req")})
	f("an outage in both directions", "c:a c:-99999 c:b", "LostClient",
		step{1, seg('c', "PA", 100, 1000, "a")}, step{1, seg('s', "A", 1000, 101, "")},
		step{1, seg('c', "PA", 100_100, 1000, "b")}, step{1, seg('s', "A", 1000, 100_101, "")}, step{300, seg('s', "A", 1000, 100_101, "")})
}

// TestForgedEnd: a RST or FIN that its sender contradicts does not stop the sensor from listening.
func TestForgedEnd(t *testing.T) {
	f := func(name string, want string, forged *packet.Segment) {
		t.Helper()
		table, got := run(t, tcp.Defaults(), opened(step{1, forged},
			step{1, seg('c', "PA", 100, 1000, "request")}, step{1, seg('s', "PA", 1000, 107, "answer")}))
		if got != want || table.Stats.Revived != 1 {
			t.Errorf("%s: got %s, %d revived", name, got, table.Stats.Revived)
		}
	}
	f("RST", "c:RST s:RST c:request s:answer c:CAPTURE s:CAPTURE", seg('c', "R", 100, 0, ""))
	f("FIN", "c:FIN s:REUSE c:request s:answer c:CAPTURE s:CAPTURE", seg('c', "FA", 100, 1000, ""))
	// The client is still known to be one.
	table := tcp.New(tcp.Defaults())
	for _, s := range opened(step{0, seg('s', "R", 1000, 0, "")}) {
		table.Segment(nil, start, s.seg)
	}
	table.Segment(nil, start, seg('s', "PA", 1000, 100, "more"))
	for _, e := range table.Close(nil, start) {
		if !e.Conn.ClientKnown || e.Conn.Client != packet.AtoB {
			t.Errorf("client %v, known %v", e.Conn.Client, e.Conn.ClientKnown)
		}
	}
}

// TestSentAgain: copies of what was passed on are compared, however they are cut.
func TestSentAgain(t *testing.T) {
	f := func(name string, conflicts, unchecked, duplicates, retransmits uint64, steps ...step) {
		t.Helper()
		table, _ := run(t, tcp.Defaults(), opened(steps...))
		if s := table.Stats; s.Conflicts != conflicts || s.Unchecked != unchecked || s.Duplicates != duplicates || s.Retransmits != retransmits {
			t.Errorf("%s: %d conflicts, %d unchecked, %d duplicates, %d retransmits", name, s.Conflicts, s.Unchecked, s.Duplicates, s.Retransmits)
		}
	}
	long := strings.Repeat("0123456789", 150)
	at := func(id uint16, seqn uint32, text string) step {
		s := seg('c', "PA", seqn, 1000, text)
		s.IPID = id
		return step{1, s}
	}
	f("the same", 0, 0, 0, 1, at(1, 100, long), at(2, 100, long))
	f("captured twice", 0, 0, 1, 0, at(1, 100, long), at(1, 100, long))
	f("captured twice, much later", 0, 0, 1, 0, at(1, 100, long), at(2, 1600, long), step{2000, at(1, 100, long).seg})
	f("one byte in the middle", 1, 0, 0, 1, at(1, 100, long), at(2, 100, long[:700]+"!"+long[701:]))
	f("one packet with two contents", 1, 0, 0, 1, at(1, 100, long), at(1, 100, "!"+long[1:]))
	f("a part", 3, 0, 0, 1, at(1, 100, long), at(2, 613, "***"))
	f("a part and more", 2, 0, 0, 0, at(1, 100, long), at(2, 1598, "**new"))
	f("of two", 4, 0, 0, 1, at(1, 100, long), at(2, 1600, long), at(3, 1598, "****"))
	f("keep-alive", 0, 0, 0, 0, at(1, 100, long), at(2, 1599, "\x00"))
	f("after it came out of order", 1, 0, 0, 1, at(1, 102, "cd"), at(2, 100, "ab"), at(3, 100, "abXd"))
	f("across the wrap of blocks", 2, 0, 0, 1, at(1, 100, long), at(2, 100, long[:411]+"!!"+long[413:]))

	answer := func(id uint16, text string) step {
		s := seg('s', "PA", 1000, 100, text)
		s.IPID = id
		return step{1, s}
	}
	f("answer, its start", 1, uint64(len(long)-128), 0, 1, answer(1, long), answer(2, "!"+long[1:]))
	f("answer, captured twice", 0, uint64(len(long)-128), 1, 0, answer(1, long), answer(1, long))

	cfg := tcp.Defaults()
	cfg.Recent = 0
	if table, _ := run(t, cfg, opened(at(1, 100, "abc"), at(2, 100, "abX"))); table.Stats.Unchecked != 3 || table.Stats.Conflicts != 0 {
		t.Errorf("without memory: %+v", table.Stats)
	}
	cfg.Recent = 1024
	if table, _ := run(t, cfg, opened(at(1, 100, long), at(2, 100, long))); table.Stats.Unchecked == 0 || table.Stats.Conflicts != 0 {
		t.Errorf("with little memory: %+v", table.Stats)
	}
}

// TestConflictCapture: the copy with other content that a capture holds is counted on its connection.
func TestConflictCapture(t *testing.T) {
	table := tcp.New(tcp.Defaults())
	var most uint32
	each(t, shared.Path(t, "captures", "derived-conflicting-retransmit.pcap"), func(at clock.Time, s *packet.Segment) {
		for _, e := range table.Segment(nil, at, s) {
			most = max(most, e.Conn.Conflicts[0], e.Conn.Conflicts[1])
		}
	})
	if most == 0 || uint64(most) != table.Stats.Conflicts {
		t.Errorf("%d bytes of the connection, %d in all", most, table.Stats.Conflicts)
	}
}

// TestPAWSAge: after 24 days a timestamp tells nothing.
func TestPAWSAge(t *testing.T) {
	cfg := tcp.Defaults()
	cfg.Idle = 30 * 24 * time.Hour
	steps := timed(step{1, stamp(2000, seg('c', "PA", 100, 1000, "a"))}, step{24 * 24 * 3600 * 1000, stamp(1500, seg('c', "PA", 101, 1000, "b"))})
	if table, got := run(t, cfg, steps); got != "c:a c:b c:CAPTURE s:CAPTURE" || table.Stats.OldTime != 0 {
		t.Errorf("got %s, %+v", got, table.Stats)
	}
}
