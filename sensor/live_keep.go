package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/sensor/clock"
)

// baselineConfig is about what live keeps of what it learns.
type baselineConfig struct {
	// Every is how often, in packet time, live --save-baseline writes its file, beside at the end; 0: at the end only.
	Every time.Duration `yaml:"every"`
}

// keeper saves what the detectors have learned while they run, so that a machine that fails loses little of it. It is
// asked on the goroutine that owns them; what it writes down there goes to the disk on another.
type keeper struct {
	pipeline.Watcher
	name   string
	engine *detectors.Engine
	every  time.Duration
	due    clock.Time
	full   chan []byte // one at most: a disk that is slower is not waited for
}

func newKeeper(name string, s *settings) *keeper {
	return &keeper{name: name, engine: s.Engine, every: s.Baseline.Every, full: make(chan []byte, 1)}
}

// Watch saves, when it is time to, and asks the watcher within.
func (k *keeper) Watch(dst []alert.Alert, s *pipeline.Sample) []alert.Alert {
	if k.every > 0 && s.Time >= k.due {
		if k.due > 0 && len(k.full) == 0 {
			var b bytes.Buffer
			if k.engine.Save(&b) == nil { // memory takes it all
				k.full <- b.Bytes()
			}
		}
		k.due = s.Time.Add(k.every)
	}
	return k.Watcher.Watch(dst, s)
}

// run takes to the disk what is saved, until over ends.
func (k *keeper) run(over context.Context, log zerolog.Logger) {
	for {
		select {
		case <-over.Done():
			return
		case b := <-k.full:
			err := replaceFile(k.name, func(w io.Writer) error { _, err := w.Write(b); return err })
			if err != nil {
				log.Error().Err(err).Msg("what is usual is kept as it was written last")
			}
		}
	}
}

// writable is whether name can be replaced by whoever we are now.
func writable(name string) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".baseline-*")
	if err != nil {
		return fmt.Errorf("--save-baseline: %w; give a file in a folder that the user of --user may write to", err)
	}
	file.Close()
	return os.Remove(file.Name())
}
