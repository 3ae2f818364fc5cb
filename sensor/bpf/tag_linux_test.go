package bpf_test

import (
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// inNamespace says that the test runs in a network namespace of its own.
const inNamespace = "AUSCULT_TEST_NAMESPACE"

// TestTagAside sends frames over a pair of interfaces in a namespace of its own, to a packet socket for which the
// kernel takes the tags out, and holds that a program for Aside takes what the one for InFrame takes of the frames as
// they were sent.
func TestTagAside(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		again := exec.Command("unshare", "-Urn", os.Args[0], "-test.run=^TestTagAside$")
		again.Env = append(os.Environ(), inNamespace+"=1")
		out, err := again.CombinedOutput()
		switch {
		case err == nil:
		case strings.Contains(string(out), "unshare failed") && os.Getenv("CI") == "":
			t.Skipf("no namespace may be made here: %s", out)
		default:
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	for _, args := range []string{"link add from type veth peer name to", "link set from up", "link set to up"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, out)
		}
	}
	for _, name := range []string{"from", "to"} { // what is sent before both run is lost, and nothing says so
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
			if line, err := net.InterfaceByName(name); err == nil && line.Flags&net.FlagRunning != 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatal(name, " is not up")
			}
		}
	}
	if out, err := exec.Command("ip", "link", "set", "from", "up").CombinedOutput(); err != nil { // waits for who says so
		t.Fatalf("ip: %v: %s", err, out)
	}
	from, all := packetSocket(t, "from"), packetSocket(t, "to")
	to := packetSocket(t, "to") // who came last is given a frame first: what all has, this one has or does not want

	// The last four bytes number a frame; what else the interfaces send has other ones.
	frames := corpus(t)["EN10MB"][:5000]
	var whole [][]byte
	for _, f := range frames {
		if len(f) >= 60 && len(whole) < 200 && (len(whole)%4 == 0 || f[12] == 0x81 || f[12] == 0x88) {
			f = append([]byte{}, f...)
			whole = append(whole, append(f, 0xa5, 0x5a, byte(len(whole)>>8), byte(len(whole))))
		}
	}
	questions, tags := 0, 0
	for i, q := range asked(t) {
		if q.link != "EN10MB" || !strings.Contains(q.text, "vlan") && i%6 != 0 {
			continue
		}
		text, _, _ := strings.Cut(q.text, " => ")
		filter, err := bpf.Parse(bpf.Defaults(), text)
		if err != nil {
			t.Fatal(err)
		}
		aside, err := filter.Compile(packet.LinkEthernet, bpf.Aside)
		if err != nil {
			continue // TestAside counts those
		}
		in, err := filter.Compile(packet.LinkEthernet, bpf.InFrame)
		if err != nil {
			t.Fatal(err)
		}
		kernel{out: to}.attach(t, text, aside)
		taken(to) // what came before the program
		for n, f := range whole {
			if _, err := unix.Write(from, f); err != nil {
				t.Fatal(err)
			}
			arrived(t, all, n)
		}
		got := taken(to)
		questions++
		for n, f := range whole {
			if _, proto, _ := untagged(f); proto != 0 {
				tags++
			}
			if want := in.Match(f, len(f)); got[n] != want {
				t.Errorf("%q: %v in the frame, %v in the kernel: %x", text, want, got[n], f)
				break
			}
		}
	}
	if questions < 50 || tags == 0 {
		t.Errorf("%d expressions, %d frames with tags", questions, tags)
	}
}

// packetSocket is a raw socket on an interface that does not wait.
func packetSocket(t *testing.T, name string) int {
	t.Helper()
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK, all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	iface, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20); err != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<20) // as much as it may be
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: iface.Index}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// next is the number of the next frame that a socket has, -1 for what is not the test's.
func next(fd int) (number int, ok bool) {
	var b [1 << 16]byte
	n, err := unix.Read(fd, b[:])
	switch {
	case err != nil:
		return -1, false
	case n > 60 && b[n-4] == 0xa5 && b[n-3] == 0x5a:
		return int(binary.BigEndian.Uint16(b[n-2 : n])), true
	}
	return -1, true
}

// taken is the numbers of the frames that a socket has.
func taken(fd int) map[int]bool {
	got := map[int]bool{}
	for {
		n, ok := next(fd)
		if !ok {
			return got
		}
		got[n] = true
	}
}

// arrived waits until a socket that takes all frames has frame n.
func arrived(t *testing.T, fd, n int) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if got, ok := next(fd); got == n {
			return
		} else if !ok {
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 1000)
		}
	}
	t.Fatalf("frame %d never came", n)
}
