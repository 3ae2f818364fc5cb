package report

import (
	"fmt"
	"html/template"
	"slices"

	"auscult/detectors"
	"auscult/internal/chart"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// picture is a chart with the sentence that says the same.
type picture struct {
	SVG     template.HTML
	Title   string
	Caption string
}

// shape is how a kind of finding is drawn.
type shape uint8

const (
	tries shape = iota // calls and refusals over time
	reach              // distinct records over time
	walk               // numbers of records over time
	bulk               // sizes of answers
)

var shapes = map[string]shape{
	"bola_fanout": reach, "low_slow_scrape": reach, "patient_context_mismatch": reach, "consent_gap": reach, "break_glass_abuse": reach,
	"token_reuse": reach, "exfil_destination": reach, "bulk_write_delete": reach,
	"service_account_misuse": reach, "missing_auth": reach,
	"sequential_enumeration": walk, "distributed_enumeration": walk,
	"oversized_phi": bulk, "excess_property": bulk, "bulk_export": bulk, "resource_exhaustion": bulk,
}

const (
	mostMembers = 32 // whose calls are in one picture
	mostOthers  = 500
	gridSteps   = 32
)

// scene is what the pictures of one incident are drawn from.
type scene struct {
	id        string
	in        *incident
	from, to  clock.Time
	curves    [][]point // of the accused, or of the endpoint when nobody is
	accused   map[uint64]bool
	endpoint  *track
	left      int // accused whose calls are not drawn
	byCallers bool
}

func (c *Collector) scene(id string, in *incident, first, last clock.Time) scene {
	s := &in.Signal
	sc := scene{id: id, in: in, accused: map[uint64]bool{}, endpoint: c.endpoints.byKey[s.Endpoint]}
	length := max(in.Last-in.First, in.known.Time-in.First, 10*clock.Grid)
	sc.from, sc.to = max(first, in.First-length/4), min(last, max(in.Last, in.known.Time)+length/20)
	take := func(p *call.Principal) {
		if p.ID == "" || sc.accused[p.Key] {
			return
		}
		sc.accused[p.Key] = true
		t := c.callers.byKey[p.Key]
		if t == nil || len(sc.curves) >= mostMembers {
			sc.left++
			return
		}
		sc.curves = append(sc.curves, t.curve())
	}
	take(&s.Principal)
	for i := range s.Members {
		take(&s.Members[i])
	}
	if sc.byCallers = len(sc.curves) > 0; !sc.byCallers && sc.endpoint != nil {
		sc.curves = append(sc.curves, sc.endpoint.curve())
	}
	return sc
}

// pictures draws an incident: in the way of its leading kind, and in that of the first other one that is drawn otherwise.
func (c *Collector) pictures(sc *scene) ([]picture, error) {
	kinds := []shape{shapeOf(sc.in.Signal.Detector)}
	for i := range sc.in.said {
		if k := shapeOf(sc.in.said[i].Detector); len(kinds) < 2 && sc.in.said[i].Severity >= detectors.Medium && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	var out []picture
	for i, k := range kinds {
		var ch *chart.Chart
		switch k {
		case walk:
			ch = sc.walk()
		case bulk:
			ch = sc.bulk()
		case reach:
			ch = c.reach(sc)
		}
		if ch == nil && i == 0 && k == walk {
			ch = c.reach(sc)
		}
		if ch == nil && (i == 0 || k == tries) {
			ch = sc.tries()
		}
		if ch == nil || slices.ContainsFunc(out, func(p picture) bool { return p.Title == ch.Title }) {
			continue
		}
		ch.ID = fmt.Sprintf("%s-%d", sc.id, len(out)+1)
		if sc.left > 0 {
			ch.Text += fmt.Sprintf(" The calls of %s are not in it.", counted(sc.left, "other caller"))
		}
		p, err := draw(ch)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func shapeOf(detector string) shape { return shapes[detector] }

func draw(ch *chart.Chart) (picture, error) {
	svg, err := ch.SVG()
	return picture{template.HTML(svg), ch.Title, ch.Text}, err // the text in it was escaped by package chart
}

func (sc *scene) axis() chart.Axis {
	return chart.Axis{Label: "time, UTC", Kind: chart.Time, From: seconds(sc.from), To: seconds(sc.to)}
}

func seconds(t clock.Time) float64 { return float64(t) / 1e9 }

// raised marks when the incident was raised.
func (sc *scene) raised() chart.Series {
	return chart.Series{Name: "the sensor raised it", Style: chart.Marks, X: []float64{seconds(min(max(sc.in.known.Time, sc.from), sc.to))}}
}

// sum is what of gives, added up over all curves, at each time at which one of them goes on, counted from the beginning of
// the picture.
func (sc *scene) sum(of func(p *point) uint32) (x, y []float64) {
	times := []clock.Time{sc.from, sc.to}
	for _, curve := range sc.curves {
		for i := range curve {
			if t := curve[i].at; t > sc.from && t < sc.to {
				times = append(times, t)
			}
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	for len(times) > 400 {
		kept := times[:0]
		for i, t := range times {
			if i%2 == 0 || i == len(times)-1 {
				kept = append(kept, t)
			}
		}
		times = kept
	}
	for _, t := range times {
		total := 0.0
		for _, curve := range sc.curves {
			begin, now := before(curve, sc.from-1), before(curve, t)
			total += float64(of(&now)) - float64(of(&begin))
		}
		x, y = append(x, seconds(t)), append(y, total)
	}
	return x, y
}

func (c *Collector) reach(sc *scene) *chart.Chart {
	if !sc.byCallers {
		return nil
	}
	x, y := sc.sum(func(p *point) uint32 { return p.objects })
	top := y[len(y)-1]
	if top < 2 {
		return nil
	}
	ch := &chart.Chart{Title: "Distinct records asked for, over time", X: sc.axis(), Y: chart.Axis{Label: "distinct records", Format: whole}}
	ch.Series = []chart.Series{{Name: "this caller", Style: chart.Seen, Steps: true, X: x, Y: y}, sc.raised()}
	if len(sc.curves) > 1 {
		ch.Series[0].Name = "these callers together"
	}
	ch.Text = fmt.Sprintf("%s distinct records were asked for between %s and %s.", grouped(uint64(top)), moment(sc.from), moment(sc.to))
	n, middle, busy := c.others(sc)
	if n < 3 {
		ch.Text += " Too few others called in this time to compare with."
		return ch
	}
	gx := make([]float64, gridSteps+1)
	for i := range gx {
		gx[i] = seconds(sc.step(i))
	}
	ch.Series = append(ch.Series, chart.Series{Name: "a typical other caller", Style: chart.Expected, Steps: true, X: gx, Y: middle},
		chart.Series{Name: "the busiest tenth of the others", Style: chart.Bound, Steps: true, X: gx, Y: busy})
	ch.Text += fmt.Sprintf(" In the same time a typical one of the %d other callers asked for %s, one of the busiest tenth for %s or more.",
		n, grouped(uint64(middle[gridSteps])), grouped(uint64(busy[gridSteps])))
	return ch
}

func (sc *scene) step(i int) clock.Time { return sc.from + (sc.to-sc.from)*clock.Time(i)/gridSteps }

// others is the median and the ninth decile of what those who are not accused, and called in that time, asked for.
func (c *Collector) others(sc *scene) (n int, middle, busy []float64) {
	service := sc.in.Signal.Principal.Service
	var values [gridSteps + 1][]float64
	for _, t := range c.callers.sorted() {
		if t.pinned || t.principal.Service != service || t.tail.at < sc.from || t.first > sc.to || n >= mostOthers {
			continue
		}
		curve := t.curve()
		begin := before(curve, sc.from-1)
		if before(curve, sc.to).calls == begin.calls {
			continue
		}
		n++
		for i := range values {
			values[i] = append(values[i], float64(before(curve, sc.step(i)).objects)-float64(begin.objects))
		}
	}
	for i := range values {
		v := values[i]
		if n == 0 {
			break
		}
		slices.Sort(v)
		middle, busy = append(middle, v[(n-1)/2]), append(busy, v[(9*n)/10])
	}
	return n, middle, busy
}

// walk draws the numbers of the records. It shows their distances, not the numbers.
func (sc *scene) walk() *chart.Chart {
	forms := map[uint32]int{}
	var most uint32
	all := 0
	sc.each(func(p *point) {
		all++
		if forms[p.form]++; p.form != 0 && (most == 0 || forms[p.form] > forms[most] || forms[p.form] == forms[most] && p.form < most) {
			most = p.form
		}
	})
	if forms[most] < 5 || most == 0 || 3*forms[most] < all {
		return nil
	}
	var got, no []point
	var low, high int64
	sc.each(func(p *point) {
		if p.form != most {
			return
		}
		if len(got)+len(no) == 0 || p.number < low {
			low = p.number
		}
		high = max(high, p.number)
		if p.refused {
			no = append(no, *p)
		} else {
			got = append(got, *p)
		}
	})
	series := func(name string, style chart.Style, ps []point) chart.Series {
		s := chart.Series{Name: name, Style: style}
		for i := range ps {
			s.X, s.Y = append(s.X, seconds(ps[i].at)), append(s.Y, float64(ps[i].number-low))
		}
		return s
	}
	ch := &chart.Chart{Title: "Numbers of the records asked for, over time", X: sc.axis(), Y: chart.Axis{Label: "steps from the lowest", Format: whole}}
	ch.Series = []chart.Series{series("answered", chart.Dots, got), series("refused or not found", chart.Crosses, no), sc.raised()}
	ch.Text = fmt.Sprintf("Each mark is a call%s; the highest number is %s above the lowest. "+
		"A line that climbs or falls evenly is a list of numbers gone through by a program; people at work leave a cloud. "+
		"Distances are shown, not the numbers themselves.", sc.drawn(), grouped(uint64(high-low)))
	return ch
}

// drawn says how many of the calls have a mark.
func (sc *scene) drawn() string {
	marks, calls := 0, 0
	for _, curve := range sc.curves {
		begin := before(curve, sc.from-1)
		calls += int(before(curve, sc.to).calls - begin.calls)
	}
	sc.each(func(*point) { marks++ })
	if marks >= calls {
		return ""
	}
	return fmt.Sprintf(", %s of %s at even steps", grouped(uint64(marks)), grouped(uint64(calls)))
}

// each calls f for each point of the accused in the picture, in order of time.
func (sc *scene) each(f func(p *point)) {
	var all []point
	for _, curve := range sc.curves {
		for i := range curve {
			if curve[i].at >= sc.from && curve[i].at <= sc.to {
				all = append(all, curve[i])
			}
		}
	}
	slices.SortStableFunc(all, func(a, b point) int { return int(min(1, max(-1, a.at-b.at))) })
	for i := range all {
		f(&all[i])
	}
}

// bulk draws the sizes of the answers of the endpoint, those of the accused apart.
func (sc *scene) bulk() *chart.Chart {
	if sc.endpoint == nil {
		return nil
	}
	own := chart.Series{Name: "answers to this caller", Style: chart.Crosses}
	other := chart.Series{Name: "answers of the same endpoint to others", Style: chart.Dots}
	largest := int64(0)
	seen := map[clock.Time]bool{}
	dot := func(s *chart.Series, p *point) {
		s.X, s.Y = append(s.X, seconds(p.at)), append(s.Y, float64(max(1, p.size)))
	}
	sc.each(func(p *point) {
		if p.size >= 0 {
			seen[p.at] = true
			largest = max(largest, p.size)
			dot(&own, p)
		}
	})
	if len(own.X) == 0 {
		return nil
	}
	for _, p := range sc.endpoint.curve() {
		if p.size >= 0 && p.at >= sc.from && p.at <= sc.to && !sc.accused[p.other] && !seen[p.at] {
			dot(&other, &p)
		}
	}
	usual, large := sc.endpoint.sizes.quantile(.5), sc.endpoint.sizes.quantile(.95)
	if len(own.X)+len(other.X) < 2 && sc.endpoint.sizes.n < 2 {
		return nil
	}
	level := func(name string, v int64) chart.Series {
		return chart.Series{Name: name, Style: chart.Expected, X: []float64{seconds(sc.from), seconds(sc.to)}, Y: []float64{float64(max(1, v)), float64(max(1, v))}}
	}
	ch := &chart.Chart{Title: "Sizes of answers, over time", X: sc.axis(), Y: chart.Axis{Label: "size of the answer", Kind: chart.Log, Format: size}}
	ch.Series = []chart.Series{own, other, level("half of that endpoint's answers are smaller", usual), sc.raised()}
	ch.Text = fmt.Sprintf("The largest answer here has %s. Of the %s that the endpoint named above gave in the whole capture half had at most %s, and all but one in twenty at most %s.",
		size(float64(largest)), counted(int(sc.endpoint.sizes.n), "answer"), size(float64(usual)), size(float64(large)))
	return ch
}

// tries draws calls, and refusals among them.
func (sc *scene) tries() *chart.Chart {
	if len(sc.curves) == 0 {
		return nil
	}
	x, calls := sc.sum(func(p *point) uint32 { return p.calls })
	_, refused := sc.sum(func(p *point) uint32 { return p.refusals })
	total, no := calls[len(calls)-1], refused[len(refused)-1]
	if total < 3 {
		return nil
	}
	ch := &chart.Chart{Title: "Calls and refusals, added up over time", X: sc.axis(), Y: chart.Axis{Label: "calls so far", Format: whole}}
	ch.Series = []chart.Series{{Name: "calls", Style: chart.Seen, Steps: true, X: x, Y: calls}, sc.raised()}
	whose := "this caller"
	switch {
	case !sc.byCallers:
		whose = "all callers of this endpoint"
	case len(sc.curves) > 1:
		whose = "these callers"
	}
	ch.Text = fmt.Sprintf("%s of %s between %s and %s", counted(int(total), "call"), whose, moment(sc.from), moment(sc.to))
	if no == 0 { // a login that fails may be answered with a page
		ch.Title = "Calls, added up over time"
		ch.Text += "."
		return ch
	}
	ch.Series = append(ch.Series, chart.Series{Name: "of them refused or not found", Style: chart.Refused, Steps: true, X: x, Y: refused})
	ch.Text += fmt.Sprintf(", of which %s refused or not found.", was(int(no)))
	return ch
}
