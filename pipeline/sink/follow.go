package sink

import (
	"context"
	"errors"
	"fmt"
	"os"

	"auscult/pipeline/outbox"
)

// FollowConfig says which file alerts are added to, for a shipper that follows it.
type FollowConfig struct {
	// Path is the file, one alert a line. It is added to over restarts, and made again when somebody moves it away
	// (logrotate). Empty turns the sink off.
	Path string `yaml:"path"`
}

// Follow adds alerts to a file that outlives the run. A line that a crash tore is ended before the next is written; the
// alert in it comes again, whole.
type Follow struct {
	path string
	f    *os.File
	buf  []byte
}

// NewFollow is the target that cfg asks for.
func NewFollow(cfg FollowConfig) *Follow { return &Follow{path: cfg.Path} }

// Name is file.
func (w *Follow) Name() string { return "file" }

// Close closes the file.
func (w *Follow) Close() error {
	if w.f == nil {
		return nil
	}
	f := w.f
	w.f = nil
	return f.Close()
}

// Send writes batch at once and syncs it.
func (w *Follow) Send(_ context.Context, batch []outbox.Record) (taken int, err error) {
	if err := w.open(); err != nil {
		return 0, w.fail(err)
	}
	w.buf = w.buf[:0]
	for i := range batch {
		if isCheckpoint(&batch[i]) {
			continue // a file of findings holds nothing else
		}
		w.buf = append(append(w.buf, batch[i].Body...), '\n')
	}
	if _, err = w.f.Write(w.buf); err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		w.Close() // opened anew, the torn line is seen
		return 0, w.fail(err)
	}
	return len(batch), nil
}

// open opens the file if it is not the one that is open.
func (w *Follow) open() error {
	if w.f != nil {
		here, err := os.Stat(w.path)
		if mine, merr := w.f.Stat(); err == nil && merr == nil && os.SameFile(here, mine) {
			return nil
		}
		w.Close()
	}
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.Mode().IsRegular() && st.Size() > 0 {
		var last [1]byte
		if _, err = f.ReadAt(last[:], st.Size()-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte{'\n'})
		}
	}
	if err != nil {
		f.Close()
		return err
	}
	w.f = f
	return nil
}

func (w *Follow) fail(err error) *Failure {
	cause := OtherCause
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if isFull(err) {
		cause = FullDisk
	}
	return &Failure{Cause: cause, Text: fmt.Sprintf("file %s: %s", w.path, oneLiner(err.Error()))}
}

// isFull is whether err is about room.
func isFull(err error) bool { return errors.Is(err, errFull) || errors.Is(err, errQuota) }
