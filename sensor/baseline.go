package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/replay"
)

// baselineSelf is the word for a capture that is its own baseline.
const baselineSelf = "self"

// checkBaseline refuses what the two flags of baselines cannot mean.
func (f *replayFlags) checkBaseline(inputs []string) error {
	if f.baseline != baselineSelf {
		return nil
	}
	if f.saveBaseline != "" {
		return errors.New("--save-baseline writes what one reading taught: leave out --baseline self")
	}
	if slices.ContainsFunc(inputs, piped) {
		return errors.New("--baseline self reads the capture twice, which standard input and pipes do not allow: save it to a file first")
	}
	return nil
}

// piped is whether an input can be read only once.
func piped(path string) bool {
	info, err := os.Stat(path)
	return path == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// openBaseline makes the detectors: new ones, those that a file describes, or those that a first reading of src taught.
func openBaseline(ctx context.Context, screen *screen, s *settings, name string, src *replay.Source) (*detectors.Engine, error) {
	switch name {
	case "":
		return detectors.New(s.Detectors), nil
	case baselineSelf:
		return learn(ctx, screen, s, src)
	}
	e := detectors.New(s.Detectors)
	return e, loadBaseline(e, name)
}

// loadBaseline teaches e, which is new, what the file name says.
func loadBaseline(e *detectors.Engine, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return &exit{statusUsage, fmt.Errorf("baseline: %w", err)}
	}
	defer file.Close()
	if err := e.Load(file); err != nil {
		return &exit{statusUsage, fmt.Errorf("%s: %w", name, err)}
	}
	return nil
}

// learn reads src once for what is usual in it.
func learn(ctx context.Context, screen *screen, s *settings, src *replay.Source) (*detectors.Engine, error) {
	cfg := s.Config
	cfg.Engine = detectors.Learn(s.Detectors)
	var prog pipeline.Progress
	start := time.Now()
	stop := screen.follow(func() point {
		return point{read: src.Read(), total: src.Total(), packets: prog.Packets.Load(), calls: prog.Calls.Load(),
			elapsed: time.Since(start)}
	})
	_, err := pipeline.Run(ctx, cfg, src, pipeline.Output{}, &prog)
	stop()
	if err != nil && !(ctx.Err() != nil && errors.Is(err, ctx.Err())) {
		return nil, &exit{statusFailed, fmt.Errorf("first reading: %w", err)}
	}
	var lessons bytes.Buffer
	if err := cfg.Engine.Lessons(&lessons); err != nil {
		return nil, &exit{statusFailed, err}
	}
	e, err := detectors.Load(s.Detectors, &lessons)
	if err != nil {
		return nil, &exit{statusFailed, err}
	}
	return e, nil
}

// saveBaseline writes what e has learned to a file of this user alone; a file that is there is replaced whole, or not
// at all.
func saveBaseline(name string, e *detectors.Engine) error { return replaceFile(name, e.Save) }

// replaceFile writes a file whole or not at all.
func replaceFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".baseline-*")
	if err != nil {
		return fmt.Errorf("save the baseline: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
			err = fmt.Errorf("save the baseline: %w", err)
		}
	}()
	if err = errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
