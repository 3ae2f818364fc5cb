package outbox

import (
	"io"
	"os"
	"path/filepath"
)

// disk is the folder of an outbox, by plain names. Tests put one beneath that fails, and that forgets as a power cut does.
type disk interface {
	create(name string) (file, error) // a new one
	open(name string) (file, error)   // one that is there
	rename(from, to string) error     // over what is there
	remove(name string) error
	list() ([]string, error)
	sync() error // makes the names durable
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// folder is a disk as the system has it.
type folder string

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (d folder) path(name string) string { return filepath.Join(string(d), name) }

func (d folder) openFile(name string, flag int) (file, error) {
	f, err := os.OpenFile(d.path(name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d folder) create(name string) (file, error) {
	return d.openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}
func (d folder) open(name string) (file, error) { return d.openFile(name, os.O_RDWR) }
func (d folder) rename(from, to string) error   { return os.Rename(d.path(from), d.path(to)) }
func (d folder) remove(name string) error       { return os.Remove(d.path(name)) }
func (d folder) sync() error                    { return syncFolder(string(d)) }

func (d folder) list() (names []string, err error) {
	entries, err := os.ReadDir(string(d))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
