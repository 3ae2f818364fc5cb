package chart

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// CSS is the part of a page's style sheet that charts need: light, dark, and on paper light.
const CSS = `.chart{display:block;width:100%;height:auto;max-width:60rem;font-family:"Liberation Sans",Arial,Helvetica,sans-serif}
.chart text{fill:#1d2733}.cx{stroke:#5a6675}.cg{stroke:#d5dbe3}
.c1{stroke:#0b5cad}.c2{stroke:#b3261e}.c3{stroke:#5a6675}.c4{stroke:#8a4b00}.f1{fill:#0b5cad}
@media screen and (prefers-color-scheme:dark){.chart text{fill:#e4e9ef}.cx{stroke:#9aa7b6}.cg{stroke:#3a4553}
.c1{stroke:#6cb6ff}.c2{stroke:#ff8a80}.c3{stroke:#a9b5c3}.c4{stroke:#ffb74d}.f1{fill:#6cb6ff}}
`

// alone is the style of a chart that is a file of its own.
const alone = `<style>` + CSS + `.c5{stroke:#1b6ca8}.c6{stroke:#c0392b}.c7{stroke:#2e8b57}.c8{stroke:#b8860b}.c9{stroke:#6a3d9a}.c10{stroke:#555}.c11{stroke:#d2691e}.c12{stroke:#008b8b}</style>`

// What gonum is told as a colour stands for a class of CSS: #0000nn is classes[n], behind c for a stroke and f for a fill.
var classes = [...]string{"x", "1", "2", "3", "3", "1", "2", "4", "5", "6", "7", "8", "9", "10", "11", "12", "g"}

var faint = color.RGBA{B: byte(len(classes) - 1), A: 255}

func colour(s Style) color.Color {
	return color.RGBA{B: 1 + byte(s), A: 255}
}

func stroke(s Style) draw.LineStyle {
	l := draw.LineStyle{Color: colour(s), Width: vg.Points(1.8)}
	switch s {
	case Refused:
		l.Dashes = []vg.Length{vg.Points(2), vg.Points(2)}
	case Expected:
		l.Width, l.Dashes = vg.Points(1.2), []vg.Length{vg.Points(7), vg.Points(3)}
	case Bound:
		l.Width, l.Dashes = vg.Points(1.2), []vg.Length{vg.Points(1.5), vg.Points(2.5)}
	case Marks:
		l.Width = vg.Points(1.2)
	}
	if s > lines { // told apart without colours too
		l.Dashes = []vg.Length{vg.Points(2 + 2*float64(s-lines)), vg.Points(2)}
	}
	return l
}

// render draws p by gonum's SVG writer, and makes of it an element for a page under a policy that allows no style
// attributes: they become attributes of SVG, and colours classes.
func (c *Chart) render(p *plot.Plot) (string, error) {
	width, height := vg.Points(c.Width), vg.Points(c.Height)
	if c.Width == 0 {
		width, height = vg.Points(700), vg.Points(240)
	}
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	text := b.String()
	i := strings.Index(text, "<svg")
	if i < 0 {
		return "", fmt.Errorf("chart: gonum wrote no SVG")
	}
	text = text[i:]
	head := fmt.Sprintf(`<svg class="chart" role="img" aria-labelledby="%[1]s-t %[1]s-d" viewBox="0 0 %[2]g %[3]g" xmlns="http://www.w3.org/2000/svg">`+
		`<title id="%[1]s-t">%[4]s</title><desc id="%[1]s-d">%[5]s</desc>`, html.EscapeString(c.ID), width.Points(), height.Points(),
		html.EscapeString(c.Title), html.EscapeString(c.Text))
	body := text[strings.Index(text, ">")+1:]
	if c.alone {
		head += alone
	}
	return head + attributed(body), nil
}

// attributed is an SVG body with the declarations of its style attributes as attributes of SVG. A few styles repeat in
// thousands of elements.
func attributed(body string) string {
	const open = `style="`
	var b strings.Builder
	b.Grow(len(body))
	seen := map[string]string{}
	for {
		before, rest, ok := strings.Cut(body, open)
		style, after, closed := strings.Cut(rest, `"`)
		if !ok || !closed {
			b.WriteString(body)
			return b.String()
		}
		b.WriteString(strings.TrimRight(before, " \n"))
		as, ok := seen[style]
		if !ok {
			as = attributes(style)
			seen[style] = as
		}
		b.WriteString(as)
		body = after
	}
}

// attributes are the declarations of a style as attributes of SVG.
func attributes(style string) string {
	var b, class strings.Builder
	for d := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(d, ":")
		switch {
		case strings.HasPrefix(value, "#0000") && (name == "fill" || name == "stroke"):
			n, _ := strconv.ParseUint(value[5:], 16, 8)
			class.WriteString(map[string]string{"fill": "f", "stroke": "c"}[name] + classes[min(int(n), len(classes)-1)])
		case strings.HasPrefix(name, "font-") && name != "font-size":
		case name != "":
			fmt.Fprintf(&b, ` %s="%s"`, name, value)
		}
	}
	if class.Len() > 0 {
		fmt.Fprintf(&b, ` class="%s"`, class.String())
	}
	return b.String()
}
