package bpf_test

import (
	"testing"

	"auscult/sensor/packet"
)

// TestRandomAsTcpdump compares verdicts with tcpdump's on expressions that nobody chose, and on frames that hold every
// byte that they ask for: what is left out because it cannot matter differs, and with it who fails first on a short
// one. tcpdump's optimiser is off: that of libpcap 1.10.3 makes a program that leaves IPv6 frames to 2001:db8::/35 of
// "net 2001:db8::/35 and icmp and tcp[13] & 5 != 0 or dst net 2001:db8::/35".
func TestRandomAsTcpdump(t *testing.T) {
	needTcpdump(t)
	m := newMaker(2)
	for range 300 {
		text := m.expression(3)
		code, err := ask(question{link: "EN10MB", text: text}, "-O")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		vm, p := machine(t, instructions(t, code)), compile(t, text, packet.LinkEthernet)
		for range 300 {
			frame := m.whole()
			if want := takes(t, vm, frame); p.Match(frame, len(frame)) != want {
				t.Errorf("%q: tcpdump %v on %x", text, want, frame)
				break
			}
		}
	}
}
