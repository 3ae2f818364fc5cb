package bpf_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

var update = flag.Bool("update", false, "ask tcpdump for testdata/tcpdump.golden again")

const golden = "testdata/tcpdump.golden"

var linkNames = map[string]packet.LinkType{
	"EN10MB": packet.LinkEthernet, "RAW": packet.LinkRaw, "IPV4": packet.LinkIPv4, "IPV6": packet.LinkIPv6,
	"LINUX_SLL": packet.LinkSLL, "LINUX_SLL2": packet.LinkSLL2, "NULL": packet.LinkNull, "LOOP": packet.LinkLoop,
	"PPP": packet.LinkPPP,
}

// question is an expression and the program that tcpdump made of it.
type question struct {
	link, text string
	theirs     []xbpf.RawInstruction
}

// asked reads the expressions; theirs is not filled in.
func asked(t *testing.T) (all []question) {
	t.Helper()
	b, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	link := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			link = strings.Trim(line, "[]")
		default:
			all = append(all, question{link: link, text: line})
		}
	}
	return all
}

// recorded reads what tcpdump answered.
func recorded(t *testing.T) (all []question) {
	t.Helper()
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		link, rest, _ := strings.Cut(lines.Text(), "\t")
		text, code, ok := strings.Cut(rest, "\t")
		if !ok {
			t.Fatalf("%s: %q", golden, lines.Text())
		}
		q := question{link: link, text: text}
		q.theirs = instructions(t, code)
		all = append(all, q)
	}
	return all
}

func instructions(t *testing.T, code string) (all []xbpf.RawInstruction) {
	t.Helper()
	for one := range strings.SplitSeq(code, ";") {
		var in xbpf.RawInstruction
		if _, err := fmt.Sscan(one, &in.Op, &in.Jt, &in.Jf, &in.K); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		all = append(all, in)
	}
	return all
}

// ask compiles an expression with tcpdump, with options of its command line.
func ask(q question, options ...string) (string, error) {
	if _, theirs, ok := strings.Cut(q.text, " => "); ok {
		q.text = theirs
	}
	out, err := exec.Command("tcpdump", append(options, "-y", q.link, "-ddd", "--", q.text)...).Output()
	if err != nil {
		var stderr []byte
		if e, ok := err.(*exec.ExitError); ok {
			stderr = e.Stderr
		}
		if bytes.Contains(stderr, []byte("expression rejects all packets")) {
			return "6 0 0 0", nil // known when optimised, and an error to libpcap
		}
		return "", fmt.Errorf("%w: %s", err, stderr)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if n, err := strconv.Atoi(lines[0]); err != nil || n != len(lines)-1 {
		return "", fmt.Errorf("%d lines after %q", len(lines)-1, lines[0])
	}
	return strings.Join(lines[1:], ";"), nil
}

// needTcpdump skips a test where there is no tcpdump; CI has it.
func needTcpdump(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("tcpdump is not installed")
	}
	t.Skip("tcpdump is not installed")
}

// TestGoldenIsTcpdumps asks tcpdump again, where there is one. Versions of libpcap differ in their
// instructions, not in what they take, so that is what is compared.
func TestGoldenIsTcpdumps(t *testing.T) {
	needTcpdump(t)
	questions := asked(t)
	if *update {
		var b bytes.Buffer
		for _, q := range questions {
			code, err := ask(q)
			if err != nil {
				t.Fatalf("%s %q: %v", q.link, q.text, err)
			}
			fmt.Fprintf(&b, "%s\t%s\t%s\n", q.link, q.text, code)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	frames := corpus(t)
	for i, was := range recorded(t) {
		if i%7 != 0 && !*update {
			continue // the whole list would ask for 600 processes
		}
		code, err := ask(was)
		if err != nil {
			t.Fatalf("%s %q: %v", was.link, was.text, err)
		}
		a, b := machine(t, was.theirs), machine(t, instructions(t, code))
		for _, frame := range frames[was.link][:200] {
			if x, y := takes(t, a, frame), takes(t, b, frame); x != y {
				t.Errorf("%s %q: recorded %v, tcpdump of today %v on %x", was.link, was.text, x, y, frame)
				break
			}
		}
	}
}

func machine(t testing.TB, raw []xbpf.RawInstruction) *xbpf.VM {
	t.Helper()
	for i := range raw {
		if raw[i].Op == 0x84 { // neg, which x/net does not know
			raw[i].Op, raw[i].K = 0x24, 0xffffffff // mul
		}
	}
	code, ok := xbpf.Disassemble(raw)
	if !ok {
		t.Fatalf("instructions that nobody knows in %v", raw)
	}
	vm, err := xbpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func takes(t testing.TB, vm *xbpf.VM, frame []byte) bool {
	t.Helper()
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func compile(t testing.TB, text string, link packet.LinkType) *bpf.Program {
	t.Helper()
	f, err := bpf.Parse(bpf.Defaults(), text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	p, err := f.Compile(link, bpf.InFrame)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p
}

// TestAsTcpdump compares verdicts, frame by frame: ours in our machine and in the one of x/net, and tcpdump's.
func TestAsTcpdump(t *testing.T) {
	frames, questions := corpus(t), recorded(t)
	if len(questions) < 300 || len(questions) != len(asked(t)) {
		t.Fatalf("%d recorded expressions of %d; run with -update", len(questions), len(asked(t)))
	}
	var ours, theirs int
	never := map[string]int{}
	for _, q := range questions {
		text, _, _ := strings.Cut(q.text, " => ")
		p := compile(t, text, linkNames[q.link])
		if q.link == "EN10MB" {
			ours, theirs = ours+p.Len(), theirs+len(q.theirs)
			if p.Len() > len(q.theirs)+4 {
				t.Errorf("%q: %d instructions, tcpdump %d", q.text, p.Len(), len(q.theirs))
			}
		}
		ourVM, theirVM := machine(t, p.Raw(262144)), machine(t, q.theirs)
		some, wrong := false, 0
		for _, frame := range frames[q.link] {
			want := takes(t, theirVM, frame)
			some = some || want
			got, gotVM := p.Match(frame, len(frame)), takes(t, ourVM, frame)
			if got == want && gotVM == want {
				continue
			}
			if wrong++; wrong < 3 {
				t.Errorf("%s %q: tcpdump %v, ours %v, in x/net %v on %x", q.link, q.text, want, got, gotVM, frame)
			}
		}
		if !some {
			never[q.link]++
			t.Logf("%s %q: no frame is taken", q.link, q.text)
		}
	}
	t.Logf("%d expressions; on Ethernet %d instructions, tcpdump's %d", len(questions), ours, theirs)
	if ours > theirs {
		t.Errorf("on Ethernet %d instructions, tcpdump's %d", ours, theirs)
	}
	if n := never["EN10MB"]; n > 25 {
		t.Errorf("%d expressions take no frame: the frames are too poor", n)
	}
}
