package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"auscult/pcaps/rewrap"
)

// reads returns what tells how often something was read of a file since the last call of reads (inotify(7)).
func reads(t *testing.T, path string) func() int {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_ACCESS|unix.IN_MODIFY); err != nil {
		t.Fatal(err)
	}
	n := 0
	return func() int {
		var b [4096]byte
		size, err := unix.Read(fd, b[:])
		for at := 0; err == nil && at+unix.SizeofInotifyEvent <= size; {
			event := b[at:]
			if binary.NativeEndian.Uint32(event[4:])&unix.IN_ACCESS != 0 {
				n++
			}
			at += unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(event[12:]))
		}
		return n
	}
}

// TestFollowedKeyLog: packets come through a pipe as they are captured, and their secrets are written afterwards.
func TestFollowedKeyLog(t *testing.T) {
	capture, keylog := sealed(t)
	dir := t.TempDir()
	keys, out := filepath.Join(dir, "keys"), filepath.Join(dir, "out")
	if err := os.WriteFile(keys, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// Of the first connections only, and all within the time that secrets may be late.
	first := capture[0].Time
	var part rewrap.Capture
	for i, f := range capture {
		if f.Time-first > int64(20*time.Second) {
			break
		}
		part = capture[:i+1]
	}
	later := rewrap.Frame{Time: part[len(part)-1].Time + int64(time.Second), Data: part[0].Data}
	whole := append(part[:len(part):len(part)], later).Pcap()
	split := len(part.Pcap())

	cmd := exec.Command(os.Args[0], "--as-auscult", "replay", "-q", "--key", filepath.Join(dir, "key"), "--keylog", keys,
		"--calls", "jsonl", "-l", out, "-")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	looks := reads(t, keys)
	pipe.Write(whole[:split])
	until(t, "the packets are taken, before their secrets", func() bool {
		left, err := unix.IoctlGetInt(int(pipe.Fd()), unix.TIOCINQ)
		return err == nil && left == 0
	})
	for _, text := range []string{string(keylog), "# what is read now is read by who knows the secrets above\n"} {
		file, err := os.OpenFile(keys, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := looks()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		file.Close()
		until(t, "what was written is read", func() bool { return looks() > before })
	}
	pipe.Write(whole[split:])
	pipe.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}

	at, known := filepath.Join(dir, "part.pcap"), filepath.Join(dir, "known")
	if err := part.Write(at); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := replayed(t, "-q", "--keylog", keys, "--calls", "jsonl", "-l", known, at); status != statusDone {
		t.Fatal(stderr)
	}
	want := lines(contents(t, filepath.Join(known, callsFile)))
	if got := lines(contents(t, filepath.Join(out, callsFile))); got != want || want == 0 {
		t.Errorf("%d calls with secrets that came later, %d with secrets that were there", got, want)
	}
}
