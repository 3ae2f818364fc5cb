// Package state keeps what detection remembers in a file that only who holds the key of the pseudonyms can read, so that
// a sensor goes on after a restart where it was.
package state

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"auscult/pipeline/snapshot"
	"auscult/sensor/pseudonym"
)

// Config says where a live sensor keeps its state.
type Config struct {
	// Dir is the folder that holds it; one process at a time. Empty: state under the folder that systemd gives
	// (STATE_DIRECTORY), and without one none is kept; none: never.
	Dir string `yaml:"dir"`
	// Every is how often it is written, beside at the end; 0: at the end only.
	Every time.Duration `yaml:"every"`
	// MaxBytes is the largest state that is written, before it is compressed. A larger one is counted and said, and
	// the file stays as it was.
	MaxBytes int64 `yaml:"max_bytes"`
}

// Defaults holds a hospital's with room to spare.
func Defaults() Config { return Config{Every: time.Minute, MaxBytes: 2 << 30} }

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case c.Every != 0 && c.Every < time.Second:
		return fmt.Errorf("every: %v is neither 0 nor 1s or more", c.Every)
	case c.MaxBytes < 1<<20:
		return fmt.Errorf("max_bytes: %d is below 1 MiB", c.MaxBytes)
	}
	return nil
}

// Name is that of the file in a folder of its own.
const Name = "detection.state"

// A file is magic, the id of the key, a salt, and sealed (see sealer) a byte that is 1 when the run ended well and the
// image, compressed.
const (
	magic    = "auscult state 1\n"
	saltSize = 32
	idSize   = 6
	headSize = len(magic) + idSize + saltSize
)

// Errors of a file that is not gone on with.
var (
	ErrForeign = errors.New("was sealed under another key of pseudonyms")
	ErrKind    = errors.New("is no state file of this format")
	errTooBig  = errors.New("is larger than state.max_bytes")
)

// File is where a state is kept. The folder is held open: who gives up privileges later needs to be allowed to write in
// it, not to come to it.
type File struct {
	root *os.Root
	name string
	keys *pseudonym.Keyer
	most int64
	lock *os.File
}

// Open opens the file name in the folder dir, which must be there.
func Open(dir, name string, keys *pseudonym.Keyer, most int64) (*File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return &File{root: root, name: name, keys: keys, most: most}, nil
}

// OpenFolder makes the folder dir, if it is missing, and opens the file in it for this process alone.
func OpenFolder(dir string, keys *pseudonym.Keyer, most int64) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	f, err := Open(dir, Name, keys, most)
	if err != nil {
		return nil, err
	}
	if f.lock, err = f.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		err = lock(f.lock)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("state: %s is used by another process (%w); give each its own with --state DIR", dir, err)
	}
	return f, nil
}

// Close lets go of the folder.
func (f *File) Close() error {
	if f.lock != nil {
		f.lock.Close()
	}
	return f.root.Close()
}

// Write replaces the file whole, or not at all, with an image. ended says that nothing comes after it in this run. It is
// the number of bytes of the image, and of the file.
func (f *File) Write(image *snapshot.Image, ended bool) (size, stored int64, err error) {
	if size = int64(image.Len()); size > f.most {
		return size, 0, fmt.Errorf("state: what is remembered, %d bytes, %w (%d): it is kept as it was last", size, errTooBig, f.most)
	}
	part := f.name + ".part" // one process writes, and a crash leaves at most this one
	file, err := f.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return size, 0, fmt.Errorf("state: %w", err)
	}
	err = errors.Join(f.seal(file, image, ended), file.Sync())
	if info, failed := file.Stat(); failed == nil {
		stored = info.Size()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.root.Rename(part, f.name)
	}
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		f.root.Remove(part)
		return size, 0, fmt.Errorf("state: %w", err)
	}
	return size, stored, nil
}

// sync makes the name durable.
func (f *File) sync() error {
	folder, err := f.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(syncFolder(folder), folder.Close())
}

func (f *File) seal(to io.Writer, image *snapshot.Image, ended bool) error {
	head := append(make([]byte, 0, headSize), magic...)
	head = append(head, f.keys.KeyID()...)
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	if _, err := to.Write(append(head, salt...)); err != nil {
		return err
	}
	key, err := f.key(salt)
	if err != nil {
		return err
	}
	s, err := newSealer(to, key)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(s, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	flag := byte(0)
	if ended {
		flag = 1
	}
	if _, err := z.Write([]byte{flag}); err != nil {
		return err
	}
	_, err = image.WriteTo(z)
	return errors.Join(err, z.Close(), s.Close())
}

// key is that of one file.
func (f *File) key(salt []byte) ([]byte, error) {
	root, err := f.keys.Derive("state", 32)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, root, salt, "auscult/v1/state/file", 32)
}

// Read is the image that was written last, and whether it was at the end of a run. fs.ErrNotExist says that there is
// none; any other error what is wrong with the file, in one line.
func (f *File) Read() (image []byte, ended bool, err error) {
	file, err := f.root.Open(f.name)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	return f.open(file)
}

func (f *File) open(from io.Reader) (image []byte, ended bool, err error) {
	head := make([]byte, headSize)
	if _, err := io.ReadFull(from, head); err != nil || string(head[:len(magic)]) != magic {
		return nil, false, ErrKind
	}
	if string(head[len(magic):][:idSize]) != f.keys.KeyID() {
		return nil, false, ErrForeign
	}
	key, err := f.key(head[len(magic)+idSize:])
	if err != nil {
		return nil, false, err
	}
	o, err := newOpener(from, key)
	if err != nil {
		return nil, false, err
	}
	z, err := zstd.NewReader(o, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, false, err
	}
	defer z.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(z, f.most+2)); err != nil {
		return nil, false, err
	}
	switch {
	case int64(b.Len()) > f.most+1:
		return nil, false, errTooBig
	case b.Len() == 0:
		return nil, false, errSeal
	}
	return b.Bytes()[1:], b.Bytes()[0] == 1, nil
}

// SetAside gives the file another name, which it returns, in place of what had it.
func (f *File) SetAside() (string, error) {
	name := f.name + ".bad"
	return name, f.root.Rename(f.name, name)
}

// Missing is whether an error of Read is that there is no file.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
