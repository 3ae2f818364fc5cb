package pcaps

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/pcaps/rewrap"
	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/packet"
)

// way is another way for the traffic of a case to travel.
type way struct {
	name   string
	rewrap func(c rewrap.Capture) (rewrap.Capture, []byte, error) // with the key log, if it is encrypted
	slack  time.Duration                                          // by which times may differ
	tunnel string                                                 // the only one that calls may be said to have come in
	http2  bool
	sealed bool // in TLS, so that nothing is said of its absence
}

func plainly(f func(c rewrap.Capture) rewrap.Capture) func(rewrap.Capture) (rewrap.Capture, []byte, error) {
	return func(c rewrap.Capture) (rewrap.Capture, []byte, error) { return f(c), nil, nil }
}

var ways = []way{
	{name: "vxlan", tunnel: "vxlan", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.VXLAN(c, 7001) })},
	{name: "geneve", tunnel: "geneve", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.GENEVE(c, 7002) })},
	{name: "erspan2", tunnel: "erspan2", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.ERSPAN2(c, 12) })},
	{name: "erspan3", tunnel: "erspan3", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.ERSPAN3(c, 13) })},
	{name: "gre-teb", tunnel: "gre", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.GRETEB(c, 14) })},
	{name: "vlan-by-direction", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.VLAN(c, 100, 200) })},
	{name: "mpls", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.MPLS(c, 16, 17, 18) })},
	{name: "fragments-24", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.Fragment(c, 24, false) })},
	{name: "fragments-576-shuffled", rewrap: plainly(func(c rewrap.Capture) rewrap.Capture { return rewrap.Fragment(c, 576, true) })},
	{name: "disturbed", slack: 10 * time.Millisecond, rewrap: plainly(func(c rewrap.Capture) rewrap.Capture {
		return rewrap.Disturb(c, 0.2, 1)
	})},
	{name: "h2c", http2: true, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) {
		c, err := rewrap.H2C(c)
		return c, nil, err
	}},
	{name: "tls12", sealed: true, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) { return rewrap.TLS(c, tls.VersionTLS12) }},
	{name: "tls13", sealed: true, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) { return rewrap.TLS(c, tls.VersionTLS13) }},
	{name: "tls13-h2", http2: true, sealed: true, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) {
		c, err := rewrap.H2C(c)
		if err != nil {
			return nil, nil, err
		}
		return rewrap.TLS(c, tls.VersionTLS13)
	}},
	{name: "tls13-fragments-erspan3", tunnel: "erspan3", sealed: true, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) {
		c, keys, err := rewrap.TLS(c, tls.VersionTLS13)
		return rewrap.ERSPAN3(rewrap.Fragment(c, 576, true), 13), keys, err
	}},
	{name: "tls13-vxlan-fragments-disturbed", tunnel: "vxlan", sealed: true, slack: 10 * time.Millisecond, rewrap: func(c rewrap.Capture) (rewrap.Capture, []byte, error) {
		c, keys, err := rewrap.TLS(c, tls.VersionTLS13)
		return rewrap.Fragment(rewrap.VXLAN(rewrap.Disturb(c, 0.2, 2), 7003), 576, true), keys, err
	}},
}

// TestSameAttack holds the sensor to finding in every case what it finds in the plain capture, however the
// traffic travelled. Calls and alerts are compared field by field, in order: all values must be the same but for
// those that say where the bytes lay (offsets), how connections and incidents are named (the names must stand for
// the same ones), the version of HTTP where it is another one, the tunnel where there is one, and times where
// packets came late. What is still open at the end of a capture closes with its last record, and where the end of a
// connection is one the time of that differs too.
func TestSameAttack(t *testing.T) {
	names := cases(t)
	if testing.Short() {
		names = []string{"sequential-walk"}
	}
	for _, name := range names {
		path := filepath.Join(name, "traffic.pcap")
		plain, err := rewrap.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg := pipeline.Defaults()
		cfg.Extract.TCP.Idle = 24 * time.Hour // a connection that is forgotten can be taken up again in plain HTTP alone
		plainCalls, plainAlerts, _ := run(t, cfg, replay.New(replay.Defaults(), path))
		for _, w := range ways {
			t.Run(name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				capture, keys, err := w.rewrap(plain)
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), "traffic.pcap")
				if err := capture.Write(path); err != nil {
					t.Fatal(err)
				}
				calls, alerts, _ := run(t, cfg, keyed{replay.New(replay.Defaults(), path), keys})
				s := sameness{way: w, there: map[string]string{}, back: map[string]string{}, end: plain[len(plain)-1].Time / 1e6}
				s.compare(t, "calls", calls, plainCalls)
				s.compare(t, "alerts", alerts, plainAlerts)
			})
		}
	}
}

// keyed is a source in which a TLS key log stands before the first packet.
type keyed struct {
	pipeline.Source
	keys []byte
}

type keyedLane struct {
	pipeline.Lane
	keys []byte
}

func (s keyed) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	lanes, err := s.Source.Open(ctx, workers)
	for i := range lanes {
		lanes[i] = &keyedLane{lanes[i], s.keys}
	}
	return lanes, err
}

func (l *keyedLane) Next() (packet.Raw, error) {
	if keys := l.keys; keys != nil {
		l.keys = nil
		return packet.Raw{Secrets: keys}, nil
	}
	return l.Lane.Next()
}

// sameness compares what was said of one capture with what was said of another.
type sameness struct {
	way
	there, back map[string]string // names of connections and incidents, in both directions
	closing     bool              // the alert at hand says that an incident is over
	end         int64             // of the capture, in ms: when connections that are open in it end
}

// lines are the objects of a JSONL file, calls in the order in which they began.
func lines(t *testing.T, b []byte) (out []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(b) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func (s *sameness) compare(t *testing.T, what string, got, want []byte) {
	t.Helper()
	g, w := lines(t, got), lines(t, want)
	if what == "alerts" && s.sealed {
		w = slices.DeleteFunc(w, func(a map[string]any) bool { return a["metadata"].(map[string]any)["event_code"] == "cleartext_phi" })
	}
	if len(g) != len(w) {
		t.Fatalf("%d %s, want %d", len(g), what, len(w))
	}
	if what == "calls" && s.slack > 0 { // two that ended within the slack may have changed places
		order := func(a, b map[string]any) int { return strings.Compare(stable(a), stable(b)) }
		slices.SortStableFunc(g, order)
		slices.SortStableFunc(w, order)
	}
	for i := range g {
		var diffs []string
		s.closing = w[i]["activity_name"] == "Close"
		s.value(&diffs, "", g[i], w[i])
		if len(diffs) > 0 {
			t.Errorf("%s, line %d:\n  %s", what, i+1, strings.Join(diffs[:min(len(diffs), 12)], "\n  "))
			return
		}
	}
}

// stable is what orders calls whatever their times.
func stable(c map[string]any) string {
	return fmt.Sprint(c["client.address"], c["client.port"], c["server.port"], c["http.request.method"], c["url.path"],
		c["url.query"], c["http.request.body.size"], c["http.response.body.size"], c["timestamp"])
}

// rate is a measured one, which moves with the times of packets that came late.
var rate = regexp.MustCompile(`\d+\.\d+( a second)?`)

var index = regexp.MustCompile(`\[\d+\]`)

func (s *sameness) value(diffs *[]string, path string, got, want any) {
	differ := func() { *diffs = append(*diffs, fmt.Sprintf("%s: got %v, want %v", path, got, want)) }
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			differ()
			return
		}
		keys := map[string]bool{}
		for _, m := range []map[string]any{g, w} {
			for k := range m {
				keys[k] = true
			}
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			s.value(diffs, strings.TrimPrefix(path+"/"+k, "/"), g[k], w[k])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			differ()
			return
		}
		for i := range w {
			s.value(diffs, fmt.Sprintf("%s[%d]", path, i), g[i], w[i])
		}
	default:
		if !s.leaf(index.ReplaceAllString(path, ""), got, want) {
			differ()
		}
	}
}

// leaf is whether two values at path say the same.
func (s *sameness) leaf(path string, got, want any) bool {
	switch path {
	case "auscult.tunnel.type":
		return s.tunnel != "" && got == s.tunnel
	case "auscult.tunnel.source", "auscult.tunnel.destination", "auscult.tunnel.id":
		return s.tunnel != ""
	}
	if got == want {
		return true
	}
	slack := s.slack
	if s.closing {
		slack = max(slack, time.Second)
	}
	switch path {
	case "evidences/data/capture/offset":
		return true
	case "finding_info/desc", "anomaly_analyses/anomalies/observations/value", "unmapped/facts/value":
		return s.slack > 0 && rate.ReplaceAllString(fmt.Sprint(got), "") == rate.ReplaceAllString(fmt.Sprint(want), "")
	case "network.protocol.version", "evidences/http_request/version":
		return s.http2 && got == "2" && (want == "1.1" || want == "1.0")
	case "auscult.stream":
		return s.http2
	case "network.connection.id", "evidences/data/connection", "finding_info/uid", "metadata/correlation_uid":
		return s.names(got, want)
	case "evidences/uid", "metadata/uid": // a name and a number
		g, gn := cutLast(got)
		w, wn := cutLast(want)
		return gn == wn && s.names(g, w)
	case "timestamp", "evidences/data/time":
		g, err1 := time.Parse(time.RFC3339Nano, fmt.Sprint(got))
		w, err2 := time.Parse(time.RFC3339Nano, fmt.Sprint(want))
		return err1 == nil && err2 == nil && g.Sub(w).Abs() <= s.slack
	case "time", "start_time", "end_time", "duration", "finding_info/created_time", "finding_info/first_seen_time",
		"finding_info/last_seen_time", "evidences/http_response/latency", "auscult.duration_ms", "auscult.ttfb_ms":
		g, ok1 := got.(json.Number)
		w, ok2 := want.(json.Number)
		gf, _ := g.Float64()
		wf, _ := w.Float64()
		if s.closing && s.sealed && math.Abs(gf-float64(s.end)) <= float64(slack.Milliseconds()) {
			return true
		}
		return ok1 && ok2 && math.Abs(gf-wf) <= float64(slack.Milliseconds())
	}
	return false
}

func cutLast(v any) (string, string) {
	s := fmt.Sprint(v)
	i := max(strings.LastIndexByte(s, '-'), 0)
	return s[:i], s[i:]
}

// names is whether got always stands where want does.
func (s *sameness) names(got, want any) bool {
	g, w := fmt.Sprint(got), fmt.Sprint(want)
	if _, known := s.there[g]; !known {
		if _, taken := s.back[w]; taken {
			return false
		}
		s.there[g], s.back[w] = w, g
	}
	return s.there[g] == w
}
