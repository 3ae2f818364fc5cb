package sink_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"auscult/pipeline/sink"
	"auscult/sensor/call"
)

func callLines(t *testing.T, reveal bool, calls ...call.Call) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	l, err := sink.OpenCallLog(path, names(t, reveal), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteCalls(calls); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	private(t, path)
	return read(t, path)
}

func private(t *testing.T, path string) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %04o", path, st.Mode().Perm())
	}
}

func TestCallLogGolden(t *testing.T) {
	unseen := oneCall(1)
	unseen.Status, unseen.RespWire, unseen.RespDec, unseen.PHI, unseen.Method = 0, 0, 0, call.Found{}, "BREW"
	unseen.Forwarded, unseen.FHIR, unseen.Loss = "10.1.2.3, 10.4.5.6", call.FHIR{}, 0
	golden(t, "calls.jsonl", callLines(t, false, oneCall(0), unseen))
	golden(t, "calls-revealed.jsonl", callLines(t, true, oneCall(0), unseen))
}

func TestCallLogHidesIdentifiers(t *testing.T) {
	line := string(callLines(t, false, oneCall(0)))
	for _, s := range secrets {
		if strings.Contains(line, s) {
			t.Errorf("%q is in the clear: %s", s, line)
		}
	}
	clear := string(callLines(t, true, oneCall(0)))
	for _, s := range []string{"dr.rao", "P-10023", "patient-77", "sess9f3a"} {
		if !strings.Contains(clear, s) {
			t.Errorf("%q was to be revealed: %s", s, clear)
		}
	}
}

// Every field is text from the network: none may break the line or the object.
func FuzzCallLog(f *testing.F) {
	f.Add("GET", "/a", "b=c", "/{id}", "h", "ua", "1.2.3.4", "dr", false)
	f.Add("G\"ET", "/\x00\xff/\u2028", "=&&=%zz&%", "/{/}", "\n", "\x1b[2J", ";", "\"", true)
	f.Add("", "x", "?", "", "", "", "", "", false)
	f.Fuzz(func(t *testing.T, method, path, query, route, host, agent, forwarded, id string, reveal bool) {
		c := oneCall(0)
		c.Method, c.Path, c.Query, c.Route, c.Host, c.UserAgent, c.Forwarded = method, path, query, route, host, agent, forwarded
		c.Target, c.Principal.ID, c.Objects[0].ID, c.Objects[0].Type = path+"?"+query, id, id, host
		l := sink.NewCallLog(&bytes.Buffer{}, "buffer", names(t, reveal), 0)
		line := l.Append(nil, &c)
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("not one line: %q", line)
		}
		if reveal && path != "" && utf8.ValidString(path) && m["url.path"] != path {
			t.Errorf("path %q came out as %q", path, m["url.path"])
		}
	})
}

func TestCallLogAllocations(t *testing.T) {
	l := sink.NewCallLog(&bytes.Buffer{}, "buffer", names(t, false), 0)
	c := oneCall(0)
	buf := make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(200, func() { buf = l.Append(buf[:0], &c) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
	l = sink.NewCallLog(&bytes.Buffer{}, "buffer", names(t, true), 0)
	if n := testing.AllocsPerRun(200, func() { buf = l.Append(buf[:0], &c) }); n != 0 {
		t.Errorf("%v allocations a revealed call", n)
	}
}
