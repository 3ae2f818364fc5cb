package custody

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// folder is a case folder as whoever had it may have left it: no link in it is followed, and only files are read.
type folder struct {
	root *os.Root
	Verdict
	bad map[string]bool // files with a fault
}

// Fault is one thing that is not as it was written.
type Fault struct {
	File string // below the folder, with slashes
	Line int64  // from 1; 0 when it is about the whole file
	What string
}

// maxFaults is how many faults are told one by one.
const maxFaults = 200

func (f Fault) String() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s: line %d: %s", visible(f.File), f.Line, visible(f.What))
	}
	return visible(f.File) + ": " + visible(f.What)
}

// visible is s in one line, without what a terminal would obey: names and texts of a folder may be anybody's.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

func (d *folder) fault(file string, line int64, format string, args ...any) {
	d.bad[file] = true
	if d.Count++; len(d.Faults) < maxFaults {
		d.Faults = append(d.Faults, Fault{file, line, fmt.Sprintf(format, args...)})
	}
}

// open opens a file of the folder; nil when it cannot be read, which is a fault.
func (d *folder) open(name string) *os.File {
	path := filepath.FromSlash(name)
	if !filepath.IsLocal(path) {
		d.fault(name, 0, "is not in the folder")
		return nil
	}
	for at := range len(name) + 1 {
		if at < len(name) && name[at] != '/' {
			continue
		}
		st, err := d.root.Lstat(filepath.FromSlash(name[:at]))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.fault(name, 0, "is missing")
		case err != nil:
			d.fault(name, 0, "cannot be read: %v", inner(err))
		case at < len(name) && st.IsDir():
			continue
		case !st.Mode().IsRegular():
			d.fault(name, 0, "is %s, which is not followed", kind(st.Mode()))
		default:
			f, err := d.root.Open(path)
			if err != nil {
				d.fault(name, 0, "cannot be read: %v", inner(err))
				return nil
			}
			return f
		}
		return nil
	}
	return nil
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "a link"
	case m.IsDir():
		return "a folder"
	}
	return "no regular file"
}

// inner is err without the path, which the line begins with.
func inner(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// read is the whole of a file of at most limit bytes; ok is false when there is a fault.
func (d *folder) read(name string, limit int64) (text []byte, ok bool) {
	f := d.open(name)
	if f == nil {
		return nil, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		d.fault(name, 0, "cannot be read: %v", inner(err))
	case int64(len(text)) > limit:
		d.fault(name, 0, "has more than %d bytes", limit)
	default:
		return text, true
	}
	return nil, false
}

// compare checks a file by its size and hash.
func (d *folder) compare(o Output) {
	f := d.open(o.Name)
	if f == nil {
		return
	}
	defer f.Close()
	if size, sum, err := sized(f); err != nil {
		d.fault(o.Name, 0, "cannot be read: %v", inner(err))
	} else if size != o.Bytes {
		d.fault(o.Name, 0, "changed: it has %d bytes, and had %d", size, o.Bytes)
	} else if sum != o.SHA256 {
		d.fault(o.Name, 0, "changed: its SHA-256 is %s, and was %s", sum, o.SHA256)
	}
}

func sized(f *os.File) (int64, string, error) {
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 256<<10))
	return n, hex.EncodeToString(sum.Sum(nil)), err
}

// names are all files below the folder but those in beside, sorted.
func (d *folder) names(beside []string) (names []string) {
	err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			d.fault(name, 0, "cannot be read: %v", inner(err))
		case e.IsDir() && slices.Contains(beside, name):
			return fs.SkipDir
		case !e.IsDir():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		d.fault(".", 0, "cannot be listed: %v", inner(err))
	}
	return names
}

// rotated finds the file that o was renamed to: alerts.jsonl.1 or alerts.jsonl-20261122. Another of its size is taken
// when none has its hash, so that what was changed in it is found; empty when there is none of these.
func (d *folder) rotated(o Output, names []string, taken map[string]bool) (found string) {
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, o.Name)
		if !ok || taken[name] || rest == "" || rest[0] != '.' && rest[0] != '-' {
			continue
		}
		st, err := d.root.Lstat(filepath.FromSlash(name))
		if err != nil || !st.Mode().IsRegular() || st.Size() != o.Bytes {
			continue
		}
		f, err := d.root.Open(filepath.FromSlash(name))
		if err != nil {
			continue
		}
		_, sum, err := sized(f)
		f.Close()
		if err == nil && sum == o.SHA256 {
			found = name
			break
		}
		if found == "" {
			found = name
		}
	}
	taken[found] = true
	return found
}

// lines reads a file line by line, of any length.
type lines struct {
	r      *bufio.Reader
	n      int64 // lines read
	leaf   *leaf
	text   []byte // the line, as far as it is kept
	keep   int
	ended  bool // it had its line end
	failed error
}

func newLines(r io.Reader, keep int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), leaf: newLeaf(), keep: keep, ended: true}
}

// next reads a line, whose hash end gives; false at the end of the file.
func (l *lines) next() bool {
	l.text = l.text[:0]
	for some := false; ; some = true {
		b, err := l.r.ReadSlice('\n')
		if err == io.EOF && len(b) == 0 && !some {
			return false
		}
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			l.failed = err
			return false
		}
		l.ended = err == nil
		if l.ended {
			b = b[:len(b)-1]
		}
		l.leaf.write(b)
		l.text = append(l.text, b[:min(len(b), l.keep-len(l.text))]...)
		if err != bufio.ErrBufferFull {
			l.n++
			return true
		}
	}
}
