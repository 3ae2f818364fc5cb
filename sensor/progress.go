package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// refresh is how often the progress line is drawn.
const refresh = 200 * time.Millisecond

// point is how far a run has come.
type point struct {
	read, total            uint64 // bytes of the inputs; total 0 when it cannot be known
	packets, calls, alerts uint64
	elapsed                time.Duration
	live                   *livePoint // of a run that has no end to come to; nil in a replay
}

// line is the progress in one line of at most width columns.
func (p point) line(width int) string {
	if p.live != nil {
		text := p.live.line(p)
		return text[:min(len(text), max(0, width-1))]
	}
	rate := 0.0
	if s := p.elapsed.Seconds(); s > 0 {
		rate = float64(p.packets) / s
	}
	text := fmt.Sprintf("%sB read", scaled(float64(p.read)))
	left := ""
	if p.total > 0 {
		share := min(1, float64(p.read)/float64(p.total))
		text = fmt.Sprintf("%3.0f %% of %sB", 100*share, scaled(float64(p.total)))
		if p.elapsed > time.Second && share > 0 {
			rest := int(p.elapsed.Seconds() * (1 - share) / share)
			left = fmt.Sprintf("  %d:%02d:%02d left", rest/3600, rest/60%60, rest%60)
		}
	}
	text += fmt.Sprintf("  %s packets/s  %s  %s%s", strings.TrimSpace(scaled(rate)), counted(p.calls, "call"), counted(p.alerts, "alert"), left)
	if bar := width - len(text) - 5; p.total > 0 && bar >= 10 {
		bar = min(bar, 30)
		done := int(float64(bar) * min(1, float64(p.read)/float64(p.total)))
		text = "[" + strings.Repeat("=", done) + strings.Repeat(" ", bar-done) + "] " + text
	}
	return text[:min(len(text), max(0, width-1))]
}

// screen is a writer that many may use, with a line of progress kept below what they write.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	width func() int // nil: no progress is shown
	shown bool
}

// newScreen shows progress only where w is a terminal and quiet is false.
func newScreen(w io.Writer, quiet bool) *screen {
	s := &screen{w: w}
	if fd, ok := terminal(w); ok && !quiet {
		s.width = func() int { return columns(fd) }
	}
	return s
}

// columns is the width of the terminal fd.
func columns(fd int) int {
	if width, _, err := term.GetSize(fd); err == nil && width > 0 {
		return width
	}
	return 80
}

// terminal is whether w is one, and which.
func terminal(w any) (fd int, ok bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd) && os.Getenv("TERM") != "dumb"
}

func (s *screen) Write(b []byte) (int, error) { return s.beside(s.w).Write(b) }

// beside is w, another way to the same terminal: what is written to it does not run into the progress.
func (s *screen) beside(w io.Writer) io.Writer { return beside{s, w} }

type beside struct {
	*screen
	to io.Writer
}

func (b beside) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	return b.to.Write(text)
}

func (s *screen) clear() {
	if s.shown {
		io.WriteString(s.w, "\r\x1b[K")
		s.shown = false
	}
}

// follow draws what at says until the function it returns is called, which leaves the line clear.
func (s *screen) follow(at func() point) (stop func()) {
	if s.width == nil {
		return func() {}
	}
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(refresh)
		defer tick.Stop()
		for {
			select {
			case <-end:
				s.mu.Lock()
				s.clear()
				s.mu.Unlock()
				return
			case <-tick.C:
				s.mu.Lock()
				fmt.Fprintf(s.w, "\r\x1b[K%s", at().line(s.width()))
				s.shown = true
				s.mu.Unlock()
			}
		}
	}()
	return func() { close(end); <-done }
}
