package cef_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

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
