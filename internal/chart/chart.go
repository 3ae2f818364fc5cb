// Package chart draws charts as SVG: the layout, the axes and the lines are gonum's, the colours are left to a style sheet.
package chart

import (
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Kind is how the values of an axis are laid out.
type Kind uint8

// Kinds of axis. The values of a Time axis are seconds since the Unix epoch, shown in UTC.
const (
	Linear Kind = iota
	Log
	Time
)

// Axis is one side of a chart.
type Axis struct {
	Label    string
	Kind     Kind
	From, To float64              // what it shows; both 0: what there is
	Format   func(float64) string // of a value on it; nil: in the shortest way
}

// Style is what a series means, told by its shape and by its colour.
type Style uint8

// Styles.
const (
	Seen     Style = iota // a heavy line
	Refused               // a line of short dashes
	Expected              // a thin line of long dashes
	Bound                 // a thin line of dots
	Dots                  // a square for each value
	Crosses               // a cross for each value
	Marks                 // an upright line at each x, over the whole height
	lines
)

// Nth is a line that differs from those of other i, of 0 to 7; it is for charts that are files of their own.
func Nth(i int) Style { return lines + Style(i%8) }

// Series is what one line, or one kind of mark, shows. X and Y have the same length; Y is nil for Marks.
type Series struct {
	Name  string // in the legend; empty: not there
	Style Style
	Steps bool // a value holds until the next
	X, Y  []float64
}

// Chart is one picture. Title and Text are what it says to those who do not see it.
type Chart struct {
	ID, Title, Text string // ID is unique in the page it stands in
	X, Y            Axis
	Series          []Series
	Width, Height   float64 // in points; 0: 700 by 240

	alone bool
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// File draws c as a file of its own.
func (c *Chart) File() (string, error) {
	own := *c
	own.ID, own.alone = "chart", true
	return own.SVG()
}

// SVG draws c as an element for a page whose style sheet has CSS in it. The same chart gives the same bytes.
func (c *Chart) SVG() (string, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding, p.Legend.XOffs, p.Legend.YOffs = vg.Points(2), vg.Points(8), vg.Points(-2)
	p.Legend.TextStyle.Font = font.From(sans, 10)
	c.X.set(&p.X)
	c.Y.set(&p.Y)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid)
	for i := range c.Series {
		if err := c.Series[i].add(p, c.X.Kind == Log, c.Y.Kind == Log); err != nil {
			return "", err
		}
	}
	c.X.span(&p.X)
	c.Y.span(&p.Y)
	if room := .07 * float64(len(c.Series)+1); c.Y.To == 0 { // for the legend
		if c.Y.Kind == Log {
			p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, room)
		} else {
			p.Y.Max += room * (p.Y.Max - p.Y.Min)
		}
	}
	return c.render(p)
}

func (a *Axis) set(to *plot.Axis) {
	to.Label.Text = a.Label
	to.Label.TextStyle.Font, to.Tick.Label.Font = font.From(sans, 11), font.From(sans, 10)
	to.Padding = vg.Points(4)
	switch a.Kind {
	case Log:
		to.Scale, to.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	case Time:
		to.Tick.Marker = times{}
	}
	if a.Format != nil {
		to.Tick.Marker = named{to.Tick.Marker, a.Format}
	}
}

// span sets what the axis shows, when all series are in it; never nothing, which gonum would refuse.
func (a *Axis) span(to *plot.Axis) {
	if a.From != 0 || a.To != 0 {
		to.Min, to.Max = a.From, a.To
	}
	if math.IsInf(to.Min, 0) || math.IsInf(to.Max, 0) {
		to.Min, to.Max = 1, 2
	}
	switch {
	case a.Kind == Log:
		to.Min = max(to.Min, least)
		to.Max = max(to.Max, 10*to.Min)
	case to.Min == to.Max:
		to.Max++
	}
}

// least is what stands for less on a logarithmic axis, where gonum panics at 0.
const least = 1e-3

func (s *Series) add(p *plot.Plot, logX, logY bool) error {
	if len(s.X) == 0 {
		return nil
	}
	if s.Style == Marks {
		m := marks{s.X}
		p.Add(m)
		if s.Name != "" {
			p.Legend.Add(s.Name, m)
		}
		return nil
	}
	xy := make(plotter.XYs, len(s.X))
	for i := range xy {
		xy[i] = plotter.XY{X: s.X[i], Y: s.Y[i]}
		if logX {
			xy[i].X = max(xy[i].X, least)
		}
		if logY {
			xy[i].Y = max(xy[i].Y, least)
		}
	}
	var drawn interface {
		plot.Plotter
		plot.Thumbnailer
	}
	if s.Style == Dots || s.Style == Crosses {
		dots, err := plotter.NewScatter(xy)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: colour(s.Style), Radius: vg.Points(2), Shape: draw.BoxGlyph{}}
		if s.Style == Crosses {
			dots.Radius, dots.Shape = vg.Points(3.5), draw.CrossGlyph{}
		}
		drawn = glyphs{dots}
	} else {
		line, err := plotter.NewLine(xy)
		if err != nil {
			return err
		}
		line.LineStyle = stroke(s.Style)
		if s.Steps {
			line.StepStyle = plotter.PostStep
		}
		drawn = line
	}
	p.Add(drawn)
	if s.Name != "" {
		p.Legend.Add(s.Name, drawn)
	}
	return nil
}

// glyphs are marks of one kind as one path: as an element each they would be most of a page.
type glyphs struct{ *plotter.Scatter }

func (g glyphs) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	_, cross := g.Shape.(draw.CrossGlyph)
	r := .85 * g.Radius // as gonum's, which the legend shows
	if cross {
		r = .7 * g.Radius
	}
	var path vg.Path
	for _, xy := range g.XYs {
		x, y := toX(xy.X), toY(xy.Y)
		if !c.Contains(vg.Point{X: x, Y: y}) {
			continue
		}
		path.Move(vg.Point{X: x - r, Y: y - r})
		if cross {
			path.Line(vg.Point{X: x + r, Y: y + r})
			path.Move(vg.Point{X: x - r, Y: y + r})
			path.Line(vg.Point{X: x + r, Y: y - r})
			continue
		}
		path.Line(vg.Point{X: x + r, Y: y - r})
		path.Line(vg.Point{X: x + r, Y: y + r})
		path.Line(vg.Point{X: x - r, Y: y + r})
		path.Close()
	}
	if cross {
		c.SetLineStyle(draw.LineStyle{Color: g.Color, Width: vg.Points(.5)})
		c.Stroke(path)
		return
	}
	c.SetColor(g.Color)
	c.Fill(path)
}

// GlyphBoxes is the room that the outermost need.
func (g glyphs) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	left, right, low, high := g.DataRange()
	room := vg.Rectangle{Min: vg.Point{X: -g.Radius, Y: -g.Radius}, Max: vg.Point{X: g.Radius, Y: g.Radius}}
	return []plot.GlyphBox{{X: p.X.Norm(left), Y: p.Y.Norm(low), Rectangle: room}, {X: p.X.Norm(right), Y: p.Y.Norm(high), Rectangle: room}}
}

// marks are upright lines.
type marks struct{ x []float64 }

func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	for _, x := range m.x {
		at := toX(x)
		c.StrokeLine2(stroke(Marks), at, c.Min.Y, at, c.Max.Y)
	}
}

// Thumbnail draws the mark of the legend.
func (m marks) Thumbnail(c *draw.Canvas) {
	at := c.Center().X
	c.StrokeLine2(stroke(Marks), at, c.Min.Y, at, c.Max.Y)
}

// named are ticks with words of our own.
type named struct {
	plot.Ticker
	format func(float64) string
}

func (n named) Ticks(low, high float64) []plot.Tick {
	if n.Ticker == nil {
		n.Ticker = plot.DefaultTicks{}
	}
	ticks := n.Ticker.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = n.format(ticks[i].Value)
		}
	}
	return ticks
}

// times are ticks at round times of day.
type times struct{}

// rounds are the steps between two ticks, in seconds.
var rounds = [...]float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400,
	14 * 86400, 28 * 86400, 91 * 86400, 364 * 86400}

func (times) Ticks(low, high float64) (ticks []plot.Tick) {
	step := rounds[len(rounds)-1]
	for _, r := range rounds {
		if (high-low)/r <= 8 {
			step = r
			break
		}
	}
	layout := "15:04:05"
	switch {
	case high-low < 4: // shown as its fractions
		return named{plot.DefaultTicks{}, func(x float64) string {
			if high-x < .06*(high-low) { // it would be cut
				return ""
			}
			return at(x).Format("15:04:05.000")
		}}.Ticks(low, high)
	case step >= 86400:
		layout = "2 Jan 2006"
	case math.Floor(low/86400) != math.Floor(high/86400):
		layout = "2 Jan 15:04"
	case step >= 60:
		layout = "15:04"
	}
	for x := math.Ceil(low/step) * step; x <= high; x += step {
		t := plot.Tick{Value: x, Label: at(x).Format(layout)}
		if high-x < .04*(high-low) { // it would be cut
			t.Label = ""
		}
		ticks = append(ticks, t)
	}
	return ticks
}

func at(seconds float64) time.Time { return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC() }
