package analyze

import (
	"fmt"
	"slices"
	"strings"

	"metron/analyze/plot"
	"metron/schema"
)

// figureKind is a row of the table of figures: a new one is one entry in figureKinds
// and a file of its own. It has either draw or across.
type figureKind struct {
	name  string // its word in `metron plot`, and of its files
	usage string // what it shows, a line of the help

	// start makes what collects while the rows are read; nil: the Result has what it shows.
	start   func(*Config) gatherer
	columns []string      // that are read for it beside columnNames
	ask     func(*Config) // what else it wants of the analysis; nil: nothing

	// draw makes the figure of one population, or says why there is nothing to draw.
	draw func(figureRun) (plot.Data, string)
	// across holds runs against one another, which were read one by one.
	across func([]figureRun) (plot.Data, string)
	pair   bool // across takes two runs, no more and no fewer
}

// gatherer collects what a figure shows. As a section does, it merges: gatherers of
// disjoint parts merge into the one of the whole, whatever their order. It keeps a few
// bytes of a request and counts tokens, so that a long run fits.
type gatherer interface {
	// add looks at a row that asked a model, of any outcome and phase. r and all that it
	// points to are overwritten afterwards.
	add(r *request)
	// merge adds what o gathered, a gatherer of the same kind, which is given up.
	merge(o gatherer)
}

// figureRun is a result, as a figure sees it.
type figureRun struct {
	*Result
	gathered gatherer // that the kind started; nil where it starts none
}

// Drawing is which figures to gather for; the zero value is none.
type Drawing struct {
	Kinds    []string // of FigureNames
	Requests []string // for tokens_over_time: worst, median, best, or how a record_id begins; nil: those three
}

// FigureKind says what a figure shows.
type FigureKind struct {
	Name, Usage string
	Across      bool // it holds several runs against one another
	Pair        bool // two of them
}

// FigureKinds lists every figure.
func FigureKinds() []FigureKind {
	var out []FigureKind
	for _, k := range figureKinds() {
		out = append(out, FigureKind{k.name, k.usage, k.across != nil, k.pair})
	}
	return out
}

// FigureNames lists what Drawing.Kinds may name.
func FigureNames() []string {
	var out []string
	for _, k := range figureKinds() {
		out = append(out, k.name)
	}
	return out
}

func (d Drawing) check() error {
	for _, name := range d.Kinds {
		if !slices.Contains(FigureNames(), name) {
			return schema.DidYouMean(fmt.Errorf("figure %q: must be one of %s", name, strings.Join(FigureNames(), ", ")), name, FigureNames())
		}
	}
	return d.checkRequests()
}

// kinds are those that are asked for.
func (d Drawing) kinds() []figureKind {
	return slices.DeleteFunc(figureKinds(), func(k figureKind) bool { return !slices.Contains(d.Kinds, k.name) })
}

// gathering is the gatherers of one tally, by the name of their kind.
type gathering map[string]gatherer

func newGathering(c *Config) gathering {
	g := gathering{}
	for _, k := range c.Drawing.kinds() {
		if k.start != nil {
			g[k.name] = k.start(c)
		}
	}
	return g
}

func (g gathering) add(r *request) {
	for _, one := range g {
		one.add(r)
	}
}

func (g gathering) merge(o gathering) {
	for name, one := range g {
		one.merge(o[name])
	}
}

// NamedFigure is a figure and the name of its files.
type NamedFigure struct {
	Name string
	plot.Figure
	Missing string // why there is none: "" there is
}

// Draw draws the figures that a result was asked for with Config.Drawing. Several results are
// runs to hold against one another, of which other figures show the first.
func Draw(style plot.Style, runs ...*Result) ([]NamedFigure, error) {
	var out []NamedFigure
	for _, k := range runs[0].drawing.kinds() {
		seen := make([]figureRun, len(runs))
		for i, r := range runs {
			seen[i] = figureRun{r, r.gathered[k.name]}
		}
		var data plot.Data
		var why string
		if k.across != nil {
			data, why = k.across(seen)
		} else {
			data, why = k.draw(seen[0])
		}
		figure := NamedFigure{Name: k.name, Missing: why}
		if why == "" {
			var err error
			if figure.Figure, err = data.Figure(style); err != nil {
				return nil, fmt.Errorf("figure %s: %w", k.name, err)
			}
		}
		out = append(out, figure)
	}
	return out, nil
}
