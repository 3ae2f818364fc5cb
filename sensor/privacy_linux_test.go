package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// screenOf is a new pseudo-terminal, and what comes out of it until it is closed.
func screenOf(t *testing.T) (tty *os.File, shown func() []byte) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	all := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(master) // ends with EIO when the last one who writes has closed it
		all <- b
	}()
	return tty, func() []byte {
		tty.Close()
		b := <-all
		master.Close()
		return b
	}
}

// TestPrivacyTerminal looks at the cards and the progress that people are shown.
func TestPrivacyTerminal(t *testing.T) {
	h := newHouse(t)
	t.Setenv("TERM", "xterm")
	capture, _ := scene(t)
	pcap := h.give("scene.pcap", capture)
	for _, reveal := range []bool{false, true} {
		tty, shown := screenOf(t)
		args := []string{"replay"}
		if reveal {
			args = append(args, "--reveal")
		}
		status := run(t.Context(), append(args, pcap), stdio{strings.NewReader(""), tty, tty, h.env})
		b := shown()
		if status != statusDone || !strings.Contains(string(b), "BROKEN OBJECT") && !strings.Contains(string(b), "observed") {
			t.Fatalf("status %d, shown %q", status, b)
		}
		leaks := newHunter(needles()).find(b, 9)
		if !reveal && len(leaks) > 0 || reveal && len(leaks) == 0 {
			t.Errorf("revealed %v: %q", reveal, leaks)
		}
	}
}

// TestPrivacyLive plays the scene on a line to a live sensor that writes, serves and says all it can.
func TestPrivacyLive(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	served := pages(t)
	cable(t)
	program := filepath.Join(t.TempDir(), "auscult")
	command(t, "go", "build", "-o", program, ".")
	h := newHouse(t)
	capture, secrets := scene(t)
	pcap, keys := h.give("scene.pcap", capture), h.give("tls.keys", secrets)
	address, conn := manager(t)
	live := exec.Command(program, "live", "-i", "rx0", "-l", h.at("case"), "--calls", "jsonl", "--format", "cef", "--keylog", keys, "--listen", "127.0.0.1:9477",
		"--save-baseline", h.at("usual.baseline"), "--kafka", "127.0.0.1:1", "--outbox", h.at("state/outbox"), "--user", "")
	live.Env = append(append(os.Environ(), h.env...), "NOTIFY_SOCKET="+address, "AUSCULT_BASELINE_EVERY=1s", "AUSCULT_OUTBOX_DRAIN=100ms")
	var stderr said
	live.Stderr, live.Stdout = &stderr, &stderr
	start(t, live, &stderr)
	h.hear("notify", []byte(told(t, conn)))
	packets := transmit(t, pcap, "tx0")
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	asked := func(page string) (text []byte) {
		answer, err := http.Get("http://127.0.0.1:9477" + page)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if page != "/events" {
			text, err = io.ReadAll(answer.Body)
		}
		// Events have no end: the first of them is all that there is by now.
		for r := bufio.NewReader(answer.Body); page == "/events" && err == nil && !bytes.HasSuffix(text, []byte("\n\n")); {
			var line []byte
			line, err = r.ReadBytes('\n')
			text = append(text, line...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, page := range served {
		text := asked(page)
		h.hear(page, text)
		for _, m := range regexp.MustCompile(`"uid":"(auscult-[a-z2-7]+)"`).FindAllSubmatch(text, -1) {
			h.hear("/incident", asked("/incident?uid="+string(m[1])))
		}
	}
	if text := string(h.heard["/incident"]); !strings.Contains(text, `"shown":[{"who":"usr:`) {
		t.Errorf("no incident was shown: %s", text)
	}
	live.Process.Signal(syscall.SIGUSR1)
	until(t, "it says how it goes", func() bool { return strings.Contains(stderr.String(), " packets/s  ") })
	live.Process.Signal(syscall.SIGHUP)
	until(t, "the files are opened anew", func() bool { return strings.Contains(stderr.String(), "files opened anew") })
	live.Process.Signal(syscall.SIGTERM)
	live.Wait()
	h.hear("standard error", []byte(stderr.String()))
	hunter := newHunter(needles())
	seen := map[string]int{}
	h.each(func(name, where string, b []byte) {
		seen[name] += len(b)
		for _, leak := range hunter.find(unpacked(b), 5) {
			t.Errorf("%s: %s", where, leak)
		}
	})
	for _, name := range append(served, "alerts.jsonl", "alerts.cef", "calls.jsonl", "connections.jsonl", "stats.json", "manifest.json", "outbox", "baseline") {
		if seen[name] == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}
