// Package chart draws the plots of measurements that lie in the repository.
package chart

import (
	"fmt"
	"math"
	"strings"
)

// Chart is a plot with a logarithmic x axis and a y axis that begins at 0.
type Chart struct {
	Title, X string
	Top      float64 // of the y axis
	Label    string  // of a value on it, a format for a number
	Step     float64 // from one mark of the x axis to the next, as a factor
	Lines    []Line
}

// Line is what one colour shows.
type Line struct {
	Name string
	X, Y []float64
}

var colours = [...]string{"#1b6ca8", "#c0392b", "#2e8b57", "#b8860b", "#6a3d9a", "#555555", "#d2691e", "#008b8b"}

const (
	chartWidth, chartHeight = 640, 360
	chartLeft, chartRight   = 50, 150
	chartTop, chartBottom   = 36, 44
)

// SVG draws it.
func (c *Chart) SVG() string {
	low, high := math.Inf(1), 0.0
	for _, l := range c.Lines {
		for _, x := range l.X {
			low, high = min(low, x), max(high, x)
		}
	}
	px := func(x float64) float64 {
		return chartLeft + math.Log(x/low)/max(1e-9, math.Log(high/low))*(chartWidth-chartLeft-chartRight)
	}
	py := func(y float64) float64 { return chartHeight - chartBottom - y/c.Top*(chartHeight-chartTop-chartBottom) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="18" font-size="13">%s</text>`+"\n", chartLeft, c.Title)
	for i := range 5 {
		y := c.Top * float64(i) / 4
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", chartLeft, py(y), chartWidth-chartRight, chartLeft-6, py(y)+4, fmt.Sprintf(c.Label, y))
	}
	for x := low; x <= high*1.001; x *= c.Step {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#eee"/><text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", px(x), chartTop, chartHeight-chartBottom, px(x), chartHeight-chartBottom+15, x)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (chartLeft+chartWidth-chartRight)/2, chartHeight-8, c.X)
	for i, l := range c.Lines {
		colour := colours[i%len(colours)]
		var points []string
		for j := range l.X {
			points = append(points, fmt.Sprintf("%.1f,%.1f", px(l.X[j]), py(l.Y[j])))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		y := chartTop + 16*i
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="3" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", chartWidth-chartRight+12, y, colour, chartWidth-chartRight+30, y+5, l.Name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
