package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// manager is a service manager's end of the socket.
func manager(t *testing.T) (address string, conn *net.UnixConn) {
	t.Helper()
	address = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address, conn
}

// told is the next state.
func told(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 1024)
	conn.SetReadDeadline(time.Now().Add(patience))
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestNotifier(t *testing.T) {
	address, conn := manager(t)
	own := "WATCHDOG_PID=" + strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		environ []string
		every   time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC=30000000"}, 15 * time.Second},
		{[]string{"WATCHDOG_USEC=30000000", own}, 15 * time.Second},
		{[]string{"WATCHDOG_USEC=30000000", "WATCHDOG_PID=1"}, 0},
		{[]string{"WATCHDOG_USEC=-3"}, 0},
		{[]string{"WATCHDOG_USEC=soon"}, 0},
	} {
		n, err := openNotifier(append(c.environ, "NOTIFY_SOCKET="+address))
		if err != nil {
			t.Fatal(err)
		}
		if n.every != c.every {
			t.Errorf("%q: every %v, want %v", c.environ, n.every, c.every)
		}
		n.tell("READY=1")
		n.close()
		if got := told(t, conn); got != "READY=1" {
			t.Errorf("told %q", got)
		}
	}
	var nobody *notifier
	nobody.tell("READY=1")
	nobody.close()
	if n, err := openNotifier(nil); n != nil || err != nil {
		t.Errorf("without a socket: %v, %v", n, err)
	}
	if _, err := openNotifier([]string{"NOTIFY_SOCKET=" + address + ".none"}); err == nil {
		t.Error("a socket that is not there was reached")
	}
}
