package cef_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"auscult/internal/shared"
	"auscult/pipeline/cef"
	"auscult/pipeline/ocsf"
)

// findings are those of every case and those of the OCSF encoder's own golden file.
func findings(t testing.TB) []*ocsf.Finding {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Root(t), "pcaps", "*", "alerts.jsonl"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	var out []*ocsf.Finding
	for _, name := range append(files, filepath.Join("..", "ocsf", "testdata", "findings.jsonl")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			f, err := ocsf.Read(line)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = append(out, f)
		}
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

// key is a row of the extension dictionary of the CEF implementation standard, version 27, for producers.
type key struct {
	kind   string
	length int // characters
}

var dictionary = map[string]key{
	"act": {"string", 63}, "app": {"string", 31}, "c6a2": {"ipv6", 0}, "c6a2Label": {"string", 1023}, "c6a3": {"ipv6", 0}, "c6a3Label": {"string", 1023},
	"cfp1": {"double", 0}, "cfp1Label": {"string", 1023}, "cn1": {"long", 0}, "cn1Label": {"string", 1023}, "cn2": {"long", 0}, "cn2Label": {"string", 1023},
	"cn3": {"long", 0}, "cn3Label": {"string", 1023}, "cnt": {"integer", 0}, "cs1": {"string", 4000}, "cs1Label": {"string", 1023}, "cs2": {"string", 4000},
	"cs2Label": {"string", 1023}, "cs3": {"string", 4000}, "cs3Label": {"string", 1023}, "cs4": {"string", 4000}, "cs4Label": {"string", 1023},
	"cs5": {"string", 4000}, "cs5Label": {"string", 1023}, "cs6": {"string", 4000}, "cs6Label": {"string", 1023}, "deviceDirection": {"integer", 0},
	"deviceExternalId": {"string", 255}, "dhost": {"string", 1023}, "dpt": {"integer", 0}, "dst": {"ipv4", 0}, "end": {"timestamp", 0},
	"externalId": {"string", 40}, "msg": {"string", 1023}, "outcome": {"string", 63}, "proto": {"string", 31}, "reason": {"string", 1023},
	"request": {"string", 1023}, "requestClientApplication": {"string", 1023}, "requestMethod": {"string", 1023}, "rt": {"timestamp", 0},
	"spt": {"integer", 0}, "src": {"ipv4", 0}, "start": {"timestamp", 0}, "suid": {"string", 1023},
}

// headerLengths are those of vendor, product, version, event class, name and severity.
var headerLengths = [...]int{63, 63, 31, 1023, 512, 2}

// event is a line as a receiver reads it.
type event struct {
	header    []string
	extension map[string]string
}

// parse reads a line as the standard says, and is strict about it.
func parse(line string) (e event, err error) {
	rest, ok := strings.CutPrefix(line, "CEF:0|")
	if !ok {
		return e, fmt.Errorf("begins with %.10q", line)
	}
	if !utf8.ValidString(line) || strings.IndexFunc(line, unicode.IsControl) >= 0 {
		return e, fmt.Errorf("a control character or no UTF-8 in %q", line)
	}
	var field strings.Builder
	i := 0
	for ; i < len(rest) && len(e.header) < 6; i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest) && (rest[i+1] == '\\' || rest[i+1] == '|'):
			i++
			field.WriteByte(rest[i])
		case c == '\\':
			return e, fmt.Errorf("a bare backslash in the header: %q", line)
		case c == '|':
			e.header = append(e.header, field.String())
			field.Reset()
		default:
			field.WriteByte(c)
		}
	}
	if len(e.header) != 6 {
		return e, fmt.Errorf("%d fields in the header: %q", len(e.header), line)
	}
	e.extension = map[string]string{}
	for rest = rest[i:]; rest != ""; {
		name, value, ok := strings.Cut(rest, "=")
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return e, fmt.Errorf("%q is no key: %q", name, line)
		}
		text, next, err := unescape(value)
		if err != nil {
			return e, fmt.Errorf("%s: %w", name, err)
		}
		if _, twice := e.extension[name]; twice {
			return e, fmt.Errorf("%s stands twice", name)
		}
		e.extension[name], rest = text, next
	}
	return e, nil
}

// unescape is the value at the start of s, and what begins with the next key: the word before the next equal sign
// that is not escaped.
func unescape(s string) (value, next string, err error) {
	end := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			continue
		}
		if s[i] == '=' {
			if end = strings.LastIndexByte(s[:i], ' '); end < 0 {
				return "", "", fmt.Errorf("an equal sign in the value: %q", s)
			}
			next = s[end+1:]
			break
		}
	}
	var b strings.Builder
	for i := 0; i < end; i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == end {
			return "", "", fmt.Errorf("ends in a backslash: %q", s)
		}
		switch s[i] {
		case '\\', '=':
			b.WriteByte(s[i])
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		default:
			return "", "", fmt.Errorf("a bare backslash: %q", s)
		}
	}
	return b.String(), next, nil
}

// valid reads a line and holds it to the dictionary.
func valid(t testing.TB, line []byte) event {
	t.Helper()
	text, ok := strings.CutSuffix(string(line), "\n")
	if !ok {
		t.Fatalf("no line end: %q", line)
	}
	e, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range e.header {
		if utf8.RuneCountInString(v) > headerLengths[i] {
			t.Errorf("field %d of the header is too long: %q", i, v)
		}
	}
	if n, err := strconv.Atoi(e.header[5]); err != nil || n < 0 || n > 10 {
		t.Errorf("severity %q", e.header[5])
	}
	for name, v := range e.extension {
		k, known := dictionary[name]
		if why := k.complaint(v); !known || why != "" {
			t.Errorf("%s=%q: known %v, %s", name, v, known, why)
		}
		if label, custom := strings.CutSuffix(name, "Label"); custom && e.extension[label] == "" {
			t.Errorf("%s labels nothing", name)
		}
		if _, custom := dictionary[name+"Label"]; custom && e.extension[name+"Label"] == "" {
			t.Errorf("%s has no label", name)
		}
	}
	return e
}

func (k key) complaint(v string) string {
	switch k.kind {
	case "string":
		if v == "" || utf8.RuneCountInString(v) > k.length || strings.TrimSpace(v) != v {
			return "empty, too long or with spaces around it"
		}
	case "long", "timestamp":
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			return "no long"
		}
	case "integer":
		if _, err := strconv.ParseInt(v, 10, 32); err != nil {
			return "no integer"
		}
	case "double":
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return "no double"
		}
	case "ipv4", "ipv6":
		if a, err := netip.ParseAddr(v); err != nil || a.Is4() != (k.kind == "ipv4") || a.Zone() != "" {
			return "no address"
		}
	}
	return ""
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

// fill sets every string and number below v.
func fill(v reflect.Value, s string, n int64) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s, n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), s, n)
		}
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		v.SetInt(n)
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
	f.Add(strings.Repeat(`\=`, 3000), int64(1)<<62)
	f.Add(strings.Repeat("…", 3000), int64(3))
	f.Add("fe80::1%eth0 x=y", int64(99))
	f.Fuzz(func(t *testing.T, s string, n int64) {
		one, err := ocsf.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		fill(reflect.ValueOf(one).Elem(), s, n)
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

// readSyslog reads the header of RFC 5424 section 6 and gives the message.
func readSyslog(t testing.TB, message []byte) (priority int, at time.Time, host, id, text string) {
	t.Helper()
	fields := strings.SplitN(string(message), " ", 8)
	if len(fields) != 8 {
		t.Fatalf("%q", message)
	}
	head, ok := strings.CutSuffix(fields[0], ">1")
	priority, err := strconv.Atoi(strings.TrimPrefix(head, "<"))
	if !ok || err != nil || priority < 0 || priority > 191 || head[0] != '<' {
		t.Errorf("%q", fields[0])
	}
	if at, err = time.Parse("2006-01-02T15:04:05.000Z", fields[1]); err != nil {
		t.Error(err)
	}
	for i, limit := range map[int]int{2: 255, 3: 48, 4: 128, 5: 32} {
		if len(fields[i]) == 0 || len(fields[i]) > limit || strings.ContainsFunc(fields[i], func(r rune) bool { return r < '!' || r > '~' }) {
			t.Errorf("field %d is %q", i, fields[i])
		}
	}
	if fields[6] != "-" {
		t.Errorf("structured data %q", fields[6])
	}
	return priority, at, fields[2], fields[5], fields[7]
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
