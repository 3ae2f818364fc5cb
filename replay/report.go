package replay

import (
	"fmt"

	"auscult/sensor/clock"
)

// Fault is an input, or a part of one, that could not be read at all: missing, forbidden, empty, no capture.
// The other inputs are read regardless.
type Fault struct {
	Path string // "-" is standard input
	What string // what is wrong and what to do about it
}

func (f Fault) Error() string { return f.Path + ": " + f.What }

// Notice is something a reader of the results should know, though what could be read was read: a file that is
// cut off or broken behind some record, files in a folder that are no captures.
type Notice struct {
	Path   string
	Offset int64 // of the first byte that was not read as a record, in the decompressed stream; -1 when none applies
	What   string
}

func (n Notice) String() string {
	if n.Offset < 0 {
		return n.Path + ": " + n.What
	}
	return fmt.Sprintf("%s: %s (at byte %d)", n.Path, n.What, n.Offset)
}

// Stats is what a source has handed out, and what not.
type Stats struct {
	Packets       uint64
	Bytes         uint64 // of frames, as captured
	Backwards     uint64 // packets stamped earlier than one before them; they were given that one's time
	OutsideWindow uint64 // packets before Config.From or not before Config.To; not handed out
	FilteredOut   uint64 // packets that Config.Filter does not take, or cannot be asked about; not handed out
	Truncated     uint64 // files that end inside a record or a compressed stream
	Malformed     uint64 // files left at a record that contradicts itself or exceeds a bound
	First, Last   clock.Time
	Files         []FileStats // one for each of Inputs
}

// FileStats is one input's share of Stats.
type FileStats struct {
	Path        string
	Packets     uint64
	Bytes       uint64
	First, Last clock.Time // as handed out; zero without packets
}

// fileError is why a file cannot be begun: it becomes a Fault, or a place in the list of what a folder holds
// beside captures.
type fileError struct {
	what       string
	notCapture bool
}

func (e *fileError) Error() string { return e.what }
