package bpf_test

import (
	"strconv"
	"strings"
	"testing"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// TestRefused holds that what is outside of the subset is refused in one line with the word and where it stands.
func TestRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		filter, err := bpf.Parse(bpf.Defaults(), text)
		if err == nil {
			_, err = filter.Compile(packet.LinkEthernet, bpf.InFrame)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") ||
			!strings.HasPrefix(err.Error(), "filter: ") {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	f("host ehr", `"ehr" (column 6): host names are not looked up; give the address`)
	f("tcp port 80 and host ehr.example.org", `"ehr.example.org" (column 22)`)
	f("host 10.1", "not a whole address; write net")
	f("host 10", "not an address")
	f("host 10.0.0.0/8", `"/" (column 14): a net, not a host`)
	f("host 10.0.0.1.5", "not an IPv4 address")
	f("host 300.0.0.1", "not an IPv4 address")
	f("host 010.0.0.1", "not an IPv4 address")
	f("host 1:2:3", "neither an IPv6 address nor an Ethernet address")
	f("host 1:2:3:4:5:6", "write ether host")
	f("ether host 10.0.0.1", "not an Ethernet address")
	f("ip host ::1", "an IPv6 address, which only ip6 has")
	f("ip6 host 10.0.0.1", "an IPv4 address, which ip6 has not")
	f("ip6 net 10", "an IPv4 address, which ip6 has not")
	f("tcp host 10.0.0.1", `"tcp" (column 1): has no such addresses; join it with and`)
	f("net 10.0.0.1/24", "write net 10.0.0.0/24")
	f("net 10.0.0.0/33", "a number up to 32")
	f("net 10.0.0.1 mask 255.0.0.0", "bits outside of the mask")
	f("net loopback", "names of nets are not looked up")
	f("port 65536", "more than 65535")
	f("port 80-90", "not a port that is known")
	f("portrange 80:90", "neither an IPv6 address")
	f("portrange http-ssh", "not a range of ports")
	f("port gopher", "not a port that is known; give its number")
	f("udp port ssh", "a port of another protocol")
	f("ip port 80", "has no ports")
	f("port", "at its end (column 5)")
	f("tcp and 80", `"80" (column 9): does not belong here`)
	f("10.0.0.1", "does not belong here")
	f("tcp udp", `"udp" (column 5): does not belong here; is and or or missing before it?`)
	f("tcp prot 80", `"prot" (column 5): unknown word`)
	f("and tcp", `"and" (column 1)`)
	f("tcp and", "at its end (column 8): a condition is missing")
	f("not", "a condition is missing")
	f("(tcp", "the parenthesis of column 1 is not closed here")
	f("tcp)", `")" (column 4): does not belong here`)
	f("port 80 or (443 or udp)", "a list of ids holds a condition")
	f("ip proto tcp", `write \tcp`)
	f("proto 256", "more than 255")
	f("proto ipip", "means protocol 4 to some and 94 to others")
	f("ether proto 100", "802.2")
	f("tcp proto 6", "holds no protocols by number")
	f("ether", "host, proto, broadcast, multicast or [ must follow ether")
	f("geneve", "not supported: the inside of GENEVE")
	f("tcp and vxlan 5", `"vxlan" (column 9): not supported`)
	f("gateway 10.0.0.1", "not supported")
	f("inbound", "not supported")
	f("ip protochain 6", "not supported")
	f("stp", "not supported")
	f("ip broadcast", "the netmask of a mirrored net is not known")
	f("tcp multicast", "only ether has it")
	f("vlan 4096", "more than 4095")
	f("mpls and arp", `"arp" (column 10): only ip and ip6 can be asked for behind mpls`)
	f("mpls and vlan", "has no VLAN tags here")
	f("pppoes and vlan", "PPP in PPPoE has no VLAN tags here")
	f("pppoes and ether host 1:2:3:4:5:6", "has no Ethernet addresses")
	f("less", "less needs a number")
	f("tcp[13", "] must stand here")
	f("tcp[13:3] = 1", "the size must be 1, 2 or 4")
	f("tcp[13] & 2", "a comparison must follow a value")
	f("tcp[13] = ", "something is missing")
	f("tcp[13] = host", "must stand here")
	f("esp[0] = 1", "its header cannot be asked for")
	f("ip[-1] = 1", "where no frame has any")
	f("ip[ip[0] - 20] = 1", "limit it with & 0xffff")
	f("ip[8] / 0 = 1", "division by zero")
	f("ip[8] % (2 - 2) = 1", "division by zero")
	f("ip[8] << 32 = 1", "more than 31 bits")
	f("ip[8] << ip[9] = 1", "by a computed number of bits")
	f("ip[8] = 4294967296", "more than 32 bits can hold")
	f("ip[8] = 010", "a leading zero")
	f("ip[8] = 0b1", "numbers are decimal or 0x")
	f("port 80; drop", `";" (column 8): this character has no meaning here`)
	f("port 80 \x00", "this character has no meaning here")
	f("port 80 \xc3\xa9", "this character has no meaning here")
	f(strings.Repeat("(", 100)+"tcp"+strings.Repeat(")", 100), "nested deeper than max_depth (64)")
	f(strings.Repeat("not ", 100)+"tcp", "nested deeper than max_depth (64)")
	f("len = "+strings.Repeat("-", 100)+"1", "nested deeper than max_depth (64)")
	f(strings.Repeat(" ", 70000), "70000 bytes; max_length is 65536")
	f("host 10.0.0.1"+strings.Repeat(" or 10.0.0.1", 3000)+" and ip["+strings.Repeat("1+", 9000)+"70000000000] = 1", "more than 32 bits")
}

// TestTooLong holds that a program that the kernel would not take is refused.
func TestTooLong(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		if i > 0 {
			b.WriteString(" or ")
		}
		b.WriteString("host 10.")
		b.WriteString(strings.Join([]string{strconv.Itoa(i >> 8), strconv.Itoa(i & 255), "1"}, "."))
	}
	f, err := bpf.Parse(bpf.Defaults(), b.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Compile(packet.LinkEthernet, bpf.Aside); err == nil || !strings.Contains(err.Error(), "write nets for hosts") {
		t.Error(err)
	}
}

// TestLong holds that jumps over more than 255 instructions arrive.
func TestLong(t *testing.T) {
	text := "host 10.0.0.1"
	for i := 2; i < 250; i++ {
		text += " or 10.0.0." + strconv.Itoa(i)
	}
	p := compile(t, text, packet.LinkEthernet)
	if p.Len() < 512 || p.Len() > 4096 {
		t.Fatalf("%d instructions", p.Len())
	}
	vm := machine(t, p.Raw(1))
	frame := make([]byte, 34)
	frame[12], frame[14], frame[26] = 8, 0x45, 10
	for i := range 256 {
		frame[29] = byte(i)
		if want := i > 0 && i < 250; p.Match(frame, 34) != want || takes(t, vm, frame) != want {
			t.Errorf("10.0.0.%d: not %v", i, want)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := bpf.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	cfg := bpf.Defaults()
	cfg.MaxInstructions = 4097
	if err := cfg.Validate(); err == nil || err.Error() != "max_instructions: 4097 is not between 2 and 4096" {
		t.Error(err)
	}
}

func TestEmpty(t *testing.T) {
	if p := compile(t, " ", packet.LinkEthernet); p.Len() != 1 || !p.Match(nil, 0) {
		t.Error("an empty filter does not take everything")
	}
}
