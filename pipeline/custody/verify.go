package custody

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Verdict is what was found in a case folder.
type Verdict struct {
	Faults      []Fault // the first of them; none when all is whole
	Count       int     // of all
	Case        string
	Verifier    string // whose signatures were checked; empty when there was none to check
	Leaves      int64
	Lines       int64 // leaves that are alerts
	Checkpoints int   // whose signature is right, the seal among them
	Outputs     int   // files that were compared
	Begun       string
	Sealed      time.Time // of the last checkpoint
	Manifest    *Manifest // nil when it cannot be trusted

	tree Tree       // of all leaves
	last Checkpoint // over them
}

// Asked is what a folder is held against, beside itself.
type Asked struct {
	Verifier string // the key that must have signed; empty: whichever the case names
	// Known are later checkpoints that somebody kept elsewhere, as OpenAll reads them.
	Known  []byte
	Leaves string // the file whose lines are leaves
}

const (
	maxManifest = 64 << 20
	maxEntry    = 64 << 10
	maxEntries  = 1 << 20
	maxPoints   = 1 << 20
)

// Verify checks the case folder dir. The error is about a folder that cannot be opened; all else is a Fault.
func Verify(dir string, asked Asked) (Verdict, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	defer root.Close()
	v := &verifying{folder: &folder{root: root, bad: map[string]bool{}}, asked: asked, taken: map[string]bool{}}
	v.readManifest()
	v.readAudit()
	v.readPoints()
	v.readLog()
	v.readLeaves()
	v.judge()
	v.compareOutputs()
	return v.Verdict, nil
}

// verifying is one check of a folder.
type verifying struct {
	*folder
	asked    Asked
	manifest parsed
	seal     int64    // leaves under its note, if that is rightly signed; else 0
	keys     []string // verify it
	entries  []entry
	points   []Checkpoint // rightly signed, by number
	known    []Checkpoint
	log      scanned
	data     scanned
	first    int64 // line of the log from which on it and the files are not the same; 0: they are
	parts    []part
	taken    map[string]bool // rotated files that were found
}

// entry is a line of audit.jsonl.
type entry struct {
	Entry
	hash tlog.Hash
}

// scanned is a sequence of leaves and whether it gives the roots that were signed.
type scanned struct {
	n     int64
	right bool
	wrong *Checkpoint // the first that it does not give
}

func (v *verifying) readManifest() {
	text, ok := v.read(ManifestFile, maxManifest)
	if !ok {
		return
	}
	if len(text) == 0 {
		v.fault(ManifestFile, 0, "is empty: the run did not end")
		return
	}
	var err error
	if v.manifest, err = parse(text); err != nil {
		v.fault(ManifestFile, 0, "changed: %v", err)
	}
}

func (v *verifying) readAudit() {
	f := v.open(AuditFile)
	if f == nil {
		return
	}
	defer f.Close()
	l := newLines(f, maxEntry)
	for l.next() {
		e := entry{hash: l.leaf.end()}
		if len(v.entries) == maxEntries {
			v.fault(AuditFile, l.n, "more than %d entries", maxEntries)
			return
		}
		if err := json.Unmarshal(l.text, &e.Entry); err != nil {
			e.Leaf = -1 // which has no place; that it was changed is told when the leaves are compared
		}
		v.entries = append(v.entries, e)
	}
	v.tornEnd(AuditFile, l)
	if len(v.entries) > 0 && v.entries[0].Audit == "open" {
		v.Case, v.Begun = visible(v.entries[0].Case), visible(v.entries[0].Time)
	}
}

// tornEnd tells of a file that ends within a line, or cannot be read to its end.
func (v *verifying) tornEnd(name string, l *lines) {
	switch {
	case l.failed != nil:
		v.fault(name, l.n+1, "cannot be read: %v", inner(l.failed))
	case !l.ended:
		v.fault(name, l.n, "has no line end: cut off")
	}
}

// chooseKeys says whose signatures count: those of the key that the case names. That it is another than the one asked for
// is a fault, and what else is wrong is looked for by the case's own.
func (v *verifying) chooseKeys() {
	if len(v.entries) > 0 && v.entries[0].Verifier != "" {
		v.keys = append(v.keys, v.entries[0].Verifier)
	}
	if k := v.manifest.Key; k != "" && !slices.Contains(v.keys, k) {
		v.keys = append(v.keys, k)
	}
	if k := v.asked.Verifier; k == "" || slices.Contains(v.keys, k) && len(v.keys) == 1 {
		return
	} else if slices.Contains(v.keys, k) || len(v.keys) == 0 {
		v.keys = []string{k}
		return
	}
	v.fault(AuditFile, 0, "the case was signed by %s, not by the key asked for", v.keys[0])
}

func (v *verifying) readPoints() {
	v.chooseKeys()
	if f := v.open(CheckpointsFile); f != nil {
		l := newLines(f, 2*maxNote)
		for l.next() {
			l.leaf.end()
			if len(v.points) == maxPoints {
				v.fault(CheckpointsFile, l.n, "more than %d checkpoints", maxPoints)
				break
			}
			c, err := openLine(l.text, v.keys...)
			switch {
			case err != nil:
				v.fault(CheckpointsFile, l.n, "changed: %v", err)
			case len(v.points) > 0 && c.Number <= v.points[len(v.points)-1].Number:
				v.fault(CheckpointsFile, l.n, "out of place: checkpoint %d behind %d", c.Number, v.points[len(v.points)-1].Number)
			default:
				v.points = append(v.points, c)
			}
		}
		v.tornEnd(CheckpointsFile, l)
		f.Close()
	}
	if v.manifest.note != "" {
		c, err := Open(v.manifest.note, v.keys...)
		if err == nil {
			v.seal = c.Size
			at, _ := slices.BinarySearchFunc(v.points, c, func(a, b Checkpoint) int { return int(a.Number - b.Number) })
			v.points = slices.Insert(v.points, at, c)
		} else {
			v.fault(ManifestFile, 0, "its seal: %v", err)
		}
	}
	for i, c := range v.points {
		switch {
		case v.Verifier == "":
			v.Verifier = visible(c.Verifier)
		case c.Origin != v.points[0].Origin:
			v.fault(CheckpointsFile, 0, "holds checkpoints of two cases, %s and %s", v.points[0].Origin, c.Origin)
		}
		number, prior := int64(0), noPrior
		if i > 0 {
			number, prior = v.points[i-1].Number, v.points[i-1].ID()
		}
		if !v.bad[CheckpointsFile] && !v.bad[ManifestFile] && c.Number != number+1 {
			v.fault(CheckpointsFile, 0, "checkpoints %d to %d are missing", number+1, c.Number-1)
		} else if c.Number == number+1 && c.Previous != prior {
			v.fault(CheckpointsFile, 0, "checkpoint %d does not follow the one before it", c.Number)
		}
	}
	v.Checkpoints = len(v.points)
	v.readKnown()
}

// readKnown reads the checkpoints that were kept elsewhere.
func (v *verifying) readKnown() {
	if v.asked.Known == nil {
		return
	}
	known, err := OpenAll(v.asked.Known, v.keys...)
	if err != nil {
		v.fault(given, 0, "%v", err)
		return
	}
	for _, c := range known {
		if len(v.points) > 0 && c.Origin != v.points[0].Origin {
			v.fault(given, 0, "is about another case, %s; this is %s", c.Origin, v.points[0].Origin)
			continue
		}
		v.known = append(v.known, c)
	}
}

// given is what faults call the checkpoint that was kept elsewhere.
const given = "checkpoint"

// signed are all checkpoints that the leaves are held against.
func (v *verifying) signed() []Checkpoint { return slices.Concat(v.points, v.known) }
