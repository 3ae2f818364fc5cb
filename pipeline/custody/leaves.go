package custody

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// part is a stretch of the alerts that lies in one file.
type part struct {
	name  string // empty: it is gone
	lines int64  // what it must have; -1 when that is open
}

// parseLeaf reads a line of custody.log, which is written in one way only.
func (v *verifying) parseLeaf(line []byte) (file string, h tlog.Hash, ok bool) {
	name, sum, _ := bytes.Cut(line, []byte(" "))
	if n, err := hex.Decode(h[:], sum[:min(len(sum), 2*len(h))]); err != nil || n != len(h) {
		return "", h, false
	}
	file = string(name)
	if file != v.asked.Leaves && file != AuditFile && file != ManifestFile {
		return "", h, false
	}
	return file, h, bytes.Equal(appendLeaf(nil, file, h), append(line[:len(line):len(line)], '\n'))
}

const maxLogLine = 256

// readLog takes the roots of the log as it was written, and notes where it places the manifest.
func (v *verifying) readLog() {
	f := v.open(LogFile)
	if f == nil {
		return
	}
	defer f.Close()
	l, tree, broken := newLines(f, maxLogLine), Tree{}, false
	roots := v.roots(&v.log)
	for l.next() {
		l.leaf.end()
		_, h, ok := v.parseLeaf(l.text)
		if !ok {
			v.fault(LogFile, l.n, "changed: no leaf is written like that")
			broken = true
		}
		tree.Append(h)
		roots.take(&tree)
	}
	v.tornEnd(LogFile, l)
	roots.done(&tree)
	v.log.right = v.log.right && !broken
}

// roots compares a growing tree with what was signed.
type roots struct {
	list []Checkpoint // by size
	to   *scanned
}

func (v *verifying) roots(to *scanned) *roots {
	list := v.signed()
	slices.SortStableFunc(list, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	to.right = true
	return &roots{list, to}
}

func (r *roots) take(t *Tree) {
	for len(r.list) > 0 && r.list[0].Size <= t.Size() {
		if c := r.list[0]; c.Size != t.Size() || c.Root != t.Root() {
			r.miss(c)
		}
		r.list = r.list[1:]
	}
}

func (r *roots) miss(c Checkpoint) {
	if r.to.right = false; r.to.wrong == nil {
		r.to.wrong = &c
	}
}

// done takes it that the tree does not grow further.
func (r *roots) done(t *Tree) {
	if r.to.n = t.Size(); len(r.list) > 0 && r.to.wrong == nil {
		r.miss(r.list[0])
	}
}

// place is where the manifest is in the log; -1 when it is nowhere.
func (v *verifying) place() int64 {
	switch {
	case v.seal > 0:
		return v.seal - 1
	case v.manifest.Format != "":
		return v.manifest.Leaf
	}
	return -1
}

// readLeaves takes the roots of what the files hold, each entry and the manifest at the place that it says it has, and
// compares every leaf with the log.
func (v *verifying) readLeaves() {
	v.findParts()
	alerts := v.alerts()
	defer alerts.close()
	logged := v.reader(LogFile, maxLogLine)
	defer logged.close()
	place, entries := v.place(), slices.Clone(v.entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.Leaf, b.Leaf) })
	for len(entries) > 0 && entries[0].Leaf < 0 {
		entries, v.first = entries[1:], 1
	}
	tree := Tree{}
	roots := v.roots(&v.data)
	for {
		file, was, isLogged := "", tlog.Hash{}, logged.next()
		if isLogged {
			file, was, _ = v.parseLeaf(logged.text)
			logged.leaf.end()
		}
		from, h := "", tlog.Hash{}
		switch p := tree.Size(); {
		case len(entries) > 0 && entries[0].Leaf == p:
			from, h, entries = AuditFile, entries[0].hash, entries[1:]
		case p == place:
			from, h = ManifestFile, v.manifest.leaf
		default:
			gone, ok := alerts.next()
			switch {
			case ok && gone: // its file is missing, which is told; the log stands for it
				from, h = v.asked.Leaves, was
			case ok:
				from, h = v.asked.Leaves, alerts.leaf.end()
			case file == ManifestFile && place < 0: // nothing of it can be read, which is told
				from, h = file, was
			}
		}
		if from == "" {
			if v.first == 0 && (isLogged || len(entries) > 0) {
				v.first = tree.Size() + 1
			}
			break
		}
		if from == v.asked.Leaves {
			v.Lines++
		}
		if v.first == 0 && (from != file || h != was) {
			v.first = tree.Size() + 1
		}
		tree.Append(h)
		roots.take(&tree)
	}
	roots.done(&tree)
	v.Leaves, v.tree = tree.Size(), tree
}

// findParts finds the files that the alerts are in, rotated ones first.
func (v *verifying) findParts() {
	var names []string
	before := int64(0)
	for i, e := range v.entries {
		if e.Audit != rotation {
			continue
		}
		if names == nil {
			names = v.names(nil)
		}
		o := Output{Name: e.File, Bytes: e.Bytes, SHA256: e.SHA256}
		name := v.rotated(o, names, v.taken)
		if name == "" {
			v.fault(e.File, 0, "a part of it (%d bytes, renamed at %s) is missing; unpack it into the folder", e.Bytes, e.Time)
		}
		if e.File != v.asked.Leaves {
			if name != "" {
				v.compare(Output{Name: name, Bytes: e.Bytes, SHA256: e.SHA256})
			}
			continue
		}
		lines := max(0, e.Leaf-int64(i)-before)
		before += lines
		v.parts = append(v.parts, part{name, lines})
	}
	v.parts = append(v.parts, part{v.asked.Leaves, -1})
}

// reading is a file that is read line by line; one that could not be opened is empty.
type reading struct {
	*lines
	f *os.File
}

// reader reads a file about which all is told elsewhere.
func (v *verifying) reader(name string, keep int) *reading {
	if st, err := v.root.Lstat(name); err == nil && st.Mode().IsRegular() {
		if f, err := v.root.Open(name); err == nil {
			return &reading{newLines(f, keep), f}
		}
	}
	return &reading{newLines(bytes.NewReader(nil), 0), nil}
}

func (r *reading) close() {
	if r.f != nil {
		r.f.Close()
	}
}
