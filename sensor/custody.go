package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"auscult/pipeline/custody"
	"auscult/pipeline/evidence"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/pseudonym"
)

// caseRecord is the custody of a case folder, and what its manifest says of the run.
type caseRecord struct {
	*custody.Record
	base    custody.Manifest
	inputs  custody.Inputs
	src     *replay.Source // nil for a live run
	reveal  bool
	hashed  bool        // inputs are hashed
	program chan string // the hash of the program's file, when it is known
	every   time.Duration
	outbox  atomic.Pointer[sink.Outbox] // that delivers checkpoints; nil when none does
	say     func(line string)
	id      string // of the case
}

// beginCustody begins the record of the case folder dir.
func beginCustody(dir string, s *settings, f *runFlags, names *pseudonym.Names) (*caseRecord, error) {
	path, err := signingKeyFile(s)
	if err != nil {
		return nil, &exit{statusUsage, err}
	}
	key, err := custody.LoadOrCreateKey(path, s.Site.Sensor)
	if err != nil {
		return nil, &exit{statusUsage, fmt.Errorf("%w (--signing-key)", err)}
	}
	c := &caseRecord{reveal: f.reveal, hashed: s.Custody.HashInputs, every: s.Custody.Every, program: make(chan string, 1), id: custody.NewID()}
	if c.base.Config, err = effective(s, names); err != nil {
		return nil, &exit{statusFailed, err}
	}
	c.base.PseudonymKey, c.base.Build = strings.Join(names.Keys.KeyIDs(), " "), built()
	if s.Outbox.Dir == "" { // openOutbox puts it into the folder, and it goes on to change
		c.base.Beside = []string{outboxFolder}
	}
	if f.publish && s.Cluster.SpoolDir == "" {
		c.base.Beside = append(c.base.Beside, spoolFolder)
	}
	if c.Record, err = custody.Begin(dir, custody.Options{
		Config: s.Custody, Key: key, Case: c.id, Leaves: alertsFile, Version: version(), Revealed: f.reveal,
		Ahead: s.Outbox.Live, Now: time.Now, Handed: c.hand,
	}); err != nil {
		return nil, &exit{statusFailed, err}
	}
	go func() { c.program <- programHash() }() // some 10 ms, beside the run
	return c, nil
}

// deliver has checkpoints go out by an outbox with the alerts, and one more when all alerts are in it. What cannot be done is said.
func (c *caseRecord) deliver(o *sink.Outbox, say func(line string)) {
	c.say = say
	c.outbox.Store(o)
	o.Ending = func() {
		c.Checkpoint()
		c.outbox.Store(nil)
	}
}

// hand makes p durable for delivery.
func (c *caseRecord) hand(p custody.Checkpoint) {
	if o := c.outbox.Load(); o != nil {
		if err := o.Checkpoint(&p); err != nil {
			c.say(fmt.Sprintf("checkpoint %d is in the case folder only: %v", p.Number, err))
		}
	}
}

// shown takes the files of a live run's evidence, each whole but for the index, which grows.
func (c *caseRecord) shown() func(name string, text []byte) {
	index := c.Witness(evidence.Folder + "/" + evidence.Index)
	return func(name string, text []byte) {
		w := index
		if name != evidence.Folder+"/"+evidence.Index {
			w = c.Witness(name)
		}
		w.Write(text) // a Witness takes it all
	}
}

// signingKeyFile is where the signing key is: as set, or beside the key of the pseudonyms.
func signingKeyFile(s *settings) (string, error) {
	if s.Custody.SigningKey != "" {
		return s.Custody.SigningKey, nil
	}
	beside := s.Pseudonym.KeyFile
	if beside == "" {
		var err error
		if beside, err = pseudonym.DefaultPath(); err != nil {
			return "", fmt.Errorf("%w; say with --signing-key FILE where the key is to be", err)
		}
	}
	return filepath.Join(filepath.Dir(beside), custody.KeyName), nil
}

// built is what is known of this program.
func built() custody.Build {
	b := custody.Build{Version: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	return b
}

// programHash is the SHA-256 of the program's file; empty when that cannot be read.
func programHash() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// effective is the configuration as a manifest may hold it: what may be a secret or name a person is a pseudonym, so that
// the text still differs where the configuration does.
func effective(s *settings, names *pseudonym.Names) (e custody.Effective, err error) {
	var tree yaml.MapSlice
	text, err := yaml.Marshal(s)
	if err == nil {
		err = yaml.UnmarshalWithOptions(text, &tree, yaml.UseOrderedMap())
	}
	if err == nil {
		text, err = yaml.Marshal(shownAs(tree, "", names.Clone()))
	}
	if err != nil {
		return e, fmt.Errorf("manifest: the configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return custody.Effective{SHA256: hex.EncodeToString(sum[:]), YAML: string(text)}, nil
}

// shownAs is the value at path as it may be shown.
func shownAs(value any, path string, names *pseudonym.Names) any {
	switch v := value.(type) {
	case yaml.MapSlice:
		for i := range v {
			v[i].Value = shownAs(v[i].Value, path+"."+fmt.Sprint(v[i].Key), names)
		}
	case []any:
		for i := range v {
			v[i] = shownAs(v[i], path, names)
		}
	case string:
		switch {
		case v == "":
			return v
		case path == ".webhook.url": // chat services put the secret there
			host := ""
			if u, err := url.Parse(v); err == nil {
				host = u.Scheme + "://" + u.Host + "/"
			}
			return string(names.Keys.Append([]byte(host), pseudonym.Token, v))
		case names.Reveal:
			return v
		case path == ".alert.allow.principal", path == ".alert.allow.reason":
			return string(names.Keys.Append(nil, pseudonym.Text, v))
		}
		return string(names.Word(nil, v))
	}
	return value
}

// watch hashes what src reads.
func (c *caseRecord) watch(ctx context.Context, src *replay.Source) {
	if c.src = src; !c.hashed {
		return
	}
	src.Wrap = func(path string, r io.ReadCloser) io.ReadCloser {
		return c.inputs.Reader(path, r, func() bool {
			st, err := os.Stat(path)
			return err == nil && st.Mode().IsRegular() && path != "-" && ctx.Err() == nil
		})
	}
}

// ticks is when a live run is to sign a checkpoint; never, where there is no case or no interval.
func (c *caseRecord) ticks() (<-chan time.Time, func()) {
	if c == nil || c.every == 0 {
		return nil, func() {}
	}
	t := time.NewTicker(c.every)
	return t.C, t.Stop
}
