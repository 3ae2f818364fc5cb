package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/sys/unix"
)

// inNetwork says that the process is in a network of its own, with nothing in it but what the test makes.
const inNetwork = "TEST_IN_OWN_NETWORK"

// elsewhere runs the test again in a new network namespace, as root of a new user namespace where we are not root, and
// says whether this is that run.
func elsewhere(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNetwork) != "" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inNetwork+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no network namespace: ", err)
		}
		t.Skip("no network namespace: ", err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out.String())
	}
	return false
}

// said is what a program has said so far.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped; only so can every thread give up its rights
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// cable makes a line: what is sent at tx0 is captured at rx0.
func cable(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	command(t, "ip", "link", "set", "lo", "up")
	command(t, "ip", "link", "add", "rx0", "mtu", "65535", "type", "veth", "peer", "name", "tx0", "mtu", "65535")
	command(t, "ip", "link", "set", "tx0", "up")
	command(t, "ip", "link", "set", "rx0", "up")
	// Until the kernel has also seen to that the line is there, in its own time, it throws away what is sent, and says nothing.
	for _, name := range []string{"tx0", "rx0"} {
		until(t, name+" is up", func() bool {
			end, err := net.InterfaceByName(name)
			return err == nil && end.Flags&net.FlagRunning != 0
		})
	}
	command(t, "ip", "link", "set", "tx0", "up") // waits for the lock under which it said so
}

// end is a socket at one end of a line.
func end(t *testing.T, name string, protocol uint16) (fd int, at unix.SockaddrLinklayer) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := unix.NewIfreq(name)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		t.Fatal(err)
	}
	at = unix.SockaddrLinklayer{Ifindex: int(req.Uint32()), Protocol: protocol}
	if protocol != 0 {
		if err := unix.Bind(fd, &at); err != nil {
			t.Fatal(err)
		}
	}
	return fd, at
}

// transmit sends the packets of a capture from an end of a line, tx0, and says how many they were. They have come to the
// other, rx0, when it returns.
func transmit(t *testing.T, path, name string) (n int) {
	t.Helper()
	return transmitSome(t, path, name, 0, 1<<31)
}

// transmitSome sends the packets of a capture from one number to before another, and says how many they were.
func transmitSome(t *testing.T, path, name string, from, before int) (count int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	fd, to := end(t, name, 0)
	defer unix.Close(fd)
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	far, _ := end(t, strings.Replace(name, "tx", "rx", 1), all)
	defer unix.Close(far)
	var b [1]byte
	for n := 0; n < before; n++ {
		frame, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n < from {
			continue
		}
		count++
		if err := unix.Sendto(fd, frame, 0, &to); err != nil {
			t.Fatal(err)
		}
		for {
			// One after the other, and without a pause: the blocks of the ring are filled, not left when their time is over.
			if _, _, err = unix.Recvfrom(far, b[:], unix.MSG_TRUNC); err == nil {
				break
			}
			if err != unix.EINTR {
				t.Fatal(err)
			}
		}
	}
	return count
}

// sent is how many packets left an interface (proc_net_dev).
func sent(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\s*` + name + `:(?:\s*\d+){8}\s+\d+\s+(\d+)`).FindStringSubmatch(contents(t, "/proc/self/net/dev"))
	if m == nil {
		t.Fatal("no counters of ", name)
	}
	return m[1]
}

const served = "127.0.0.1:9477"

// metricsPage is /metrics.
func metricsPage(t *testing.T) string {
	t.Helper()
	answer, err := http.Get("http://" + served + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scraped is a counter of /metrics; -1 when it is not there.
func scraped(t *testing.T, name string) int {
	t.Helper()
	for line := range strings.Lines(metricsPage(t)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			x, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(x)
		}
	}
	return -1
}

// start starts a sensor, which is killed at the end of the test if it still runs; what it said is told if the test fails.
func start(t *testing.T, live *exec.Cmd, stderr *said) {
	t.Helper()
	if err := live.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if live.ProcessState == nil {
			live.Process.Kill()
			live.Wait()
		}
		if t.Failed() {
			t.Log(stderr.String())
		}
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until ", what)
		}
	}
}

const onlyTCP = "ip and tcp"

// TestLive runs the program as a service manager does, on a line of its own, and replays what it recorded.
func TestLive(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	address, conn := manager(t)

	args := []string{"live", "-i", "rx0", "-l", at("live"), "--calls", "jsonl", "-w", at("live.pcapng"), "--key", at("key"), "--listen", served, onlyTCP}
	text := contents(t, "/proc/self/uid_map")
	alone := len(strings.Fields(text)) == 3 && strings.Fields(text)[2] == "1" // no other user to become
	if alone {
		args = append(args, "--user", "")
	}
	live := exec.Command(at("auscult"), args...)
	live.Env = append(os.Environ(), "NOTIFY_SOCKET="+address, "WATCHDOG_USEC=2000000")
	var stderr said
	live.Stderr = &stderr
	if err := live.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			live.Process.Kill()
			live.Wait()
			t.Log(stderr.String())
		}
	}()
	if got := told(t, conn); got != "READY=1" {
		t.Errorf("first told %q", got)
	}
	if got := told(t, conn); got != "WATCHDOG=1" {
		t.Errorf("then told %q", got)
	}

	status := contents(t, "/proc/"+strconv.Itoa(live.Process.Pid)+"/status")
	for _, want := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		if !strings.Contains(status, want+":\t0000000000000000\n") {
			t.Errorf("%s is not empty in\n%s", want, status)
		}
	}
	if !strings.Contains(status, "NoNewPrivs:\t1\n") || !strings.Contains(status, "Seccomp:\t2\n") {
		t.Errorf("not sealed:\n%s", status)
	}
	if !alone && strings.Contains(status, "Uid:\t0") {
		t.Errorf("still root:\n%s", status)
	}

	command(t, at("auscult"), "replay", "-q", "-l", at("whole"), "--key", at("key"), walk, onlyTCP)
	var whole report
	if err := json.Unmarshal([]byte(contents(t, at("whole/stats.json"))), &whole); err != nil {
		t.Fatal(err)
	}
	packets := int(whole.Packets)
	if all := transmit(t, walk, "tx0"); packets == 0 || packets >= all {
		t.Fatalf("of %d packets %d are TCP: the filter is not tested", all, packets)
	}
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	if n := scraped(t, `auscult_capture_packets_total{interface="rx0"}`); n != packets {
		t.Errorf("%d packets sent, %d counted", packets, n)
	}
	if scraped(t, "process_resident_memory_bytes") < 1<<20 {
		t.Error("no memory is told")
	}
	live.Process.Signal(syscall.SIGUSR1)
	until(t, "it says how it goes", func() bool { return strings.Contains(stderr.String(), " packets/s  ") })
	live.Process.Signal(syscall.SIGTERM)
	for state := ""; state != "STOPPING=1"; {
		state = told(t, conn)
	}
	live.Wait()
	ended = true
	if got := live.ProcessState.ExitCode(); got != 143 {
		t.Errorf("ended with status %d: %s", got, stderr.String())
	}
	if n := sent(t, "rx0"); n != "0" {
		t.Errorf("%s packets were sent on the interface that is listened to", n)
	}

	for _, want := range []string{"1 interface", "rx0: ", ", none lost", "filter "} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the summary has no %q:\n%s", want, stderr.String())
		}
	}
	var stats report
	if err := json.Unmarshal([]byte(contents(t, at("live/stats.json"))), &stats); err != nil {
		t.Fatal(err)
	}
	if len(stats.Links) != 1 || stats.Links[0].Packets != uint64(packets) || stats.Links[0].Received != uint64(packets) || stats.Filter != onlyTCP {
		t.Errorf("stats.json: %+v", stats)
	}
	command(t, at("auscult"), "verify", at("live"))
	command(t, at("auscult"), "replay", "-q", "-l", at("again"), "--calls", "jsonl", "--key", at("key"), at("live.pcapng"))
	for _, name := range []string{alertsFile, callsFile, linksFile} {
		one, two := contents(t, filepath.Join(dir, "live", name)), contents(t, filepath.Join(dir, "again", name))
		if one != two {
			t.Errorf("%s: live and replay differ, %d and %d bytes", name, len(one), len(two))
		}
		if one == "" && name != linksFile {
			t.Errorf("%s is empty", name)
		}
	}
}

// TestLiveRefuses: what cannot be begun leaves no case, and says why in a line.
func TestLiveRefuses(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("there.pcapng"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-i", "none0"}, statusUsage, "interface none0: there is none of that name; there are "},
		{[]string{"-i", "rx0", "-i", "rx0"}, statusUsage, "interface rx0 is named twice"},
		{[]string{"-i", "rx0", "-w", at("there.pcapng")}, statusUsage, "--write: open "},
		{[]string{"-i", "rx0", "--user", "nobody-of-that-name"}, statusFailed, `there is no user "nobody-of-that-name"`},
	} {
		// A process of its own: what it gives up on the way, it does not get back.
		cmd := exec.Command(os.Args[0], append([]string{"--as-auscult", "live", "--key", at("key"), "-l", at("case")}, c.args...)...)
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		cmd.Run()
		status, stdout, stderr := cmd.ProcessState.ExitCode(), out.String(), said.String()
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want one line with %q", c.args, status, stdout, stderr, c.want)
		}
		left, err := os.ReadDir(at("case"))
		if err != nil || len(left) > 0 {
			t.Errorf("%q: %d files are left in the case folder, %v", c.args, len(left), err)
		}
	}
}

// TestLiveSignals rotates the files of a run, which keeps what it learns.
func TestLiveSignals(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	for _, name := range []string{"live", "learned"} {
		if err := os.Mkdir(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"live", "-i", "rx0", "-l", at("live"), "--calls", "jsonl", "--key", at("key"), "--listen", served, "--log-level", "info",
		"--save-baseline", at("learned/usual"), "--user", ""}
	live := exec.Command(at("auscult"), args...)
	live.Env = append(os.Environ(), "AUSCULT_BASELINE_EVERY=1s")
	var stderr said
	live.Stderr = &stderr
	if fields := strings.Fields(contents(t, "/proc/self/uid_map")); len(fields) != 3 || fields[2] != "1" { // there are other users
		live.Args[len(live.Args)-1] = "65534:65533"
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "live", "learned"} {
			if err := os.Chown(at(name), 65534, 65533); err != nil {
				t.Fatal(err)
			}
		}
	}
	start(t, live, &stderr)
	until(t, "it listens", func() bool { return strings.Contains(stderr.String(), "listening") })
	packets := transmit(t, walk, "tx0")
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	until(t, "what was learned is written", func() bool { _, err := os.Stat(at("learned/usual")); return err == nil })
	for _, name := range []string{alertsFile, callsFile} {
		if err := os.Rename(at("live/"+name), at("live/"+name+".1")); err != nil {
			t.Fatal(err)
		}
	}
	live.Process.Signal(syscall.SIGHUP)
	until(t, "the files are opened anew", func() bool { return strings.Contains(stderr.String(), "files opened anew") })
	packets += transmit(t, walk, "tx0")
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	if err := os.Remove(at("learned/usual")); err != nil {
		t.Fatal(err)
	}
	live.Process.Signal(os.Interrupt)
	live.Wait()
	if got := live.ProcessState.ExitCode(); got != 130 {
		t.Errorf("ended with status %d", got)
	}
	var stats report
	if err := json.Unmarshal([]byte(contents(t, at("live/stats.json"))), &stats); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint64{alertsFile: stats.Alerts, callsFile: stats.Calls} {
		old, after := strings.Count(contents(t, at("live/"+name+".1")), "\n"), strings.Count(contents(t, at("live/"+name)), "\n")
		if old == 0 || after == 0 || uint64(old+after) != want {
			t.Errorf("%s: %d lines before and %d after it was opened anew, of %d", name, old, after, want)
		}
	}
	command(t, at("auscult"), "verify", at("live"))
	command(t, at("auscult"), "replay", "-q", "-l", at("again"), "--key", at("key"), "--baseline", at("learned/usual"), walk)
}
