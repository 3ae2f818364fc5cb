package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// grouped is n with commas between groups of three digits.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// scaled is x with three significant digits and a decimal prefix: 1.23 M.
func scaled(x float64) string {
	for _, prefix := range []string{"", "k", "M", "G"} {
		if x < 999.5 {
			return trimmed(x) + " " + prefix
		}
		x /= 1000
	}
	return trimmed(x) + " T"
}

func trimmed(x float64) string {
	switch {
	case x < 9.995 && x != float64(int(x)):
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 99.95 && x != float64(int(x)):
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}

// span is how long d is, as people say it: 0.42 s, 17 s, 3 min 5 s, 2 h 4 min, 3 d 1 h.
func span(d time.Duration) string {
	units := []struct {
		name string
		unit time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	}
	d = d.Round(time.Second)
	for i, u := range units {
		if d < u.unit {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.unit, u.name)
		if rest := d % u.unit; i+1 < len(units) && rest >= units[i+1].unit {
			text += fmt.Sprintf(" %d %s", rest/units[i+1].unit, units[i+1].name)
		}
		return text
	}
	return "0 s"
}

// counted is n of something, with a plural that adds s.
func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// amount is n of what is named in the plural: 1 body, 2 bodies.
func amount(n uint64, nouns string) string {
	if n != 1 {
		return grouped(n) + " " + nouns
	}
	if nouns == "leaves" {
		return "1 leaf"
	}
	if y, ok := strings.CutSuffix(nouns, "ies"); ok {
		return "1 " + y + "y"
	}
	if ss, ok := strings.CutSuffix(nouns, "sses"); ok {
		return "1 " + ss + "ss"
	}
	return "1 " + strings.TrimSuffix(nouns, "s")
}
