// Package keyfile holds the secrets of an NSS key log file: lines go in, secrets come out, also those that are
// written while the file is followed. One goroutine may follow it while any number look secrets up.
package keyfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"auscult/sensor/tls"
)

// Poll is how often a followed file is looked at.
const Poll = time.Second

// maxLine is the longest line that is kept while its end has not been written yet; a longer one is Bad.
const maxLine = 4 << 10

// Stats counts what was read.
type Stats struct {
	Secrets uint64 // lines with a secret that was new
	Other   uint64 // lines of labels that decrypt nothing here
	Bad     uint64 // lines that are none
	Dropped uint64 // the oldest secrets, dropped at the limit
	Rotated uint64 // times that the file was cut short or replaced
	Failed  uint64 // times that it could not be read while it was followed
}

// File is an open key log. It implements tls.Secrets; Lookup takes no lock.
type File struct {
	path    string
	most    int
	secrets sync.Map // tls.ID to []byte
	version atomic.Uint64

	mu     sync.Mutex // of the reader's side, below
	file   *os.File
	offset int64
	rest   []byte // an unfinished line
	over   bool   // of which the beginning was dropped
	order  []tls.ID
	oldest int
	stats  Stats
}

// Open reads all of the file. It keeps up to most secrets, the newest ones. A file without a secret is not an
// error: Empty tells.
func Open(path string, most int) (*File, error) {
	if most < 1 {
		return nil, fmt.Errorf("key log %s: room for %d secrets", path, most)
	}
	f := &File{path: path, most: most}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key log: %w", err)
	}
	f.file = file
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(fmt.Errorf("key log %s: not a file that can be read", path), err, file.Close())
	}
	if err := f.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("key log: %w", err), file.Close())
	}
	// A writer that ends without a line feed has ended all the same; the same line is no news later.
	f.line(f.rest)
	return f, nil
}

// Empty is whether no secret was found yet.
func (f *File) Empty() bool { return f.version.Load() == 0 }

// Stats is what was read so far.
func (f *File) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// Lookup is the secret with that name, or nil.
func (f *File) Lookup(label tls.Label, random *[32]byte) []byte {
	b, ok := f.secrets.Load(tls.ID{Label: label, Random: *random})
	if !ok {
		return nil
	}
	return b.([]byte)
}

// Version grows with every secret that is added.
func (f *File) Version() uint64 { return f.version.Load() }

// Close ends reading. What is known stays.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}

// Follow reads what is written to the file until ctx is done. A file that is cut short, replaced or away for a
// while is taken up again from its beginning.
func (f *File) Follow(ctx context.Context) {
	tick := time.NewTicker(Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.Refresh()
		}
	}
}

// Refresh reads what was written since the last time.
func (f *File) Refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.read()
	if err == nil {
		err = f.renew()
	}
	if err != nil {
		f.stats.Failed++
	}
}

// renew goes over to the file that is now at the path, if it is another or was cut short.
func (f *File) renew() error {
	now, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	mine, err := f.file.Stat()
	if err != nil {
		return err
	}
	switch {
	case !os.SameFile(now, mine):
		file, err := os.Open(f.path)
		if err != nil {
			return err
		}
		f.file.Close()
		f.file = file
	case mine.Size() < f.offset:
	default:
		return nil
	}
	f.stats.Rotated++
	f.offset, f.rest, f.over = 0, f.rest[:0], false
	return f.read()
}

// read takes in the file from the offset to its end.
func (f *File) read() error {
	buf := make([]byte, 64<<10)
	for {
		n, err := f.file.ReadAt(buf, f.offset)
		f.offset += int64(n)
		f.take(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take splits what was read into lines.
func (f *File) take(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		if f.over {
			f.over = false
			f.stats.Bad++
		} else {
			f.line(append(f.rest, b[:i]...))
		}
		f.rest = f.rest[:0]
		b = b[i+1:]
	}
	if f.rest = append(f.rest, b...); len(f.rest) > maxLine {
		f.rest, f.over = f.rest[:0], true
	}
}

func (f *File) line(b []byte) {
	var s tls.Secret
	switch tls.ParseKeyLog(&s, b) {
	case tls.Good:
		f.put(&s)
	case tls.Other:
		f.stats.Other++
	case tls.Bad:
		f.stats.Bad++
	}
}

func (f *File) put(s *tls.Secret) {
	old, known := f.secrets.Load(s.ID)
	if known && bytes.Equal(old.([]byte), s.Value()) {
		return
	}
	f.secrets.Store(s.ID, bytes.Clone(s.Value()))
	f.stats.Secrets++
	f.version.Add(1)
	if known {
		return
	}
	if len(f.order) < f.most {
		f.order = append(f.order, s.ID)
		return
	}
	f.secrets.Delete(f.order[f.oldest])
	f.order[f.oldest] = s.ID
	f.oldest = (f.oldest + 1) % f.most
	f.stats.Dropped++
}
