package chart_test

import (
	"strings"
	"testing"

	"auscult/internal/chart"
)

func TestChart(t *testing.T) {
	c := chart.Chart{Title: "t", X: "x", Top: 2, Label: "%.1f s", Step: 2, Lines: []chart.Line{{Name: "a", X: []float64{1, 2, 8}, Y: []float64{0, 1, 2}}}}
	s := c.SVG()
	for _, want := range []string{"<svg", `points="50.0,316.0 196.7,176.0 490.0,36.0"`, `end">0.5 s<`, `>4<`, "</svg>"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in %s", want, s)
		}
	}
}
