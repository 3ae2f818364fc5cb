package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/pipeline/snapshot"
	"auscult/pipeline/state"
	"auscult/sensor/clock"
)

// stateDirectory is the name of the state's folder under that of a service; noState turns it off.
const (
	stateDirectory = "state"
	noState        = "none"
)

// memorySaver keeps what detection remembers: it asks for it every so often, and takes it to the disk on a goroutine of its
// own.
type memorySaver struct {
	file *state.File // nil: what is remembered is only gone on with
	log  zerolog.Logger
	due  atomic.Bool
	full chan *snapshot.Image // one at most: a disk that is slower is not waited for
	done sync.WaitGroup
	err  error       // of the end
	stop func() bool // whether the run ended before its time, and its state means nothing

	// Of the newest file, for /metrics.
	saves, failures atomic.Uint64
	bytes, stored   atomic.Int64
	at, wrote       atomic.Int64 // ns since 1970, and ns
}

func newMemorySaver(file *state.File, log zerolog.Logger) *memorySaver {
	return &memorySaver{file: file, log: log, full: make(chan *snapshot.Image, 1)}
}

// Due is whether the time has come, and the last state is on the disk.
func (m *memorySaver) Due() bool { return m.due.Load() && len(m.full) == 0 && m.due.Swap(false) }

// Keep takes a state to the disk, and waits for it when it is the last.
func (m *memorySaver) Keep(image *snapshot.Image, err error, ended bool) {
	if err != nil {
		m.failed(err)
		m.err = err
		return
	}
	if !ended {
		m.full <- image
		return
	}
	close(m.full)
	m.done.Wait()
	if m.stop == nil || !m.stop() {
		m.err = m.write(image, true)
	}
}

func (m *memorySaver) write(image *snapshot.Image, ended bool) error {
	start := time.Now()
	size, stored, err := m.file.Write(image, ended)
	if err != nil {
		m.failed(err)
		return err
	}
	m.saves.Add(1)
	m.bytes.Store(size)
	m.stored.Store(stored)
	m.at.Store(start.UnixNano())
	m.wrote.Store(int64(time.Since(start)))
	return nil
}

func (m *memorySaver) took() time.Duration { return time.Duration(m.wrote.Load()) }

func (m *memorySaver) failed(err error) {
	m.failures.Add(1)
	m.log.Error().Err(err).Msg("what is remembered is not kept")
}

// run asks for the state every so often, until the last was given.
func (m *memorySaver) run(every time.Duration) {
	m.done.Go(func() {
		var tick <-chan time.Time
		if every > 0 {
			t := time.NewTicker(every)
			defer t.Stop()
			tick = t.C
		}
		for {
			select {
			case <-tick:
				m.due.Store(true)
			case image, more := <-m.full:
				if !more {
					return
				}
				m.write(image, false)
			}
		}
	})
}

// liveState is the folder of a live sensor's state, by its settings; empty for none.
func (s *settings) liveState(environ []string) (string, error) {
	switch {
	case s.State.Dir == noState:
		return "", nil
	case s.State.Dir != "":
		return s.State.Dir, nil
	case lookup(environ, "STATE_DIRECTORY") == "":
		return "", nil
	}
	return stateFolder(environ, stateDirectory)
}

// remember makes the Site of a run that goes on where file left it, or begins with the baseline if there is none. The
// key of the pseudonyms must be known. aside says that a file that is no good gets another name.
func (n *session) remember(s *settings, file *state.File, shown string, aside bool) (found bool, err error) {
	fresh := func() error {
		s.Engine = detectors.New(s.Detectors)
		s.Detection = pipeline.NewSite(s.Config)
		return s.Detection.Remember()
	}
	if err := fresh(); err != nil {
		return false, &exit{statusFailed, err}
	}
	image, ended, err := file.Read()
	if err == nil {
		if err = s.Detection.Restore(image); err == nil {
			n.went(s, ended)
			return true, nil
		}
	}
	if state.Missing(err) {
		n.say("state: there is none in %s yet: nothing is remembered from before", shown)
	} else {
		if errors.Is(err, snapshot.ErrVersion) {
			err = errors.New("is of another version of auscult, or of other settings")
		}
		kept := ""
		if aside {
			if name, failed := file.SetAside(); failed == nil {
				kept = ", and it is kept as " + name
			}
		}
		n.say("state: %s %v: nothing is remembered from before%s (what lives across versions is a baseline: --save-baseline, --baseline)", shown, err, kept)
	}
	if err := fresh(); err != nil { // what was half restored is of no use
		return false, &exit{statusFailed, err}
	}
	return false, nil
}

// went says what is gone on with.
func (n *session) went(s *settings, ended bool) {
	after := ""
	if !ended {
		s.Detection.Interrupted()
		after = "; the run before did not end well, what came after its last save is not remembered"
	}
	principals, incidents := s.Detection.Remembers()
	n.say("state: going on from %s, with %s and %s; connections that ran over the break are joined midway%s",
		moment(s.Detection.Last()), counted(uint64(principals), "principal"), counted(uint64(incidents), "open incident"), after)
}

// goOn prepares a live run to go on where the one before ended; nil when its state is not kept.
func (n *session) goOn(environ []string, s *settings, f *liveFlags) (*memorySaver, error) {
	dir, err := s.liveState(environ)
	if err != nil || dir == "" || f.publish { // who judges what is published remembers
		return nil, err
	}
	s.State.Dir = dir
	file, err := state.OpenFolder(dir, s.Alert.Keys, s.State.MaxBytes)
	if err != nil {
		return nil, &exit{statusUsage, err}
	}
	if err := n.startFrom(s, file, filepath.Join(dir, state.Name), f.baseline, true); err != nil {
		file.Close()
		return nil, err
	}
	return newMemorySaver(file, n.log), nil
}

// goOnFrom prepares a replay to go on with a file; nil without one.
func (n *session) goOnFrom(ctx context.Context, s *settings, f *replayFlags) (*memorySaver, error) {
	path := cmp.Or(f.state, f.resume)
	if path == "" {
		return nil, nil
	}
	file, err := state.Open(filepath.Dir(path), filepath.Base(path), s.Alert.Keys, s.State.MaxBytes)
	if err != nil {
		return nil, &exit{statusUsage, err}
	}
	if err := n.startFrom(s, file, path, f.baseline, f.state != ""); err != nil {
		file.Close()
		return nil, err
	}
	m := newMemorySaver(file, n.log)
	m.stop = func() bool { return ctx.Err() != nil }
	return m, nil
}

// checkState refuses what the flags of states cannot mean.
func (f *replayFlags) checkState() error {
	switch {
	case f.state != "" && f.resume != "":
		return errors.New("--state goes on with a file and writes it, --resume only goes on with it: keep one")
	case f.state+f.resume != "" && f.publish:
		return errors.New("--publish-calls has calls judged elsewhere, and that is where is remembered: leave out --state and --resume")
	case f.state+f.resume != "" && f.baseline == baselineSelf:
		return errors.New("--baseline self judges a capture by itself alone: leave out --state and --resume")
	}
	return nil
}

// startFrom makes the Site of a run: what file holds, else what the baseline says, if there is one.
func (n *session) startFrom(s *settings, file *state.File, shown, baseline string, aside bool) error {
	found, err := n.remember(s, file, shown, aside)
	switch {
	case err != nil || baseline == "":
		return err
	case found:
		n.say("state: the baseline is left out: what is remembered is of later")
		return nil
	}
	return loadBaseline(s.Engine, baseline)
}

// say writes a line, unless the run is to be quiet.
func (n *session) say(format string, args ...any) {
	if !n.flags.quiet {
		fmt.Fprintf(n.screen, "auscult: "+format+"\n", args...)
	}
}

// tell says after a replay what became of the state. before is the time to which it had seen calls.
func (m *memorySaver) tell(screen *screen, stats *pipeline.Stats, before clock.Time) {
	if before > 0 && stats.First > 0 && stats.First < before {
		fmt.Fprintf(screen, "auscult: state: the packets begin at %s, before the newest call that was remembered (%s): what was read twice counts twice\n",
			moment(stats.First), moment(before))
	}
	if m.stop() {
		fmt.Fprintln(screen, "auscult: state: stopped before the end: the file stays as it was")
	}
}

func moment(at clock.Time) string { return time.Unix(0, int64(at)).UTC().Format(time.RFC3339) }
