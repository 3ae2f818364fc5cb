package outbox

import (
	"io"
	"os"
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

// folder is a disk as the system has it. It holds the folder open: who gives up privileges later needs to be allowed
// to write in it, not to come to it.
type folder struct{ *os.Root }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (d folder) openFile(name string, flag int) (file, error) {
	f, err := d.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d folder) create(name string) (file, error) {
	return d.openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}
func (d folder) open(name string) (file, error) { return d.openFile(name, os.O_RDWR) }
func (d folder) rename(from, to string) error   { return d.Rename(from, to) }
func (d folder) remove(name string) error       { return d.Remove(name) }

func (d folder) list() ([]string, error) {
	f, err := d.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (d folder) sync() error {
	f, err := d.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return syncFolder(f)
}
