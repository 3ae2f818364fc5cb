package tcp_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// port moves a segment to another client port.
func port(n uint16, s *packet.Segment) *packet.Segment {
	s.Flow.A.Port = n
	return s
}

// TestIdleDeadline: silence is dated by its deadline, whoever notices it and when.
func TestIdleDeadline(t *testing.T) {
	f := func(name string, notice func(*tcp.Table, clock.Time) []tcp.Event) {
		t.Helper()
		cfg := tcp.Defaults()
		cfg.Idle = 20 * time.Second
		table := tcp.New(cfg)
		now := start
		for _, s := range opened(step{1, seg('c', "PA", 100, 1000, "req")}) {
			now += s.wait * ms
			table.Segment(nil, now, s.seg)
		}
		if early := table.Expire(nil, now+20_000*ms-1); len(early) != 0 {
			t.Errorf("%s: %+v before the deadline", name, early)
		}
		events := notice(table, now)
		if len(events) < 2 {
			t.Fatalf("%s: %+v", name, events)
		}
		for _, e := range events[:2] {
			if e.Kind != tcp.End || e.Why != tcp.ByIdle || e.Time != now+20_000*ms {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
	f("on time", func(table *tcp.Table, last clock.Time) []tcp.Event { return table.Expire(nil, last+20_000*ms) })
	f("late", func(table *tcp.Table, last clock.Time) []tcp.Event { return table.Expire(nil, last+90_000*ms) })
	f("by a packet", func(table *tcp.Table, last clock.Time) []tcp.Event {
		return table.Segment(nil, last+50_000*ms, seg('c', "PA", 103, 1000, "more"))
	})
}

// TestFullTable: scans go before conversations, and of those the one that was silent longest.
func TestFullTable(t *testing.T) {
	cfg := tcp.Defaults()
	cfg.MaxConns = 3
	table := tcp.New(cfg)
	data := func(n uint16) []tcp.Event {
		return table.Segment(nil, start+clock.Time(n), port(n, seg('c', "PA", 100, 1000, "req")))
	}
	data(1)
	data(2)
	table.Segment(nil, start+2, port(50, seg('c', "S", 99, 0, "")))
	for _, e := range data(3) {
		t.Errorf("a scan was worth more than a conversation: %+v", e)
	}
	var evicted []uint16
	for _, e := range data(4) {
		if e.Kind == tcp.End && e.Why == tcp.ByEvict && e.Dir == packet.AtoB {
			evicted = append(evicted, e.Conn.Flow.A.Port)
		}
	}
	if len(evicted) != 1 || evicted[0] != 1 || table.Len() != 3 || table.Stats.Evicted != 1 || table.Stats.Shed != 1 {
		t.Errorf("evicted %v, %d left, %+v", evicted, table.Len(), table.Stats)
	}
}

// TestFlowBuffer: at its bound a connection gives up its hole, not what it holds.
func TestFlowBuffer(t *testing.T) {
	cfg := tcp.Defaults()
	cfg.MaxFlowBuffer = 128 << 10
	steps := opened()
	const n = 200
	for i := range n {
		steps = append(steps, step{0, seg('c', "A", 110+uint32(i)*1000, 1000, strings.Repeat("x", 1000))})
	}
	table, got := run(t, cfg, steps)
	if strings.Count(got, "x") != n*1000 || strings.Count(got, "-") != 1 || !strings.Contains(got, "c:-10 ") {
		t.Errorf("%d bytes, %.40s…", strings.Count(got, "x"), got)
	}
	if table.Stats.FlowFull != 1 {
		t.Errorf("%+v", table.Stats)
	}
}

func TestOverlap(t *testing.T) {
	f := func(policy tcp.Overlap, newer step, want string) {
		t.Helper()
		cfg := tcp.Defaults()
		cfg.Overlap = policy
		table, got := run(t, cfg, opened(
			step{1, seg('c', "A", 104, 1000, "eeff")}, newer, step{1, seg('c', "A", 100, 1000, "ab")}, step{1, seg('c', "A", 102, 1000, "cd")}))
		if got = strings.ReplaceAll(strings.TrimSuffix(got, " c:CAPTURE s:CAPTURE"), " c:", ""); got != want {
			t.Errorf("%s: got %s, want %s", policy, got, want)
		}
		if table.Stats.Conflicts == 0 {
			t.Errorf("%s: no conflict counted", policy)
		}
	}
	inside := step{1, seg('c', "A", 105, 1000, "XY")}
	f(tcp.First, inside, "c:abcdeeff")
	f(tcp.Last, inside, "c:abcdeXYf")
	f(tcp.Linux, inside, "c:abcdeeff")
	before := step{1, seg('c', "A", 103, 1000, "WXY")}
	f(tcp.First, before, "c:abcWeeff")
	// The last segment, "cd", is newer than the W and begins before it.
	f(tcp.Last, before, "c:abcdXYff")
	f(tcp.Linux, before, "c:abcdXYff")
	longer := step{1, seg('c', "A", 104, 1000, "VWXYZ")}
	f(tcp.First, longer, "c:abcdeeffZ")
	f(tcp.Linux, longer, "c:abcdVWXYZ")
}

func TestValidate(t *testing.T) {
	if err := tcp.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	f := func(spoil func(*tcp.Config), want string) {
		t.Helper()
		cfg := tcp.Defaults()
		if spoil(&cfg); cfg.Validate() == nil || !strings.Contains(cfg.Validate().Error(), want) {
			t.Errorf("got %v, want %s", cfg.Validate(), want)
		}
	}
	f(func(c *tcp.Config) { c.MaxConns = 0 }, "max_conns is 0")
	f(func(c *tcp.Config) { c.MaxFlowBuffer = 5 }, "max_flow_buffer is 5")
	f(func(c *tcp.Config) { c.MaxBuffer = c.MaxFlowBuffer - 1 }, "max_buffer is 1048575")
	f(func(c *tcp.Config) { c.HoleTimeout = time.Millisecond }, "hole_timeout is 1ms")
	f(func(c *tcp.Config) { c.Idle = time.Second }, "idle is 1s")
	f(func(c *tcp.Config) { c.Overlap = "bsd" }, `overlap is "bsd"`)
	f(func(c *tcp.Config) { c.Urgent = "drop" }, `urgent is "drop"`)
	f(func(c *tcp.Config) { c.Recent = -1 }, "recent is -1")
	f(func(c *tcp.Config) { c.RecentAnswer = -1 }, "recent_answer is -1")
}

// TestStatsAdd: a counter that Add forgets would vanish from the ledger.
func TestStatsAdd(t *testing.T) {
	var one, sum tcp.Stats
	n := uint64(0)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		default:
			n++
			v.SetUint(n)
		}
	}
	fill(reflect.ValueOf(&one).Elem())
	sum.Add(&one)
	if sum != one {
		t.Errorf("got %+v, want %+v", sum, one)
	}
}
