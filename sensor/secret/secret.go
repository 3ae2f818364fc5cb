// Package secret keeps a key in a file of its own that nobody but its owner can read.
package secret

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Read is the text of the file at path, at most so many bytes of it, without line ends behind it. A file that others can
// read is refused. What is the kind of key, for errors.
func Read(what, path string, most int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", what, err)
	case !st.Mode().IsRegular():
		return "", fmt.Errorf("%s %s: not a regular file", what, path)
	case runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0: // Windows keeps access in lists that the mode does not show
		return "", fmt.Errorf("%s %s: mode %04o lets others read it; run chmod 600 on it", what, path, st.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// Create writes text and a line end to a new file at path (0600, its folder 0700). It is written beside path and linked in
// place, so that no other process can read half a key. The error is fs.ErrExist if another process was first.
func Create(what, path, text string) error {
	if err := create(path, text); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func create(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var suffix [8]byte
	rand.Read(suffix[:]) // never fails (crypto/rand)
	f, err := os.OpenFile(path+"."+hex.EncodeToString(suffix[:]), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
