package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// series is one row of bars.
type series struct {
	Name   string
	Values []float64
	// Marks, if any, are drawn as a line across each bar, such as a higher percentile.
	Marks []float64
}

// barChart draws groups of bars.
type barChart struct {
	Title, Subtitle, Unit string
	Groups                []string
	Series                []series
	// Limit, if not zero, is drawn as a line with a name.
	Limit     float64
	LimitName string
}

const (
	chartWidth, chartHeight = 760, 360
	plotLeft, plotRight     = 56, 16
	plotTop, plotBottom     = 84, 40
)

// svg renders the chart. The same values give the same bytes.
func (c *barChart) svg() string {
	var b strings.Builder
	openChart(&b, c.Title, c.Subtitle)
	top := niceTop(c.highest())
	y := func(v float64) float64 {
		return chartHeight - plotBottom - v/top*(chartHeight-plotTop-plotBottom)
	}
	for i := range 5 {
		v := top * float64(i) / 4
		fmt.Fprintf(&b, `<line class="g" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, plotLeft, chartWidth-plotRight, y(v), y(v))
		fmt.Fprintf(&b, `<text class="s" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-6, y(v)+4, trim(v))
	}
	c.bars(&b, y)
	if c.Limit > 0 {
		fmt.Fprintf(&b, `<line class="l" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, plotLeft, chartWidth-plotRight, y(c.Limit), y(c.Limit))
	}
	c.legend(&b)
	b.WriteString("</svg>\n")
	return b.String()
}

func (c *barChart) bars(b *strings.Builder, y func(float64) float64) {
	group := float64(chartWidth-plotLeft-plotRight) / float64(len(c.Groups))
	width := group * 0.72 / float64(len(c.Series))
	every := (len(c.Groups) + 15) / 16
	for g, name := range c.Groups {
		left := plotLeft + group*float64(g) + group*0.14
		for i, s := range c.Series {
			x := left + width*float64(i)
			fmt.Fprintf(b, `<rect class="c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, i%4, x, y(s.Values[g]), width-1, y(0)-y(s.Values[g]))
			if s.Marks != nil {
				fmt.Fprintf(b, `<line class="m" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, x+width-1, y(s.Marks[g]), y(s.Marks[g]))
			}
		}
		if g%every == 0 {
			fmt.Fprintf(b, `<text class="s" x="%.1f" y="%d" text-anchor="middle">%s</text>`,
				left+group*0.36, chartHeight-plotBottom+18, html.EscapeString(name))
		}
		b.WriteByte('\n')
	}
}

func (c *barChart) legend(b *strings.Builder) {
	x := plotLeft
	for i, s := range c.Series {
		fmt.Fprintf(b, `<rect class="c%d" x="%d" y="58" width="12" height="12"/><text x="%d" y="69">%s</text>`+"\n",
			i%4, x, x+18, html.EscapeString(s.Name))
		x += 40 + 7*len(s.Name)
	}
	if c.Limit > 0 {
		fmt.Fprintf(b, `<line class="l" x1="%d" x2="%d" y1="64" y2="64"/><text class="lt" x="%d" y="69">%s</text>`+"\n",
			x, x+18, x+24, html.EscapeString(c.LimitName))
	}
	fmt.Fprintf(b, `<text class="s" x="%d" y="69" text-anchor="end">%s</text>`+"\n", chartWidth-plotRight, html.EscapeString(c.Unit))
}

func (c *barChart) highest() float64 {
	most := c.Limit
	for _, s := range c.Series {
		for i := range s.Values {
			most = max(most, s.Values[i])
			if s.Marks != nil {
				most = max(most, s.Marks[i])
			}
		}
	}
	return most
}

func openChart(b *strings.Builder, title, subtitle string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		chartWidth, chartHeight, html.EscapeString(title))
	b.WriteString("<style>\n" + chartStyle + "</style>")
	fmt.Fprintf(b, `<rect class="b" width="%d" height="%d"/><text class="t" x="16" y="26">%s</text>`,
		chartWidth, chartHeight, html.EscapeString(title))
	fmt.Fprintf(b, `<text class="s" x="16" y="46">%s</text>`+"\n", html.EscapeString(subtitle))
}

// niceTop is a round number at or above v.
func niceTop(v float64) float64 {
	if v <= 0 {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10} {
		if factor*step >= v {
			return factor * step
		}
	}
	return 10 * step
}

// trim writes a number without needless digits.
func trim(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// lane is one row of a timeline.
type lane struct {
	Name  string
	Spans [][2]float64 // minutes
}

// timeline draws what happened when.
type timeline struct {
	Title, Subtitle string
	Minutes         float64
	Lanes           []lane
}

func (t *timeline) svg() string {
	var b strings.Builder
	openChart(&b, t.Title, t.Subtitle)
	const left, right = 190, 32
	x := func(m float64) float64 { return left + m/t.Minutes*(chartWidth-left-right) }
	height := float64(chartHeight-plotTop-plotBottom) / float64(len(t.Lanes))
	for m := 0.0; m <= t.Minutes; m += 15 {
		fmt.Fprintf(&b, `<line class="g" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x(m), x(m), plotTop, chartHeight-plotBottom)
		fmt.Fprintf(&b, `<text class="s" x="%.1f" y="%d" text-anchor="middle">%g min</text>`+"\n", x(m), chartHeight-plotBottom+18, m)
	}
	for i, l := range t.Lanes {
		top := plotTop + height*float64(i)
		fmt.Fprintf(&b, `<text x="16" y="%.1f">%s</text>`, top+height/2+4, html.EscapeString(l.Name))
		for _, s := range l.Spans {
			from, to := max(s[0], 0), min(s[1], t.Minutes)
			if from < to {
				fmt.Fprintf(&b, `<rect class="c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`,
					i%4, x(from), top+height*0.2, x(to)-x(from), height*0.6)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("</svg>\n")
	return b.String()
}
