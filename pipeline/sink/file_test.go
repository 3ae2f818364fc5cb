package sink_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/sensor/call"
)

func TestFileIsThereWhenEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := sink.OpenFile(path, names(t, false), meta)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	private(t, path)
	if b := read(t, path); len(b) != 0 {
		t.Errorf("it holds %q", b)
	}
}

// full takes a few bytes and then is full, as a disk is.
type full struct{ left int }

func (w *full) Write(b []byte) (int, error) {
	if len(b) > w.left {
		n := w.left
		w.left = 0
		return n, errors.New("no space left on device")
	}
	w.left -= len(b)
	return len(b), nil
}

func TestFileFullDisk(t *testing.T) {
	f := sink.NewLines(&full{100}, "alerts.jsonl", names(t, false), meta)
	oneLine(t, f.Write(t.Context(), alerts(1)), "write alerts.jsonl: no space left on device")
	l := sink.NewCallLog(&full{100}, "calls.jsonl", names(t, false), 0)
	c := oneCall(0)
	_ = l.WriteCalls([]call.Call{c})
	oneLine(t, l.Close(), "write calls.jsonl: no space left on device")
	if _, err := sink.OpenFile(filepath.Join(t.TempDir(), "no", "where"), names(t, false), meta); err == nil {
		t.Error("a folder that is not there was accepted")
	}
	var short io.Writer = shortWriter{}
	oneLine(t, sink.NewLines(short, "pipe", names(t, false), meta).Write(t.Context(), alerts(1)), "write pipe: short write")
}

type shortWriter struct{}

func (shortWriter) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestTerminalCard(t *testing.T) {
	var out bytes.Buffer
	term := sink.NewTerminal(&out, 100, false, names(t, false))
	a := alerts(1)
	grown := a[0]
	grown.Activity = 3
	if err := term.Write(t.Context(), append(a, grown)); err != nil {
		t.Fatal(err)
	}
	golden(t, "card.txt", out.Bytes())
	for _, s := range secrets {
		if strings.Contains(out.String(), s) {
			t.Errorf("%q is in the clear", s)
		}
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// What an attacker sends must not steer the terminal of who reads the alert.
func TestTerminalHostile(t *testing.T) {
	var out bytes.Buffer
	term := sink.NewTerminal(&out, 80, false, names(t, true))
	a := alerts(1)
	bad := "\x1b]0;owned\x07\x1b[2J\r\n\u202eevil\xff\u009b31m"
	s := &a[0].Signal
	s.Principal.ID, s.Title, s.Client, s.Route = bad, bad+"{principal}", bad, bad
	s.Evidence[0].Call.Path, s.Evidence[0].Call.Method = bad, bad
	if err := term.Write(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\x07\r\u202e\u009b") {
		t.Errorf("%q", out.String())
	}
}

func TestTerminalColor(t *testing.T) {
	for _, color := range []bool{false, true} {
		var out bytes.Buffer
		if err := sink.NewTerminal(&out, 80, color, names(t, false)).Write(t.Context(), alerts(1)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\x1b["); got != color {
			t.Errorf("colour %v gave escapes %v", color, got)
		}
	}
}

// A format is given each finding that OCSF would tell, in order.
func TestFileInAnotherFormat(t *testing.T) {
	var out bytes.Buffer
	short := func(dst []byte, f *ocsf.Finding) []byte { return append(append(dst, f.Info.UID...), '\n') }
	f := sink.NewLines(&out, "lines", names(t, false), meta).As(short)
	batch := alerts(3)
	if err := f.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if want := batch[0].UID + "\n" + batch[1].UID + "\n" + batch[2].UID + "\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	if err := f.As(nil).Write(t.Context(), batch[:1]); err != nil || !strings.HasSuffix(out.String(), string(ocsf.Append(nil, &batch[0], names(t, false), meta))) {
		t.Errorf("%v, %q", err, out.String())
	}
}
