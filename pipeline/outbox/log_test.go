package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
)

func small() Config {
	c := Defaults()
	c.SegmentBytes, c.MaxBytes, c.MaxPending = 4<<10, 64<<10, 64<<10
	return c
}

// record is the n-th of a run: every tenth opens an incident, which the others update, and the ninth closes it.
func record(n int) Record {
	a := alert.Update
	switch n % 10 {
	case 0:
		a = alert.Create
	case 9:
		a = alert.Close
	}
	return Record{UID: fmt.Sprintf("auscult-%06d", n/10), Sequence: n%10 + 1, Activity: a, Severity: detectors.High, Time: 7,
		Body: []byte(fmt.Sprintf(`{"n":%d,"text":"%s"}`, n, strings.Repeat("x", 100+n%50)))}
}

func records(from, n int) (out []Record) {
	for i := range n {
		out = append(out, record(from+i))
	}
	return out
}

// drain reads all that c has not taken, and commits it.
func drain(t *testing.T, c *Cursor) (out []Record) {
	t.Helper()
	for {
		got, err := c.Next(nil, 7, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return out
		}
		c.Commit(got)
		out = append(out, got...)
	}
}

func same(t *testing.T, got []Record, want []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.UID != w.UID || g.Sequence != w.Sequence || g.Activity != w.Activity || g.Severity != w.Severity || g.Time != w.Time ||
			string(g.Body) != string(w.Body) {
			t.Fatalf("record %d is %+v, want %+v", i, g, w)
		}
		if i > 0 && g.Number <= got[i-1].Number {
			t.Fatalf("number %d follows %d", g.Number, got[i-1].Number)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestReadBackAfterRestart(t *testing.T) {
	cfg := small()
	cfg.Dir = filepath.Join(t.TempDir(), "deep", "outbox")
	l := must(Open(cfg))
	if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("opened twice: %v", err)
	}
	a, b := must(l.Cursor("a")), must(l.Cursor("b"))
	for i := 0; i < 200; i += 10 {
		if err := l.Append(records(i, 10)); err != nil {
			t.Fatal(err)
		}
	}
	same(t, drain(t, a), records(0, 200))
	got := must(b.Next(nil, 30, 1<<20))
	same(t, got, records(0, 30))
	same(t, must(b.Next(nil, 30, 1<<20)), records(0, 30)) // not committed: the same again
	same(t, must(b.Next(nil, 30, 1)), records(0, 1))      // one at least
	b.Commit(got[:12])
	if lag := b.Lag(); lag.Alerts < 188 || lag.Bytes < 188*100 || lag.Age <= 0 || lag.Missed != 0 {
		t.Errorf("lag %+v", lag)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(records(0, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}

	l = must(Open(cfg))
	defer l.Close()
	b = must(l.Cursor("b"))
	if idle := l.Idle(); len(idle) != 1 || idle[0] != "a" {
		t.Errorf("idle %v", idle)
	}
	if err := l.Append(records(200, 5)); err != nil {
		t.Fatal(err)
	}
	same(t, drain(t, b), records(12, 193))
	if l.Delivered() {
		t.Error("a has not taken the last five")
	}
	same(t, drain(t, must(l.Cursor("a"))), records(200, 5))
	if !l.Delivered() {
		t.Error("all is delivered")
	}
	if s := l.Stats(); s.Repaired+s.Damaged+s.Torn+s.Failures+s.Shed.Total()+s.Expired.Total() != 0 || s.Appended != 5 {
		t.Errorf("stats %+v", s)
	}
	st := must(os.Stat(cfg.Dir))
	if st.Mode().Perm() != 0o700 && os.PathSeparator == '/' {
		t.Errorf("the folder's mode is %v", st.Mode())
	}
}

// One fsync is enough for all that wait.
func TestGroupCommit(t *testing.T) {
	cfg := small()
	cfg.Dir = t.TempDir()
	l := must(Open(cfg))
	defer l.Close()
	must(l.Cursor("a"))
	if err := l.Append(records(0, 100)); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Syncs != 1 || s.Appended != 100 {
		t.Errorf("%d fsyncs for %d records", s.Syncs, s.Appended)
	}
}

func TestWait(t *testing.T) {
	l := must(open(small(), newMemory()))
	c := must(l.Cursor("a"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing to read, and Wait says %v", err)
	}
	go l.Append(records(0, 1))
	if err := c.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	drain(t, c)
	time.AfterFunc(10*time.Millisecond, func() { l.Close() })
	if err := c.Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed, and Wait says %v", err)
	}
}

// Past its bound a log loses updates before closings before openings, oldest first, and counts each.
func TestShedOrder(t *testing.T) {
	l := must(open(small(), newMemory()))
	defer l.Close()
	c := must(l.Cursor("a"))
	const n = 5000
	for i := 0; i < n; i += 20 {
		if err := l.Append(records(i, 20)); err != nil {
			t.Fatal(err)
		}
		if s := l.Stats(); s.Bytes > small().MaxBytes+64<<10 {
			t.Fatalf("%d bytes", s.Bytes)
		}
	}
	// One opening more, behind which all that was shed lies.
	if err := l.Append(records(n, 1)); err != nil {
		t.Fatal(err)
	}
	l.idle()
	lag := c.Lag()
	got := drain(t, c)
	var kinds Kinds
	var before uint64
	for _, r := range got {
		if r.Number <= before {
			t.Fatalf("number %d follows %d", r.Number, before)
		}
		before = r.Number
		kinds.add(r.Activity, 1)
	}
	s := l.Stats()
	if s.Shed.Updates == 0 || s.Shed.Closings == 0 || s.Shed.Openings == 0 || kinds.Openings == 0 {
		t.Fatalf("shed %+v, kept %+v: the test is to reach every kind", s.Shed, kinds)
	}
	if kinds.Openings+s.Shed.Openings != n/10+1 || kinds.Updates+s.Shed.Updates != n*8/10 || kinds.Closings+s.Shed.Closings != n/10 {
		t.Errorf("shed %+v and kept %+v of %d", s.Shed, kinds, n)
	}
	if m := c.Lag().Missed; m != s.Shed.Total() {
		t.Errorf("the cursor missed %d, shed were %d", m, s.Shed.Total())
	}
	if lag.Alerts != len(got) {
		t.Errorf("lag said %d, there were %d", lag.Alerts, len(got))
	}
	if kinds.Updates+kinds.Closings > 40 {
		t.Errorf("openings were shed, and %+v kept", kinds)
	}
}

// As long as there is an update, no opening goes.
func TestOpeningsOutliveUpdates(t *testing.T) {
	l := must(open(small(), newMemory()))
	defer l.Close()
	c := must(l.Cursor("a"))
	const n = 600 // about 100 KB
	for i := 0; i < n; i += 20 {
		if err := l.Append(records(i, 20)); err != nil {
			t.Fatal(err)
		}
	}
	l.idle()
	s := l.Stats()
	if s.Shed.Updates == 0 || s.Shed.Openings+s.Shed.Closings != 0 {
		t.Fatalf("shed %+v", s.Shed)
	}
	var newest, oldest uint64
	for _, r := range drain(t, c) {
		if r.Activity == alert.Update && oldest == 0 {
			oldest = r.Number
		}
		newest = r.Number
	}
	if newest != n || oldest != firstKept(s.Shed.Updates) {
		t.Errorf("the oldest update kept is %d after %d shed; the last record is %d", oldest, s.Shed.Updates, newest)
	}
}

// firstKept is the number of the first update when n of them are gone: eight of ten records are updates.
func firstKept(n uint64) uint64 { return n/8*10 + n%8 + 2 }

func TestAge(t *testing.T) {
	cfg := small()
	l := must(open(cfg, newMemory()))
	defer l.Close()
	c := must(l.Cursor("a"))
	if err := l.Append(records(0, 100)); err != nil {
		t.Fatal(err)
	}
	c.Commit(must(c.Next(nil, 5, 1<<20)))
	l.trimAt(t, time.Now().Add(cfg.MaxAge/2))
	if lag := c.Lag(); lag.Alerts != 95 {
		t.Fatalf("lag %+v", lag)
	}
	l.trimAt(t, time.Now().Add(cfg.MaxAge+time.Second))
	if s := l.Stats(); s.Expired != (Kinds{Openings: 9, Updates: 76, Closings: 10}) || s.Records != 0 {
		t.Errorf("%+v", s)
	}
	if err := l.Append(records(100, 3)); err != nil {
		t.Fatal(err)
	}
	same(t, drain(t, c), records(100, 3))
	if m := c.Lag().Missed; m != 95 {
		t.Errorf("missed %d", m)
	}
}

// idle returns when the committer has done all there is to do, shedding too: it takes a wake only then, and the
// channel has room for one.
func (l *Log) idle() {
	l.wake <- struct{}{}
	l.wake <- struct{}{}
}

// trimAt lets the committer's work be done at another time.
func (l *Log) trimAt(t *testing.T, now time.Time) {
	t.Helper()
	l.idle()
	l.trim(now)
}

// A disk that fails does not hold up a live run, and costs updates first; a replay is told.
func TestFailingDisk(t *testing.T) {
	for _, what := range []string{"write", "sync", "create"} {
		m := newMemory()
		cfg := small()
		cfg.Live, cfg.Patience, cfg.MaxBytes = true, time.Minute, 1<<20
		l := must(open(cfg, m))
		c := must(l.Cursor("a"))
		if err := l.Append(records(0, 10)); err != nil {
			t.Fatal(err)
		}
		m.set(what, syscall.ENOSPC)
		begun := time.Now()
		for i := 10; i < 1010; i += 10 { // 160 KB, and 64 KB may wait
			if err := l.Append(records(i, 10)); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(begun); d > 30*time.Second {
			t.Errorf("%s: the run was held up for %v", what, d)
		}
		s := l.Stats()
		if s.Pending > 2*cfg.MaxPending || s.Shed.Updates == 0 || s.Shed.Openings != 0 || s.Late == 0 {
			t.Errorf("%s: %+v", what, s)
		}
		if what != "create" && s.Failing == "" {
			t.Errorf("%s: nobody is told", what)
		}
		m.set(what, nil)
		for end := time.Now().Add(time.Minute); l.Stats().Pending > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: never again durable: %+v", what, l.Stats())
			}
		}
		got := drain(t, c)
		var kinds Kinds
		for i, r := range got {
			kinds.add(r.Activity, 1)
			if i > 0 && (r.UID < got[i-1].UID || r.UID == got[i-1].UID && r.Sequence <= got[i-1].Sequence) {
				t.Fatalf("%s: %s-%d follows %s-%d", what, r.UID, r.Sequence, got[i-1].UID, got[i-1].Sequence)
			}
		}
		if s = l.Stats(); kinds.Openings+s.Shed.Openings != 101 || kinds.Updates+s.Shed.Updates != 808 || kinds.Closings+s.Shed.Closings != 101 {
			t.Errorf("%s: shed %+v, read %+v", what, s.Shed, kinds)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	m := newMemory()
	l := must(open(small(), m))
	m.set("sync", syscall.EROFS)
	if err := l.Append(records(0, 1)); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a replay is told %v", err)
	}
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "1 alerts are not durable") {
		t.Errorf("and at the end %v", err)
	}
	m = newMemory()
	m.fails["create"] = syscall.EROFS
	if _, err := open(small(), m); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a disk that is read-only: %v", err)
	}
}

// On a full disk alerts wait in memory, and go on as the sinks make room.
func TestFullDisk(t *testing.T) {
	m := newMemory()
	m.room = 30 << 10
	cfg := small()
	cfg.Live, cfg.Patience, cfg.retry = true, time.Millisecond, time.Millisecond
	l := must(open(cfg, m))
	c := must(l.Cursor("a"))
	if err := l.Append(records(0, 250)); err != nil { // 55 KB
		t.Fatal(err)
	}
	var got []Record
	for end := time.Now().Add(time.Minute); len(got) < 250 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err := l.Append(nil); err != nil {
			t.Fatal(err)
		}
		got = append(got, drain(t, c)...)
	}
	same(t, got, records(0, 250))
	if s := l.Stats(); s.Failures == 0 {
		t.Error("the disk was never full")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func (m *memory) set(what string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails[what] = err
}

// A slow disk makes a replay wait, and a live run no longer than its patience.
func TestPatience(t *testing.T) {
	for _, live := range []bool{true, false} {
		cfg := small()
		cfg.Live, cfg.Patience = live, 10*time.Millisecond
		m := newMemory()
		l := must(open(cfg, m))
		must(l.Cursor("a"))
		m.mu.Lock() // the disk stands still
		done := make(chan error)
		begun := time.Now()
		go func() { done <- l.Append(records(0, 10)) }()
		if live {
			if err := <-done; err != nil || time.Since(begun) > 30*time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
			m.mu.Unlock()
		} else {
			select {
			case <-done:
				t.Error("it did not wait")
			case <-time.After(50 * time.Millisecond):
			}
			m.mu.Unlock()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if s := l.Stats(); s.Appended != 10 || (s.Late > 0) != live {
			t.Errorf("live %v: %+v", live, s)
		}
	}
}

// The power goes at every step in turn, of a run that appends, delivers and sheds. What was acknowledged and not
// delivered is there afterwards, whole and in order.
func TestPowerCut(t *testing.T) {
	every := 1
	if testing.Short() {
		every = 7
	}
	cfg := small()
	cfg.MaxBytes = 24 << 10
	steps := powerCut(t, cfg, 0)
	if steps < 200 {
		t.Fatalf("only %d steps", steps)
	}
	for dies := 1; dies <= steps; dies += every {
		powerCut(t, cfg, dies)
	}
}

func powerCut(t *testing.T, cfg Config, dies int) (steps int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(dies), 1))
	m := newMemory()
	m.dies = dies
	acked, taken := 0, 0
	if l, err := open(cfg, m); err == nil {
		if c, err := l.Cursor("a"); err == nil {
			for acked < 600 {
				n := 1 + acked%9
				if l.Append(records(acked, n)) != nil {
					break
				}
				acked += n
				if acked > 300 && acked%3 == 0 { // the sink is away at first
					got, err := c.Next(nil, 20, 4<<10)
					if err != nil {
						t.Fatal(err)
					}
					c.Commit(got)
					if len(got) > 0 {
						taken = int(got[len(got)-1].Number)
					}
				}
			}
		}
		l.Close()
	}
	steps = m.steps
	m = m.afterPowerCut(r)
	cfg.MaxBytes *= 8 // nothing more is shed: only what was before is gone
	l, err := open(cfg, m)
	if err != nil {
		t.Fatalf("power cut at step %d: %v", dies, err)
	}
	defer l.Close()
	c := must(l.Cursor("a"))
	if err := l.Append(records(acked, 3)); err != nil {
		t.Fatal(err)
	}
	got := drain(t, c)
	seen := map[string]bool{}
	for i, x := range got {
		var n int
		if _, err := fmt.Sscanf(string(x.Body), `{"n":%d`, &n); err != nil {
			t.Fatalf("power cut at step %d: body %q", dies, x.Body)
		}
		want := record(n)
		if string(x.Body) != string(want.Body) || x.UID != want.UID || x.Sequence != want.Sequence {
			t.Fatalf("power cut at step %d: %+v is corrupt", dies, x)
		}
		if i > 0 && x.Number <= got[i-1].Number {
			t.Fatalf("power cut at step %d: number %d follows %d", dies, x.Number, got[i-1].Number)
		}
		seen[fmt.Sprint(n)] = true
	}
	for n := taken; n < acked+3; n++ {
		if record(n).Activity == alert.Create && !seen[fmt.Sprint(n)] {
			t.Fatalf("power cut at step %d: opening %d of %d, delivered up to %d, is lost", dies, n, acked, taken)
		}
	}
	// What is not an opening may have been shed, oldest first: behind the first update that is there all are.
	first := -1
	for n := taken; n < acked+3; n++ {
		if record(n).Activity != alert.Update {
			continue
		}
		if seen[fmt.Sprint(n)] && first < 0 {
			first = n
		}
		if first >= 0 && !seen[fmt.Sprint(n)] {
			t.Fatalf("power cut at step %d: update %d is lost, and %d is not", dies, n, first)
		}
	}
	if acked > 0 && first < 0 {
		t.Fatalf("power cut at step %d: no update is left", dies)
	}
	return steps
}
