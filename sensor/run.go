package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"auscult/pipeline"
	"auscult/replay"
)

// runReplay reads the captures named by paths. What went wrong is in the error, with the exit status.
func runReplay(ctx context.Context, std stdio, s settings, f *replayFlags, paths []string) (err error) {
	screen := newScreen(std.err, f.quiet || f.noProgress)
	level, _ := levelOf(s.Log.Level) // checked with the other settings
	log := zerolog.New(zerolog.ConsoleWriter{Out: screen, NoColor: !colours(std.err, std.environ), TimeFormat: time.TimeOnly}).
		Level(level).With().Timestamp().Logger()
	for _, name := range s.unknownEnv {
		log.Warn().Str("variable", name).Msg("this variable names no setting; auscult config lists them")
	}
	log.Info().Str("version", version()).Int("workers", s.Workers).Strs("inputs", paths).Msg("reading")
	s.Memory.apply(std.environ)
	stopProfiles, err := profiles(f.cpuProfile, f.memProfile)
	if err != nil {
		return err
	}
	defer func() {
		if failed := stopProfiles(); failed != nil && err == nil {
			err = &exit{statusFailed, failed}
		}
	}()

	secrets, err := openKeyLog(ctx, screen, &s, paths)
	if err != nil {
		return err
	}
	if secrets != nil {
		defer secrets.Close()
	}
	src := replay.New(s.Replay, paths...)
	src.Stdin = std.in
	if s.Engine, err = openBaseline(ctx, screen, &s, f.baseline, src); err != nil {
		return err
	}
	out, err := openOutputs(ctx, std, screen, &s, f)
	if err != nil {
		return err
	}
	var prog pipeline.Progress
	start := time.Now()
	stop := screen.follow(func() point {
		return point{read: src.Read(), total: src.Total(), packets: prog.Packets.Load(), calls: prog.Calls.Load(),
			alerts: prog.Alerts.Load(), elapsed: time.Since(start)}
	})
	stats, err := pipeline.Run(ctx, s.Config, src, out.Output, &prog)
	took := time.Since(start)
	stop()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // that it was stopped is told by the exit status
	}
	for _, n := range src.Notices() {
		fmt.Fprintln(screen, "auscult:", n)
	}
	for _, fault := range src.Faults() {
		fmt.Fprintln(screen, "auscult:", fault)
	}
	r := newReport(&stats, src, s.Workers, took)
	if s.Replay.Filter != nil {
		r.Filter = s.Replay.Filter.String()
	}
	r.Run.Stopped = ctx.Err() != nil
	if f.saveBaseline != "" {
		err = errors.Join(err, saveBaseline(f.saveBaseline, s.Engine))
	}
	if out.dir != "" {
		err = errors.Join(err, out.dir.writeStats(r))
	}
	if !f.quiet {
		err = errors.Join(err, r.print(screen))
	}
	switch {
	case err != nil:
		return &exit{statusFailed, err}
	case out.withoutKafka:
		return &exit{status: statusFailed}
	case len(src.Faults()) > 0:
		return &exit{status: statusInput} // each was said
	case f.failOnAlert && r.Grave > 0:
		return &exit{status: statusAlerts}
	}
	return nil
}
