package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	p := point{read: 500e6, total: 2e9, packets: 1_630_000, calls: 51_204, alerts: 1, elapsed: 2 * time.Second}
	for _, c := range []struct {
		width int
		want  string
	}{
		{200, "[=======                       ]  25 % of 2 GB  815 k packets/s  51,204 calls  1 alert  0:00:06 left"},
		{60, " 25 % of 2 GB  815 k packets/s  51,204 calls  1 alert  0:00"},
		{20, " 25 % of 2 GB  815 "},
		{0, ""},
	} {
		if got := p.line(c.width); got != c.want {
			t.Errorf("%d columns:\ngot  %q\nwant %q", c.width, got, c.want)
		}
	}
	unknown := point{read: 1500, packets: 10, elapsed: time.Second}
	if got, want := unknown.line(80), "1.50 kB read  10 packets/s  0 calls  0 alerts"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	live := point{packets: 1_630_000, calls: 51_204, alerts: 1, live: &livePoint{rate: 81_500, dropped: 1200, lag: 170 * time.Millisecond, flows: 12, principals: 3, missing: 0.015, ring: 0.25, heap: 34e6}}
	if got, want := live.line(200), "1,630,000 packets  81.5 k packets/s  51,204 calls  1 alert  1,200 dropped  lag 0.2 s  12 flows  "+
		"3 principals  missing 1.5 %  ring 25 %  heap 34 MB"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := live.line(20), "1,630,000 packets  "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for width := range 120 {
		if got := p.line(width); len(got) > max(0, width-1) {
			t.Errorf("%d columns: the line has %d", width, len(got))
		}
	}
}

func TestScreenKeepsProgressApart(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out, width: func() int { return 80 }}
	stop := s.follow(func() point { return point{read: 1, total: 2} })
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		shown := s.shown
		s.mu.Unlock()
		if shown {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no progress was drawn")
		}
	}
	s.Write([]byte("a word\n"))
	stop()
	lines := strings.Split(out.String(), "\r\x1b[K")
	if len(lines) < 3 || !strings.Contains(lines[1], "50 % of 2 B") || !strings.Contains(out.String(), "\r\x1b[Ka word\n") {
		t.Errorf("%q", lines)
	}
	if s.shown {
		t.Error("the line was left on the screen")
	}
}

func TestScreenQuiet(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, false)
	s.follow(func() point { t.Error("asked without a terminal"); return point{} })()
	if s.width != nil || out.Len() > 0 {
		t.Errorf("drew %q on what is no terminal", out.String())
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(1234567), "1,234,567"},
		{scaled(0), "0 "}, {scaled(5), "5 "}, {scaled(1234), "1.23 k"}, {scaled(99_900_000), "99.9 M"}, {scaled(999_999), "1.00 M"},
		{scaled(2e15), "2000 T"},
		{span(420 * time.Millisecond), "0.42 s"}, {span(17 * time.Second), "17 s"}, {span(185 * time.Second), "3 min 5 s"},
		{span(2*time.Hour + 4*time.Minute + 5*time.Second), "2 h 4 min"}, {span(73 * time.Hour), "3 d 1 h"}, {span(time.Hour), "1 h"},
		{counted(1, "flow"), "1 flow"}, {counted(2000, "flow"), "2,000 flows"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
