// Package parquet writes the call log in Parquet, in folders by day and hour, for DuckDB and its like.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	pq "github.com/parquet-go/parquet-go"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// Folder is the name of the folder with the call log in a case folder.
const Folder = "calls"

const (
	ending     = ".parquet"
	unfinished = ".new" // of a file that is still written
	batchRows  = 512
)

// Options are what a CallLog needs beside its folder.
type Options struct {
	Config
	Names *pseudonym.Names
	Seed  uint16 // of community ids
	// Show is asked for who is shown the bytes of a file, by its path below the case folder, with slashes; nil: nobody.
	Show func(name string) io.Writer
}

// CallLog writes calls to calls/date=2026-11-22/hour=07/part-0.parquet below a case folder: the hour, UTC and in packet
// time, is the one in which a call was over, so that one file is written at a time. A file has its name once it is whole.
// The same calls give the same bytes. One goroutine owns it.
type CallLog struct {
	opt  Options
	root *os.Root // the folder: whoever dropped privileges since can still make files in it
	enc  encoder
	rows []row
	part *part
	hour clock.Time // of the last part
	next int        // of its parts
}

// part is the file that is written.
type part struct {
	name string // below the folder, with slashes
	f    *os.File
	w    *pq.GenericWriter[row]
	ends clock.Time
	rows int
}

// Open makes the folder of the log in the case folder dir.
func Open(dir string, opt Options) (*CallLog, error) {
	if err := os.MkdirAll(filepath.Join(dir, Folder), 0o700); err != nil {
		return nil, fmt.Errorf("call log: %w", err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, Folder))
	if err != nil {
		return nil, fmt.Errorf("call log: %w", err)
	}
	return &CallLog{opt: opt, root: root, enc: encoder{names: opt.Names.Clone(), seed: opt.Seed}, rows: make([]row, 0, batchRows)}, nil
}

// WriteCalls writes the HTTP calls among batch, in order, each when it is over. They are borrowed until it returns.
func (l *CallLog) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c := &batch[i]
		if c.Kind != call.HTTP || c.Running {
			continue
		}
		if l.part == nil || c.Time >= l.part.ends || l.part.rows == l.opt.PartRows {
			if err := l.turn(c.Time); err != nil {
				return err
			}
		}
		l.rows = append(l.rows, l.enc.row(c))
		l.part.rows++
		if len(l.rows) == batchRows {
			if err := l.put(); err != nil {
				return err
			}
		}
	}
	return nil
}

// put takes the rows to the writer.
func (l *CallLog) put() error {
	_, err := l.part.w.Write(l.rows)
	clear(l.rows)
	l.rows = l.rows[:0]
	if err != nil {
		return fmt.Errorf("write %s: %w", l.part.name, err)
	}
	return nil
}

// turn ends the part and begins the one of t.
func (l *CallLog) turn(t clock.Time) error {
	if err := l.finish(); err != nil {
		return err
	}
	const hour = clock.Time(time.Hour)
	every := clock.Time(l.opt.Every)
	if h := t - t%hour; h != l.hour || l.next == 0 {
		l.hour, l.next = h, 0
	}
	at := l.hour.UTC()
	p := &part{name: path.Join(at.Format("date=2006-01-02"), at.Format("hour=15"), fmt.Sprintf("part-%d%s", l.next, ending)), ends: t - t%every + every}
	l.next++
	err := l.root.MkdirAll(path.Dir(p.name), 0o700)
	if err == nil {
		p.f, err = l.root.OpenFile(p.name+unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return fmt.Errorf("call log: %w", err)
	}
	var to io.Writer = p.f
	if l.opt.Show != nil {
		to = io.MultiWriter(p.f, l.opt.Show(path.Join(Folder, p.name)))
	}
	p.w = pq.NewGenericWriter[row](to, pq.Compression(&pq.Zstd), pq.MaxRowsPerRowGroup(int64(l.opt.RowGroup)), pq.CreatedBy("auscult", "1", "calls"))
	l.part = p
	return nil
}

// finish makes the part whole, and gives it its name.
func (l *CallLog) finish() error {
	p := l.part
	if p == nil {
		return nil
	}
	err := error(nil)
	if len(l.rows) > 0 {
		err = l.put()
	}
	l.part = nil
	if err = errors.Join(err, p.w.Close(), p.f.Sync(), p.f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", p.name, err)
	}
	return l.root.Rename(p.name+unfinished, p.name)
}

// Reopen makes what was written so far a whole file, and goes on in another.
func (l *CallLog) Reopen() error { return l.finish() }

// Close makes the last file whole.
func (l *CallLog) Close() error { return errors.Join(l.finish(), l.root.Close()) }

// Exists is whether the case folder dir holds a call log in Parquet.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, Folder))
	return err == nil
}

// Remove removes the call log from the case folder dir. A file of another kind is left, and an error: the folder is not
// only ours then.
func Remove(dir string) error {
	root := filepath.Join(dir, Folder)
	var folders []string
	err := filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		switch base := strings.TrimSuffix(e.Name(), unfinished); {
		case err != nil:
			return err
		case e.IsDir():
			folders = append(folders, name)
			return nil
		case !e.Type().IsRegular() || !strings.HasPrefix(base, "part-") || !strings.HasSuffix(base, ending):
			return fmt.Errorf("%s is no part of a call log; take it away", name)
		}
		return os.Remove(name)
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = os.Remove(folders[i])
	}
	if err != nil {
		return fmt.Errorf("call log: %w", err)
	}
	return nil
}
