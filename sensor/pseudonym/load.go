package pseudonym

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultPath is where the key of this user's pseudonyms is kept: auscult/pseudonym.key in the folder for
// configuration.
func DefaultPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("pseudonym key: %w", err)
	}
	return filepath.Join(dir, "auscult", "pseudonym.key"), nil
}

// LoadOrCreate reads the root key at path, 64 hexadecimal digits and a line end, or makes one there on first
// use (the file 0600, its folder 0700). A file that others can read or that holds anything else is refused.
func LoadOrCreate(path string) (*Keyer, error) {
	root, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		root, err = create(path)
		if errors.Is(err, fs.ErrExist) { // another process was first
			root, err = read(path)
		}
	}
	if err != nil {
		return nil, err
	}
	return FromKey(root)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("pseudonym key %s: not a regular file", path)
	}
	// Windows keeps access in lists that the mode bits do not show.
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("pseudonym key %s: mode %04o lets others read it; run chmod 600 on it", path, st.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 2*KeySize+3))
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	root := make([]byte, KeySize)
	if len(text) != 2*KeySize {
		return nil, fmt.Errorf("pseudonym key %s: want 64 hexadecimal digits", path)
	}
	if _, err := hex.Decode(root, text); err != nil {
		return nil, fmt.Errorf("pseudonym key %s: want 64 hexadecimal digits", path)
	}
	return root, nil
}

// create writes a fresh key beside path and links it in place, so that no other process can read half a key.
func create(path string) ([]byte, error) {
	root := make([]byte, KeySize)
	if _, err := rand.Read(root); err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	tmp := path + "." + randomSuffix()
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	defer os.Remove(tmp)
	_, err = f.WriteString(hex.EncodeToString(root) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Link(tmp, path)
	}
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	return root, nil
}

func randomSuffix() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
