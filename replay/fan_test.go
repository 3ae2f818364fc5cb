package replay

import (
	"context"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"auscult/sensor/packet"
)

// patience is how long a test waits for what must come, on a machine that has next to no time for it.
const patience = 2 * time.Minute

// quiet waits until no more goroutines run than before.
func quiet(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	stacks := make([]byte, 1<<16)
	t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// soon fails a test that hangs instead of letting it wait for the whole run's timeout.
func soon(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal(what + " hangs")
	}
}

// many is three files that overlap, of several hundred packets and several blocks each.
func many(t *testing.T) []string {
	dir := t.TempDir()
	return []string{
		write(t, dir, "a.pcap", pcapOf(seconds(3000)...)),
		write(t, dir, "b.pcapng", ngOf(seconds(4000)...)),
		write(t, dir, "c.pcap.gz", gzipped(t, pcapOf(seconds(2500)...))),
	}
}

// TestLanesAgree: any number of lanes gives the same packets, while other lanes are slower or faster.
func TestLanesAgree(t *testing.T) {
	before := runtime.NumGoroutine()
	paths := many(t)
	want := run(t, New(small(), paths...))
	if len(want) != 9500 {
		t.Fatalf("%d packets", len(want))
	}
	for _, n := range []int{1, 2, 3, 8} {
		src := New(small(), paths...)
		for _, got := range runAll(t, t.Context(), src, n) {
			wantSame(t, got, want)
		}
		if st := src.Stats(); st.Packets != 9500 || st.Files[1].Packets != 4000 {
			t.Errorf("stats %+v", st)
		}
	}
	quiet(t, before)
}

// TestFrameUntilNext: a frame keeps its bytes until the lane's next call, however far ahead other lanes are.
func TestFrameUntilNext(t *testing.T) {
	want := run(t, New(small(), many(t)...))
	lanes, err := New(small(), many(t)...).Open(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	ahead := make(chan []packet.Raw)
	go func() { ahead <- drain(t, lanes[1]) }()
	for i := range want {
		raw, err := lanes[0].Next()
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			time.Sleep(100 * time.Microsecond)
		}
		if raw.Where = want[i].Where; !same(raw, want[i]) {
			t.Fatalf("packet %d: got %s, want %s", i, show(raw), show(want[i]))
		}
	}
	<-ahead
}

// TestCancel: lanes end with io.EOF behind the same packet, whatever each has read.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	paths := many(t)
	want := run(t, New(small(), paths...))
	ctx, cancel := context.WithCancel(context.Background())
	cfg := small()
	cfg.InFlight = 8 // lane 0 may be a few packets ahead of the other, which is not read yet
	src := New(cfg, paths...)
	lanes, err := src.Open(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	var first []packet.Raw
	for range 4 {
		raw, err := lanes[0].Next()
		if err != nil {
			t.Fatal(err)
		}
		raw.Frame = append([]byte(nil), raw.Frame...)
		first = append(first, raw)
	}
	cancel()
	soon(t, "a cancelled lane", func() {
		a := append(first, drain(t, lanes[0])...)
		b := drain(t, lanes[1])
		if len(a) >= len(want) {
			t.Errorf("all %d packets were read", len(a))
		}
		wantSame(t, a, want[:len(a)])
		wantSame(t, b, a)
	})
	if _, err := lanes[0].Next(); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
	if n := src.Notices(); len(n) > 0 {
		t.Errorf("notices %v", n)
	}
	quiet(t, before)
}

// TestAbandoned: a lane that nobody reads stops the others only until the context ends.
func TestAbandoned(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	lanes, err := New(small(), many(t)...).Open(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan int)
	for _, l := range lanes[:2] {
		go func() { ended <- len(drain(t, l)) }()
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	soon(t, "a lane beside an abandoned one", func() {
		if a, b := <-ended, <-ended; a != b || a > small().InFlight*small().BatchPackets {
			t.Errorf("%d and %d packets passed an abandoned lane", a, b)
		}
	})
	quiet(t, before)
}

// TestCancelBeforeOpen: nothing is read, and nothing hangs.
func TestCancelBeforeOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	soon(t, "Open", func() {
		for _, got := range runAll(t, ctx, New(small(), many(t)...), 2) {
			if len(got) > 0 {
				t.Errorf("%d packets", len(got))
			}
		}
	})
}

// TestSilentPipe: packets that came through a pipe are given at once, and a pipe that says nothing more does
// not keep the lanes from ending.
func TestSilentPipe(t *testing.T) {
	before := runtime.NumGoroutine()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	src := New(Defaults(), "-")
	src.Stdin = r
	ctx, cancel := context.WithCancel(context.Background())
	lanes, err := src.Open(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pcapOf(seconds(5)...)); err != nil {
		t.Fatal(err)
	}
	soon(t, "a lane of a pipe", func() {
		for i := range 5 {
			if raw, err := lanes[0].Next(); err != nil || raw.Time != seconds(5)[i] {
				t.Errorf("packet %d: %+v, %v", i, raw, err)
			}
		}
	})
	cancel()
	soon(t, "a cancelled lane of a pipe", func() {
		if _, err := lanes[0].Next(); err != io.EOF {
			t.Error(err)
		}
	})
	if f, n := src.Faults(), src.Notices(); len(f)+len(n) > 0 {
		t.Errorf("faults %v, notices %v", f, n)
	}
	r.Close()
	quiet(t, before)
}

// TestPipeLeft: a pipe whose stream breaks is left, with its goroutine, before the run ends.
func TestPipeLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	src := New(small(), "-")
	bad := little.u32s(pcapOf(seconds(2)...), 1, 1, 1<<30, 1<<30)
	src.Stdin = io.MultiReader(strings.NewReader(string(bad)), &endless{body: []byte("x")})
	soon(t, "a broken pipe", func() {
		if got := run(t, src); len(got) != 2 || src.Stats().Malformed != 1 {
			t.Errorf("%d packets, %+v", len(got), src.Stats())
		}
	})
	quiet(t, before)
}
