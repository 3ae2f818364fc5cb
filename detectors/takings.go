package detectors

import (
	"fmt"
	"math"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// takings finds who takes far more patients' data in an hour or a day than is usual: bytes on a logarithmic scale,
// against one's own windows, shrunk to those of one's peers, shrunk to what is shipped. Sizes of charts have tails
// that no threshold holds (detection plan 1.4), so bytes alone are told Low, unless they are very many; with as many
// people they are Medium. Machine accounts are judged by their own days alone.
type takings struct {
	*casebook[haul]
	takers *lru[taker]
	peers  [groupCount + 1][takingScales]level
	h      float64
}

// taker is what one principal takes.
type taker struct {
	seen   clock.Time
	part   [takingScales]int64
	bytes  [takingScales]int64
	people [takingScales]int
	usual  [takingScales]level
	most   int // people in the largest hour or day before, of the widest scale
	sums   [takingScales][len(takingShifts)]stats.CUSUM
}

// haul is what a case states.
type haul struct {
	scale  int
	bytes  int64
	people int
	usual  float64 // bytes
	score  float64
	times  float64
	own    int // windows of its own
}

// level is a mean and a spread of logarithms, faded.
type level struct{ n, sum, square float64 }

const (
	takingScales = 2
	takingWorth  = 5    // windows that what is thought elsewhere weighs
	takingFade   = 0.98 // half of it is gone after 34 windows
	takingSpread = 1.5  // doublings; the least that is believed of a spread
	takingWide   = 2    // deviations above the mean that a window teaches at most

	takingSure   = 3        // deviations above the mean, to be told by one window
	takingAnswer = 1 << 20  // bytes that one answer to a person counts for at most: a list of full records is no run of them
	takingPeople = 250      // in the window, that make bytes grave
	takingTimes  = 16       // as many times what is usual, with them
	takingAlone  = 512      // and without
	takingLeast  = 16 << 20 // bytes below which nothing is told

	machineWindows = 5 // windows of its own, before a machine is judged
)

// takingShifts are the growths looked for, in doublings.
var takingShifts = [...]float64{2, 4}

// takingWindows are the scales, with the shipped mean and deviation of the logarithm (base 2) of kilobytes taken in one
// in which anything was: about 0.4 MB an hour and 2 MB a day.
var takingWindows = [takingScales]struct {
	width      clock.Time
	name       string
	mean, wide float64
}{{hour, "an hour", 8.5, 2}, {day, "a day", 11, 2}}

func newTakings(s *scene) *takings {
	d := &takings{takers: newLRU(s.cfg.Principals, func(t *taker) bool { return t.usual[1].n < 1 }, nil),
		h: stats.Stream{Name: "bytes", Share: s.cfg.ShareBytes, Fraction: 0.05, Experts: takingScales * len(takingShifts)}.Threshold(s.cfg.Budget)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

// Name is that of small steady takings; one that is large at once is the same on a shorter scale.
func (*takings) Name() string { return "low_slow_scrape" }
func (*takings) Key() Key     { return ByPrincipal }

// Forget frees those who took nothing for two weeks.
func (d *takings) Forget(now clock.Time) {
	d.takers.dropOldest(func(t *taker) bool { return now-t.seen > 2*contactHalf })
	d.forget(now, day)
}

func (d *takings) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedProfiles += d.takers.evicted
}

// Observe folds one answer with patients' data. What runs on in parts counts when it has ended.
func (d *takings) Observe(dst []Signal, c *call.Call) []Signal {
	s := d.scene
	if c.PHI.People == 0 || c.Running || s.p.shared || !c.OK() {
		return dst
	}
	p := s.p
	t, _ := d.takers.useBy(&p.takes, p.key)
	t.seen = s.now
	dated, bytes := false, c.RespDec
	if !p.service {
		bytes = min(bytes, takingAnswer)
	}
	for i := range takingWindows {
		w := &takingWindows[i]
		if part := int64(s.now / w.width); part != t.part[i] {
			d.end(t, i)
			t.part[i] = part
		}
		t.bytes[i] += bytes
		t.people[i] += s.newPeople
		dated = dated || t.bytes[i] >= takingLeast
	}
	if !dated {
		return dst
	}
	return d.judge(dst, t, c)
}

// end closes a window: it adds to the evidence, and teaches. A suspect teaches nothing.
func (d *takings) end(t *taker, i int) {
	if t.bytes[i] == 0 {
		return
	}
	s, p := d.scene, d.scene.p
	x := scaled(t.bytes[i])
	mean, wide := d.expected(t, i)
	for j, z := range growths(x, mean, wide) {
		t.sums[i][j].Add(z)
	}
	if s.calm() {
		x = min(x, mean+float64(takingWide*wide))
		t.usual[i].learn(x)
		if !p.service {
			d.peers[groupCount][i].learn(x)
			if p.group >= 0 && p.group != groupCount {
				d.peers[p.group][i].learn(x)
			}
		}
		t.most = max(t.most, t.people[i])
	}
	t.bytes[i], t.people[i] = 0, 0
}

// expected is the mean and the deviation of a window's logarithm: one's own, shrunk to those of peers, shrunk to the
// site's, shrunk to what is shipped.
func (d *takings) expected(t *taker, i int) (mean, wide float64) {
	w, p := &takingWindows[i], d.scene.p
	mean, wide = w.mean, w.wide
	if p.service {
		return t.usual[i].shrunk(mean, wide)
	}
	mean, wide = d.peers[groupCount][i].shrunk(mean, wide)
	if p.group >= 0 && p.group != groupCount {
		mean, wide = d.peers[p.group][i].shrunk(mean, wide)
	}
	return t.usual[i].shrunk(mean, wide)
}

// judge compares the windows as they stand: they only grow, so what they say now they will not take back.
func (d *takings) judge(dst []Signal, t *taker, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	var worst haul
	for i := range takingWindows {
		if t.bytes[i] < takingLeast || p.service && t.usual[i].n < machineWindows-1 {
			continue
		}
		mean, wide := d.expected(t, i)
		x := scaled(t.bytes[i])
		score := 0.0
		for j, z := range growths(x, mean, wide) {
			score = max(score, float64(t.sums[i][j])+min(stats.Cap, z))
		}
		h := haul{scale: i, bytes: t.bytes[i], people: t.people[i], score: score, usual: math.Exp2(mean) * 1024, times: math.Exp2(x - mean), own: int(t.usual[i].n + 0.5)}
		if (score >= d.h || h.grave() && x > mean+float64(takingSure*wide)) && h.score+h.times > worst.score+worst.times {
			worst = h
		}
	}
	f := d.find(p.key)
	if worst.bytes == 0 {
		if f != nil && f.open(s.now) {
			d.note(f, c)
		}
		return dst
	}
	f = d.of(p.key)
	if f.open(s.now) && f.state.grave() && !worst.grave() {
		d.note(f, c)
		return dst
	}
	f.state = worst
	f.given = max(f.given, worst.people)
	d.note(f, c)
	if p.service && !f.state.beyond(t.most) {
		return dst // a load of the people that it always had
	}
	return d.tell(dst, f, c)
}

// grave is whether there are people too, or very many bytes.
func (h *haul) grave() bool {
	return h.people >= takingPeople && h.times >= takingTimes || h.times >= takingAlone
}

// beyond is whether a machine took more people than it ever did, by half.
func (h *haul) beyond(most int) bool { return 2*h.people > 3*most }

// scaled is the logarithm of bytes, in doublings of a kilobyte.
func scaled(bytes int64) float64 { return math.Log2(1 + float64(bytes)/1024) }

// growths are the log-likelihood ratios of x under each of takingShifts against none, of a normal distribution.
func growths(x, mean, wide float64) (z [len(takingShifts)]float64) {
	for j, shift := range takingShifts {
		z[j] = max(-stats.Cap, shift/(wide*wide)*(x-mean-shift/2))
	}
	return z
}

func (l *level) learn(x float64) {
	l.n = float64(l.n*takingFade) + 1
	l.sum = float64(l.sum*takingFade) + x
	l.square = float64(l.square*takingFade) + float64(x*x)
}

// shrunk is the mean and the deviation, shrunk to those thought elsewhere.
func (l *level) shrunk(mean, wide float64) (m, w float64) {
	n := l.n + takingWorth
	m = (l.sum + float64(takingWorth*mean)) / n
	v := (l.square+float64(takingWorth*(float64(wide*wide)+float64(mean*mean))))/n - float64(m*m)
	return m, math.Sqrt(max(v, takingSpread*takingSpread))
}

// describe states a principal's case.
func (d *takings) describe(f *dossier[haul]) Signal {
	p := &f.state
	in := takingWindows[p.scale].name
	sig := Signal{Detector: d.Name(), Severity: Low, Confidence: sureness(&f.accused, 60), Score: p.score, Threshold: d.h}
	if p.grave() {
		sig.Severity, sig.Confidence = Medium, sureness(&f.accused, 70)
	}
	sig.Title = fmt.Sprintf("{principal} took %s of patients' data in %s, %.0f times what is usual", megabytes(float64(p.bytes)), in, p.times)
	sig.Expected = fmt.Sprintf("About %s in %s, by %s of its own and by its peers", megabytes(p.usual), in, count(p.own, "window"))
	sig.Observed = fmt.Sprintf("%s, with data of %s not given before; a report or a study, announced, would explain it", megabytes(float64(p.bytes)), count(p.people, "patient"))
	sig.Facts = []Fact{{"bytes", strconv.FormatInt(p.bytes, 10)}, {"in", in}, {"patients", strconv.Itoa(p.people)}, {"usual bytes", number(p.usual)}}
	return sig
}

func megabytes(n float64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.0f kB", n/1024)
	}
	return fmt.Sprintf("%.0f MB", n/(1<<20))
}
