// Package wire writes down, for the tests of parsers of HTTP, what happens to a connection, in any cut, and keeps
// what of it they show. Only tests import it.
package wire

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Step is something that happens to a connection whose client sends AtoB.
type Step struct {
	Dir  packet.Dir
	Data string
	Gap  int    // bytes that are lost
	End  string // "fin" or "rst"
	At   clock.Time
}

// C has the client send data.
func C(data ...string) Step { return Step{Dir: packet.AtoB, Data: strings.Join(data, "")} }

// S has the server send data.
func S(data ...string) Step { return Step{Dir: packet.BtoA, Data: strings.Join(data, "")} }

// LostC loses n bytes of the client.
func LostC(n int) Step { return Step{Dir: packet.AtoB, Gap: n} }

// LostS loses n bytes of the server.
func LostS(n int) Step { return Step{Dir: packet.BtoA, Gap: n} }

// FinC ends the client's direction.
func FinC() Step { return Step{Dir: packet.AtoB, End: "fin"} }

// FinS ends the server's direction.
func FinS() Step { return Step{Dir: packet.BtoA, End: "fin"} }

// RST has the client reset the connection.
func RST() Step { return Step{Dir: packet.AtoB, End: "rst"} }

// Bytewise is script with its data in single bytes.
func Bytewise(script []Step) (out []Step) {
	for _, st := range script {
		if st.Data == "" {
			out = append(out, st)
		}
		for i := range len(st.Data) {
			out = append(out, Step{Dir: st.Dir, Data: st.Data[i : i+1], At: st.At})
		}
	}
	return out
}

// Cuts are script with its data cut at every place, and into single bytes, each with its name.
func Cuts(script []Step) iter.Seq2[string, []Step] {
	return func(yield func(string, []Step) bool) {
		for i, st := range script {
			for at := 1; at < len(st.Data); at++ {
				pieces := []Step{{Dir: st.Dir, Data: st.Data[:at], At: st.At}, {Dir: st.Dir, Data: st.Data[at:], At: st.At}}
				if !yield(fmt.Sprintf("step %d cut at %d", i, at), slices.Concat(script[:i], pieces, script[i+1:])) {
					return
				}
			}
		}
		yield("byte by byte", Bytewise(script))
	}
}

// Weave has the bytes of both directions pass by turns, as many at a time as order says: 255 is a gap, and where
// order has ended it is 100.
func Weave(client, server, order []byte) (script []Step, gaps bool) {
	for i := 0; len(client)+len(server) > 0 && i < 500; i++ {
		n, from, dir := 100, &client, packet.AtoB
		if i < len(order) {
			n = int(order[i])
		}
		if i%2 == 1 {
			from, dir = &server, packet.BtoA
		}
		if n == 255 {
			script = append(script, Step{Dir: dir, Gap: 3})
			gaps = true
			continue
		}
		n = min(n, len(*from))
		script = append(script, Step{Dir: dir, Data: string((*from)[:n])})
		*from = (*from)[n:]
	}
	return script, gaps
}
