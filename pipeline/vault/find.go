package vault

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// Errors of Find, which may be wrapped.
var (
	ErrUnknown  = errors.New("the vault does not hold this pseudonym: only those that stand in alerts are kept")
	ErrIdentity = errors.New("the vault is not sealed to this identity")
)

// Find is what a pseudonym stands for, by the vault at path: a file, or a folder of them.
func Find(path string, pseudonym string, identities ...age.Identity) (Entry, error) {
	files := []string{path}
	st, err := os.Stat(path)
	if err == nil && st.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*"+extension)); err == nil && len(files) == 0 {
			err = fmt.Errorf("%s holds no vault (*%s)", path, extension)
		}
		slices.Sort(files)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("vault: %w", err)
	}
	for _, name := range files {
		e, err := find(name, pseudonym, identities)
		if errors.Is(err, ErrUnknown) {
			continue
		}
		if err != nil {
			return Entry{}, fmt.Errorf("vault: %s: %w", name, err)
		}
		return e, nil
	}
	return Entry{}, fmt.Errorf("vault: %w", ErrUnknown)
}

func find(name, pseudonym string, identities []age.Identity) (e Entry, err error) {
	f, err := os.Open(name)
	if err != nil {
		return e, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	head := make([]byte, len(firstLine))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != firstLine {
		return e, errNotVault
	}
	for left := int64(maxPlain); ; {
		text, err := next(r, identities, left)
		if err == io.EOF {
			return e, ErrUnknown
		}
		if err != nil {
			return e, err
		}
		left -= int64(len(text))
		if e, ok, err := among(text, pseudonym); ok || err != nil {
			return e, err
		}
	}
}

// next is the text of the next frame. A frame that is cut off at the end of the vault, by a run that was killed, is none.
func next(r io.Reader, identities []age.Identity, most int64) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, io.EOF
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes is none of ours", n)
	}
	var frame bytes.Buffer // grows by what is there, not by what the frame says
	if got, err := io.CopyN(&frame, r, int64(n)); got < int64(n) {
		if err == io.EOF {
			return nil, io.EOF
		}
		return nil, err
	}
	plain, err := age.Decrypt(&frame, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("a frame cannot be opened: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(plain, most+1))
	if err != nil {
		return nil, fmt.Errorf("a frame was changed: %w", err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("holds more than %d bytes", maxPlain)
	}
	return text, nil
}

// among is the entry of a pseudonym in the text of a frame.
func among(text []byte, pseudonym string) (e Entry, ok bool, err error) {
	for line := range bytes.Lines(text) {
		if err := json.Unmarshal(line, &e); err != nil {
			return e, false, errors.New("a frame holds what is no entry")
		}
		if e.Pseudonym == pseudonym {
			return e, true, nil
		}
	}
	return Entry{}, false, nil
}

// IsPseudonym is whether s is built like one: usr:4jbvmh:6gfenhl77is7agbjvkll.
func IsPseudonym(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) != 3 || len(parts[0]) != 3 || len(parts[1]) != 6 || len(parts[2]) != 20 {
		return false
	}
	return strings.Trim(parts[0], "abcdefghijklmnopqrstuvwxyz") == "" && strings.Trim(parts[1]+parts[2], "abcdefghijklmnopqrstuvwxyz234567") == ""
}
