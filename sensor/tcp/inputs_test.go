package tcp_test

import (
	"net/netip"
	"testing"

	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestInputs: what is lacking counts for the interface that its direction comes by, also where each direction has its own.
func TestInputs(t *testing.T) {
	table := tcp.New(tcp.Defaults())
	now := start
	take := func(input uint8, s *packet.Segment) {
		now += ms
		table.Input = input
		table.Segment(nil, now, s)
	}
	const up, down = 3, tcp.MaxInputs - 1
	for _, s := range opened() {
		take(up, s.seg)
	}
	request := seg('c', "PA", 100, 1000, "abcd")
	request.IPID = 7
	take(up, request)
	take(down, request)                            // the mirror shows it twice
	take(down, seg('s', "PA", 1010, 104, "later")) // ten bytes are missing before it
	take(up, seg('c', "A", 104, 1015, ""))
	// Of another connection only what the client acknowledges is seen of the server.
	alone := func(n uint32) *packet.Segment {
		s := seg('c', "PA", 100+n, 1000+20*n, "GET ")
		s.Flow, s.Dir = packet.NewFlow(clientEnd, netip.MustParseAddrPort("10.0.0.3:80"))
		return s
	}
	for n := uint32(0); n < 40; n += 4 {
		take(up, alone(n))
	}
	now += 60_000 * ms
	table.Expire(nil, now)
	table.Close(nil, now)

	got := table.Stats.Inputs
	want := [tcp.MaxInputs]tcp.InputStats{up: {Opened: 2, OneSided: 1}, down: {Gaps: 1, LostBytes: 10, Duplicates: 1}}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
