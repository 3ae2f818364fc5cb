package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"auscult/detectors"
	"auscult/internal/chart"
	"auscult/sensor/clock"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// view is what the page is made of.
type view struct {
	Style, Policy           template.HTML
	Facts                   *Facts
	Revealed                bool
	Heading, When           string
	KeyIDs                  []string
	Story                   []string
	Gaps                    []gap
	Timeline                []picture
	Incidents, Hints        []card
	Left                    []row // incidents not shown, by severity
	Callers                 []callerRow
	CallersAll              int
	Endpoints               []endpointRow
	EndpointsAll            int
	Forgotten               []string
	APIs                    *apis
	Ledger                  []stage
	Next                    *deadline
	Packets, Bytes, AllSeen string
}

type callerRow struct {
	Name, How, From, Calls, Refused, Records, People, First, Last string
	Incidents                                                     []card
	rank                                                          detectors.Severity
	key                                                           uint64
	people                                                        uint32
	calls                                                         uint32
}

type endpointRow struct {
	Name, Host, Calls, Callers, Refused, People, Usual string
	Classes                                            []string
	people, calls                                      uint32
	key                                                uint64
}

// Page is the report as one HTML document. The same calls, alerts and facts give the same bytes.
func (c *Collector) Page(f *Facts) ([]byte, error) {
	page, err := template.New("page").Funcs(template.FuncMap{"grouped": grouped, "lower": strings.ToLower}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	v, err := c.view(f)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return b.Bytes(), nil
}

func (c *Collector) view(f *Facts) (*view, error) {
	style := pageStyle + chart.CSS
	sum := sha256.Sum256([]byte(style))
	v := &view{Facts: f, Revealed: c.names.Reveal, KeyIDs: c.names.Keys.KeyIDs(), Gaps: f.gaps(), Ledger: f.ledger(),
		Style: template.HTML("<style>" + style + "</style>"),
		Policy: template.HTML(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-` +
			base64.StdEncoding.EncodeToString(sum[:]) + `'; base-uri 'none'; form-action 'none'">`)}
	cards, err := c.cards(f)
	if err != nil {
		return nil, err
	}
	for _, k := range cards {
		if k.rank >= detectors.Medium {
			v.Incidents = append(v.Incidents, k)
		} else {
			v.Hints = append(v.Hints, k)
		}
	}
	for s := detectors.Critical; s > 0; s-- {
		if n := c.left[s]; n > 0 {
			v.Left = append(v.Left, row{s.String(), grouped(n)})
		}
	}
	if f.Packets > 0 {
		v.When = moment(f.First) + " to " + moment(f.Last) + " UTC"
		v.AllSeen = span(f.Last.Sub(f.First))
	}
	v.Packets, v.Bytes = grouped(f.Packets), size(float64(f.Bytes))
	v.Heading = heading(v.Incidents)
	v.Story = c.story(f, v)
	for i := range v.Incidents {
		if k := v.Incidents[i].Clocks; len(k) > 0 && v.Next == nil {
			v.Next = &k[0]
		}
	}
	if v.Timeline, err = c.timeline(f); err != nil {
		return nil, err
	}
	c.tables(v, cards)
	v.APIs = c.inventory(f.Inventory)
	for _, t := range []struct {
		n    uint64
		what string
	}{{c.callers.forgotten, "callers"}, {c.endpoints.forgotten, "endpoints"}} {
		if t.n > 0 {
			v.Forgotten = append(v.Forgotten, fmt.Sprintf("%s %s that were quiet for long were forgotten while the captures were read: the tables below and the comparison with others lack their calls, the incidents do not.", grouped(t.n), t.what))
		}
	}
	if c.full {
		v.Forgotten = append(v.Forgotten, "There were more distinct records than are told apart for this report: curves of distinct records may end too low, the numbers of the incidents do not.")
	}
	return v, nil
}

func heading(incidents []card) string {
	switch n := len(incidents); {
	case n == 0:
		return "No incident was found"
	case n == 1:
		return "One incident was found"
	default:
		return counted(n, "incident") + " were found"
	}
}

// story is what happened, in plain words.
func (c *Collector) story(f *Facts, v *view) (out []string) {
	if f.Packets == 0 {
		return []string{"No packet was read, so there is nothing to tell. The list beside this text says why, as far as it is known."}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "This report is about %s of network traffic, from %s: %s.", v.AllSeen, v.When, counted(len(f.Captures), "capture file"))
	if c.calls > 0 {
		fmt.Fprintf(&b, " In it %s of applications to %s were read, made under %s.", plural(c.calls, "call", "calls"),
			counted(len(c.servers), "server"), counted(len(c.callers.byKey)+int(c.callers.forgotten), "identity")+"")
	} else {
		b.WriteString(" No call of an application could be read in it.")
	}
	if f.Messages > 0 {
		fmt.Fprintf(&b, " %s sent between systems.", plural(f.Messages, "HL7 message was", "HL7 messages were"))
	}
	out = append(out, strings.Replace(b.String(), "identitys", "identities", 1))
	b.Reset()
	switch n := len(v.Incidents); {
	case n == 0:
		b.WriteString("Nothing in these calls was grave enough to be an incident: nobody read many patients without a visible reason, went through lists of numbers, or attacked a server in a way this sensor knows.")
	default:
		fmt.Fprintf(&b, "%s of medium severity or more:", map[bool]string{true: "There was one incident", false: "There were " + counted(n, "incident")}[n == 1])
		for i := range min(n, 3) {
			k := &v.Incidents[i]
			fmt.Fprintf(&b, " %s (%s, from %s UTC).", strings.TrimSuffix(k.Title, "."), strings.ToLower(k.Severity), k.First[:len(k.First)-4])
		}
		if n > 3 {
			fmt.Fprintf(&b, " %s in the table below.", map[bool]string{true: "One more is", false: grouped(uint64(n-3)) + " more are"}[n == 4])
		}
	}
	out = append(out, b.String())
	most, breaches := 0, 0
	for _, in := range c.incidents {
		if in.Signal.Severity >= detectors.Medium {
			most = max(most, in.Signal.People)
		}
	}
	for i := range v.Incidents {
		if v.Incidents[i].Breach {
			breaches++
		}
	}
	if breaches > 0 {
		text := "Health data of patients may have been disclosed"
		if breaches > 1 {
			text = fmt.Sprintf("In %d of them health data of patients may have been disclosed", breaches)
		}
		switch {
		case most > 0 && breaches > 1:
			text += fmt.Sprintf(", of %s in the largest.", people(most))
		case most > 0:
			text += fmt.Sprintf("; the answers in it held data of %s.", people(most))
		default:
			text += "; of how many people could not be counted."
		}
		out = append(out, text+" Whether that is a breach under the law is for people to decide; the clocks below count from when the traffic first gave it away.")
	}
	if n := len(v.Hints); n > 0 {
		out = append(out, fmt.Sprintf("%s smaller: weaknesses of servers and single oddities, which are listed after the incidents.", map[bool]string{true: "One more finding is", false: grouped(uint64(n)) + " more findings are"}[n == 1]))
	}
	return out
}

// timeline draws the whole capture.
func (c *Collector) timeline(f *Facts) ([]picture, error) {
	if len(c.volume.bins) < 2 {
		return nil, nil
	}
	var x, calls, refused, marks []float64
	peak := 0
	for i, b := range append(slices.Clone(c.volume.bins), bin{}) {
		x = append(x, seconds(c.volume.start+clock.Time(i)*c.volume.step))
		calls, refused = append(calls, float64(b.calls)), append(refused, float64(b.refusals))
		if i < len(c.volume.bins) && b.calls > c.volume.bins[peak].calls {
			peak = i
		}
	}
	grave := 0
	for _, in := range c.incidents {
		if in.Signal.Severity >= detectors.Medium {
			grave++
			marks = append(marks, seconds(in.First))
		}
	}
	slices.Sort(marks)
	if len(marks) > 100 {
		marks = marks[:100]
	}
	ch := &chart.Chart{ID: "t", Title: "Calls over the whole capture", X: chart.Axis{Label: "time, UTC", Kind: chart.Time},
		Y: chart.Axis{Label: "calls in " + span(c.volume.step.Sub(0)), Format: whole}}
	ch.Series = []chart.Series{{Name: "calls", Style: chart.Seen, Steps: true, X: x, Y: calls},
		{Name: "of them refused or not found", Style: chart.Refused, Steps: true, X: x, Y: refused},
		{Name: "an incident begins", Style: chart.Marks, X: marks}}
	ch.Text = fmt.Sprintf("%s, %s refused or not found. The busiest %s, with %s, began at %s UTC.", plural(c.calls, "call", "calls"), was(int(c.refusals)),
		span(c.volume.step.Sub(0)), plural(c.volume.bins[peak].calls, "call", "calls"), moment(c.volume.start+clock.Time(peak)*c.volume.step))
	if grave > 0 {
		ch.Text += " When each incident began is in the table below."
	}
	p, err := draw(ch)
	return []picture{p}, err
}

// tables are the callers and endpoints most concerned.
func (c *Collector) tables(v *view, cards []card) {
	for _, t := range c.callers.sorted() {
		c.names.At(t.first)
		r := callerRow{Name: string(c.names.User(nil, &t.principal)), How: kindWords[t.principal.Kind.String()], From: t.client,
			Calls: grouped(uint64(t.tail.calls)), Refused: grouped(uint64(t.tail.refusals)), Records: grouped(uint64(t.objects.Len())),
			People: grouped(uint64(t.tail.people)), First: moment(t.first), Last: moment(t.tail.at), key: t.key, people: t.tail.people, calls: t.tail.calls}
		if t.principal.Service {
			r.How += ", a machine's"
		}
		for i := range cards {
			if slices.Contains(cards[i].accused, t.key) {
				r.Incidents = append(r.Incidents, cards[i])
				r.rank = max(r.rank, cards[i].rank)
			}
		}
		v.Callers = append(v.Callers, r)
	}
	slices.SortFunc(v.Callers, func(a, b callerRow) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.people, a.people), cmp.Compare(b.calls, a.calls), cmp.Compare(a.key, b.key))
	})
	for _, t := range c.endpoints.sorted() {
		r := endpointRow{Name: t.name, Host: t.host, Calls: grouped(uint64(t.tail.calls)), Callers: grouped(uint64(t.callers.Len())),
			Refused: grouped(uint64(t.tail.refusals)), People: grouped(uint64(t.tail.people)), Usual: "–", people: t.tail.people, calls: t.tail.calls, key: t.key}
		if t.sizes.n > 0 {
			r.Usual = size(float64(t.sizes.quantile(.5)))
		}
		set := t.tail.classes
		for i := range t.points {
			set |= t.points[i].classes
		}
		r.Classes = classList(set.Names())
		v.Endpoints = append(v.Endpoints, r)
	}
	slices.SortFunc(v.Endpoints, func(a, b endpointRow) int {
		return cmp.Or(cmp.Compare(b.people, a.people), cmp.Compare(b.calls, a.calls), cmp.Compare(a.key, b.key))
	})
	v.CallersAll, v.EndpointsAll = len(v.Callers), len(v.Endpoints)
	v.Callers = v.Callers[:min(len(v.Callers), c.cfg.MaxRows)]
	v.Endpoints = v.Endpoints[:min(len(v.Endpoints), c.cfg.MaxRows)]
}
