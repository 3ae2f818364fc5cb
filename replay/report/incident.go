package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"auscult/detectors"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// card is an incident as the page shows it.
type card struct {
	Number               int
	Anchor, UID          string
	Severity             string
	Kind, Title          string
	Kinds                []string // further findings, with what each says
	First, Last, Raised  string
	Span, Who, How, From string
	Others               []string // accused beside Who
	OthersLeft           int
	Where                string
	Expected, Observed   string
	Numbers              []row
	Exposed              string
	Breach               bool
	Pictures             []picture
	NoPicture            string
	Calls                []shownCall
	CallsAll             int
	Filter               string
	Communities          []string
	Slice                string
	Refs                 []row
	Clocks               []deadline
	Advice               string
	Confidence           string
	rank                 detectors.Severity
	accused              []uint64
}

type row struct{ Name, Text string }

// shownCall is a call that shows an incident.
type shownCall struct {
	Time, From, To, Request, Answer, Size, People, Community, Loss string
}

// cards are the incidents, gravest first.
func (c *Collector) cards(f *Facts) ([]card, error) {
	list := slices.Clone(c.incidents)
	slices.SortFunc(list, func(a, b *incident) int {
		return cmp.Or(cmp.Compare(b.Signal.Severity, a.Signal.Severity), cmp.Compare(a.First, b.First), strings.Compare(a.UID, b.UID))
	})
	out := make([]card, 0, len(list))
	for i, in := range list {
		k := c.card(i+1, in, f)
		if in.Signal.Severity >= detectors.Medium {
			sc := c.scene(k.Anchor, in, f.First, f.Last)
			if err := c.fill(&k, &sc, i < c.cfg.MaxPictures); err != nil {
				return nil, err
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// fill adds what the calls of the accused say: the pictures, and what was exposed, with whom that may concern.
func (c *Collector) fill(k *card, sc *scene, drawn bool) (err error) {
	m := ocsf.MeaningOf(sc.in.Signal.Detector)
	s := &sc.in.Signal
	classes := sc.classes()
	k.Breach = m.Breach && (s.People > 0 || s.Objects > 0 || len(classes) > 0)
	k.Exposed = exposed(s, classes, k.Breach)
	m.Breach = k.Breach
	k.Clocks = deadlines(&m, sc.in.known.Time)
	if !drawn {
		k.NoPicture = fmt.Sprintf("Only the first %d incidents of this report are drawn.", c.cfg.MaxPictures)
		return nil
	}
	if k.Pictures, err = c.pictures(sc); err == nil && len(k.Pictures) == 0 {
		k.NoPicture = "There are too few calls to draw, or nothing about them that changes over time."
	}
	return err
}

func (c *Collector) card(n int, in *incident, f *Facts) card {
	s := &in.Signal
	c.names.At(in.First) // as in its alerts
	m := ocsf.MeaningOf(s.Detector)
	text := func(t string) string { return string(c.names.Text(nil, t, &s.Principal, s.Patients)) }
	k := card{Number: n, Anchor: "i" + strconv.Itoa(n), UID: in.UID, Severity: s.Severity.String(), Kind: m.Name, Title: text(s.Title),
		First: stamp(in.First), Last: stamp(in.Last), Raised: stamp(in.known.Time), Span: span(in.Last.Sub(in.First)),
		Expected: sentence(text(s.Expected)), Observed: sentence(text(s.Observed)), Advice: m.Advice,
		Confidence: strconv.Itoa(s.Confidence) + " %", CallsAll: s.Calls, rank: s.Severity}
	if s.Principal.ID != "" {
		k.Who, k.How = string(c.names.User(nil, &s.Principal)), kindWords[s.Principal.Kind.String()]
	}
	k.From = s.Client
	if s.Principal.ID != "" {
		k.accused = append(k.accused, s.Principal.Key)
	}
	for i := range s.Members {
		k.accused = append(k.accused, s.Members[i].Key)
		switch p := &s.Members[i]; {
		case p.Key == s.Principal.Key:
		case len(k.Others) >= 12:
			k.OthersLeft++
		default:
			k.Others = append(k.Others, string(c.names.User(nil, p)))
		}
	}
	if s.Route != "" {
		k.Where = string(c.names.Endpoint(nil, s.Route, &s.Principal, s.Patients))
	}
	for i := range in.said {
		if o := &in.said[i]; o.Detector != s.Detector {
			k.Kinds = append(k.Kinds, ocsf.MeaningOf(o.Detector).Name+": "+string(c.names.Text(nil, o.Title, &o.Principal, o.Patients)))
		}
	}
	k.Numbers = []row{{"calls", grouped(uint64(s.Calls))}, {"distinct records", grouped(uint64(s.Objects))},
		{"people in the answers", grouped(uint64(s.People))}, {"refused or not found", grouped(uint64(s.Refusals))}}
	for _, fact := range s.Facts {
		if name := factName(fact.Name); name != "" {
			k.Numbers = append(k.Numbers, row{text(name), text(fact.Value)})
		}
	}
	for i := range s.Evidence {
		k.Calls = append(k.Calls, c.shown(&s.Evidence[i].Call))
		if id := k.Calls[i].Community; !slices.Contains(k.Communities, id) {
			k.Communities = append(k.Communities, id)
		}
	}
	k.Filter = filter(s.Evidence)
	k.Slice = f.Evidence[in.UID]
	k.Refs = references(&m)
	return k
}

// sentence is s with a capital, where it begins with a plain word, and its full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	word, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(word, ":/.") && word[0] >= 'a' && word[0] <= 'z' {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func (c *Collector) shown(x *call.Call) shownCall {
	n := c.names
	b := append(n.Word(nil, x.Method), ' ')
	b = n.Path(b, x)
	if x.Query != "" {
		b = n.Query(append(b, '?'), x)
	}
	out := shownCall{Time: x.Start.UTC().Format("2006-01-02 15:04:05.000"), From: host(x.Client), To: host(x.Server), Request: string(b), Answer: "none seen",
		People: strconv.Itoa(x.PHI.People)}
	if len(out.Request) > 300 {
		out.Request = strings.ToValidUTF8(out.Request[:300], "") + "…"
	}
	if x.Status != 0 {
		out.Answer, out.Size = strconv.Itoa(x.Status), size(float64(x.RespDec))
	}
	flow, dir := packet.NewFlow(netip.AddrPortFrom(x.Client.Addr.IP(), x.Client.Port), netip.AddrPortFrom(x.Server.Addr.IP(), x.Server.Port))
	out.Community = string(packet.AppendCommunityID(nil, &flow, dir, c.seed))
	if x.Loss != 0 {
		out.Loss = strings.NewReplacer("[", "", "]", "", `"`, "", "_", " ", ",", ", ").Replace(string(ocsf.AppendLoss(nil, x.Loss)))
	}
	return out
}

func host(e packet.Endpoint) string { return netip.AddrPortFrom(e.Addr.IP(), e.Port).String() }

// filter finds the connections of the calls shown, in Wireshark's language.
func filter(evidence []detectors.Evidence) string {
	var terms []string
	for i := range evidence {
		x := &evidence[i].Call
		ip := "ip"
		if x.Client.Addr.IP().Is6() {
			ip = "ipv6"
		}
		term := fmt.Sprintf("(%[1]s.addr==%[2]s && tcp.port==%[3]d && %[1]s.addr==%[4]s && tcp.port==%[5]d)", ip, x.Client.Addr.IP(), x.Client.Port, x.Server.Addr.IP(), x.Server.Port)
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return strings.Join(terms, " || ")
}

// classes are the kinds of data in the answers to the accused, in the time of the incident.
func (sc *scene) classes() []string {
	var set phi.Class
	for _, curve := range sc.curves {
		for i := range curve {
			if p := &curve[i]; p.at >= sc.in.First && p.at <= sc.in.Last {
				set |= p.classes
			}
		}
	}
	return classList(set.Names())
}

// exposed says what was given away, in a sentence or two.
func exposed(s *detectors.Signal, classes []string, breach bool) string {
	var b strings.Builder
	switch {
	case s.People > 0:
		fmt.Fprintf(&b, "The answers held data of %s.", people(s.People))
	case len(classes) > 0: // found beside what the finding is about
		return fmt.Sprintf("How many people's data was given away is not counted for this kind of incident; the calls below say it of themselves. Answers to the same caller in that time held: %s.", listed(classes))
	case breach:
		fmt.Fprintf(&b, "%s named in the calls; how many people are behind them could not be told from the answers.", plural(uint64(s.Objects), "record was", "records were"))
	default:
		b.WriteString("No data of patients was recognised in the answers of this incident.")
	}
	if len(classes) > 0 {
		fmt.Fprintf(&b, " Among what was answered in that time: %s.", listed(classes))
	}
	return b.String()
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return grouped(uint64(n)) + " people"
}

// references are the names that others have for it.
func references(m *ocsf.Meaning) (out []row) {
	add := func(name, before string, words []string) {
		if len(words) > 0 {
			out = append(out, row{name, before + strings.Join(words, ", "+before)})
		}
	}
	add("OWASP API Security Top 10", "", m.OWASP)
	add("CWE (weaknesses)", "", m.CWE)
	var techniques []string
	for _, t := range m.Attack {
		techniques = append(techniques, t.ID+" "+t.Name+" ("+t.Tactic+")")
	}
	add("MITRE ATT&CK", "", techniques)
	add("HIPAA, 45 CFR", "§ ", m.HIPAA)
	add("GDPR", "Art. ", m.GDPR)
	add("DPDP (India)", "", m.DPDP)
	add("ISO/IEC 27001:2022, annex A", "A.", m.ISO)
	return out
}
