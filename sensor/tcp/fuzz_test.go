package tcp_test

import (
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// FuzzCapture damages real conversations: two bytes choose a packet and what happens to it. Whatever comes of it,
// when Expire is called must not matter, and every connection's events must make sense.
func FuzzCapture(f *testing.F) {
	var plain []step
	for _, name := range []string{"suricata-tfo.pcap", "arkime-tcp-reassembly-synthetic.pcap", "suricata-evasion-linux.pcap",
		"ndpi-ipp-zero-window.pcap", "derived-conflicting-retransmit.pcap"} {
		last := clock.Time(0)
		each(f, shared.Path(f, "captures", name), func(at clock.Time, s *packet.Segment) {
			if last == 0 {
				last = at
			}
			own := *s
			own.Payload = append([]byte(nil), s.Payload...)
			plain = append(plain, step{min((at-last)/ms, 60_000), &own})
			last = at
		})
	}
	f.Add([]byte{})
	for damage := range byte(8) {
		ops := []byte{}
		for i := range byte(60) {
			ops = append(ops, i*4+damage, damage+i&8)
		}
		f.Add(ops)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		steps := append([]step(nil), plain...)
		for i := 0; i+2 <= len(ops) && i < 200; i += 2 {
			at := (int(ops[i]) + i) % (len(steps) - 1)
			own := *steps[at].seg
			switch ops[i+1] & 15 {
			case 0: // again
				steps = append(steps[:at+1], steps[at:]...)
				continue
			case 1:
				steps[at], steps[at+1] = steps[at+1], steps[at]
				continue
			case 2:
				own.Flags ^= 1 << (ops[i+1] >> 4 % 6)
			case 3:
				own.Seq += uint32(ops[i+1]>>4) - 8
			case 4:
				own.Ack += uint32(ops[i+1]>>4) << 6
			case 5:
				own.Payload = own.Payload[:len(own.Payload)*int(ops[i+1]>>4)/16]
			case 6:
				own.Flags |= packet.URG
				own.Urgent = uint16(ops[i+1])
			case 7:
				own.HasTime, own.TSVal = true, own.TSVal-uint32(ops[i+1])
			case 8:
				own.Window = 0
			case 9:
				own.Cut = int(ops[i+1])
			case 10:
				steps[at].wait += 5000
			default: // lost
				steps = append(steps[:at:at], steps[at+1:]...)
				continue
			}
			steps[at].seg = &own
		}
		cfg := tcp.Defaults()
		cfg.Overlap = [...]tcp.Overlap{tcp.First, tcp.Last, tcp.Linux}[len(ops)%3]
		got, _ := replay(cfg, steps, true)
		want, _ := replay(cfg, steps, false)
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("event %d differs: with Expire %.300v, without %.300v", i, got[i:min(i+2, len(got))], want[i:min(i+2, len(want))])
			}
		}
		sane(t, got)
	})
}
