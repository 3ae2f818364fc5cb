package er7_test

import (
	"bytes"
	"strings"
	"testing"

	"auscult/sensor/er7"
)

func TestDeclared(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		s := er7.Declared([]byte(line))
		if got := string([]byte{s.Field, s.Component, s.Repeat}); got != want {
			t.Errorf("%q declares %q, want %q", line, got, want)
		}
	}
	f(`MSH|^~\&|A`, "|^~")
	f(`MSH$@*\&$A`, "$@*")
	f(`MSH|`, "|^~")
	f(`MSH||A|B`, "|^~")
	f(`BHS|:`, "|^~")
	f(`FHS|:;`, "|:;")
}

func TestPart(t *testing.T) {
	f := func(b string, n int, want string) {
		t.Helper()
		if got := er7.Part([]byte(b), '|', n); string(got) != want {
			t.Errorf("part %d of %q is %q, want %q", n, b, got, want)
		}
	}
	f("PID|1||42", 0, "PID")
	f("PID|1||42", 1, "1")
	f("PID|1||42", 2, "")
	f("PID|1||42", 3, "42")
	f("PID|1||42", 4, "")
	f("", 0, "")
	f("", 9, "")
	if er7.Part([]byte("a|b"), '|', 2) != nil {
		t.Error("a part that is not there is not nil")
	}
}

func TestAppendType(t *testing.T) {
	f := func(kind, trigger, want string) {
		t.Helper()
		if got := string(er7.AppendType([]byte("x"), []byte(kind), []byte(trigger))); got != "x"+want {
			t.Errorf("%q and %q are %q, want %q", kind, trigger, got, "x"+want)
		}
	}
	f("ADT", "A01", "ADT^A01")
	f("adt", "a01", "ADT^A01")
	f("ACK", "", "ACK")
	f("ACK", " \xff", "ACK")
	f("", "A01", "")
	f("\"<", "A01", "")
	f("A B", "Z_1", "AB^Z_1")
	f(strings.Repeat("A", 99), strings.Repeat("B", 99), strings.Repeat("A", 16)+"^"+strings.Repeat("B", 16))
}

// FuzzPart has all parts of any segment put together again.
func FuzzPart(f *testing.F) {
	f.Add([]byte(`MSH|^~\&|A|B||C`), byte('|'))
	f.Add([]byte("a~~b~"), byte('~'))
	f.Add([]byte(nil), byte(0))
	f.Fuzz(func(t *testing.T, b []byte, sep byte) {
		b = b[:min(len(b), 300)]
		var parts [][]byte
		for n := range bytes.Count(b, []byte{sep}) + 1 {
			parts = append(parts, er7.Part(b, sep, n))
		}
		if got := bytes.Join(parts, []byte{sep}); !bytes.Equal(got, b) || er7.Part(b, sep, len(parts)) != nil {
			t.Errorf("%q comes back as %q", b, got)
		}
		for n := range b {
			if got := er7.AppendType(nil, b[:n], b[n:]); len(got) > 33 || bytes.ContainsFunc(got, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
				t.Errorf("%q and %q are of the type %q", b[:n], b[n:], got)
			}
		}
	})
}
