package sink

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// Terminal shows alerts to a person: a card for each new incident, a line when it grows or ends. What came over
// the network is stripped of everything that could steer a terminal.
type Terminal struct {
	w     io.Writer
	width int
	color bool
	names *pseudonym.Names
	text  []byte // scratch
	out   strings.Builder
}

// shownCalls is how many calls a card shows.
const shownCalls = 5

// NewTerminal shows alerts on w in lines of at most width columns (at least 40), in colour if asked to.
func NewTerminal(w io.Writer, width int, color bool, names *pseudonym.Names) *Terminal {
	return &Terminal{w: w, width: max(40, width), color: color, names: names.Clone()}
}

// Write shows alerts, in order.
func (t *Terminal) Write(_ context.Context, batch []alert.Alert) error {
	t.out.Reset()
	for i := range batch {
		t.names.At(batch[i].First)
		if batch[i].Activity == alert.Create {
			t.card(&batch[i])
		} else {
			t.brief(&batch[i])
		}
	}
	if _, err := io.WriteString(t.w, t.out.String()); err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	return nil
}

// Close does nothing: the terminal is not ours.
func (t *Terminal) Close() error { return nil }

func (t *Terminal) card(a *alert.Alert) {
	s := &a.Signal
	name, owasp, cwe, attack := ocsf.Labels(s.Detector)
	t.out.WriteByte('\n')
	t.line(t.severity(s.Severity)+"  ", len(s.Severity.String())+2, name)
	t.wrap("", t.plain(s.Title, s))
	t.field("when", a.First.UTC().Format("2006-01-02 15:04:05")+" to "+a.Last.UTC().Format("15:04:05")+" UTC, "+span(a.Last.Sub(a.First)))
	t.text = t.names.User(t.text[:0], &s.Principal)
	who := clean(t.text)
	if s.Principal.ID != "" {
		who += " (" + s.Principal.Kind.String() + ")"
	}
	if n := len(s.Members); n > 1 {
		who += " and " + strconv.Itoa(n-1) + " more"
	}
	if s.Client != "" {
		who += " from " + clean([]byte(s.Client))
	}
	t.field("who", who)
	t.text = t.names.Endpoint(t.text[:0], s.Route, &s.Principal, s.Patients)
	t.field("where", clean(t.text))
	t.field("expected", t.plain(s.Expected, s))
	t.field("observed", t.plain(s.Observed, s))
	t.field("numbers", numbers(s))
	for i := range min(len(s.Evidence), shownCalls) {
		label := ""
		if i == 0 {
			label = "calls"
		}
		t.line(pad(label), 11, t.call(&s.Evidence[i].Call))
	}
	t.field("see", strings.Join(append(append(append([]string(nil), owasp...), cwe...), attack...), " "))
	t.field("incident", a.UID)
}

// brief is a few words on an incident whose card was shown before.
func (t *Terminal) brief(a *alert.Alert) {
	s := &a.Signal
	word := "grew"
	if a.Activity == alert.Close {
		word = "ended"
	}
	t.wrap(a.Time.UTC().Format("15:04:05")+" "+word+"  ", numbers(s)+": "+t.plain(s.Title, s)+" ("+a.UID+")")
}

func (t *Terminal) call(c *call.Call) string {
	b := append(t.text[:0], c.Start.UTC().Format("15:04:05.000  ")...)
	if c.Status == 0 {
		b = append(b, "no response  "...)
	} else {
		b = fmt.Appendf(b, "%d %8d B  ", c.Status, c.RespWire)
	}
	b = append(t.names.Word(b, c.Method), ' ')
	b = t.names.Path(b, c)
	if c.Query != "" {
		b = t.names.Query(append(b, '?'), c)
	}
	t.text = b
	return clean(b)
}

func (t *Terminal) plain(text string, s *detectors.Signal) string {
	t.text = t.names.Text(t.text[:0], text, &s.Principal, s.Patients)
	return clean(t.text)
}

func (t *Terminal) severity(s detectors.Severity) string {
	name := strings.ToUpper(s.String())
	if !t.color {
		return name
	}
	code := "33" // yellow
	switch {
	case s >= detectors.High:
		code = "1;31" // bold red
	case s <= detectors.Low:
		code = "36" // cyan
	}
	return "\x1b[" + code + "m" + name + "\x1b[0m"
}

func (t *Terminal) field(label, text string) {
	if text != "" {
		t.wrap(pad(label), text)
	}
}

// line writes head, which takes columns on the screen, and as much of text as still fits.
func (t *Terminal) line(head string, columns int, text string) {
	t.out.WriteString(head)
	left := max(1, t.width-columns)
	if utf8.RuneCountInString(text) > left {
		text = string([]rune(text)[:left-1]) + "…"
	}
	t.out.WriteString(text)
	t.out.WriteByte('\n')
}

// wrap writes text in lines of the width, each but the first indented as far as label reaches.
func (t *Terminal) wrap(label, text string) {
	t.out.WriteString(label)
	column := len(label)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if i > 0 && column+1+n > t.width {
			t.out.WriteString("\n" + strings.Repeat(" ", len(label)))
			column = len(label)
		} else if i > 0 {
			t.out.WriteByte(' ')
			column++
		}
		t.out.WriteString(word)
		column += n
	}
	t.out.WriteByte('\n')
}

func pad(label string) string { return fmt.Sprintf("  %-9s", label) }

func numbers(s *detectors.Signal) string {
	return fmt.Sprintf("%d calls, %d objects, %d people, %d refused", s.Calls, s.Objects, s.People, s.Refusals)
}

func span(d time.Duration) string { return d.Round(time.Millisecond).String() }

// clean replaces everything that does not print: control bytes, escapes, overrides of the writing direction.
func clean(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r != ' ' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, string(b))
}
