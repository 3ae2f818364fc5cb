package inspect

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	f := func(width int, want string) {
		t.Helper()
		s := table{columns: []column{{name: "who", cut: true}, {name: "calls", right: true}, {name: "what", cut: true}},
			rows: [][]string{{"añb", "7", "\x1b[2Jread"}, {"u", "12345", strings.Repeat("x", 30)}}}
		var b strings.Builder
		if err := s.print(&b, width); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%d:\n%s\nwant\n%s", width, b.String(), want)
		}
		for line := range strings.Lines(b.String()) {
			if width > 0 && utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("a line of more than %d columns: %s", width, line)
			}
		}
	}
	f(0, "who  calls  what\nañb      7  ?[2Jread\nu    12345  "+strings.Repeat("x", 30)+"\n")
	f(30, "who  calls  what\nañb      7  ?[2Jread\nu    12345  "+strings.Repeat("x", 17)+"…\n")
}
