package custody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Manifest says what a case folder holds, and what it was made of. Times are RFC 3339; hashes are SHA-256, hexadecimal.
type Manifest struct {
	Format   string    `json:"format"`
	Case     string    `json:"case"`
	Key      string    `json:"key"` // verifies the seal and every checkpoint
	Begun    string    `json:"begun"`
	Ended    string    `json:"ended"`
	Revealed bool      `json:"revealed"` // names are in the clear
	Outcome  string    `json:"outcome"`  // complete, stopped, failed
	Build    Build     `json:"build"`
	Config   Effective `json:"config"`
	// PseudonymKey names the key of the pseudonyms and says nothing about it.
	PseudonymKey string  `json:"pseudonym_key"`
	Inputs       []Input `json:"inputs"`
	// InputNote is why inputs have no hash: a live run, or told not to.
	InputNote string   `json:"inputs_note,omitempty"`
	Live      []string `json:"interfaces,omitempty"`
	Filter    string   `json:"filter,omitempty"`
	First     string   `json:"first_packet,omitempty"`
	Last      string   `json:"last_packet,omitempty"`
	Counts    Counts   `json:"counts"`
	Lost      []Lost   `json:"lost"`
	Outputs   []Output `json:"outputs"` // by name
	Rotated   []Output `json:"rotated"` // what was renamed while the run went on, in order
	// Beside are folders that change after the run, as an outbox does: nothing is said about what is in them.
	Beside []string `json:"beside"`
	// Leaf is the manifest's own place in the log: as many leaves are before it.
	Leaf int64 `json:"leaf"`
}

// Format is what a manifest begins with.
const Format = "auscult.manifest.v1"

// Build is what program made a case.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the checkout had changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
	SHA256   string `json:"sha256,omitempty"` // of the program's file
}

// Effective is the configuration of a run: YAML, with pseudonyms in place of what may be secret or name a person, and the
// hash of that text.
type Effective struct {
	SHA256 string `json:"sha256"`
	YAML   string `json:"yaml"`
}

// Counts is what a run has seen, and estimates that it has not.
type Counts struct {
	Packets uint64  `json:"packets"`
	Bytes   uint64  `json:"bytes"`
	Calls   uint64  `json:"calls"`
	Alerts  uint64  `json:"alerts"`
	Missed  uint64  `json:"calls_missed"`    // estimated
	Missing float64 `json:"packets_missing"` // share, 0 to 1, estimated
}

// Lost is one line of the ledger.
type Lost struct {
	Cause string `json:"cause"`
	Unit  string `json:"unit"`
	Count uint64 `json:"count"`
}

// Output is one file of a case folder.
type Output struct {
	Name   string `json:"name"` // below the folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Found is whether it lay there when the run ended, and was hashed as it was found.
	Found bool `json:"found,omitempty"`
}

// ErrManifest is what every manifest that cannot be read is wrapped around.
var ErrManifest = errors.New("not a manifest of auscult")

// sealed is what stands between the part of a manifest that is a leaf of the log, and the note over that log.
const sealed = ",\n  \"seal\": "

// body is the part that becomes a leaf.
func (m *Manifest) body() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n}\n")), err
}

// tail is what follows the body.
func tail(note string) []byte { return append(appendString(nil, sealed, note), "\n}\n"...) }

// parsed is a manifest as it lies in a folder. Where a part cannot be read, the others are as they are.
type parsed struct {
	Manifest
	leaf tlog.Hash // of its body; zero when it has no end
	note string    // its seal, not yet verified
}

// parse reads the text of manifest.json.
func parse(text []byte) (p parsed, err error) {
	at := bytes.LastIndex(text, []byte(sealed))
	if at < 0 {
		return p, fmt.Errorf("%w: no seal in it", ErrManifest)
	}
	p.leaf = tlog.RecordHash(text[:at])
	if err := json.Unmarshal(append(text[:at:at], "\n}"...), &p.Manifest); err != nil {
		return p, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	end := strings.TrimSuffix(string(text[at+len(sealed):]), "\n}\n")
	if err := json.Unmarshal([]byte(end), &p.note); err != nil || !bytes.Equal(tail(p.note), text[at:]) {
		p.note = ""
		return p, fmt.Errorf("%w: its seal is not written as ours", ErrManifest)
	}
	if p.Format != Format {
		return p, fmt.Errorf("%w: its format is %q, this program reads %s", ErrManifest, p.Format, Format)
	}
	return p, nil
}
