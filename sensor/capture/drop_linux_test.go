package capture

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDrop runs itself again, as what a process gives up it does not get back.
func TestDrop(t *testing.T) {
	if os.Getenv("AUSCULT_TEST_NETWORK") == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no network namespace")
		}
		t.Skip("no network namespace: neither root nor user namespaces")
	}
	if who, child := os.LookupEnv("AUSCULT_TEST_DROP"); child {
		dropped(t, who)
		return
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip: %v: %s", err, out)
	}
	users := []string{""}
	if ids, _ := os.ReadFile("/proc/self/uid_map"); strings.Contains(string(ids), "4294967295") { // nobody can be become
		users = append(users, "nobody", "65534:65534", "no such user", "root", "0:65534")
	}
	for _, who := range users {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestDrop$", "-test.v")
		cmd.Env = append(os.Environ(), "AUSCULT_TEST_DROP="+who)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestDrop") {
			t.Errorf("as %q: %v\n%s", who, err, out)
		}
	}
}

func dropped(t *testing.T, who string) {
	cfg := Defaults()
	cfg.RingBytes = 4 << 20
	src, err := Open(cfg, []string{"lo"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	lanes, err := src.Open(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	hold, there := make(chan struct{}), make(chan struct{})
	for range 4 { // threads that are there before
		go func() {
			runtime.LockOSThread()
			there <- struct{}{}
			<-hold
		}()
	}
	for range 4 {
		<-there
	}
	defer close(hold)

	err = Drop(who)
	_, _, linked := syscall.AllThreadsSyscall(unix.SYS_GETPID, 0, 0, 0)
	switch {
	case who == "" && linked == unix.ENOTSUP:
		if err == nil || !strings.Contains(err.Error(), "build with CGO_ENABLED=0") {
			t.Errorf("with cgo: %v", err)
		}
		stop()
		return
	case who == "no such user" || who == "root" || who == "0:65534":
		if err == nil || !strings.Contains(err.Error(), who) {
			t.Errorf("%v", err)
		}
		stop()
		return
	case err != nil:
		t.Fatal(err)
	}
	if err := src.Seal(); err != nil {
		t.Fatal(err)
	}
	bare(t, who)

	fd := src.devices[0].sockets[0].fd
	frame := make([]byte, 60)
	to := unix.SockaddrLinklayer{Ifindex: src.devices[0].ifindex}
	for what, err := range map[string]error{
		"sendto":  unix.Sendto(fd, frame, 0, &to),
		"sendmsg": unix.Sendmsg(fd, frame, nil, &to, 0),
		"write":   failed(unix.Write(fd, frame)),
		"dup":     failed(unix.Dup(fd)),
		"socket":  failed(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)),
	} {
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", what, err)
		}
	}

	// What was opened before goes on.
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("still here"))
	for {
		raw, err := lanes[0].Next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw.Frame), "still here") {
			break
		}
	}
	stop()
	for err == nil {
		_, err = lanes[0].Next()
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	if st := src.Stats().Interfaces[0]; st.Packets == 0 || st.Received != st.Packets {
		t.Errorf("counted %+v", st)
	}
}

func failed(_ int, err error) error { return err }

// bare looks at what each thread may.
func bare(t *testing.T, who string) {
	t.Helper()
	threads, _ := filepath.Glob("/proc/self/task/*/status")
	if len(threads) < 5 {
		t.Fatalf("%d threads", len(threads))
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		want := []string{"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}
		if who != "" {
			want = append(want, "Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t \n")
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s has no %q", path, w)
			}
		}
	}
}
