package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"auscult/internal/chart"
)

func sample() chart.Chart {
	return chart.Chart{ID: "a", Title: "Calls <1>", Text: "2 & more", X: chart.Axis{Label: "time", Kind: chart.Time}, Y: chart.Axis{Label: "calls"},
		Series: []chart.Series{
			{Name: "seen", Style: chart.Seen, Steps: true, X: []float64{1.77e9, 1.77e9 + 30, 1.77e9 + 60}, Y: []float64{0, 4, 9}},
			{Name: "usual", Style: chart.Expected, X: []float64{1.77e9, 1.77e9 + 60}, Y: []float64{1, 1}},
			{Name: "dots", Style: chart.Dots, X: []float64{1.77e9 + 5}, Y: []float64{3}},
			{Name: "no", Style: chart.Crosses, X: []float64{1.77e9 + 6}, Y: []float64{3}},
			{Name: "raised", Style: chart.Marks, X: []float64{1.77e9 + 40}},
		}}
}

// wellFormed tells whether s is XML, and has none of what a strict policy refuses.
func wellFormed(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, s)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") {
					t.Errorf("<%s> has %s=%q", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
}

func TestSVG(t *testing.T) {
	c := sample()
	s, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, s)
	for _, want := range []string{`role="img"`, `<title id="a-t">Calls &lt;1&gt;</title>`, `<desc id="a-d">2 &amp; more</desc>`, `class="c1"`,
		`class="c2"`, `class="c3"`, `class="c4"`, `class="cg"`, `class="cx"`, `class="f1"`, "stroke-dasharray", ">02:40:10<", ">raised<"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in %s", want, s)
		}
	}
	again, _ := c.SVG()
	if again != s {
		t.Error("drawn twice it is not the same")
	}
}

func TestFile(t *testing.T) {
	c := chart.Chart{Title: "t", X: chart.Axis{Label: "x", Kind: chart.Log}, Y: chart.Axis{Label: "y", To: 2}}
	for i := range 8 {
		c.Series = append(c.Series, chart.Series{Name: "a", Style: chart.Nth(i), X: []float64{1, 10, 100}, Y: []float64{0, 1, 2}})
	}
	s, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, s)
	for _, want := range []string{"<style>", `class="c5"`, `class="c12"`, ">100<", "</svg>"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in %s", want, s)
		}
	}
}

// What has no length, no height or no value at all is drawn all the same.
func TestEmpty(t *testing.T) {
	for _, kind := range []chart.Kind{chart.Linear, chart.Log, chart.Time} {
		for _, series := range [][]chart.Series{nil, {{Style: chart.Seen, X: []float64{0}, Y: []float64{0}}}, {{Style: chart.Dots, X: []float64{5, 5}, Y: []float64{7, 7}}},
			{{Style: chart.Marks, X: []float64{3}}}} {
			c := chart.Chart{ID: "e", X: chart.Axis{Kind: kind}, Y: chart.Axis{Kind: kind}, Series: series}
			s, err := c.SVG()
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, s)
		}
	}
}
