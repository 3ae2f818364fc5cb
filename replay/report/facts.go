package report

import (
	"fmt"
	"strings"

	"auscult/pipeline/inventory"
	"auscult/sensor/clock"
)

// Facts are what a run says of itself when it is over.
type Facts struct {
	Version, Sensor, Tenant string
	Captures                []Capture
	Unread, Notices         []string // captures that could not be read, and that were not read to their end
	Filter                  string
	First, Last             clock.Time // of the packets
	Packets, Bytes, Calls   uint64
	Messages                uint64  // HL7 v2
	Opaque                  float64 // share of the bytes that could not be read
	Missed                  uint64  // calls that were not seen, estimated
	Seen, Missing           float64 // share of the calls that was seen, and of the packets that is missing, estimated
	Lost                    []Lost
	Silenced                []Silenced
	Stopped                 bool
	Failed                  bool                // something could not be written
	Evidence                map[string]string   // by incident, the file in the case folder with its packets; nil when none was asked for
	CallLog                 string              // the file or folder of the case that holds the calls; empty: none
	Inventory               *inventory.Document // nil where there is none
}

// Capture is a file that was read.
type Capture struct {
	Name           string
	Packets, Bytes uint64
}

// Lost is a line of the ledger.
type Lost struct {
	Cause, Unit string
	Count       uint64
}

// Silenced is a rule of the allow-list, and the findings that it kept back.
type Silenced struct {
	Reason string
	Count  uint64
}

// gap is one thing that was not seen, for the first page.
type gap struct{ Head, Text string }

// gaps say what the sensor could not see, gravest first.
func (f *Facts) gaps() (out []gap) {
	add := func(head, format string, args ...any) { out = append(out, gap{head, fmt.Sprintf(format, args...)}) }
	count := func(suffix string) (n uint64) {
		for _, l := range f.Lost {
			if strings.HasSuffix(l.Cause, suffix) {
				n += l.Count
			}
		}
		return n
	}
	if f.Stopped {
		add("Stopped early", "The run was stopped before the end of the captures; what follows in them was not read.")
	}
	if f.Failed {
		add("The run failed", "Something could not be read or written; calls and incidents may be missing here.")
	}
	if n := len(f.Unread); n > 0 {
		add("Files not read", "%s could not be read at all: %s.", counted(n, "file"), strings.Join(f.Unread, "; "))
	}
	if len(f.Notices) > 0 {
		add("Files cut short", "%s.", strings.TrimSuffix(strings.Join(f.Notices, "; "), "."))
	}
	if f.Filter != "" {
		add("A filter was set", "Only packets that fit “%s” were read; %s left out.", f.Filter, plural(count("filtered_out"), "packet was", "packets were"))
	}
	switch {
	case f.Missed > 0:
		add("Missing calls", "About %s of the calls (some %s) are not in this report, because their packets are missing from the capture.",
			percent(max(1-f.Seen, 1e-4)), grouped(f.Missed)) // Seen is rounded
	case f.Calls > 0:
		add("Missing calls", "None is known: nothing in the connections that were seen says that a call is missing.")
	}
	if f.Missing > 0 {
		add("Missing packets", "%s of the data on the connections seen is not in the capture.", percent(f.Missing))
	}
	if f.Opaque > 0 {
		add("Not readable", "%s of the bytes could not be read: they are encrypted and came without keys, or speak another protocol than HTTP.", percent(f.Opaque))
	}
	if n := count("no secrets"); n > 0 {
		add("Encrypted", "%s encrypted and there were no keys to read them with.", plural(n, "connection was", "connections were"))
	}
	if n := count("only one direction captured"); n > 0 {
		add("One direction only", "Of %s the capture holds either the questions or the answers, not both.", plural(n, "connection", "connections"))
	}
	if n := count("joined after their start"); n > 0 {
		add("Joined late", "%s already open when the capture began; what they carried before is not known.", plural(n, "connection was", "connections were"))
	}
	if n := count("cut by the snap length"); n > 0 {
		add("Packets cut off", "%s cut from the ends of packets when they were captured.", plural(n, "byte was", "bytes were"))
	}
	if n := count("too many in one grid step"); n > 0 {
		add("Dropped by the sensor", "%s left out because too many came at once.", plural(n, "call was", "calls were"))
	}
	for _, s := range f.Silenced {
		add("Kept back on purpose", "%s not reported, by a rule of the operator: “%s”.", plural(s.Count, "finding was", "findings were"), s.Reason)
	}
	add("Outside the capture", "Calls that did not pass the place where these packets were taken cannot be in this report. That nothing is reported does not prove that nothing happened.")
	return out
}

// stage is the part of the ledger that belongs to one step.
type stage struct {
	Name string
	Rows []Lost
}

// ledger is all that was lost, by steps, in the order of the ledger.
func (f *Facts) ledger() (out []stage) {
	for _, l := range f.Lost {
		name, what := stageOf(l.Cause)
		i := 0
		for i < len(out) && out[i].Name != name {
			i++
		}
		if i == len(out) {
			out = append(out, stage{Name: name})
		}
		out[i].Rows = append(out[i].Rows, Lost{what, l.Unit, l.Count})
	}
	return out
}
