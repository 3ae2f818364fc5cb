package custody

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed statement of all that the log of a case held at one time. Its text is a tlog-checkpoint
// (c2sp.org/tlog-checkpoint) with three lines of ours behind: when, the how many-th, and the SHA-256 of the one before.
type Checkpoint struct {
	Origin   string // auscult/<name of the key>/<case>
	Size     int64  // leaves
	Root     tlog.Hash
	Time     time.Time // by the clock of who signed, in whole seconds
	Number   int64     // from 1
	Previous string    // SHA-256 of the note before, hexadecimal; "none" for the first
	Verifier string    // the public key that the note was found to be signed with
	Note     string    // the text and its signature (c2sp.org/signed-note)
}

// ErrCheckpoint is what every checkpoint that cannot be read is wrapped around.
var ErrCheckpoint = errors.New("not a checkpoint of auscult")

const (
	maxNote = 4096 // bytes of a note that is looked at; ours have about 400
	noPrior = "none"
)

// body is the text that is signed.
func (c *Checkpoint) body() string {
	return fmt.Sprintf("%s\n%d\n%s\ntime %s\nnumber %d\nprevious %s\n", c.Origin, c.Size, c.Root,
		c.Time.UTC().Format(time.RFC3339), c.Number, c.Previous)
}

// sign makes the note of c.
func (c *Checkpoint) sign(k *Key) error {
	text, err := note.Sign(&note.Note{Text: c.body()}, k.signer)
	c.Note, c.Verifier = string(text), k.Verifier()
	return err
}

// ID is the SHA-256 of the note, by which the next one names it.
func (c *Checkpoint) ID() string {
	sum := sha256.Sum256([]byte(c.Note))
	return hex.EncodeToString(sum[:])
}

// Open reads a note that must have one signature, by one of verifiers.
func Open(text string, verifiers ...string) (c Checkpoint, err error) {
	if len(text) > maxNote {
		return c, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(text))
	}
	for _, key := range verifiers {
		v, err := note.NewVerifier(key)
		if err != nil {
			continue // it may be what was changed; another may fit
		}
		n, err := note.Open([]byte(text), note.VerifierList(v))
		if err != nil {
			continue
		}
		if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 || !exact(n.Sigs[0].Base64) {
			return c, fmt.Errorf("%w: more than one signature", ErrCheckpoint)
		}
		c, err = parseBody(n.Text)
		c.Note, c.Verifier = text, key
		return c, err
	}
	return c, fmt.Errorf("%w: not signed by the key", ErrCheckpoint)
}

// exact is whether s is the one way to write its bytes: the last digit has bits that do not count.
func exact(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && base64.StdEncoding.EncodeToString(b) == s
}

func parseBody(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[0], OriginPrefix) {
		return c, fmt.Errorf("%w: another kind of note", ErrCheckpoint)
	}
	c.Origin = lines[0]
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	if err == nil {
		c.Root, err = tlog.ParseHash(lines[2])
	}
	if err == nil {
		c.Time, err = time.Parse(time.RFC3339, strings.TrimPrefix(lines[3], "time "))
	}
	if err == nil {
		c.Number, err = strconv.ParseInt(strings.TrimPrefix(lines[4], "number "), 10, 64)
	}
	c.Previous = strings.TrimPrefix(lines[5], "previous ")
	if err != nil || c.Size < 0 || c.body() != text {
		return c, fmt.Errorf("%w: its text is not written as ours", ErrCheckpoint)
	}
	return c, nil
}

// AppendJSON appends c as a line of JSON without its end: how it is kept in checkpoints.jsonl, and how it may go out
// beside alerts. Only note is signed; the rest repeats it for those who only want to look.
func (c *Checkpoint) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"auscult.checkpoint":`...)
	dst = appendString(strconv.AppendInt(dst, c.Number, 10), `,"origin":`, c.Origin)
	dst = strconv.AppendInt(append(dst, `,"size":`...), c.Size, 10)
	dst = appendString(dst, `,"root":`, c.Root.String())
	dst = appendString(dst, `,"time":`, c.Time.UTC().Format(time.RFC3339))
	dst = appendString(dst, `,"previous":`, c.Previous)
	dst = appendString(dst, `,"verifier":`, c.Verifier)
	return append(appendString(dst, `,"note":`, c.Note), '}')
}

// openLine reads a checkpoint as AppendJSON writes it, byte for byte.
func openLine(line []byte, verifiers ...string) (c Checkpoint, err error) {
	var form struct {
		Note string `json:"note"`
	}
	if err := json.Unmarshal(line, &form); err != nil {
		return c, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if c, err = Open(form.Note, verifiers...); err != nil {
		return c, err
	}
	if !bytes.Equal(c.AppendJSON(nil), line) {
		return c, fmt.Errorf("%w: it says other things than its note", ErrCheckpoint)
	}
	return c, nil
}

// OpenAll reads a file of checkpoints: one note, or lines as AppendJSON writes them.
func OpenAll(text []byte, verifiers ...string) (list []Checkpoint, err error) {
	if !bytes.HasPrefix(text, []byte("{")) {
		c, err := Open(string(text), verifiers...)
		return []Checkpoint{c}, err
	}
	for line := range bytes.Lines(text) {
		c, err := openLine(bytes.TrimRight(line, "\r\n"), verifiers...)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(list)+1, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// appendString appends key and s as a string of JSON.
func appendString(dst []byte, key, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // memory takes it, and a string can always be written
	return append(append(dst, key...), bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
