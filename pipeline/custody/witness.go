package custody

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Witness is shown what is written to one file of a case, in order, after it was written. One goroutine at a time.
type Witness struct {
	r    *Record
	name string
	size int64
	sum  hash.Hash
	leaf *leaf // of the line that is being written; nil where lines are no leaves
	due  int   // leaves since the last checkpoint
}

// Witness is the Witness of the file name, a path below the folder with slashes.
func (r *Record) Witness(name string) *Witness {
	w := &Witness{r: r, name: name, sum: sha256.New()}
	if name == r.opt.Leaves {
		w.leaf = newLeaf()
	}
	r.mu.Lock()
	r.outputs = append(r.outputs, w)
	r.mu.Unlock()
	return w
}

// Write takes all of p and never fails: what cannot be recorded is told by Seal.
func (w *Witness) Write(p []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	w.size += int64(len(p))
	w.sum.Write(p)
	if w.leaf == nil {
		return len(p), nil
	}
	for b := p; len(b) > 0; {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		w.leaf.write(line)
		if ended {
			w.r.append(w.name, w.leaf.end())
			w.due++
		}
		b = rest
	}
	w.r.flush()
	if every := w.r.opt.Config.EveryAlerts; every > 0 && w.due >= every {
		w.r.checkpoint()
		w.due = 0
	}
	return len(p), nil
}

// Begun tells that the file was renamed, and that what follows goes to a new one of its name.
func (w *Witness) Begun() {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	o := w.output()
	w.r.rotated = append(w.r.rotated, o)
	w.r.entry(Entry{Audit: rotation, File: o.Name, Bytes: o.Bytes, SHA256: o.SHA256})
	w.size = 0
	w.sum.Reset()
}

const rotation = "rotated"

func (w *Witness) output() Output {
	return Output{Name: w.name, Bytes: w.size, SHA256: hex.EncodeToString(w.sum.Sum(nil))}
}

// adopt adds to m the files of the folder that nobody told of, as they are found. Folders of m.Beside are left out.
func (r *Record) adopt(m *Manifest) error {
	known := slices.Clone(Files[:])
	for _, o := range m.Outputs {
		known = append(known, o.Name)
	}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case d.IsDir() && slices.Contains(m.Beside, name):
			return filepath.SkipDir
		case !d.Type().IsRegular() || slices.Contains(known, name):
			return nil
		}
		size, sum, err := hashFile(path)
		if !slices.ContainsFunc(m.Rotated, func(o Output) bool { return o.Bytes == size && o.SHA256 == sum }) {
			m.Outputs = append(m.Outputs, Output{Name: name, Bytes: size, SHA256: sum, Found: true})
		}
		return err
	})
	slices.SortFunc(m.Outputs, func(a, b Output) int { return strings.Compare(a.Name, b.Name) })
	return err
}

// hashFile is the size and the SHA-256 of a file.
func hashFile(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return n, hex.EncodeToString(sum.Sum(nil)), err
}

// appendLeaf appends a line of custody.log.
func appendLeaf(dst []byte, file string, h tlog.Hash) []byte {
	return append(hex.AppendEncode(append(append(dst, file...), ' '), h[:]), '\n')
}
