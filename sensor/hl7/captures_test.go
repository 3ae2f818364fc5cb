package hl7_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestCapture reads a public capture of MLLP, an ADT^A01 with its acknowledgement.
func TestCapture(t *testing.T) {
	f, err := os.Open(sharedCapture(t, "ndpi-hl7.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
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
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			break
		}
		now = clock.Time(ci.Timestamp.UnixNano())
		raw := packet.Raw{Time: now, Frame: data, WireLen: ci.Length, Link: packet.LinkType(r.LinkType())}
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

// sharedCapture is a capture of the folder beside the project root.
func sharedCapture(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "captures", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("no folder of captures beside the project")
		}
		t.Fatal(err)
	}
	return path
}
