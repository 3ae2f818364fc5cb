package sink

import (
	"fmt"
	"os"
)

// Reopen goes on in a new file of the same name, if the one that is written was renamed. If no new one can be made the
// old one is written to further. A writer that is not ours stays.
func (s *File) Reopen() error {
	if s.f == nil || same(s.f, s.name) {
		return nil
	}
	f, err := appended(s.name)
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	old := s.f
	s.w, s.f = f, f
	if s.to != nil {
		s.to.Begun()
		s.Show(s.to)
	}
	return finish(old)
}

// Reopen is as that of File. What was written before is in the old file, whole lines of it.
func (l *CallLog) Reopen() error {
	if l.f == nil {
		return nil
	}
	if same(l.f, l.name) {
		return l.w.Flush()
	}
	f, err := appended(l.name)
	if err != nil {
		return fmt.Errorf("call log: %w", err)
	}
	old := l.f
	err = l.w.Flush()
	l.w.Reset(f)
	l.f = f
	if l.to != nil {
		l.to.Begun()
		l.Show(l.to)
	}
	if done := finish(old); err == nil {
		err = done
	}
	return err
}

// same is whether the file that is open still has its name: nobody has renamed it.
func same(f *os.File, name string) bool {
	is, err := f.Stat()
	if err != nil {
		return false
	}
	has, err := os.Stat(name)
	return err == nil && os.SameFile(is, has)
}

// appended opens a file to be gone on with, and makes it if it is missing, for its owner alone.
func appended(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}
