package replay

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// TestLikePcapgo reads every shared capture as pcapgo does, as far as that gets.
func TestLikePcapgo(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "captures"), "*.pcap*"))
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, end := shared.Read(b)
		var high clock.Time
		for i := range want {
			high = max(high, want[i].Time) // pcapgo neither clamps nor stamps simple packets
			want[i].Time = high
		}
		src := New(Defaults(), path)
		got := run(t, src)
		for i := range got {
			if got[i].Where.File != 0 || got[i].Where.Offset <= 0 || i > 0 && got[i].Where.Offset <= got[i-1].Where.Offset {
				t.Fatalf("%s: packet %d at %+v", filepath.Base(path), i, got[i].Where)
			}
			got[i].Where = packet.Where{}
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			if end == io.EOF {
				wantSame(t, got, want)
				if n := src.Notices(); len(n) > 0 {
					t.Error(n)
				}
				return
			}
			t.Logf("pcapgo ends with %v after %d of %d packets; %v", end, len(want), len(got), src.Notices())
			if len(got) < len(want) {
				t.Fatalf("got %d packets, pcapgo %d", len(got), len(want))
			}
			wantSame(t, got[:len(want)], want)
		})
	}
}

// TestBrokenCaptures: what is truncated or malformed is said, and is no fault.
func TestBrokenCaptures(t *testing.T) {
	dir := shared.Path(t, "captures")
	f := func(name string, packets int, notice string) {
		t.Helper()
		src := New(Defaults(), filepath.Join(dir, name))
		got := run(t, src)
		said := ""
		for _, n := range src.Notices() {
			said += n.String()
		}
		if len(got) != packets || len(src.Faults()) > 0 || (notice == "") != (said == "") || !strings.Contains(said, notice) {
			t.Errorf("%s: %d packets, faults %v, notices %q", name, len(got), src.Faults(), said)
		}
	}
	f("markofu-http-fault-post-cut.pcap", 25, "truncated, read to its last whole packet, 25 packets (at byte 8877)")
	f("ndpi-fuzz-2021-10-13.pcap", 1, "truncated, read to its last whole packet, 1 packet (at byte 237)")
	f("hadrielk-test202-be.pcapng", 8, "")
}
