package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/sys/unix"

	"auscult/sensor/capture"
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
	run(t, "link", "set", peer, "up")
	run(t, "link", "set", name, "up")
}

// sender is one end of a line.
type sender struct {
	fd int
	to unix.SockaddrLinklayer
}

func open(t testing.TB, name string) *sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	r, _ := unix.NewIfreq(name)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r); err != nil {
		t.Fatal(err)
	}
	return &sender{fd, unix.SockaddrLinklayer{Ifindex: int(r.Uint32())}}
}

func (s *sender) send(t testing.TB, frame []byte) {
	t.Helper()
	if err := unix.Sendto(s.fd, frame, 0, &s.to); err != nil {
		t.Fatalf("send %d bytes: %v", len(frame), err)
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

// small is a Config with rings that a test can fill.
func small() capture.Config {
	cfg := capture.Defaults()
	cfg.SnapLength, cfg.BlockBytes, cfg.RingBytes = 100<<10, 128<<10, 4<<20
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
	marks []int
}

func start(t testing.TB, src *capture.Source, workers int) *tap {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &tap{t: t, src: src, stop: stop, ended: make(chan error, workers), got: make([][]packet.Raw, workers), marks: make([]int, workers)}
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
					p.marks[i]++
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

// until waits for what takes a moment.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain until", what)
}
