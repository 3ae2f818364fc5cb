package pseudonym

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"auscult/sensor/secret"
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

// Load is LoadOrCreate of a key that must be there.
func Load(path string) (*Keyer, error) {
	root, err := read(path)
	if err != nil {
		return nil, err
	}
	return FromKey(root)
}

const what = "pseudonym key"

func read(path string) ([]byte, error) {
	text, err := secret.Read(what, path, 2*KeySize+3)
	if err != nil {
		return nil, err
	}
	root, err := hex.DecodeString(text)
	if err != nil || len(root) != KeySize {
		return nil, fmt.Errorf("%s %s: want 64 hexadecimal digits", what, path)
	}
	return root, nil
}

func create(path string) ([]byte, error) {
	root := make([]byte, KeySize)
	if _, err := rand.Read(root); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return root, secret.Create(what, path, hex.EncodeToString(root))
}
