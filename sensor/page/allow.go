package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"auscult/pipeline/alert"
	"auscult/sensor/clock"
)

const (
	// MaxRules is how many rules an allow-list's file may hold: every signal is compared with all of them.
	MaxRules = 1000
	// MaxRulesSize is how many bytes it may have.
	MaxRulesSize = 1 << 20

	ahead    = 2 * time.Second // of what the pipeline has read, a rule begins: twice the time between samples
	patience = 3 * time.Second // until the pipeline has taken it
	tries    = 3
)

// Allowing adds rules to the allow-list of a run that goes on. A rule begins at a packet time that the pipeline has not
// reached, stands in the file before that, and is taken over at a sample before that: so a replay of the same packets with the
// same file gives the same alerts. What cannot be written, or is not taken in time, is not in force.
type Allowing struct {
	file    *os.File
	reached func() clock.Time
	audit   func(text string)

	turn  sync.Mutex // of who adds: one after another
	rules atomic.Int64

	mu      sync.Mutex
	pending *offer
}

type offer struct {
	rule  alert.Rule
	taken chan bool // whether it was in time
}

// OpenAllowing opens the file at path, made if it is missing, that holds so many rules. reached is the packet time that the
// lanes have reached, and audit is told what was allowed.
func OpenAllowing(path string, rules int, reached func() clock.Time, audit func(text string)) (*Allowing, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	a := &Allowing{file: f, reached: reached, audit: audit}
	a.rules.Store(int64(rules))
	if err := a.mend(); err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

// mend takes away a line that was never written whole, and ends the last one if a hand left it open.
func (a *Allowing) mend() error {
	text, err := io.ReadAll(io.LimitReader(a.file, MaxRulesSize+1))
	if err != nil || len(text) == 0 {
		return err
	}
	if whole := Whole(text); len(whole) < len(text) {
		return a.file.Truncate(int64(len(whole)))
	}
	if text[len(text)-1] != '\n' {
		_, err = a.file.WriteString("\n")
	}
	return err
}

// Whole is the text of an allow-list's file without a last line that the page began to write and never ended.
func Whole(text []byte) []byte {
	at := bytes.LastIndexByte(text, '\n') + 1
	if rule, ours := bytes.CutPrefix(text[at:], []byte("- {")); ours && !json.Valid(append([]byte("{"), rule...)) {
		return text[:at]
	}
	return text
}

// Close closes the file.
func (a *Allowing) Close() error { return a.file.Close() }

// Rules is how many rules there are.
func (a *Allowing) Rules() int { return int(a.rules.Load()) }

// Take gives the rule that waits, if it still begins at or after at. It is pipeline.Rules.
func (a *Allowing) Take(at clock.Time) []alert.Rule {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.pending
	if o == nil {
		return nil
	}
	a.pending = nil
	if o.rule.From.Before(at.UTC()) {
		o.taken <- false
		return nil
	}
	o.taken <- true
	return []alert.Rule{o.rule}
}

var errIdle = errors.New("nothing was read yet, so no rule can begin")

// add makes r a rule from soon on, and gives it with its beginning.
func (a *Allowing) add(r alert.Rule, why string) (alert.Rule, error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	if a.Rules() >= MaxRules {
		return r, fmt.Errorf("the allow-list has %d rules already; take out what has ended", a.Rules())
	}
	for try := range tries {
		at := a.reached()
		if at == 0 {
			return r, errIdle
		}
		r.From = at.Floor().Add(ahead << try).UTC() // the disk may have been slow
		if err := r.Validate(); err != nil {
			return r, err
		}
		size, err := a.write(&r)
		if err != nil {
			return r, fmt.Errorf("the rule cannot be kept: %w", err)
		}
		if a.offer(r) {
			a.rules.Add(1)
			a.audit(fmt.Sprintf("%s; in force from %s", why, r.From.Format(time.RFC3339Nano)))
			return r, nil
		}
		if err := errors.Join(a.file.Truncate(size), a.file.Sync()); err != nil {
			return r, fmt.Errorf("the rule is not in force, but in the file: %w", err)
		}
	}
	return r, errors.New("the pipeline does not move, so no rule can begin")
}

// line is a rule as the file has it: JSON, which is YAML too.
type line struct {
	Principal string    `json:"principal,omitempty"`
	Endpoint  string    `json:"endpoint,omitempty"`
	Detector  string    `json:"detector,omitempty"`
	Reason    string    `json:"reason"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
}

// write makes r durable, and says how long the file was.
func (a *Allowing) write(r *alert.Rule) (size int64, err error) {
	st, err := a.file.Stat()
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(line(*r))
	if err != nil {
		return 0, err
	}
	text = slices.Concat([]byte("- "), text, []byte("\n"))
	if st.Size()+int64(len(text)) > MaxRulesSize {
		return 0, fmt.Errorf("the file would have more than %d bytes", MaxRulesSize)
	}
	if _, err = a.file.Write(text); err == nil {
		err = a.file.Sync()
	}
	if err != nil {
		err = errors.Join(err, a.file.Truncate(st.Size()))
	}
	return st.Size(), err
}

// offer waits until the pipeline has taken r, or refused it.
func (a *Allowing) offer(r alert.Rule) bool {
	o := &offer{r, make(chan bool, 1)}
	a.mu.Lock()
	a.pending = o
	a.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case taken := <-o.taken:
		return taken
	case <-late.C:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == o {
		a.pending = nil
		return false
	}
	return <-o.taken // between the two
}
