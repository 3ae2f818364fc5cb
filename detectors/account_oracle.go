package detectors

import (
	"fmt"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// accountOracle finds who asks a login or a password reset about one user after the other where the answer tells
// whether the user exists (CWE-204; ATT&CK T1087). That an endpoint tells is said of it once, when those who are
// known to exist and those who never were are refused in different ways.
type accountOracle struct {
	*casebook[asked]
	logins *logins
}

// asked is one source at one door.
type asked struct {
	users  stats.Set
	tries  int
	sorts  [maxSorts]answerSort
	other  int // answers of further sorts
	first  clock.Time
	last   clock.Time
	bySize bool
	resets bool
}

// answerSort is one way to answer.
type answerSort struct {
	status int
	size   int64
	n      int
}

const (
	maxSorts    = 4
	askedUsers  = 12
	askedEach   = 3 // answers of each of the two sorts
	askedPace   = 30 * minute
	knownSame   = 3 // refusals of users known to exist, all alike
	unknownSame = 5 // and of users never seen
)

func newAccountOracle(s *scene, l *logins) *accountOracle {
	d := &accountOracle{logins: l}
	d.casebook = newCasebook(s, s.cfg.Logins, d.describe)
	return d
}

func (*accountOracle) Name() string { return "account_oracle" }
func (*accountOracle) Key() Key     { return ByClient }

// Observe folds one call.
func (d *accountOracle) Observe(dst []Signal, c *call.Call) []Signal {
	a, ok := d.logins.read(c)
	if !ok || a.user == 0 || a.basic || c.Status == 0 || c.Status == 429 || c.Status >= 500 {
		return dst
	}
	if a.reset && c.Auth.Scheme != call.NoCredential || !a.reset && a.outcome != loginFailed {
		return dst // a help desk; or one who got in
	}
	if !a.reset {
		dst = d.compare(dst, c, &a)
	}
	f := d.of(sourceKey(c) ^ stats.Mix(a.key))
	s := &f.state
	if s.last != 0 && d.scene.now-s.last > askedPace && !f.open(d.scene.now) {
		d.drop(f)
	}
	if s.first == 0 {
		s.first = c.Time
	}
	s.last, s.resets = c.Time, a.reset
	s.tries++
	if s.users.Len() >= maxTried || !s.users.Add(a.user) {
		return dst
	}
	s.sort(c.Status, c.RespDec)
	if s.users.Len() < askedUsers/2 && !f.open(d.scene.now) {
		return dst
	}
	k := claimed(c)
	d.note(f, k)
	if !f.open(d.scene.now) && !s.tells() {
		return dst
	}
	return d.tell(dst, f, k)
}

// sort counts an answer by its status and size.
func (s *asked) sort(status int, size int64) {
	for i := range s.sorts {
		t := &s.sorts[i]
		if t.n == 0 {
			t.status, t.size = status, size
		}
		if t.status == status && t.size == size {
			t.n++
			return
		}
	}
	s.other++
}

// tells is whether the answers are of two sorts, and the asking goes on as by a list.
func (s *asked) tells() bool {
	n := s.users.Len()
	if n < askedUsers || 10*n < 9*s.tries || s.last-s.first > clock.Time(n)*minute/2 {
		return false
	}
	first, second, statuses := 0, 0, [2]int{}
	for _, t := range s.sorts {
		switch {
		case t.n > first:
			first, second, statuses = t.n, first, [2]int{t.status, statuses[0]}
		case t.n > second:
			second, statuses[1] = t.n, t.status
		}
	}
	s.bySize = statuses[0] == statuses[1]
	return second >= askedEach && 5*second >= n && 10*(first+second) >= 9*n
}

// compare says of a door whether it refuses users who exist as it does those who do not.
func (d *accountOracle) compare(dst []Signal, c *call.Call, a *attempt) []Signal {
	i := 0
	if a.known {
		i = 1
	}
	h := &a.door.answers[i]
	if h.n == 0 {
		h.status, h.size = c.Status, c.RespDec
	}
	h.mixed = h.mixed || h.status != c.Status || h.size != c.RespDec
	h.n++
	un, kn := &a.door.answers[0], &a.door.answers[1]
	if un.mixed || kn.mixed || un.n < unknownSame || kn.n < knownSame || un.status == kn.status && un.size == kn.size {
		return dst
	}
	return d.scene.posture(dst, c, d.Name(), "tells who exists", tellsUsers)
}

// describe states the case of a source.
func (d *accountOracle) describe(f *dossier[asked]) Signal {
	s := &f.state
	n := s.users.Len()
	what, how := "login", "status"
	if s.resets {
		what = "password reset"
	}
	if s.bySize {
		how = "size"
	}
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 75, Score: float64(n), Threshold: askedUsers}
	sig.Title = fmt.Sprintf("{principal} asked a %s about %s, and the answers tell who exists", what, count(n, "user"))
	sig.Expected = "People ask about themselves"
	sig.Observed = fmt.Sprintf("%s, once each, in %s; the answers are of two sorts by their %s", count(n, "user"), span(s.last-s.first), how)
	sig.Facts = []Fact{{"users asked about", strconv.Itoa(n)}, {"told by", how}}
	return sig
}

func tellsUsers() Signal {
	return careless(Low, "A login tells whether a user exists", "Wrong users and wrong passwords are refused alike (CWE-204)",
		"users who exist and users who do not are refused in two ways")
}

// close tells the cases that have grown since they were last told.
