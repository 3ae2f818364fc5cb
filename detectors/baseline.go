package detectors

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"auscult/detectors/stats"
)

// A baseline is what an engine has learned, as a file: magic, version, hash of the settings it was learned under,
// sections of a name and a length, and the SHA-256 of all before it. It names nobody: principals and patients are
// the hashes that calls carry, and the only words in it are roles.

const (
	baselineMagic   = "auscult baseline\n"
	baselineVersion = 2
	maxBaseline     = 1 << 28 // bytes: what 20,000 principals with full memories need, several times over
	maxSection      = 64      // bytes of its name
)

// learner is a detector, or a part of the engine, that has something to save. self says that the file will judge the
// very capture that it was learned from: then only that may be saved which an attacker in it cannot have taught.
type learner interface {
	save(e *encoder, self bool)
	restore(d *decoder)
}

// section is a learner and its place in the file.
type section struct {
	name string
	learner
}

// sections are the parts that learn: the scene, then the detectors that have something to save, in their order.
func (e *Engine) sections() []section {
	out := []section{{"scene", &e.scene}}
	for _, d := range slices.Concat(e.detectors, e.watchers) {
		if l, ok := d.(learner); ok {
			out = append(out, section{d.Name(), l})
		}
	}
	return out
}

// Save writes what was learned. The same state gives the same bytes.
func (e *Engine) Save(w io.Writer) error { return e.write(w, false) }

// Lessons writes what the first reading of a capture taught, for the second. The engine must be one of Learn, and
// is not used any more.
func (e *Engine) Lessons(w io.Writer) error {
	if !e.scene.learning {
		return errors.New("detectors: the engine was not made to learn")
	}
	e.scene.conclude()
	return e.write(w, true)
}

func (e *Engine) write(w io.Writer, self bool) error {
	file := encoder{b: append([]byte(baselineMagic), baselineVersion)}
	file.hash(e.scene.cfg.learning())
	var part encoder
	for _, s := range e.sections() {
		part.b = part.b[:0]
		s.save(&part, self)
		file.word(s.name)
		file.count(len(part.b))
		file.b = append(file.b, part.b...)
	}
	sum := sha256.Sum256(file.b)
	if _, err := w.Write(append(file.b, sum[:]...)); err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	return nil
}

// Load makes an engine that knows what a baseline says. The Config must be valid. The error, if any, says in one
// line what is wrong with the file.
func Load(cfg Config, r io.Reader) (*Engine, error) {
	e := New(cfg)
	if err := e.Load(r); err != nil {
		return nil, err
	}
	return e, nil
}

// Load teaches a new engine what a baseline says. After an error, which is as that of the function, it is of no use.
func (e *Engine) Load(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxBaseline+1))
	if err == nil {
		err = e.load(b)
	}
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	return nil
}

func (e *Engine) load(b []byte) error {
	head := len(baselineMagic) + 1 + 8
	switch {
	case len(b) > maxBaseline:
		return fmt.Errorf("is larger than %d bytes", maxBaseline)
	case len(b) < head+sha256.Size || !bytes.HasPrefix(b, []byte(baselineMagic)):
		return errors.New("is not a file that --save-baseline wrote")
	case b[head-9] != baselineVersion:
		return fmt.Errorf("has version %d, and this program reads version %d: learn it anew", b[head-9], baselineVersion)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return errors.New("is damaged: its checksum does not fit")
	}
	d := decoder{b: body[head-8:]}
	if d.hash() != e.scene.cfg.learning() {
		return errors.New("was learned under other settings of the section detectors: use those, or learn it anew")
	}
	parts := e.sections()
	for d.err == nil && len(d.b) > 0 {
		name := d.word(maxSection)
		n := d.count(len(d.b), 1)
		if d.err != nil {
			break
		}
		in := decoder{b: d.b[:n:n]}
		d.b = d.b[n:]
		i := slices.IndexFunc(parts, func(s section) bool { return s.name == name })
		if i < 0 {
			return fmt.Errorf("has a section %q, which this program does not know or has read already", name)
		}
		parts[i].restore(&in)
		if in.err == nil && len(in.b) > 0 {
			in.fail("has more than it should")
		}
		if in.err != nil {
			return fmt.Errorf("section %s %w", name, in.err)
		}
		parts = slices.Delete(parts, i, i+1)
	}
	if d.err != nil {
		return fmt.Errorf("the file %w", d.err)
	}
	return nil
}

// learning is a hash of the settings under which what is learned has its meaning: those that say who is calm, and
// what is too large to be learned from.
func (c Config) learning() uint64 {
	h := text("baseline")
	for _, x := range [...]float64{c.Budget, c.ShareUnexplained, c.ShareLattice, c.ShareRefused, c.ShareVolume, c.ShareAcross,
		c.ShareOversize, c.ColdThreshold, c.VolumeTail, float64(c.WarmDays), float64(c.Single), float64(c.Unsized)} {
		h = stats.Mix(h ^ math.Float64bits(x))
	}
	return h
}
