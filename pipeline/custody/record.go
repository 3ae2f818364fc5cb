// Package custody makes a case folder tamper-evident: a manifest that names all that went in and came out, and a signed
// Merkle log (RFC 6962) whose leaves are the alerts, the entries of the audit and the manifest. Verify checks it offline.
package custody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Files of custody in a case folder.
const (
	ManifestFile    = "manifest.json"     // written last; empty or missing: the run did not end
	LogFile         = "custody.log"       // the log: file and hash of each leaf
	AuditFile       = "audit.jsonl"       // what was done to the case, a leaf a line
	CheckpointsFile = "checkpoints.jsonl" // checkpoints but the one in the manifest
)

// Files are the files of custody.
var Files = [...]string{ManifestFile, LogFile, AuditFile, CheckpointsFile}

// OriginPrefix begins the origin of every checkpoint.
const OriginPrefix = "auscult/"

// Options are what a Record is begun with.
type Options struct {
	Config   Config
	Key      *Key
	Case     string           // of NewID
	Leaves   string           // the file whose lines are leaves; it is written before its Witness is shown them
	Version  string           // of the program
	Revealed bool             // names are written in the clear
	Ahead    bool             // the run may make no file when it ends: manifest.json is made now
	Now      func() time.Time // the clock
	// Handed is given every checkpoint, so that it goes out with the alerts; alerts wait for it. It may be nil.
	Handed func(Checkpoint)
}

// Record keeps the custody of one case folder while it is written. Its methods may be called from any goroutine. What
// fails is told by Seal: alerts do not wait for it.
type Record struct {
	mu       sync.Mutex
	opt      Options
	dir      string
	log      *os.File
	audit    *os.File
	points   *os.File
	manifest *os.File // when it was made ahead
	tree     Tree
	buf      []byte
	signed   int64 // leaves under the last checkpoint
	last     Checkpoint
	outputs  []*Witness
	rotated  []Output
	begun    time.Time
	err      error
}

// Begin begins the record of the folder dir, which holds no other.
func Begin(dir string, opt Options) (r *Record, err error) {
	r = &Record{opt: opt, dir: dir, begun: opt.Now()}
	defer func() {
		if err != nil {
			r.Abandon()
			err = fmt.Errorf("custody: %w", err)
		}
	}()
	for name, f := range r.files() {
		if name == ManifestFile && !opt.Ahead {
			continue
		}
		if *f, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600); err != nil {
			return nil, err
		}
	}
	e := Entry{Audit: "open", Case: opt.Case, Verifier: opt.Key.Verifier(), Version: opt.Version}
	if opt.Revealed {
		e.Text = "names and identifiers are written in the clear (--reveal)"
	}
	r.entry(e)
	return r, r.err
}

// files yields the files that are open while the record is kept.
func (r *Record) files() func(func(string, **os.File) bool) {
	return func(yield func(string, **os.File) bool) {
		_ = yield(LogFile, &r.log) && yield(AuditFile, &r.audit) && yield(CheckpointsFile, &r.points) && yield(ManifestFile, &r.manifest)
	}
}

// Abandon closes the files of a run that did not begin. Whoever made the folder empties it.
func (r *Record) Abandon() {
	for _, f := range r.files() {
		if *f != nil {
			(*f).Close()
		}
	}
}

// Entry is a line of audit.jsonl. Leaf and Time are filled in when it is written.
type Entry struct {
	Leaf     int64  `json:"leaf"`
	Audit    string `json:"audit"` // open, rotated, or what a command of an operator did: reveal, …
	Time     string `json:"time"`
	Case     string `json:"case,omitempty"`
	Verifier string `json:"verifier,omitempty"`
	Version  string `json:"version,omitempty"`
	By       string `json:"by,omitempty"`        // who did it
	Of       string `json:"pseudonym,omitempty"` // that was turned back; whose it is is not said
	Text     string `json:"text,omitempty"`
	File     string `json:"file,omitempty"` // that was rotated
	Bytes    int64  `json:"bytes,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// Audit writes an entry.
func (r *Record) Audit(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry(e)
}

func (r *Record) entry(e Entry) {
	e.Leaf, e.Time = r.tree.Size(), r.stamp()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = r.audit.Write(append(line, '\n'))
	}
	if err != nil {
		r.fail(err)
		return
	}
	r.append(AuditFile, tlog.RecordHash(line))
	r.flush()
}

func (r *Record) stamp() string { return r.opt.Now().UTC().Format(time.RFC3339) }

func (r *Record) fail(err error) {
	if r.err == nil && err != nil {
		r.err = err
	}
}

func (r *Record) append(file string, h tlog.Hash) {
	r.tree.Append(h)
	r.buf = appendLeaf(r.buf, file, h)
}

// flush writes the leaves of buf to the log.
func (r *Record) flush() {
	if len(r.buf) > 0 && r.err == nil {
		_, err := r.log.Write(r.buf)
		r.fail(err)
	}
	r.buf = r.buf[:0]
}

// Checkpoint signs what there is, if that is more than was signed last. It is durable when it returns.
func (r *Record) Checkpoint() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checkpoint()
}

func (r *Record) checkpoint() {
	if r.err != nil || r.tree.Size() == r.signed {
		return
	}
	if err := r.sign(); err != nil {
		r.fail(err)
		return
	}
	_, err := r.points.Write(append(r.last.AppendJSON(nil), '\n'))
	r.fail(errors.Join(err, r.points.Sync()))
	r.hand()
}

// sign makes the next checkpoint, when all that it is about is on the disk.
func (r *Record) sign() error {
	c := Checkpoint{
		Origin: OriginPrefix + r.opt.Key.signer.Name() + "/" + r.opt.Case, Size: r.tree.Size(), Root: r.tree.Root(),
		Time: r.opt.Now().Truncate(time.Second), Number: r.last.Number + 1, Previous: noPrior,
	}
	if r.last.Number > 0 {
		c.Previous = r.last.ID()
	}
	if err := errors.Join(r.audit.Sync(), r.log.Sync(), c.sign(r.opt.Key)); err != nil {
		return err
	}
	r.last, r.signed = c, c.Size
	return nil
}

func (r *Record) hand() {
	if r.err == nil && r.opt.Handed != nil {
		r.opt.Handed(r.last)
	}
}

// Seal writes the manifest m, which it completes with what it knows itself, and the last checkpoint in it. After it the
// record is closed. The error is the first that there was.
func (r *Record) Seal(m Manifest) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.Abandon()
	m.Format, m.Case, m.Key, m.Revealed = Format, r.opt.Case, r.opt.Key.Verifier(), r.opt.Revealed
	m.Begun, m.Ended = r.begun.UTC().Format(time.RFC3339), r.stamp()
	m.Outputs, m.Rotated, m.Leaf = r.list(), append([]Output{}, r.rotated...), r.tree.Size()
	m.Beside = append([]string{}, m.Beside...)
	if r.manifest == nil {
		r.fail(r.adopt(&m))
	}
	body, err := m.body()
	r.fail(err)
	r.append(ManifestFile, tlog.RecordHash(body))
	r.flush()
	if r.err == nil {
		r.fail(r.sign())
	}
	if r.err == nil {
		r.fail(r.place(append(body, tail(r.last.Note)...)))
	}
	r.hand()
	if r.err != nil {
		return fmt.Errorf("custody: %w; the case has no manifest", r.err)
	}
	return nil
}

// place writes the manifest, whole or not at all where a file may be made.
func (r *Record) place(text []byte) error {
	f, name := r.manifest, ""
	if f == nil {
		name = filepath.Join(r.dir, ManifestFile+".new")
		var err error
		if f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return err
		}
	}
	r.manifest = nil
	_, err := f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil || name == "" {
		return err
	}
	return os.Rename(name, filepath.Join(r.dir, ManifestFile))
}

// list is what was written, by name.
func (r *Record) list() []Output {
	list := []Output{}
	for _, w := range r.outputs {
		list = append(list, w.output())
	}
	slices.SortFunc(list, func(a, b Output) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Last is the last checkpoint, and how many leaves there are.
func (r *Record) Last() (Checkpoint, int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.tree.Size()
}

// Wrote tells of a file of the case that was written whole.
func (r *Record) Wrote(name string, text []byte) {
	w := r.Witness(name)
	io.Copy(w, bytes.NewReader(text)) // a Witness takes it all
}
