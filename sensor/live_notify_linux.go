package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// notifier tells the service manager how the program is (sd_notify(3)). A nil one tells nobody.
type notifier struct {
	conn net.Conn
	// every is how often it wants to hear that the program is alive; zero for never.
	every time.Duration
}

// openNotifier connects to the socket that the environment names, if it does: whoever gives up privileges may not
// reach it later.
func openNotifier(environ []string) (*notifier, error) {
	path := lookup(environ, "NOTIFY_SOCKET")
	if path == "" {
		return nil, nil
	}
	conn, err := net.Dial("unixgram", path) // a leading @ is an abstract name, here as there
	if err != nil {
		return nil, fmt.Errorf("reach the service manager at $NOTIFY_SOCKET: %w", err)
	}
	n := &notifier{conn: conn}
	pid := lookup(environ, "WATCHDOG_PID")
	usec, err := strconv.ParseInt(lookup(environ, "WATCHDOG_USEC"), 10, 64)
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.every = time.Duration(usec) * time.Microsecond / 2 // as sd_watchdog_enabled(3) advises
	}
	return n, nil
}

// tell sends one state. One that cannot be told is told by the manager's own patience.
func (n *notifier) tell(state string) {
	if n != nil {
		n.conn.SetWriteDeadline(time.Now().Add(time.Second))
		n.conn.Write([]byte(state))
	}
}

func (n *notifier) close() {
	if n != nil {
		n.conn.Close()
	}
}
