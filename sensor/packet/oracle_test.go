package packet_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"auscult/internal/shared"
	"auscult/sensor/packet"
)

// want is the first TCP segment that gopacket finds, provided that nothing but the layers that we decode is
// before it. ok is false where the two need not agree.
func want(r *packet.Raw) (seg packet.Segment, ok bool) {
	link := layers.LinkType(r.Link)
	switch r.Link {
	case packet.LinkRaw12, packet.LinkRaw14, packet.LinkIPv4, packet.LinkIPv6:
		link = layers.LinkTypeRaw
	case packet.LinkSLL2:
		link = layers.LinkTypeLinuxSLL2
	}
	p := gopacket.NewPacket(r.Frame, link, gopacket.DecodeOptions{Lazy: false, NoCopy: true})
	var src, dst netip.Addr
	sequence := false
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			if l.Flags&layers.IPv4MoreFragments != 0 || l.FragOffset != 0 {
				return seg, false
			}
			src, _ = netip.AddrFromSlice(l.SrcIP)
			dst, _ = netip.AddrFromSlice(l.DstIP)
			seg.IPID = l.Id
		case *layers.IPv6:
			src, _ = netip.AddrFromSlice(l.SrcIP)
			dst, _ = netip.AddrFromSlice(l.DstIP)
			seg.IPID = 0
		case *layers.GRE:
			sequence = l.SeqPresent
		case *layers.VXLAN:
			if !l.ValidIDFlag {
				return seg, false
			}
		case *layers.GTPv1U:
			if l.MessageType != 255 {
				return seg, false
			}
		case *layers.ERSPANII:
			if !sequence { // type I, of which gopacket knows nothing
				return seg, false
			}
		case *layers.TCP:
			seg.Flow, seg.Dir = packet.NewFlow(netip.AddrPortFrom(src, uint16(l.SrcPort)), netip.AddrPortFrom(dst, uint16(l.DstPort)))
			seg.Seq, seg.Ack, seg.Window, seg.Urgent = l.Seq, l.Ack, l.Window, l.Urgent
			seg.Payload = l.Payload
			seg.HasTime, seg.TSVal = timestamp(l)
			for i, set := range []bool{l.FIN, l.SYN, l.RST, l.PSH, l.ACK, l.URG} {
				if set {
					seg.Flags |= 1 << i
				}
			}
			return seg, true
		}
	}
	return seg, false
}

// timestamp is the first timestamps option. Behind a Multipath TCP option (RFC 8684) whose length is not of its subtype gopacket
// reads no further, where RFC 9293 section 3.1 steps over what it does not know: there the options are read here.
func timestamp(l *layers.TCP) (bool, uint32) {
	for _, o := range l.Options {
		if o.OptionType == layers.TCPOptionKindTimestamps && len(o.OptionData) == 8 {
			return true, binary.BigEndian.Uint32(o.OptionData)
		}
	}
	if len(l.Padding) == 0 || l.Padding[0] != layers.TCPOptionKindMultipathTCP {
		return false, 0
	}
	for b := l.Padding; len(b) > 0 && b[0] != 0; {
		n := 1
		if b[0] != 1 {
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				break
			}
			n = int(b[1])
		}
		if b[0] == 8 && n == 10 {
			return true, binary.BigEndian.Uint32(b[2:])
		}
		b = b[n:]
	}
	return false, 0
}

func agree(t *testing.T, r *packet.Raw, got *packet.Segment, w *packet.Segment) {
	t.Helper()
	if got.Flow != w.Flow || got.Dir != w.Dir || got.Seq != w.Seq || got.Ack != w.Ack || got.Window != w.Window ||
		got.Urgent != w.Urgent || got.IPID != w.IPID || got.HasTime != w.HasTime || got.TSVal != w.TSVal || got.Flags != w.Flags || string(got.Payload) != string(w.Payload) {
		t.Fatalf("frame %x (link %d, wire %d):\n got %+v\nwant %+v", r.Frame, r.Link, r.WireLen, *got, *w)
	}
}

func TestCapturesAgainstGopacket(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "captures"), "*.pcap*"))
	if err != nil || len(files) < 90 {
		t.Fatal(len(files), err)
	}
	var reasons [packet.NumReasons]int
	var d packet.Decoder
	for _, file := range files {
		name := filepath.Base(file)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		raws, _ := shared.Read(b) // a broken file is the file reader's business
		for i, r := range raws {
			var s packet.Segment
			whole := d.Stats.Reassembled
			got := d.Decode(&s, &r)
			reasons[got]++
			w, ok := want(&r)
			switch {
			case d.Stats.Reassembled > whole:
				// gopacket puts nothing together; TestCaptures has what tshark makes of these.
			case ok && got == packet.OK:
				agree(t, &r, &s, &w)
			case ok && got == packet.Malformed && name == "ndpi-fuzz-be.pcap":
				// An IP length beyond a frame that was captured whole: gopacket goes on with what is there.
			case !ok && got == packet.OK && name == "zeek-ipv6-atomic-frag.pcap":
				// gopacket takes atomic fragments for fragments.
			case ok || got == packet.OK:
				t.Errorf("%s frame %d: %v, and gopacket finds TCP: %v", name, i+1, got, ok)
			}
		}
	}
	for reason, n := range map[packet.Reason]int{packet.OK: 9000, packet.Fragment: 7, packet.Malformed: 5} {
		if reasons[reason] < n {
			t.Errorf("%v: %d frames, want %d or more", reason, reasons[reason], n)
		}
	}
	if d.Stats.Nested < 300 || d.Stats.CutBytes == 0 || d.Stats.Reassembled < 19 {
		t.Errorf("%+v", d.Stats)
	}
}
