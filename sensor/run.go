package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/clock"
)

// session is what replay and live have alike around a run.
type session struct {
	flags        *runFlags
	screen       *screen
	log          zerolog.Logger
	stopProfiles func() error
}

// begin sets up what a run talks through. What it began, close ends.
func begin(std stdio, s *settings, f *runFlags) (*session, error) {
	screen := newScreen(std.err, f.quiet || f.noProgress)
	level, _ := levelOf(s.Log.Level) // checked with the other settings
	log := zerolog.New(zerolog.ConsoleWriter{Out: screen, NoColor: !colours(std.err, std.environ), TimeFormat: time.TimeOnly}).
		Level(level).With().Timestamp().Logger()
	for _, name := range s.unknownEnv {
		log.Warn().Str("variable", name).Msg("this variable names no setting; auscult config lists them")
	}
	s.Memory.apply(std.environ)
	stop, err := profiles(f.cpuProfile, f.memProfile)
	return &session{f, screen, log, stop}, err
}

// close ends the profiles, and puts what went wrong with them where nothing else did.
func (n *session) close(err *error) {
	if failed := n.stopProfiles(); failed != nil && *err == nil {
		*err = &exit{statusFailed, failed}
	}
}

// tell writes the report of a run to its case folder, and the summary. err is what went wrong before.
func (n *session) tell(r *report, out *outputs, err error) error {
	r.Published = out.publication()
	if out.dir != "" {
		text, failed := r.text()
		if failed == nil {
			failed = out.write(statsFile, text)
		}
		err = errors.Join(err, failed, out.writeInventory())
		err = errors.Join(err, out.custody.seal(r, text, err))
	}
	if !n.flags.quiet {
		err = errors.Join(err, r.print(n.screen))
		if out.dir != "" && err == nil {
			out.custody.print(n.screen)
			out.vault.tell(n.screen)
		}
	}
	if err != nil {
		return &exit{statusFailed, err}
	}
	return nil
}

// runReplay reads the captures named by paths. What went wrong is in the error, with the exit status.
func runReplay(ctx context.Context, std stdio, s settings, f *replayFlags, paths []string) (err error) {
	n, err := begin(std, &s, &f.runFlags)
	if err != nil {
		return err
	}
	defer n.close(&err)
	n.log.Info().Str("version", version()).Int("workers", s.Workers).Strs("inputs", paths).Msg("reading")
	secrets, err := openKeyLog(ctx, n.screen, &s, slices.ContainsFunc(paths, piped))
	if err != nil {
		return err
	}
	if secrets != nil {
		defer secrets.Close()
	}
	src := replay.New(s.Replay, paths...)
	src.Stdin = std.in
	if s.Engine, err = openBaseline(ctx, n.screen, &s, f.baseline, src); err != nil {
		return err
	}
	out, err := openOutputs(std, n.screen, &s, &f.runFlags)
	if err == nil && f.evidence {
		err = out.openEvidence(&s, nil, nil)
	}
	if err != nil {
		return err
	}
	memory, err := n.goOnFrom(ctx, &s, f)
	if err != nil {
		out.abandon()
		return err
	}
	last := clock.Time(0)
	if memory != nil {
		defer memory.file.Close()
		last = s.Detection.Last()
	}
	if out.custody != nil {
		out.custody.watch(ctx, src)
		if out.published == nil { // otherwise nobody here knows what is wrong with the calls
			out.openReport(&s, f.reveal)
		}
	}
	cfg := s.Config
	cfg.Inventory = out.apis
	if f.state != "" {
		cfg.Keeper = memory
		memory.run(0)
	}
	cfg.Sample, cfg.Watcher = healthStep, &health{cfg: s.Health}
	var prog pipeline.Progress
	start := time.Now()
	stop := n.screen.follow(func() point {
		return point{read: src.Read(), total: src.Total(), packets: prog.Packets.Load(), calls: prog.Calls.Load(),
			alerts: prog.Alerts.Load(), elapsed: time.Since(start)}
	})
	stats, err := pipeline.Run(ctx, cfg, src, out.Output, &prog)
	took := time.Since(start)
	stop()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // that it was stopped is told by the exit status
	}
	for _, notice := range src.Notices() {
		fmt.Fprintln(n.screen, "auscult:", notice)
	}
	for _, fault := range src.Faults() {
		fmt.Fprintln(n.screen, "auscult:", fault)
	}
	r := newReport(&stats, readFiles(src), s.Workers, took)
	if s.Replay.Filter != nil {
		r.Filter = s.Replay.Filter.String()
	}
	r.Run.Stopped = ctx.Err() != nil
	if out.proof != nil {
		var failed error
		if r.Evidence, failed = out.proof.cut(ctx, src); ctx.Err() != nil && errors.Is(failed, ctx.Err()) {
			fmt.Fprintln(n.screen, "auscult: stopped before the evidence was cut out: none was kept")
			failed = nil // as above
		}
		err = errors.Join(err, failed)
	}
	if memory != nil {
		err = errors.Join(err, memory.err)
		memory.tell(n.screen, &stats, last)
	}
	if f.saveBaseline != "" {
		err = errors.Join(err, saveBaseline(f.saveBaseline, s.Engine))
	}
	if out.page != nil {
		err = errors.Join(err, out.writePage(&r, &s, &stats, err))
	}
	if err := n.tell(&r, &out, err); err != nil {
		return err
	}
	switch {
	case len(src.Faults()) > 0:
		return &exit{status: statusInput} // each was said
	case f.failOnAlert && r.Grave > 0:
		return &exit{status: statusAlerts}
	}
	return nil
}
