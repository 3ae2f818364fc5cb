package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/sys/unix"

	"auscult/sensor/capture"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// inside says that the process is in a network of its own, with nothing in it but what the tests make.
const inside = "AUSCULT_TEST_NETWORK"

// TestMain runs the tests in a new network namespace, and as another user's root where we are not root.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" || strings.Contains(strings.Join(os.Args, " "), "-test.fuzz=") {
		os.Exit(m.Run())
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		if os.Getenv("CI") != "" {
			fmt.Println("capture: no network namespace for the tests:", err)
			os.Exit(1)
		}
		os.Exit(m.Run()) // tests that need a network say that there is none
	}
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

// run runs a command of iproute2.
func run(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func network(t testing.TB) {
	t.Helper()
	if os.Getenv(inside) == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no network namespace")
		}
		t.Skip("no network namespace: neither root nor user namespaces")
	}
	// Nothing shall be on the lines but what the tests send.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
}

// veth makes a line of two ends: what is sent at peer is captured at name.
func veth(t testing.TB, name, peer string) {
	t.Helper()
	network(t)
	cable(t, name, peer)
	t.Cleanup(func() { exec.Command("ip", "link", "del", name).Run() }) // a test may have removed it
}

func cable(t testing.TB, name, peer string) {
	t.Helper()
	run(t, "link", "add", name, "mtu", "65535", "type", "veth", "peer", "name", peer, "mtu", "65535")
	up(t, name, peer)
}

// up sets the ends of a line up. Until the kernel has also seen to that the line is there, in its own time, it throws
// away what is sent, and says nothing (noop_enqueue in net/sched/sch_generic.c).
func up(t testing.TB, ends ...string) {
	t.Helper()
	for _, name := range ends {
		run(t, "link", "set", name, "up")
	}
	for _, name := range ends {
		until(t, name+" is up", func() bool {
			end, err := net.InterfaceByName(name)
			return err == nil && end.Flags&net.FlagRunning != 0
		})
	}
	run(t, "link", "set", ends[0], "up") // waits for the lock under which it said so
}

// sender is one end of a line, and a look at the other: what was sent has come there when send returns.
type sender struct {
	fd, far  int
	to, from unix.SockaddrLinklayer
}

func open(t testing.TB, name string) *sender {
	t.Helper()
	s := &sender{}
	s.fd, s.to = packetSocket(t, name)
	far := map[string]string{"tx0": "rx0", "tx1": "rx1", "rx0": "tx0"}[name]
	if s.far, s.from = packetSocket(t, far); s.from.Ifindex == 0 {
		t.Fatalf("%s is on no line", name)
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	s.from.Protocol = all
	if err := unix.Bind(s.far, &s.from); err != nil {
		t.Fatal(err)
	}
	return s
}

func packetSocket(t testing.TB, name string) (fd int, at unix.SockaddrLinklayer) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	r, _ := unix.NewIfreq(name)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r); err != nil {
		t.Fatal(err)
	}
	return fd, unix.SockaddrLinklayer{Ifindex: int(r.Uint32())}
}

func (s *sender) send(t testing.TB, frame []byte) {
	t.Helper()
	if err := unix.Sendto(s.fd, frame, 0, &s.to); err != nil {
		t.Fatalf("send %d bytes: %v", len(frame), err)
	}
	var b [1]byte
	for {
		_, from, err := unix.Recvfrom(s.far, b[:], unix.MSG_TRUNC)
		if err == unix.EINTR || err == unix.ENETDOWN {
			continue
		}
		if err != nil {
			t.Fatalf("look for what was sent: %v", err)
		}
		if at, ok := from.(*unix.SockaddrLinklayer); ok && at.Pkttype != unix.PACKET_OUTGOING {
			return
		}
	}
}

// frames is the packets of a capture.
func frames(t testing.TB, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for {
		data, _, err := r.ReadPacketData()
		if err != nil {
			return list
		}
		list = append(list, data)
	}
}

// small is a Config whose time is short. A block may hold one packet only, as its time is over: there are blocks for a
// second in which nobody has time to read them.
func small() capture.Config {
	cfg := capture.Defaults()
	cfg.SnapLength, cfg.BlockBytes, cfg.RingBytes = 100<<10, 128<<10, 32<<20
	cfg.BlockTimeout, cfg.Window = 5*time.Millisecond, 50*time.Millisecond
	return cfg
}

// listen opens a source of all packets.
func listen(t testing.TB, cfg capture.Config, names ...string) *capture.Source {
	t.Helper()
	src, err := capture.Open(cfg, names, nil)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// tap reads the lanes of a source, each in a goroutine, and keeps copies.
type tap struct {
	t     testing.TB
	src   *capture.Source
	stop  context.CancelFunc
	ended chan error
	got   [][]packet.Raw
	marks [][]clock.Time
	last  atomic.Int64 // time that any lane was given without a packet
}

func start(t testing.TB, src *capture.Source, workers int) *tap {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &tap{t: t, src: src, stop: stop, ended: make(chan error, workers), got: make([][]packet.Raw, workers), marks: make([][]clock.Time, workers)}
	lanes, err := src.Open(ctx, workers)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lanes {
		go func() {
			for {
				raw, err := l.Next()
				if err != nil {
					p.ended <- err
					return
				}
				if raw.Frame == nil {
					p.marks[i] = append(p.marks[i], raw.Time)
					p.last.Store(int64(raw.Time))
					continue
				}
				raw.Frame = bytes.Clone(raw.Frame)
				p.got[i] = append(p.got[i], raw)
			}
		}()
	}
	return p
}

// end stops the source and returns what each lane was given.
func (p *tap) end() [][]packet.Raw {
	p.t.Helper()
	p.stop()
	for range p.got {
		if err := <-p.ended; err.Error() != "EOF" {
			p.t.Error(err)
		}
	}
	if err := p.src.Close(); err != nil {
		p.t.Error(err)
	}
	return p.got
}

// patience is how long a test waits for what must come, on a machine that has next to no time for it.
const patience = 2 * time.Minute

// until waits for what takes a moment.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until ", what)
		}
	}
}
