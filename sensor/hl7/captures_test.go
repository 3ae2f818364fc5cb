package hl7_test

import (
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestCapture reads a public capture of MLLP, an ADT^A01 with its acknowledgement.
func TestCapture(t *testing.T) {
	decoder, table, pool := packet.New(packet.Defaults()), tcp.New(tcp.Defaults()), hl7.NewPool(http.NewShared(http.Defaults()))
	var events []tcp.Event
	var seg packet.Segment
	var p *hl7.Parser
	var done []*http.Exchange
	var now clock.Time
	told := 0
	take := func(events []tcp.Event) {
		for _, ev := range events {
			if p == nil {
				if ev.Kind != tcp.Data {
					continue
				}
				if yes, _ := hl7.Looks(ev.Bytes); !yes {
					t.Fatalf("%q does not look like MLLP", ev.Bytes)
				}
				p = pool.New(keeper{}, ev.Conn.Client, ev.Conn.ClientKnown, ev.Conn.Midstream)
			}
			switch ev.Kind {
			case tcp.Data:
				done, _ = p.Bytes(done[:0], ev.Dir, ev.Time, ev.Bytes)
			case tcp.Gap:
				done, _ = p.Gap(done[:0], ev.Dir, ev.Time, ev.Lost)
			case tcp.End:
				done, _ = p.End(done[:0], ev.Dir, ev.Time, ev.Why == tcp.ByFIN)
			}
			for _, x := range done {
				told++
				b := x.App.(*bodies)
				if string(x.Target) != "ADT^A01" || x.Status != 200 || string(x.Request.Get("mllp-sender")) != "SENDING_APPLICATION^SENDING_FACILITY" ||
					len(b.side[0].b) != 474 || len(b.side[1].b) != 165 || !b.side[0].whole || !b.side[1].whole {
					t.Errorf("%s %d from %s, %d and %d bytes", x.Target, x.Status, x.Request.Get("mllp-sender"), len(b.side[0].b), len(b.side[1].b))
				}
				p.Release(x)
			}
		}
	}
	for _, raw := range shared.Frames(t, shared.Path(t, "captures", "ndpi-hl7.pcap")) {
		now = raw.Time
		if decoder.Decode(&seg, &raw) == packet.OK {
			events = table.Segment(events[:0], now, &seg)
			take(events)
		}
	}
	take(table.Close(events[:0], now))
	if told != 1 {
		t.Errorf("%d exchanges, want 1", told)
	}
}
