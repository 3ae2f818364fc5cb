package replay

import (
	"context"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

func filtered(t *testing.T, text string) Config {
	t.Helper()
	f, err := bpf.Parse(bpf.Defaults(), text)
	if err != nil {
		t.Fatal(err)
	}
	cfg := small()
	cfg.Filter = f
	return cfg
}

// mixed is a pcapng of Ethernet and raw IP: a frame of each, in turn, n of each.
func mixed(n int) []byte {
	b := append(ngSection(little), ngIface(little, packet.LinkEthernet, 0, nil)...)
	b = append(b, ngIface(little, packet.LinkRaw, 0, nil)...)
	ether := append(make([]byte, 12), 8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	for i := range n {
		b = append(b, ngEnhanced(little, 0, uint64(2*i)*1e6, len(ether), ether)...)
		b = append(b, ngEnhanced(little, 1, uint64(2*i+1)*1e6, len(ether)-14, ether[14:])...)
	}
	return b
}

func TestFilter(t *testing.T) {
	path := write(t, t.TempDir(), "mixed.pcapng", mixed(10))
	for _, c := range []struct {
		text   string
		links  []packet.LinkType
		notice string
	}{
		{"host 10.0.0.1", []packet.LinkType{packet.LinkEthernet, packet.LinkRaw}, ""},
		{"host 10.0.0.3", nil, ""},
		{"ether[12] = 8", []packet.LinkType{packet.LinkEthernet}, ""},
		{"ip and not ether broadcast", []packet.LinkType{packet.LinkEthernet}, "raw IP has no Ethernet addresses; frames of link type 101 are left out"},
	} {
		src := New(filtered(t, c.text), path)
		got := slices.DeleteFunc(run(t, src), func(r packet.Raw) bool { return r.Frame == nil }) // a section begins
		if len(got) != 10*len(c.links) {
			t.Fatalf("%q: %d packets, want %d", c.text, len(got), 10*len(c.links))
		}
		for i, r := range got {
			if want := c.links[i%len(c.links)]; r.Link != want {
				t.Errorf("%q: packet %d has link type %d, want %d", c.text, i, r.Link, want)
			}
		}
		s := src.Stats()
		if s.Packets+s.FilteredOut != 20 || s.Packets != uint64(len(got)) {
			t.Errorf("%q: %d packets, %d filtered out", c.text, s.Packets, s.FilteredOut)
		}
		notices := src.Notices()
		if c.notice == "" && len(notices) > 0 || c.notice != "" && (len(notices) != 1 || !strings.Contains(notices[0].What, c.notice)) {
			t.Errorf("%q: notices %v, want %q", c.text, notices, c.notice)
		}
	}
}

// TestFilterAllocations holds that a filter costs nothing but its time.
func TestFilterAllocations(t *testing.T) {
	s := sieve{filter: filtered(t, "tcp port 443 and host 10.0.0.1").Filter}
	raws := [2]packet.Raw{{Frame: frame(1), WireLen: 64, Link: packet.LinkEthernet}, {Frame: frame(2), WireLen: 64, Link: packet.LinkRaw}}
	n := 0
	allocs := testing.AllocsPerRun(1000, func() {
		n++
		if _, err := s.takes(&raws[n%2]); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}

// TestFilterStops ends a source whose filter takes nothing when its context ends.
func TestFilterStops(t *testing.T) {
	path := write(t, t.TempDir(), "mixed.pcapng", mixed(10))
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if got := runAll(t, ctx, New(filtered(t, "tcp port 1"), path), 2); len(got[0]) != 0 {
		t.Errorf("%d packets", len(got[0]))
	}
}
