package replay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"auscult/sensor/clock"
)

// finder turns the paths that were given into streams. Regular files are looked into at once: what they are is
// said before anything runs, and their first packet's time tells when they are due.
type finder struct {
	env     *env
	stdin   io.Reader
	streams []*stream
	faults  []Fault
	notices []Notice
	seen    map[string]bool
	total   uint64 // bytes on disk
	endless bool   // some input has no size
}

// unknown is the key of a stream whose first packet has not been seen: it is opened before all others.
const unknown = clock.Time(math.MinInt64)

func (f *finder) find(paths []string) {
	f.seen = map[string]bool{}
	for _, path := range paths {
		if f.again(path) {
			continue
		}
		if path == "-" {
			f.pipe(path, func() (io.ReadCloser, error) { return io.NopCloser(f.stdin), nil })
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			f.faults = append(f.faults, Fault{path, unreadable(err)})
		case info.IsDir():
			f.folder(path)
		case info.Mode().IsRegular():
			if err := f.file(path, info); err != nil {
				f.faults = append(f.faults, Fault{path, err.what})
			}
		default:
			f.pipe(path, func() (io.ReadCloser, error) { return os.Open(path) })
		}
	}
}

// again notices an input that was named before: reading it twice would show every packet twice.
func (f *finder) again(path string) bool {
	clean := filepath.Clean(path)
	if f.seen[clean] {
		f.notices = append(f.notices, Notice{path, -1, "given twice, read once"})
		return true
	}
	f.seen[clean] = true
	return false
}

func (f *finder) add(path string, key clock.Time, open func() (io.ReadCloser, error)) {
	s := &stream{path: path, index: uint32(len(f.streams)), key: key, open: open}
	s.stat.Path = path
	f.streams = append(f.streams, s)
}

func (f *finder) pipe(path string, open func() (io.ReadCloser, error)) {
	f.endless = true
	ctx := f.env.ctx
	f.add(path, unknown, func() (io.ReadCloser, error) { return newPump(ctx, open), nil })
}

// file adds a capture, or says why it is none.
func (f *finder) file(path string, info fs.FileInfo) *fileError {
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	key := unknown
	s := &stream{open: open}
	switch err := s.begin(f.env); {
	case err == nil:
		key = s.key
		s.close()
	case s.win == nil:
		var why *fileError
		if errors.As(err, &why) {
			return why
		}
		return &fileError{what: unreadable(err)}
	}
	f.total += uint64(info.Size())
	f.add(path, key, open)
	f.streams[len(f.streams)-1].info = info
	return nil
}

// maxSkipped is how many names the notice about a folder's other files lists.
const maxSkipped = 8

// folder adds all captures below path, by name.
func (f *finder) folder(path string) {
	var skipped []string
	before := len(f.streams)
	f.walk(path, func(name string) {
		if rel, err := filepath.Rel(path, name); err == nil {
			name = rel
		}
		skipped = append(skipped, name)
	})
	if n := len(skipped); n > 0 {
		list := strings.Join(skipped[:min(n, maxSkipped)], ", ")
		if n > maxSkipped {
			list += ", …"
		}
		f.notices = append(f.notices, Notice{path, -1, fmt.Sprintf("%d skipped that are no captures: %s", n, list)})
	}
	if len(f.streams) == before {
		f.faults = append(f.faults, Fault{path, "no capture in this folder; give one that holds pcap or pcapng files"})
	}
}

func (f *finder) walk(dir string, skip func(name string)) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.faults = append(f.faults, Fault{dir, unreadable(err)})
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			f.walk(path, skip)
			continue
		}
		// A link to a file is followed; one to a folder could lead round in circles.
		info, err := os.Stat(path)
		switch {
		case err != nil:
			f.faults = append(f.faults, Fault{path, unreadable(err)})
		case !info.Mode().IsRegular():
			skip(path)
		case f.again(path):
		default:
			if err := f.file(path, info); err != nil && err.notCapture {
				skip(path)
			} else if err != nil {
				f.faults = append(f.faults, Fault{path, err.what})
			}
		}
	}
}

// unreadable says what the system said, without the path, and what to do.
func unreadable(err error) string {
	what := err.Error()
	var inner *fs.PathError
	if errors.As(err, &inner) {
		what = inner.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file; check the name"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied; run as a user who may read it"
	}
	return "cannot be read: " + what
}
