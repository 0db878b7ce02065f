// Command prefill holds two ways to make a prefill model of the same measurements
// against the truth: a random forest, as Etalon fits one, and the curve that metron
// fits. The measurements are the simulator's, in virtual time, so that the truth is known.
//
//	go run ./bench/prefill docs/images
//
// prints a table, and draws one measurement of the small profile into the folder.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"metron/analyze/plot"
	"metron/analyze/prefill"
	"metron/internal/llmsim"
	"metron/internal/term"
	"metron/recipe/profile"
)

const seeds = 200

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	var t term.Table
	t.Row("", "prompts", "between: median", "p90", "max", "at 32,768")
	for _, name := range []string{"small-gpu", "large-gpu"} {
		var forest, seven, measured []errors
		prompts := 0
		for seed := range uint64(seeds) {
			s, err := newServer(name, seed+1)
			if err != nil {
				return err
			}
			single, err := s.each(lengths())
			if err != nil {
				return err
			}
			grown := grow(single, seed)
			curve, err := prefill.Fit(single)
			if err != nil {
				return err
			}
			explored, err := s.explore()
			if err != nil {
				return err
			}
			forest = append(forest, s.errors(grown.us))
			seven = append(seven, s.errors(of(curve)))
			measured = append(measured, s.errors(of(explored)))
			prompts += explored.Points
			if seed == 0 && name == "small-gpu" && len(os.Args) > 1 {
				if err := draw(os.Args[1], single, grown, explored); err != nil {
					return err
				}
			}
		}
		t.Row(name)
		t.Row(middle("  random forest", "7", forest)...)
		t.Row(middle("  curve through the same seven", "7", seven)...)
		t.Row(middle("  metron prefill --max 16384", fmt.Sprintf("%.0f", float64(prompts)/seeds), measured)...)
	}
	_, err := t.WriteTo(os.Stdout)
	return err
}

// lengths are seven, each measured once.
func lengths() (out []int64) {
	for n := int64(256); n <= 16384; n *= 2 {
		out = append(out, n)
	}
	return out
}

// server is a simulated one that has nothing else to do.
type server struct {
	engine *llmsim.Engine
	cost   llmsim.Cost
	nowUS  int64
}

func newServer(name string, seed uint64) (*server, error) {
	c, err := llmsim.Profile(name)
	if err != nil {
		return nil, err
	}
	c.Engine.Seed = seed
	e, err := llmsim.NewEngine(c.Engine)
	return &server{engine: e, cost: c.Engine.Cost}, err
}

func (s *server) truth(tokens int64) float64 {
	n := float64(tokens)
	return s.cost.PrefillUS + n*s.cost.PrefillTokenUS + n*n*s.cost.PrefillSquareNS/1e3
}

func (s *server) each(lengths []int64) (points []prefill.Point, err error) {
	for _, n := range lengths {
		us, err := s.engine.Alone(s.nowUS, int(n))
		if err != nil {
			return nil, err
		}
		s.nowUS += us
		points = append(points, prefill.Point{Tokens: n, US: us})
	}
	return points, nil
}

// explore is `metron prefill --max 16384`.
func (s *server) explore() (*prefill.Model, error) {
	e := profile.Explorer{Lengths: profile.Ladder(16384), Repeat: profile.DefaultRepeat, More: profile.DefaultMore, Precision: profile.DefaultPrecision,
		Measure: func(_ context.Context, lengths []int64, _ bool) (samples []profile.Sample, err error) {
			points, err := s.each(lengths)
			for _, p := range points {
				samples = append(samples, profile.Sample{Asked: p.Tokens, Point: p})
			}
			return samples, err
		}}
	return e.Run(context.Background())
}

// forest is a hundred regression trees, each grown until its leaves are pure on
// measurements drawn with replacement. In one dimension such a tree gives the time of
// the nearest of its lengths.
type forest [][]prefill.Point

func grow(points []prefill.Point, seed uint64) (f forest) {
	rnd := rand.New(rand.NewPCG(seed, 100))
	for range 100 {
		var tree []prefill.Point
		for range points {
			tree = append(tree, points[rnd.IntN(len(points))])
		}
		f = append(f, tree)
	}
	return f
}

func (f forest) us(tokens int64) float64 {
	sum := 0.0
	for _, tree := range f {
		nearest := slices.MinFunc(tree, func(a, b prefill.Point) int { return int(distance(a, tokens) - distance(b, tokens)) })
		sum += float64(nearest.US)
	}
	return sum / float64(len(f))
}

func distance(p prefill.Point, tokens int64) int64 { return max(p.Tokens-tokens, tokens-p.Tokens) }

func of(m *prefill.Model) func(int64) float64 {
	return func(tokens int64) float64 { us, _ := m.US(tokens); return float64(us) }
}

// errors are shares of the truth.
type errors struct{ median, p90, most, beyond float64 }

// errors holds a model against the truth at lengths between the seven, and at twice the
// longest.
func (s *server) errors(model func(int64) float64) errors {
	off := func(tokens int64) float64 { return math.Abs(model(tokens)/s.truth(tokens) - 1) }
	var all []float64
	for n := 256.0; n <= 16384; n *= 1.01 {
		all = append(all, off(int64(n)))
	}
	slices.Sort(all)
	return errors{all[len(all)/2], all[len(all)*9/10], all[len(all)-1], off(32768)}
}

// middle is the median over the seeds of each error.
func middle(name, prompts string, all []errors) []string {
	cells := []string{name, prompts}
	for _, get := range []func(errors) float64{
		func(e errors) float64 { return e.median }, func(e errors) float64 { return e.p90 },
		func(e errors) float64 { return e.most }, func(e errors) float64 { return e.beyond },
	} {
		var values []float64
		for _, e := range all {
			values = append(values, get(e))
		}
		slices.Sort(values)
		cells = append(cells, fmt.Sprintf("%.1f %%", 100*values[len(values)/2]))
	}
	return cells
}

// draw shows what both make of it.
func draw(dir string, single []prefill.Point, f forest, m *prefill.Model) error {
	m.Source = "metron sim --profile small-gpu in virtual time"
	figure := profile.Figure(m)
	steps := plot.Curve{Name: "random forest of seven single samples"}
	for n := float64(m.MinTokens); n <= 32768; n *= 1.005 {
		steps.X, steps.Y = append(steps.X, n), append(steps.Y, f.us(int64(n))/1e6)
	}
	figure.Others = []plot.Curve{steps}
	drawn, err := figure.Figure(plot.Style{})
	if err != nil {
		return err
	}
	_, err = drawn.Write(dir, "prefill", plot.PNG)
	return err
}
