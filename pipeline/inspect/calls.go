package inspect

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"auscult/pipeline/sink"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

// Want is whether a call is one that is asked for; nil is of all.
type Want func(*call.Call) bool

// Calls keeps the first calls that are wanted as rows of a table.
type Calls struct {
	names *pseudonym.Names
	limit int
	want  Want
	table table
	buf   []byte
	more  uint64
}

// NewCalls keeps at most limit of the calls that want is true of; nil is all.
func NewCalls(names *pseudonym.Names, limit int, want Want) *Calls {
	return &Calls{names: names.Clone(), limit: limit, want: want, table: table{columns: []column{{name: "time"}, {name: "client"}, {name: "who", cut: true},
		{name: "method"}, {name: "host", cut: true}, {name: "target", cut: true}, {name: "status", right: true}, {name: "bytes", right: true}, {name: "people", right: true},
		{name: "data", cut: true}}}}
}

// WriteCalls takes calls, in order.
func (s *Calls) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c := &batch[i]
		switch {
		case c.Kind != call.HTTP || c.Running || s.want != nil && !s.want(c):
		case len(s.table.rows) == s.limit:
			s.more++
		default:
			s.table.rows = append(s.table.rows, s.row(c))
		}
	}
	return nil
}

func (s *Calls) row(c *call.Call) []string {
	shown := func(b []byte) string {
		s.buf = b
		return string(b)
	}
	target := s.names.Path(s.buf[:0], c)
	if c.Query != "" {
		target = s.names.Query(append(target, '?'), c)
	}
	row := []string{moment(c.Start), address(c.Client), "", "", "", shown(target), some(c.Status), some(c.RespWire), some(c.PHI.People), dashed(c.PHI.Classes.Names())}
	row[2] = shown(s.names.User(s.buf[:0], &c.Principal))
	row[3] = shown(s.names.Word(s.buf[:0], c.Method))
	row[4] = shown(s.names.Word(s.buf[:0], c.Host))
	return row
}

// Close does nothing.
func (s *Calls) Close() error { return nil }

// Print writes the table, in lines of at most width columns; 0 is any width.
func (s *Calls) Print(w io.Writer, width int) error {
	if err := s.table.print(w, width); err != nil {
		return err
	}
	return left(w, s.more, "calls")
}

// left says how many were left out of a table.
func left(w io.Writer, n uint64, what string) error {
	if n == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nand %d more %s: --limit shows more of them, --json all that are held\n", n, what)
	return err
}

func address(e packet.Endpoint) string {
	return netip.AddrPortFrom(e.Addr.IP(), e.Port).String()
}

func dashed(words []string) string {
	const most = 3
	switch n := len(words); {
	case n == 0:
		return "-"
	case n > most+1:
		return strings.Join(words[:most], ",") + " +" + strconv.Itoa(n-most)
	}
	return strings.Join(words, ",")
}

// Lines writes the calls that are wanted as they stand in calls.jsonl.
type Lines struct {
	log  *sink.CallLog
	want Want
}

// NewLines writes the calls that want is true of to w; nil is all. Community ids take seed.
func NewLines(w io.Writer, names *pseudonym.Names, seed uint16, want Want) *Lines {
	return &Lines{sink.NewCallLog(w, "standard output", names, seed), want}
}

// WriteCalls writes calls, in order.
func (l *Lines) WriteCalls(batch []call.Call) error {
	if l.want == nil {
		return l.log.WriteCalls(batch)
	}
	for i := range batch {
		if l.want(&batch[i]) {
			if err := l.log.WriteCalls(batch[i : i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close writes what is buffered.
func (l *Lines) Close() error { return l.log.Close() }

// Who is true of the calls of the principal that is called name, or whose pseudonym that is.
func Who(names *pseudonym.Names, name string) Want {
	names = names.Clone()
	known := map[uint64]bool{}
	var buf []byte
	return func(c *call.Call) bool {
		p := &c.Principal
		is, ok := known[p.Key]
		if !ok {
			if len(known) >= maxPrincipals { // it only spares work
				clear(known)
			}
			buf = names.User(buf[:0], p)
			is = p.ID != "" && (string(buf) == name || p.ID == name)
			known[p.Key] = is
		}
		return is
	}
}
