package bpf_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// untagged is a frame as the kernel shows it to a filter: the outermost tag taken out.
func untagged(frame []byte) (bare []byte, proto, tci uint16) {
	if len(frame) < 18 {
		return frame, 0, 0
	}
	proto = binary.BigEndian.Uint16(frame[12:])
	if proto != 0x8100 && proto != 0x88a8 {
		return frame, 0, 0
	}
	return append(append([]byte{}, frame[:12]...), frame[16:]...), proto, binary.BigEndian.Uint16(frame[14:])
}

// TestAside holds that a tag beside the frame changes no verdict.
func TestAside(t *testing.T) {
	frames := corpus(t)["EN10MB"]
	tags, refused := 0, 0
	for _, q := range asked(t) {
		if q.link != "EN10MB" {
			continue
		}
		text, _, _ := strings.Cut(q.text, " => ")
		f, err := bpf.Parse(bpf.Defaults(), text)
		if err != nil {
			t.Fatal(err)
		}
		in, err := f.Compile(packet.LinkEthernet, bpf.InFrame)
		if err != nil {
			t.Fatal(err)
		}
		aside, err := f.Compile(packet.LinkEthernet, bpf.Aside)
		var e *bpf.Error
		if errors.As(err, &e) && strings.Contains(e.What, "while the VLAN tag stands beside the frame") {
			refused++
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for _, frame := range frames {
			bare, proto, tci := untagged(frame)
			if proto != 0 {
				tags++
			}
			want, got := in.Match(frame, len(frame)), aside.MatchAside(bare, len(bare), proto, tci)
			if want != got {
				t.Errorf("%q: %v in the frame, %v aside: %x", text, want, got, frame)
				break
			}
		}
	}
	if tags == 0 || refused > 1 {
		t.Errorf("%d frames with tags, %d expressions refused", tags, refused)
	}
}
