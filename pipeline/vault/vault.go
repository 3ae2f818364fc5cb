// Package vault keeps what pseudonyms stand for, sealed so that only a privacy officer can read it: whoever writes a vault
// cannot.
package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// Entry is one pseudonym and whom or what it stands for.
type Entry struct {
	Pseudonym string `json:"pseudonym"`
	Kind      string `json:"kind,omitempty"`   // of a principal: jwt, session, …
	Issuer    string `json:"issuer,omitempty"` // of a principal: who vouches for the identifier
	ID        string `json:"id"`
}

// Config says what is kept.
type Config struct {
	// Path is the file that keeps what the pseudonyms in alerts stand for, or a folder in which each case has one; empty: nothing is kept.
	Path string `yaml:"path"`
	// Recipients are who can read it: age recipients (age1…), or files of them. The sensor cannot.
	Recipients []string `yaml:"recipients"`
	// MaxEntries is how many pseudonyms one run keeps, about 60 bytes of memory each; more are counted in the summary.
	MaxEntries int `yaml:"max_entries"`
}

// Defaults keeps the pseudonyms of some hundred thousand alerts.
func Defaults() Config { return Config{MaxEntries: 1 << 18} }

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case c.MaxEntries < 1 || c.MaxEntries > 1<<24:
		return fmt.Errorf("max_entries: %d is not between 1 and %d", c.MaxEntries, 1<<24)
	case c.Path != "" && len(c.Recipients) == 0:
		return errors.New("recipients: nobody could read the vault; give the age recipient of the privacy officer (age1…)")
	}
	return nil
}

// A vault is its first line and frames: the length of what follows in four bytes, big-endian, and an age file (age-encryption.org/v1)
// of entries, a JSON object a line. A frame is written whole before the alerts that it is about go out.
const (
	firstLine = "auscult vault 1\n"
	maxFrame  = 64 << 20
	maxID     = 4096      // bytes; a longer identifier is not kept
	extension = ".vault"  // of a case's file in a folder
	maxPlain  = 256 << 20 // bytes of all frames together that Find reads of one vault
)

// Stats is what was kept.
type Stats struct {
	Kept    uint64 `json:"kept"`
	Refused uint64 `json:"refused"` // past max_entries, or too long
}

// Vault is open for writing. One goroutine.
type Vault struct {
	file       *os.File
	recipients []age.Recipient
	most       int
	seen       map[[16]byte]struct{} // pseudonyms that were kept, or are about to be
	plain      bytes.Buffer          // entries of the next frame
	Stats      Stats
}

// Open opens the vault at path, which is made if it is missing, readable by its owner only. Where path is a folder, it is the
// file of the case name in it. What a run that was killed has written in part is cut off.
func Open(path, name string, recipients []age.Recipient, most int) (*Vault, error) {
	v, err := open(at(path, name), recipients, most)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return v, nil
}

func at(path, name string) string {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return filepath.Join(path, name+extension)
	}
	return path
}

func open(path string, recipients []age.Recipient, most int) (v *Vault, err error) {
	if len(recipients) == 0 {
		return nil, errors.New("no recipient")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	end, err := whole(f)
	if err == nil && end == 0 {
		end = int64(len(firstLine))
		_, err = f.WriteAt([]byte(firstLine), 0)
	}
	if err == nil {
		err = errors.Join(f.Truncate(end), f.Sync())
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Vault{file: f, recipients: recipients, most: most, seen: map[[16]byte]struct{}{}}, nil
}

// whole is where the last whole frame of f ends; 0 when f has not even its first line.
func whole(f *os.File) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	head := make([]byte, len(firstLine))
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	if !strings.HasPrefix(firstLine, string(head[:n])) {
		return 0, errNotVault
	}
	if n < len(head) {
		return 0, nil
	}
	for end := int64(len(firstLine)); ; {
		var size [4]byte
		if _, err := f.ReadAt(size[:], end); err != nil {
			return end, nil // a frame that has not even its length
		}
		next := end + 4 + int64(binary.BigEndian.Uint32(size[:]))
		if next > st.Size() {
			return end, nil
		}
		end = next
	}
}

var errNotVault = errors.New("not a vault of auscult")

// Note has e kept by the next Flush, if it was not before.
func (v *Vault) Note(e Entry) {
	sum := sha256.Sum256([]byte(e.Pseudonym))
	k := [16]byte(sum[:16])
	if _, ok := v.seen[k]; ok {
		return
	}
	if len(v.seen) >= v.most || len(e.ID)+len(e.Issuer) > maxID {
		v.Stats.Refused++
		return
	}
	line, err := json.Marshal(e)
	if err != nil {
		v.Stats.Refused++
		return
	}
	v.seen[k] = struct{}{}
	v.plain.Write(append(line, '\n'))
	v.Stats.Kept++
}

// Flush seals what was noted; it is durable when Flush returns.
func (v *Vault) Flush() error {
	if v.plain.Len() == 0 {
		return nil
	}
	frame := bytes.NewBuffer(make([]byte, 4, 4096))
	w, err := age.Encrypt(frame, v.recipients...)
	if err == nil {
		_, err = w.Write(v.plain.Bytes())
		err = errors.Join(err, w.Close())
	}
	clear(v.plain.Bytes())
	v.plain.Reset()
	if err == nil {
		b := frame.Bytes()
		binary.BigEndian.PutUint32(b, uint32(len(b)-4))
		_, err = v.file.Write(b)
	}
	if err = errors.Join(err, v.file.Sync()); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// Close flushes and closes it.
func (v *Vault) Close() error { return errors.Join(v.Flush(), v.file.Close()) }
