package alert_test

import (
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

const hour = clock.Time(time.Hour)

func keyer(t testing.TB) *pseudonym.Keyer {
	t.Helper()
	k, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func who(key uint64) call.Principal {
	return call.Principal{Key: key, Kind: call.JWT, ID: fmt.Sprint("user", key)}
}

// signal is one of a detector on a principal, its numbers all n.
func signal(at clock.Time, detector string, key uint64, n int, severity detectors.Severity) detectors.Signal {
	return detectors.Signal{Order: call.Order{Time: at, Flow: key, Seq: uint32(n)}, Detector: detector, Principal: who(key), Since: at,
		Route: "GET /p/{id}", Severity: severity, Confidence: 90, Calls: n, Objects: n, People: n,
		Evidence: []detectors.Evidence{{Order: call.Order{Time: at, Flow: key}, Call: call.Call{Principal: who(key)}}}}
}

// story is what alerts say, one word each: create, update or close, the incident by its first letters, its number.
func story(alerts []alert.Alert) string {
	names := map[string]string{}
	var out []string
	for _, a := range alerts {
		if names[a.UID] == "" {
			names[a.UID] = string(rune('A' + len(names)))
		}
		out = append(out, fmt.Sprintf("%s%s%d", [...]string{"?", "create", "update", "close"}[a.Activity], names[a.UID], a.Sequence))
	}
	return strings.Join(out, " ")
}

func fold(cfg alert.Config, signals ...detectors.Signal) ([]alert.Alert, *alert.Folder) {
	f := alert.NewFolder(cfg)
	return f.Fold(nil, signals), f
}

func TestFold(t *testing.T) {
	check := func(want string, signals ...detectors.Signal) {
		t.Helper()
		if alerts, _ := fold(alert.Defaults(), signals...); story(alerts) != want {
			t.Errorf("got %s, want %s", story(alerts), want)
		}
	}
	check("createA1", signal(1, "x", 1, 5, 3))
	check("createA1 createB1", signal(1, "x", 1, 5, 3), signal(2, "x", 2, 5, 3))
	check("createA1", signal(1, "x", 1, 5, 3), signal(2, "x", 1, 9, 3))
	check("createA1 updateA2", signal(1, "x", 1, 5, 3), signal(2, "x", 1, 10, 3), signal(3, "x", 1, 19, 3))
	check("createA1 updateA2 updateA3", signal(1, "x", 1, 5, 3), signal(2, "x", 1, 10, 3), signal(3, "x", 1, 20, 3))
	check("createA1 updateA2", signal(1, "x", 1, 5, 3), signal(2, "x", 1, 41, 3), signal(3, "x", 1, 79, 3)) // one step over three
	check("createA1 updateA2", signal(1, "x", 1, 5, 3), signal(2, "y", 1, 5, 3), signal(3, "y", 1, 5, 3))   // a new kind
	check("createA1 updateA2", signal(1, "x", 1, 5, 3), signal(2, "x", 1, 5, 4), signal(3, "x", 1, 5, 3))   // graver
	check("createA1 closeA2 createB1", signal(1, "x", 1, 5, 3), signal(1+24*hour, "x", 1, 5, 3))            // a day of silence
	check("createA1", signal(1, "x", 1, 5, 3), signal(24*hour, "x", 1, 6, 3))                               // just not one

	nobody := func(at clock.Time, endpoint uint64, detector string) detectors.Signal {
		s := signal(at, detector, 0, 5, 3)
		s.Endpoint = endpoint
		return s
	}
	check("createA1 createB1 createC1", nobody(1, 1, "x"), nobody(2, 2, "x"), nobody(3, 1, "y"), nobody(4, 1, "x"))
}

func TestDistributedIsOne(t *testing.T) {
	spread := func(at clock.Time, members ...uint64) detectors.Signal {
		s := signal(at, "distributed_enumeration", members[0], 9, 4)
		for _, m := range members {
			s.Members = append(s.Members, who(m))
		}
		return s
	}
	alerts, f := fold(alert.Defaults(), spread(1, 1, 2, 3), signal(2, "y", 2, 3, 3), spread(3, 3, 4))
	if got := story(alerts); got != "createA1 updateA2" {
		t.Errorf("a member's own finding joins: got %s", got)
	}
	alerts = f.Close(alerts[:1], 9)
	if s := alerts[1].Signal; s.Detector != "distributed_enumeration" || len(s.Members) != 4 || len(alerts[1].Kinds) != 2 || len(s.Evidence) != 3 {
		t.Errorf("the graver kind leads, with all: %+v", s)
	}
	// Two who had incidents of their own turn out to be one attack: the younger incident ends in the older.
	alerts, f = fold(alert.Defaults(), signal(1, "x", 1, 5, 3), signal(2, "x", 2, 5, 3), spread(3, 2, 1, 7), signal(4, "x", 2, 99, 3))
	if got := story(alerts); got != "createA1 createB1 closeB2 updateA2 updateA3" {
		t.Errorf("merging: got %s", got)
	}
	if s := f.Stats(); s.Merged != 1 || f.Open() != 1 {
		t.Errorf("stats %+v, %d open", s, f.Open())
	}
	if n := len(alerts[3].Signal.Members); n != 3 {
		t.Errorf("%d members", n)
	}
}

func TestPrimaryIsGravestThenEarliest(t *testing.T) {
	alerts, f := fold(alert.Defaults(), signal(1, "x", 1, 5, 4), signal(2, "y", 1, 5, 3), signal(3, "z", 1, 5, 4), signal(4, "y", 1, 50, 3))
	alerts = f.Close(alerts, 5)
	for i, want := range []string{"x", "y", "z", "x", "x"} { // what joins is told once in its own words
		if got := alerts[i].Signal.Detector; got != want {
			t.Errorf("alert %d is of kind %s, want %s", i, got, want)
		}
	}
	if got := alerts[4].Kinds; !reflect.DeepEqual(got, []string{"x", "y", "z"}) {
		t.Errorf("kinds %v", got)
	}
}

// Reaching for patients without a reason is graver with anything beside it that work does not explain.
func TestGravity(t *testing.T) {
	check := func(kind string, severity detectors.Severity, signals ...detectors.Signal) {
		t.Helper()
		alerts, f := fold(alert.Defaults(), signals...)
		alerts = f.Close(alerts, 9)
		if s := alerts[len(alerts)-1].Signal; s.Detector != kind || s.Severity != severity {
			t.Errorf("%s of severity %v, want %s of %v", s.Detector, s.Severity, kind, severity)
		}
	}
	check("bola_fanout", detectors.Medium, signal(1, "bola_fanout", 1, 5, 3), signal(2, "verbose_error", 1, 5, 2))
	check("bola_fanout", detectors.High, signal(1, "bola_fanout", 1, 5, 3), signal(2, "recon_probe", 1, 5, 3))
	check("bola_fanout", detectors.High, signal(1, "recon_probe", 1, 5, 3), signal(2, "bola_fanout", 1, 5, 3))
	check("bola_fanout", detectors.Medium, signal(1, "bola_fanout", 1, 5, 3), signal(2, "low_slow_scrape", 1, 9, 3))
	check("recon_probe", detectors.Medium, signal(1, "recon_probe", 1, 5, 3), signal(2, "account_oracle", 1, 5, 3))
	check("sequential_enumeration", detectors.High, signal(1, "bola_fanout", 1, 5, 3), signal(2, "sequential_enumeration", 1, 5, 4))
}

func TestAllowEnds(t *testing.T) {
	cfg := alert.Defaults()
	cfg.Allow = []alert.Rule{{Principal: "user1", Reason: "nightly report"}}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "allow[0].until") {
		t.Errorf("a rule without an end: %v", err)
	}
}

func TestExpireAtItsOwnDeadline(t *testing.T) {
	cfg := alert.Defaults()
	alerts, f := fold(cfg, signal(7, "x", 1, 5, 3), signal(9, "x", 2, 5, 3), signal(20, "x", 1, 6, 3))
	late := f.Expire(nil, 100*hour)
	if story(late) != "closeA2 closeB2" || late[0].Time != 9+24*hour || late[1].Time != 20+24*hour {
		t.Errorf("%s at %v and %v", story(late), late[0].Time, late[1].Time)
	}
	if late[0].UID != alerts[1].UID || late[1].Signal.Calls != 6 {
		t.Errorf("the close has not the newest numbers: %+v", late[1].Signal)
	}
	if f.Expire(nil, clock.Never) != nil || f.Open() != 0 {
		t.Error("something was still open")
	}
}

func TestBounds(t *testing.T) {
	cfg := alert.Defaults()
	cfg.MaxOpen, cfg.MaxMembers = 2, 2
	alerts, f := fold(cfg, signal(1, "x", 1, 5, 3), signal(2, "x", 2, 5, 3), signal(3, "x", 1, 6, 3), signal(4, "x", 3, 5, 3))
	if got := story(alerts); got != "createA1 createB1 closeB2 createC1" { // 2 was idle longest
		t.Errorf("got %s", got)
	}
	if s := f.Stats(); s.Evicted != 1 || s.Closed != 1 || s.Opened != 3 || f.Open() != 2 {
		t.Errorf("stats %+v", s)
	}
	s := signal(5, "distributed_enumeration", 9, 5, 3)
	s.Members = []call.Principal{who(7), who(8), who(9)}
	alerts, f = fold(cfg, s)
	if len(alerts[0].Signal.Members) != 2 || f.Stats().Members != 1 {
		t.Errorf("%d members, %d counted", len(alerts[0].Signal.Members), f.Stats().Members)
	}
}

func TestAllow(t *testing.T) {
	cfg := alert.Defaults()
	cfg.Keys = keyer(t)
	p := who(2)
	cfg.Allow = []alert.Rule{
		{Principal: "user1", Endpoint: "GET /p/*", Detector: "x", Reason: "nightly report", Until: time.Unix(100, 0)},
		{Principal: string(keyer(t).Principal(nil, &p)), Reason: "the interface engine", Until: time.Unix(1e6, 0)},
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	second := clock.Time(time.Second)
	alerts, f := fold(cfg, signal(second, "x", 1, 5, 3), signal(2*second, "y", 1, 5, 3), signal(3*second, "x", 2, 5, 3),
		signal(101*second, "x", 1, 50, 3), signal(102*second, "x", 12, 5, 3))
	if got := story(alerts); got != "createA1 updateA2 createB1" {
		t.Errorf("got %s", got)
	}
	if s := f.Stats(); s.Silenced != 2 || !reflect.DeepEqual(f.Silenced(), []uint64{1, 1}) {
		t.Errorf("stats %+v, by rule %v", s, f.Silenced())
	}
}

func TestUIDs(t *testing.T) {
	cfg := alert.Defaults()
	cfg.Keys = keyer(t)
	s := signal(1, "x", 1, 5, 3)
	a, _ := fold(cfg, s)
	b, _ := fold(cfg, s)
	if a[0].UID != b[0].UID || len(a[0].UID) != len("auscult-")+26 {
		t.Errorf("%q and %q", a[0].UID, b[0].UID)
	}
	root := make([]byte, pseudonym.KeySize)
	root[0] = 1
	cfg.Keys, _ = pseudonym.FromKey(root)
	if c, _ := fold(cfg, s); c[0].UID == a[0].UID {
		t.Error("the id does not depend on the key")
	}
	if strings.Contains(a[0].UID, "user1") {
		t.Error(a[0].UID)
	}
}

// Whatever comes, an incident has one Create, then Updates, then one Close, with numbers that only grow; and how
// often the sweep runs changes nothing.
func TestInvariants(t *testing.T) {
	for seed := range int64(50) {
		r := rand.New(rand.NewSource(seed))
		cfg := alert.Defaults()
		cfg.MaxOpen, cfg.MaxMembers = 1+r.Intn(8), 1+r.Intn(6)
		var signals []detectors.Signal
		at := clock.Time(0)
		for range 400 {
			at += clock.Time(r.Int63n(int64(2 * hour)))
			s := signal(at, string(rune('a'+r.Intn(4))), uint64(r.Intn(12)), 1+r.Intn(1000), detectors.Severity(1+r.Intn(5)))
			for range r.Intn(4) * r.Intn(2) {
				s.Members = append(s.Members, who(uint64(1+r.Intn(11))))
			}
			signals = append(signals, s)
		}
		plain, f := fold(cfg, signals...)
		plain = f.Close(plain, at)
		swept := alert.NewFolder(cfg)
		var other []alert.Alert
		for i := range signals {
			if i > 0 {
				for mark := signals[i-1].Time; mark < signals[i].Time; mark += hour / 3 {
					other = swept.Expire(other, mark)
				}
			}
			other = swept.Fold(other, signals[i:i+1])
		}
		other = swept.Close(other, at)
		if !reflect.DeepEqual(plain, other) {
			t.Fatalf("seed %d: sweeping changed the alerts:\n%s\n%s", seed, story(plain), story(other))
		}
		invariants(t, seed, plain, f)
	}
}

func invariants(t *testing.T, seed int64, alerts []alert.Alert, f *alert.Folder) {
	t.Helper()
	last := map[string]alert.Alert{}
	open, before := 0, clock.Time(0)
	for i, a := range alerts {
		p, seen := last[a.UID]
		switch {
		case a.Sequence != p.Sequence+1, seen == (a.Activity == alert.Create), p.Activity == alert.Close:
			t.Fatalf("seed %d: alert %d is out of turn: %s", seed, i, story(alerts[:i+1]))
		case a.Signal.Calls < p.Signal.Calls || a.Signal.People < p.Signal.People || a.Signal.Severity < p.Signal.Severity || len(a.Kinds) < len(p.Kinds):
			t.Fatalf("seed %d: alert %d shrank", seed, i)
		case a.Time < before || a.First > a.Last || a.Last > a.Time:
			t.Fatalf("seed %d: alert %d: times %v %v %v after %v", seed, i, a.First, a.Last, a.Time, before)
		}
		last[a.UID], before = a, a.Time
		switch a.Activity {
		case alert.Create:
			open++
		case alert.Close:
			open--
		}
	}
	s := f.Stats()
	if open != 0 || f.Open() != 0 || s.Opened != s.Closed || uint64(len(alerts)) != s.Opened+s.Updated+s.Closed {
		t.Fatalf("seed %d: %d left open, stats %+v, %d alerts", seed, open, s, len(alerts))
	}
}

func TestFolderKeepsNothingBorrowed(t *testing.T) {
	s := signal(1, "x", 1, 5, 3)
	s.Facts, s.Patients = []detectors.Fact{{Name: "a", Value: "b"}}, []string{"P-1"}
	s.Members = []call.Principal{who(1), who(2)}
	alerts, _ := fold(alert.Defaults(), s)
	s.Facts[0].Value, s.Patients[0], s.Evidence[0].Seq, s.Members[1] = "changed", "changed", 99, who(3)
	got := alerts[0].Signal
	if got.Facts[0].Value != "b" || got.Patients[0] != "P-1" || got.Evidence[0].Seq != 0 || got.Members[1].Key != 2 {
		t.Errorf("%+v", got)
	}
}

func TestConfig(t *testing.T) {
	if err := alert.Defaults().Validate(); err != nil {
		t.Fatal(err)
	}
	bad := func(want string, change func(*alert.Config)) {
		t.Helper()
		c := alert.Defaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	bad("quiet: 0s", func(c *alert.Config) { c.Quiet = 0 })
	bad("max_open: 0", func(c *alert.Config) { c.MaxOpen = 0 })
	bad("max_members: -1", func(c *alert.Config) { c.MaxMembers = -1 })
	bad("allow[0].reason", func(c *alert.Config) { c.Allow = []alert.Rule{{Detector: "x"}} })
	bad("allow[0]", func(c *alert.Config) { c.Allow = []alert.Rule{{Reason: "tired of it"}} })
}
