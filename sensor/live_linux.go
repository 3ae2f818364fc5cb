package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/bpf"

	"auscult/pipeline"
	"auscult/pipeline/evidence"
	"auscult/sensor/capture"
	"auscult/sensor/page"
)

// sampleEvery is how old, in packet time, what /metrics tells of the pipeline may be.
const sampleEvery = time.Second

// statsEvery is how often a line on stderr says how it goes.
const statsEvery = 10 * time.Second

// runLive listens to the interfaces of f until ctx ends. What went wrong is in the error, with the exit status.
func runLive(ctx context.Context, std stdio, s settings, f *liveFlags, filter string, program []bpf.RawInstruction) (err error) {
	n, err := begin(std, &s, &f.runFlags)
	if err != nil {
		return err
	}
	defer n.close(&err)
	secrets, err := openKeyLog(ctx, n.screen, &s, true)
	if err != nil {
		return err
	}
	if secrets != nil {
		defer secrets.Close()
	}
	if s.Engine, err = openBaseline(ctx, n.screen, &s, f.baseline, nil); err != nil {
		return err
	}
	s.Outbox.Live = true
	out, err := openOutputs(std, n.screen, &s, &f.runFlags)
	if err != nil {
		return err
	}
	if f.evidence {
		say := func(line string) { fmt.Fprintln(n.screen, "auscult:", line) }
		if err := out.openEvidence(&s, f.interfaces, say); err != nil {
			return err
		}
	}
	memory, err := n.goOn(std.environ, &s, f)
	if err != nil {
		out.abandon()
		return err
	}
	if memory != nil {
		defer memory.file.Close()
	}
	asked := make(chan os.Signal, 4) // from now on, or it would end the program
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGHUP)
	defer signal.Stop(asked)
	l := &line{asked: asked, session: n, settings: &s, flags: f, out: &out, memory: memory, watch: watch{lanes: &metered{}}}
	if err := l.open(std.environ, program); err != nil {
		out.abandon()
		return errors.Join(err, l.close(nil))
	}
	stats, took, failed := l.run(ctx)
	failed = l.close(failed)
	var shown *evidence.Stats
	if out.proof != nil {
		stats, err := out.proof.live.Close()
		shown, failed = &stats, errors.Join(failed, err)
	}
	if f.saveBaseline != "" {
		failed = errors.Join(failed, saveBaseline(f.saveBaseline, s.Engine))
	}
	r := newReport(&stats, tookIn(l.src.Stats(), &stats.TCP), s.Workers, took)
	r.Filter = filter
	r.Run.Stopped, r.Evidence = ctx.Err() != nil, shown
	return n.tell(&r, &out, failed)
}

// line is a live run's source and what stands beside it.
type line struct {
	*session
	settings *settings
	flags    *liveFlags
	out      *outputs
	asked    chan os.Signal // to say how it goes, or to open files anew

	src       *capture.Source
	recording *os.File
	server    *server
	manager   *notifier
	watch     watch
	allowing  *page.Allowing // nil where nothing can be marked as expected
	keeper    *keeper        // nil: what is learned is not kept
	memory    *memorySaver   // nil: what is remembered is not
}

// open opens all that needs privileges, and then gives them up.
func (l *line) open(environ []string, program []bpf.RawInstruction) (err error) {
	if l.out.dir != "" {
		// Its folder belongs to whoever started us, and shall: no file can be made there later.
		if l.out.late, err = l.out.dir.openLate(); err != nil {
			return &exit{statusFailed, err}
		}
	}
	if l.server, err = openServer(l.settings.Listen, l.settings.Page); err != nil {
		return err
	}
	if err = l.openPage(); err != nil {
		return err
	}
	if l.manager, err = openNotifier(environ); err != nil {
		return &exit{statusFailed, err}
	}
	if name := l.flags.recording; name != "" {
		if l.recording, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return &exit{statusUsage, fmt.Errorf("--write: %w; give the name of a new file", err)}
		}
	}
	if l.src, err = capture.Open(l.settings.Capture, l.flags.interfaces, program); err != nil {
		return &exit{statusUsage, err}
	}
	l.src.Log = l.log
	if l.recording != nil {
		l.src.Record = l.recording
	}
	if p := l.out.proof; p != nil {
		l.src.Beside = func(lane pipeline.Lane) { p.live.Read(lane.Next) }
	}
	if err := l.out.giveOutbox(l.settings.Outbox.Dir, l.flags.user); err != nil {
		return &exit{statusFailed, fmt.Errorf("outbox: %w (--user)", err)}
	}
	if l.memory != nil {
		if err := giveFolder(l.settings.State.Dir, l.flags.user); err != nil {
			return &exit{statusFailed, fmt.Errorf("state: %w (--user)", err)}
		}
	}
	if err := capture.Drop(l.flags.user); err != nil {
		return &exit{statusFailed, fmt.Errorf("%w (--user)", err)}
	}
	if err := l.src.Seal(); err != nil {
		return &exit{statusFailed, err}
	}
	if name := l.flags.saveBaseline; name != "" {
		if err := writable(name); err != nil {
			return &exit{statusUsage, err}
		}
		l.keeper = newKeeper(name, l.settings)
	}
	return nil
}

// run reads until ctx ends.
func (l *line) run(ctx context.Context) (stats pipeline.Stats, took time.Duration, err error) {
	lanes := l.watch.lanes
	lanes.Source, l.watch.src = l.src, l.src
	l.watch.outbox, l.watch.out, l.watch.memory = l.out.outbox, l.out, l.memory
	l.watch.sinks, l.watch.logs, l.watch.cfg = tallied(&l.out.Output), locked(&l.out.Output), &l.settings.Config
	l.watch.show(&l.out.Output)
	l.watch.begin()
	if l.server != nil {
		l.server.serve(l.settings.Listen, &l.watch)
	}
	stop := l.screen.follow(l.watch.point)
	var beside sync.WaitGroup
	over, end := context.WithCancel(context.WithoutCancel(ctx))
	beside.Go(func() { l.attend(ctx, over) })
	l.manager.tell("READY=1")
	l.log.Info().Str("version", version()).Int("workers", l.settings.Workers).Strs("interfaces", l.flags.interfaces).Msg("listening")

	cfg := l.settings.Config
	cfg.Inventory = l.out.apis
	judge := &health{cfg: l.settings.Health, links: func() []capture.InterfaceStats { return l.src.Stats().Interfaces }}
	cfg.Sample, cfg.Watcher = sampleEvery, judge
	if l.allowing != nil {
		cfg.Rules = l.allowing
	}
	if l.watch.page != nil {
		cfg.Watcher = &finds{Watcher: cfg.Watcher, apis: l.out.apis, page: l.watch.page}
		beside.Go(func() { l.watch.page.Run(over) })
	}
	if l.keeper != nil {
		l.keeper.Watcher, cfg.Watcher = judge, l.keeper
		beside.Go(func() { l.keeper.run(over, l.log) })
	}
	if l.memory != nil {
		cfg.Keeper = l.memory
		l.memory.run(l.settings.State.Every)
	}
	start := time.Now()
	stats, err = pipeline.Run(ctx, cfg, lanes, l.out.Output, &l.watch.prog)
	took = time.Since(start)
	end()
	beside.Wait()
	stop()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // that it was stopped is told by the exit status
	}
	if l.memory != nil {
		err = errors.Join(err, l.memory.err)
	}
	return stats, took, err
}

// attend does what time and signals ask for, until over ends. told ends when the run is told to.
func (l *line) attend(told, over context.Context) {
	look, say := time.NewTicker(watchEvery), time.NewTicker(statsEvery)
	defer look.Stop()
	defer say.Stop()
	sign, stopSigning := l.out.custody.ticks()
	defer stopSigning()
	var dog <-chan time.Time
	if l.manager != nil && l.manager.every > 0 {
		t := time.NewTicker(l.manager.every)
		defer t.Stop()
		dog = t.C
	}
	stopping := told.Done()
	for {
		select {
		case <-over.Done():
			return
		case <-stopping:
			stopping = nil
			l.watch.end()
			l.manager.tell("STOPPING=1")
		case s := <-l.asked:
			if s == syscall.SIGHUP {
				l.reopen()
				continue
			}
			l.say()
			l.sayAll()
		case <-say.C:
			if !l.session.flags.quiet && !l.session.flags.noProgress && l.screen.width == nil { // a terminal shows it all the time
				l.say()
			}
		case <-dog:
			if l.watch.alive() {
				l.manager.tell("WATCHDOG=1")
			}
		case <-sign:
			l.out.custody.Checkpoint()
		case <-look.C:
			l.watch.alive()
		}
	}
}

// say writes how the run is doing.
func (l *line) say() {
	p := l.watch.point()
	fmt.Fprintln(l.screen, "auscult:", p.live.line(p))
}

// reopen goes on in new files of the same names: the old ones were renamed.
func (l *line) reopen() {
	if err := l.watch.reopen(); err != nil {
		l.log.Error().Err(err).Msg("cannot open files anew; the old ones are written to further (the folder must be the user's that --user says, or let logrotate copytruncate)")
		return
	}
	l.log.Info().Msg("files opened anew")
}

// sayAll writes every counter that is not zero, as /metrics names them.
func (l *line) sayAll() {
	text, err := l.watch.text()
	if err != nil {
		l.log.Error().Err(err).Msg("cannot tell the counters")
	}
	l.screen.Write(text)
}

// close ends what open opened. err is what went wrong before.
func (l *line) close(err error) error {
	if l.src != nil {
		err = errors.Join(err, l.src.Close())
	}
	if l.recording != nil {
		err = errors.Join(err, l.recording.Close())
	}
	if l.server != nil {
		err = errors.Join(err, l.server.Close())
	}
	if l.allowing != nil {
		err = errors.Join(err, l.allowing.Close())
	}
	l.manager.close()
	return err
}
