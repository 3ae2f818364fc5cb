package bpf_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// FuzzParse holds that no text makes the parser or the compiler panic, and that whatever they make runs alike in our
// machine and in that of x/net.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"tcp port 80 or (vlan and tcp port 80)", "host 10.0.0.1 and not 10.0.0.2", "ip[2:2] - ((ip[0]&0xf)<<2) != 0",
		"net 10.0.0.0 mask 255.0.0.0", "ether host 1:2:3:4:5:6", "port (http or ssh)", "portrange 1-2", `ip proto \tcp`, "- ip[0] = 5"} {
		f.Add(s, []byte(s))
	}
	f.Fuzz(func(t *testing.T, text string, frame []byte) {
		filter, err := bpf.Parse(bpf.Defaults(), text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		for _, link := range linkNames {
			agree(t, filter, link, frame)
		}
	})
}

// agree runs a filter on a frame in both machines, and with its tag aside.
func agree(t *testing.T, filter *bpf.Filter, link packet.LinkType, frame []byte) {
	p, err := filter.Compile(link, bpf.InFrame)
	if err != nil {
		return
	}
	if p.Len() > 4096 {
		t.Fatalf("%q: %d instructions", filter, p.Len())
	}
	got := p.Match(frame, len(frame))
	if want := takes(t, machine(t, p.Raw(1)), frame); got != want {
		t.Fatalf("%q on link type %d: %v, in x/net %v: %x", filter, link, got, want, frame)
	}
	aside, err := filter.Compile(link, bpf.Aside)
	if err != nil || link != packet.LinkEthernet {
		return
	}
	bare, proto, tci := untagged(frame)
	if aside.MatchAside(bare, len(bare), proto, tci) != got {
		t.Fatalf("%q: %v in the frame, not aside: %x", filter, got, frame)
	}
}

// FuzzVerdict makes an expression and a frame of a seed. What joins conditions must do to verdicts what it says: the
// optimiser sees only whole expressions, and each part is compiled on its own as well.
func FuzzVerdict(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := newMaker(seed)
		// vlan and the like move the offsets of what follows, so they stand in the frame's own order: before.
		l, r := m.expression(3), m.expression(3)
		frames := make([][]byte, 20)
		for i := range frames {
			frames[i] = m.whole()
		}
		verdicts := func(text string) (all []bool) {
			p := compile(t, text, packet.LinkEthernet)
			filter, _ := bpf.Parse(bpf.Defaults(), text)
			for _, frame := range frames {
				agree(t, filter, packet.LinkEthernet, frame)
				all = append(all, p.Match(frame, len(frame)))
			}
			return all
		}
		a, b := verdicts(l), verdicts(r)
		both, either, neither := verdicts("("+l+") and ("+r+")"), verdicts("("+l+") or ("+r+")"), verdicts("not (("+l+") or ("+r+"))")
		for i := range frames {
			if both[i] != (a[i] && b[i]) || either[i] != (a[i] || b[i]) || neither[i] == either[i] {
				t.Fatalf("%q is %v, %q is %v, both %v, either %v, neither %v on %x", l, a[i], r, b[i], both[i], either[i], neither[i], frames[i])
			}
		}
	})
}

// whole is a frame long enough for every byte that expression asks for: a load behind the end leaves a frame whatever
// the rest says, and then a verdict is not that of its parts.
func (m *maker) whole() []byte { return append(m.ethernet(), make([]byte, 200)...) }

// expression makes one of conditions that need no more than whole gives, without vlan and the like.
func (m *maker) expression(depth int) string {
	if depth > 0 && m.IntN(3) > 0 {
		l, r := m.expression(depth-1), m.expression(depth-1)
		switch m.IntN(4) {
		case 0:
			return "not (" + l + ")"
		case 1:
			return l + " and " + r
		case 2:
			return l + " or " + r
		}
		return l + " and (" + r + ")"
	}
	end := pick(m, "", "src ", "dst ", "src and dst ")
	switch m.IntN(9) {
	case 0:
		return pick(m, "ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "sctp", "multicast", "broadcast", "esp")
	case 1:
		return end + "host " + pick(m, "192.0.2.7", "192.0.2.8", "2001:db8::7", "::1")
	case 2:
		return end + "net " + pick(m, "192.0.2.0/24", "192.0.2.0/25", "192", "2001:db8::/35", "10.0.0.0 mask 255.0.0.0")
	case 3:
		return pick(m, "", "tcp ", "udp ", "sctp ") + end + "port " + pick(m, "80", "443", "domain", "(80 or 443)")
	case 4:
		return end + "portrange " + pick(m, "80-90", "1-1023", "53-53")
	case 5:
		return pick(m, "ip proto ", "ip6 proto ", "proto ") + pick(m, "6", "17", "47", `\tcp`)
	case 6:
		return pick(m, "len", "ip[8]", "tcp[13]", "udp[4:2]", "ip6[7]", "ether[12:2]", "arp[6:2]", "icmp[0]", "icmp6[0]") +
			pick(m, "", " & 15", " + 3", " * 2", " / 3", " % 5", " >> 1", " ^ 2", " - 1") +
			pick(m, " = ", " != ", " > ", " < ", " >= ", " <= ") + pick(m, "2", "16", "64", "ip[9]", "tcp[12] & 3", "len - 60")
	case 7:
		return fmt.Sprintf("tcp[tcpflags] & %s %s 0", pick(m, "tcp-syn", "(tcp-syn|tcp-ack)", "(tcp-rst | tcp-fin)"), pick(m, "=", "!="))
	}
	return "ether " + pick(m, "src ", "dst ", "host ") + pick(m, "02:00:00:00:00:01", "02-00-00-00-00-02")
}
