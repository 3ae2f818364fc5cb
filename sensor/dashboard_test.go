package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/replay"
)

// servedMetrics is the labels of every metric of /metrics, after a run that opens an incident.
func servedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	w, _, _, _ := watching(t)
	w.cfg.Sample = time.Second
	w.outbox = taker(t)
	out := pipeline.Output{Alerts: []pipeline.Sink{w.outbox}}
	if _, err := pipeline.Run(t.Context(), *w.cfg, replay.New(replay.Defaults(), walk), out, &w.prog); err != nil {
		t.Fatal(err)
	}
	families, err := metrics(w).Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, f := range families {
		labels := []string{"instance", "job"} // which Prometheus adds
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		all[f.GetName()] = labels
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(?:auscult|go|process)_[a-z0-9_]+`)
	matcher    = regexp.MustCompile(`([a-z_]+)=~?"`)
	grouping   = regexp.MustCompile(`\bby \(([a-z_, ]+)\)`)
	function   = regexp.MustCompile(`\b([a-z_]+)\(`)
	legend     = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
)

// complaint says what is wrong with a query of the dashboard; "" when nothing.
func complaint(metrics map[string][]string, expr, legends string) string {
	names := metricName.FindAllString(expr, -1)
	if len(names) == 0 {
		return "asks for no metric"
	}
	var wanted []string
	for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
		wanted = append(wanted, m[1])
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		wanted = append(wanted, strings.Split(m[1], ", ")...)
	}
	for _, m := range legend.FindAllStringSubmatch(legends, -1) {
		wanted = append(wanted, m[1])
		if groups := grouping.FindString(expr); groups != "" && !strings.Contains(groups, m[1]) {
			return "its legend names " + m[1] + ", which is grouped away"
		}
	}
	for _, name := range names {
		labels, ok := metrics[name]
		if !ok {
			return name + " is not served"
		}
		for _, l := range wanted {
			if !slices.Contains(labels, l) {
				return name + " has no " + l
			}
		}
		if counter := strings.HasSuffix(name, "_total"); counter != strings.Contains(expr, "[$__rate_interval]") {
			return name + ": a counter without a rate, or a rate of a gauge"
		}
	}
	for _, f := range function.FindAllStringSubmatch(expr, -1) {
		if !slices.Contains([]string{"sum", "min", "max", "rate", "increase", "clamp_min", "topk"}, f[1]) {
			return f[1] + " is no function"
		}
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(expr, pair[:1]) != strings.Count(expr, pair[1:]) {
			return "unbalanced " + pair
		}
	}
	return ""
}

// TestDashboard holds every query of the Grafana dashboard to the metrics that are served and their labels.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "pipeline", "dashboards", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	type target struct{ RefID, Expr, LegendFormat string }
	var dashboard struct {
		Title, UID string
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []target
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	metrics := servedMetrics(t)
	shown, ids, cells := map[string]bool{}, map[int]bool{}, map[[2]int]string{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || (len(p.Targets) == 0) != (p.Type == "row") {
			t.Errorf("panel %d, %q: its number, title or targets", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if cells[[2]int{x, y}] != "" || x >= 24 {
					t.Fatalf("%q lies over %q, or beside the page", p.Title, cells[[2]int{x, y}])
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			for _, name := range metricName.FindAllString(q.Expr, -1) {
				shown[name] = true
			}
			if runtime.GOOS != "linux" && strings.Contains(q.Expr, "process_") {
				continue // where nothing is captured, the process tells less
			}
			if what := complaint(metrics, q.Expr, q.LegendFormat); what != "" {
				t.Errorf("%s: %s in %s", p.Title, what, q.Expr)
			}
		}
	}
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			m := regexp.MustCompile(`^label_values\((.*), ([a-z]+)\)$`).FindStringSubmatch(v.Definition)
			if m == nil || !slices.Contains(metrics[metricName.FindString(m[1])], m[2]) {
				t.Errorf("variable %s: %s", v.Name, v.Definition)
			}
		}
	}
	// What a sensor's keeper must not miss is on it.
	for _, name := range []string{"auscult_ready", "auscult_lag_seconds", "auscult_capture_dropped_packets_total", "auscult_lost_total",
		"auscult_incidents_total", "auscult_table_entries", "auscult_tcp_missing_bytes_total"} {
		if !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
	for _, bad := range []string{"", "rate(auscult_nothing_total[$__rate_interval])", "auscult_calls_total", "rate(auscult_ready[$__rate_interval])",
		"sum by (patient) (auscult_ready)", "sum(auscult_ready", "abs(auscult_ready)", `auscult_ready{interface=~"x"}`} {
		if complaint(metrics, bad, "") == "" {
			t.Errorf("%q is taken", bad)
		}
	}
}
