package replay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// readBytes runs a source over one file with these bytes.
func readBytes(t testing.TB, cfg Config, b []byte) ([]packet.Raw, *Source) {
	t.Helper()
	src := New(cfg, "-")
	src.Stdin = bytes.NewReader(b)
	return run(t, src), src
}

func TestPcapVariants(t *testing.T) {
	for _, magic := range []uint32{magicMicro, magicNano, magicModified} {
		for _, o := range []order{little, bigEnd} {
			t.Run(fmt.Sprintf("%x %v", magic, o), func(t *testing.T) {
				b := pcapHead(o, magic)
				var want []packet.Raw
				for i := range 40 {
					want = append(want, packet.Raw{
						Time: sec(4_000_000_000) + clock.Time(i)*1000, Frame: frame(i), WireLen: len(frame(i)) + i, Link: packet.LinkEthernet,
						Where: packet.Where{Offset: int64(len(b))},
					})
					frac := uint32(i)
					if magic == magicNano {
						frac *= 1000
					}
					b = o.u32s(b, 4_000_000_000, frac, uint32(len(frame(i))), uint32(len(frame(i))+i))
					if magic == magicModified {
						b = o.u32s(b, 7, 0x08000000)
					}
					b = append(b, frame(i)...)
				}
				got, src := readBytes(t, small(), b)
				wantSame(t, got, want)
				if n := src.Notices(); len(n) > 0 {
					t.Error(n)
				}
			})
		}
	}
}

func TestPcapOfWriter(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)
	for _, nano := range []bool{false, true} {
		var b bytes.Buffer
		w, want := pcapgo.NewWriter(&b), at.Truncate(time.Microsecond)
		if nano {
			w, want = pcapgo.NewWriterNanos(&b), at
		}
		w.WriteFileHeader(96, layers.LinkTypeLinuxSLL)
		w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: 5, Length: 1500}, []byte("hello"))
		got, _ := readBytes(t, Defaults(), b.Bytes())
		wantSame(t, got, []packet.Raw{{
			Time: clock.Time(want.UnixNano()), Frame: []byte("hello"), WireLen: 1500, Link: packet.LinkSLL, Where: packet.Where{Offset: pcapHeader},
		}})
	}
}

func TestPcapHeaderOddities(t *testing.T) {
	record := func(caplen, wire uint32) []byte {
		return append(little.u32s(nil, 1, 2, caplen, wire), "hello"...)
	}
	f := func(name string, major, minor byte, link, a, b uint32, wantLink packet.LinkType, wantWire int) {
		t.Helper()
		file := pcapHead(little, magicMicro)
		file[4], file[5], file[6] = major, 0, minor
		if major == 0xff { // DG/UX
			file[4], file[5], file[6] = 0x1f, 0x02, 0
		}
		file = little.u32s(file[:20], link)
		got, _ := readBytes(t, small(), append(file, record(a, b)...))
		if len(got) != 1 || got[0].Link != wantLink || got[0].WireLen != wantWire || string(got[0].Frame) != "hello" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	f("2.4", 2, 4, 1, 5, 60, packet.LinkEthernet, 60)
	f("2.2 swaps the lengths", 2, 2, 1, 60, 5, packet.LinkEthernet, 60)
	f("2.3 either way", 2, 3, 1, 60, 5, packet.LinkEthernet, 60)
	f("2.3 the other way", 2, 3, 1, 5, 60, packet.LinkEthernet, 60)
	f("DG/UX", 0xff, 0, 1, 60, 5, packet.LinkEthernet, 60)
	f("a version from elsewhere", 9, 9, 1, 5, 5, packet.LinkEthernet, 5)
	f("FCS length above the type", 2, 4, 0x44000071, 5, 5, packet.LinkSLL, 5)
	f("wire shorter than captured", 2, 4, 101, 5, 3, packet.LinkRaw, 5)
}

func TestPcapHeaderAlone(t *testing.T) {
	got, src := readBytes(t, small(), pcapOf())
	if len(got) > 0 || len(src.Faults()) > 0 || len(src.Notices()) > 0 {
		t.Errorf("got %d packets, faults %v, notices %v", len(got), src.Faults(), src.Notices())
	}
}

func TestPcapRecordTooLong(t *testing.T) {
	b := pcapOf(seconds(3)...)
	end := len(b)
	b = append(little.u32s(b, 1, 1, 2049, 2049), make([]byte, 4000)...)
	got, src := readBytes(t, small(), b)
	if len(got) != 3 {
		t.Errorf("got %d packets", len(got))
	}
	n := src.Notices()
	if len(n) != 1 || n[0].Offset != int64(end) || !strings.Contains(n[0].What, "malformed") || !strings.Contains(n[0].What, "2049 bytes") {
		t.Errorf("notices %v", n)
	}
	if st := src.Stats(); st.Malformed != 1 || st.Truncated != 0 {
		t.Errorf("stats %+v", st)
	}
}
