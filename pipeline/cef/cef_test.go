package cef_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/pipeline/cef"
	"auscult/pipeline/ocsf"
)

// findings are those of every case and those of the OCSF encoder's own golden file.
func findings(t testing.TB) []*ocsf.Finding {
	t.Helper()
	var out []*ocsf.Finding
	for _, line := range shared.Alerts(t) {
		f, err := ocsf.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// full is a finding on a principal with patients.
func full(t testing.TB) *ocsf.Finding {
	t.Helper()
	for _, f := range findings(t) {
		if id, _ := f.Principal(); id != "" && f.Info.Analytic.UID == "bola_fanout" && len(f.Touched()) > 0 {
			return f
		}
	}
	t.Fatal("no finding with a principal")
	return nil
}

// TestRoundTrip reads back what was written of every alert of every case.
func TestRoundTrip(t *testing.T) {
	severities := []string{"0", "1", "3", "6", "8", "10"}
	for _, f := range findings(t) {
		line := cef.Append(nil, f)
		e := valid(t, line)
		if e.header[0] != "Auscult" || e.header[3] != f.Info.Analytic.UID || e.header[4] != f.Info.Analytic.Name || e.header[5] != severities[f.Severity] {
			t.Errorf("%s: %q", f.Metadata.UID, e.header)
		}
		principal, _ := f.Principal()
		for name, want := range map[string]string{
			"externalId": f.Info.UID, "rt": strconv.FormatInt(f.Time, 10), "cnt": strconv.FormatInt(f.Count, 10), "act": f.Status(),
			"suid": principal, "cs1": strings.Join(f.Tag("owasp.api"), ";"), "cs5": strings.Join(f.Touched(), ";"), "msg": f.Message,
		} {
			if e.extension[name] != want {
				t.Errorf("%s: %s is %q, want %q", f.Metadata.UID, name, e.extension[name], want)
			}
		}
		if calls := f.Calls(); len(calls) > 0 && !strings.HasPrefix(e.extension["cs4"], calls[0].Connection.Community) {
			t.Errorf("%s: %q", f.Metadata.UID, e.extension["cs4"])
		}
		if len(line) > 6<<10 {
			t.Errorf("%s: %d bytes", f.Metadata.UID, len(line))
		}
	}
}

func TestEscaping(t *testing.T) {
	for _, c := range []struct{ in, header, extension string }{
		{`a|b`, `a\|b`, `a|b`},
		{`a\b`, `a\\b`, `a\\b`},
		{`a=b c=d`, `a=b c=d`, `a\=b c\=d`},
		{"a\nb\r\nc", "a b  c", `a\nb\r\nc`},
		{"a\x00\x1b[0mb\u0085\u2028", "a  [0mb", "a  [0mb"},
		{" a ", "a", "a"},
		{"a\xffb", "a\ufffdb", "a\ufffdb"},
		{`\`, `\\`, `\\`},
	} {
		f := full(t)
		f.Info.Analytic.Name, f.Message = c.in, c.in
		line := string(cef.Append(nil, f))
		if !strings.Contains(line, "|"+c.header+"|8|") || !strings.HasSuffix(line, " msg="+c.extension+"\n") {
			t.Errorf("%q: %s", c.in, line)
		}
		valid(t, []byte(line))
	}
}

func TestIPv6(t *testing.T) {
	f := full(t)
	f.Evidences[0].Src.IP, f.Evidences[0].Dst.IP = "2001:db8::1", "nowhere"
	e := valid(t, cef.Append(nil, f))
	if e.extension["c6a2"] != "2001:db8::1" || e.extension["src"] != "" || e.extension["dst"] != "" || e.extension["c6a2Label"] != "Source IPv6 Address" {
		t.Errorf("%v", e.extension)
	}
}

// TestLongValues cuts text with an ellipsis and lists between two values, and never in an escape.
func TestLongValues(t *testing.T) {
	f := full(t)
	for n := 1000; n < 1030; n++ {
		f.Message = strings.Repeat("x", n) + `\=\=\=` + strings.Repeat("é", 20)
		e := valid(t, cef.Append(nil, f))
		if msg := e.extension["msg"]; msg != f.Message && !strings.HasSuffix(msg, "…") {
			t.Errorf("%d: %q", n, msg)
		}
	}
	for i := range f.Resources {
		f.Resources[i].UID = strings.Repeat("=", 100)
	}
	for _, id := range strings.Split(valid(t, cef.Append(nil, f)).extension["cs5"], ";") {
		if len(id) != 100 {
			t.Errorf("cut to %q", id)
		}
	}
}

// FuzzAppend has any text and number in every field: what comes out is a line that the standard allows, bare and in
// a syslog message that no receiver cuts.
func FuzzAppend(f *testing.F) {
	line, err := json.Marshal(full(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", int64(0))
	f.Add("a|b=c\\d\n\r\x00\x7f\xff\u2028", int64(-1))
	f.Add("\u2000a\u2000", int64(0))
	f.Add("|", int64(-20)) // a value may end in what ends the header
	f.Add(strings.Repeat(`\=`, 700), int64(1)<<62)
	f.Add(strings.Repeat("…", 700), int64(3))
	f.Add("fe80::1%eth0 x=y", int64(99))
	f.Fuzz(func(t *testing.T, s string, n int64) {
		one, err := ocsf.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		shared.Fill(one, s, n)
		// Ports and counts are not text of the sender.
		one.Evidences[0].Src.Port, one.Evidences[0].Dst.Port, one.Count = n&0xffff, n&0xffff, max(n, -1)
		valid(t, cef.Append(nil, one))
		message := cef.AppendSyslog(nil, one, int(n%30))
		if len(message) > cef.MaxLine {
			t.Errorf("%d bytes", len(message))
		}
		readSyslog(t, message)
	})
}

func TestSyslog(t *testing.T) {
	f := full(t)
	f.Metadata.Sensor = "sensor 01\n"
	for severity, level := range []int{6, 6, 5, 4, 3, 2} {
		f.Severity = severity
		priority, at, host, id, text := readSyslog(t, cef.AppendSyslog(nil, f, 13))
		if priority != 13*8+level || at.UnixMilli() != f.Time || host != "sensor_01_" || id != "bola_fanout" {
			t.Errorf("%d %v %q %q", priority, at, host, id)
		}
		if text+"\n" != string(cef.Append(nil, f)) {
			t.Errorf("%q", text)
		}
	}
	f.Metadata.Sensor = ""
	if _, _, host, _, _ := readSyslog(t, cef.AppendSyslog(nil, f, 16)); host != "-" {
		t.Errorf("%q", host)
	}
}
