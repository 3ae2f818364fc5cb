// Package sink takes alerts and calls out of the process: to files, to a terminal, to Kafka. Each sink encodes
// for itself, so that every one of them tells the same bytes whatever becomes of the others. A sink belongs to
// the one goroutine that writes to it.
package sink

import (
	"fmt"
	"io"
	"os"
)

// Witness is shown every byte that has reached a file, in order, and told when the file was renamed and another is begun.
// Its Write takes all and does not fail.
type Witness interface {
	io.Writer
	Begun()
}

// shown is a file that a Witness sees.
type shown struct {
	f  *os.File
	to Witness
}

func (s shown) Write(p []byte) (int, error) {
	n, err := s.f.Write(p)
	s.to.Write(p[:n])
	return n, err
}

// create makes or empties a file that only its owner may read. Who empties it meanwhile (logrotate's copytruncate) does
// not leave a hole in it.
func create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	// A file that was there keeps its mode through O_CREATE.
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// finish makes f durable and closes it. Pipes and terminals cannot be synced, and need not be.
func finish(f *os.File) error {
	st, err := f.Stat()
	if err == nil && st.Mode().IsRegular() {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return nil
}
