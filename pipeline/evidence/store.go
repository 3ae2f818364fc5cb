package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"auscult/sensor/clock"
)

// Folder is the name of the folder of slices in a case folder.
const Folder = "evidence"

// Index is the file in it that names the slices, one a line.
const Index = "index.jsonl"

const (
	plain      = ".pcapng"
	sealed     = ".pcapng.age"
	unfinished = ".new"
)

// Slices are the files with packets in the case folder dir, by incident, as paths below it.
func Slices(dir string) map[string]string {
	slices := map[string]string{}
	files, _ := os.ReadDir(filepath.Join(dir, Folder)) // without a folder there are none
	for _, f := range files {
		for _, end := range [...]string{plain, sealed} {
			if uid, ok := strings.CutSuffix(f.Name(), end); ok {
				slices[uid] = Folder + "/" + f.Name()
			}
		}
	}
	return slices
}

// Store is a folder of slices, one file for each incident, and the index that names them. One goroutine.
type Store struct {
	seed       uint16
	recipients []age.Recipient
	index      *os.File
	root       *os.Root // the folder: who runs may not come to its path any more
	numbered   bool     // a slice is named by its line in the index too: there may be more of an incident
	Stats      Stats

	// Show is given each file of a name below the case folder when it is whole, and each line of the index. It may be nil.
	Show func(name string, text []byte)
}

// Stats is what was written.
type Stats struct {
	Incidents int   `json:"incidents"` // with a line in the index
	Files     int   `json:"files"`
	Packets   int   `json:"packets"`
	Bytes     int64 `json:"bytes"`      // of files
	Cut       int   `json:"incomplete"` // incidents whose line in the index tells of something missing
	Refused   int   `json:"refused"`    // incidents past Config.MaxIncidents
}

// entry is a line of the index.
type entry struct {
	Incident    string `json:"incident"`
	File        string `json:"file,omitempty"` // below the case folder; none without packets
	SHA256      string `json:"sha256,omitempty"`
	Bytes       int64  `json:"bytes"`
	Packets     int    `json:"packets"`
	First       string `json:"first_packet,omitempty"` // RFC 3339
	Last        string `json:"last_packet,omitempty"`
	Calls       int    `json:"calls"`
	Connections []conn `json:"connections"`
	Missing     []loss `json:"missing"`
}

type loss struct {
	Cause string `json:"cause"`
	Unit  string `json:"unit"`
	Count int64  `json:"count"`
}

func (sl *Slice) lost() []loss {
	list := []loss{}
	add := func(n int64, unit, cause string) {
		if n > 0 {
			list = append(list, loss{cause, unit, n})
		}
	}
	add(int64(sl.Lost.Connections), "connections", "past evidence.max_connections")
	add(int64(sl.Lost.Packets), "packets", "past evidence.max_bytes or evidence.max_total")
	add(sl.Lost.Bytes, "bytes", "of these")
	add(int64(sl.Lost.Calls), "packets", "began a call and are not here")
	add(int64(sl.Lost.Early), "connections", "may have begun before the packets that evidence.ring_bytes keeps")
	add(int64(sl.Lost.Torn), "datagrams", "fragments that came too long before the last")
	return list
}

// Create makes the folder of slices below the case folder dir, which must not hold one, readable by its owner only.
// With recipients all that is written of packets is encrypted to them.
func Create(dir string, recipients []age.Recipient, seed uint16) (*Store, error) {
	path := filepath.Join(dir, Folder)
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	index, err := os.OpenFile(filepath.Join(path, Index), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		index.Close()
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return &Store{root: root, seed: seed, recipients: recipients, index: index}, nil
}

// Exists is whether the case folder dir holds slices.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, Folder))
	return err == nil
}

// Remove removes the slices and the index from the case folder dir, and what a run that was killed has left of them. A
// file of another kind is left, and an error: the folder is not only ours then.
func Remove(dir string) error {
	path := filepath.Join(dir, Folder)
	list, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	for _, e := range list {
		name := strings.TrimSuffix(e.Name(), unfinished)
		if name != Index && !strings.HasSuffix(name, plain) && !strings.HasSuffix(name, sealed) || !e.Type().IsRegular() {
			return fmt.Errorf("evidence: %s is no evidence; take it away", filepath.Join(path, e.Name()))
		}
		if err := os.Remove(filepath.Join(path, e.Name())); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}

// Put writes sl, whole or not at all, and its line in the index.
func (s *Store) Put(sl *Slice) error {
	f := sl.encode(s.seed)
	e := entry{Incident: sl.UID, Packets: f.packets, Calls: sl.Calls, Connections: f.conns, Missing: sl.lost()}
	if f.packets > 0 {
		name := sl.UID
		if s.numbered {
			name += fmt.Sprintf("-%d", s.Stats.Incidents+1)
		}
		if len(s.recipients) > 0 {
			name += sealed
		} else {
			name += plain
		}
		e.File = Folder + "/" + name
		e.First, e.Last = rfc3339(f.first), rfc3339(f.last)
		var err error
		if e.SHA256, e.Bytes, err = s.write(name, f.bytes); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		s.Stats.Files++
		s.Stats.Packets += f.packets
		s.Stats.Bytes += e.Bytes
	}
	s.Stats.Incidents++
	if len(e.Missing) > 0 {
		s.Stats.Cut++
	}
	line, err := json.Marshal(e)
	if err == nil {
		line = append(line, '\n')
		_, err = s.index.Write(line)
		s.show(Index, line)
	}
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}

func rfc3339(t clock.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// write makes the file name with what b is, or its encryption, and says the hash and size of the file.
func (s *Store) write(name string, b []byte) (hash string, n int64, err error) {
	f, err := s.root.OpenFile(name+unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	var whole bytes.Buffer
	if err = s.seal(&whole, b); err == nil {
		_, err = f.Write(whole.Bytes())
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = s.root.Rename(name+unfinished, name)
	}
	if err != nil {
		s.root.Remove(name + unfinished) // what is wrong has been told
		return "", 0, err
	}
	s.show(name, whole.Bytes())
	sum := sha256.Sum256(whole.Bytes())
	return hex.EncodeToString(sum[:]), int64(whole.Len()), nil
}

func (s *Store) show(name string, text []byte) {
	if s.Show != nil {
		s.Show(Folder+"/"+name, text)
	}
}

// seal writes b to w, encrypted if it has to be.
func (s *Store) seal(w io.Writer, b []byte) error {
	if len(s.recipients) == 0 {
		_, err := w.Write(b)
		return err
	}
	to, err := age.Encrypt(w, s.recipients...)
	if err != nil {
		return err
	}
	if _, err := to.Write(b); err != nil {
		return err
	}
	return to.Close()
}

// Close makes the index durable.
func (s *Store) Close() error {
	if err := errors.Join(s.index.Sync(), s.index.Close(), s.root.Close()); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}
