package analyze

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"metron/analyze/plot"
	"metron/internal/term"
)

// WritePlots draws the figures of a result that was asked for with Config.Plots into
// a folder, each as PNG and SVG.
func (r *Result) WritePlots(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the folder for plots: %w", err)
	}
	figures, err := r.figures()
	if err != nil {
		return err
	}
	for _, f := range figures {
		if err := f.Write(dir, f.name); err != nil {
			return err
		}
	}
	return nil
}

// namedFigure is a figure and the name of its files.
type namedFigure struct {
	name string
	plot.Figure
}

func (r *Result) figures() ([]namedFigure, error) {
	of := filepath.Base(r.Files[0].Path)
	if n := len(r.Files); n > 1 {
		of = fmt.Sprintf("%s and %d more", of, n-1)
	}
	ttft, tbt := r.Metrics.Get(keyTTFT), r.Metrics.Get(keyTBT)
	policy := map[Policy]string{Burst: "tokens of one chunk at once", Spread: "tokens of a chunk spread over the time before it",
		Chunk: "one sample a chunk"}[r.Settings.MultiToken]
	deadlines := fmt.Sprintf("deadlines: %s to the first token, %s for each after it",
		r.Settings.firstDeadline(), term.Seconds(r.Settings.TBTDeadlineS))
	var out []namedFigure
	for _, f := range []struct {
		name string
		data interface{ Figure() (plot.Figure, error) }
	}{
		{"ttft_cdf", plot.CDF{
			Title:    "Time to first token",
			Subtitle: fmt.Sprintf("%s; N = %s answered requests", of, term.Count(ttft.Count)),
			XLabel:   "time to first token",
			Values:   r.ttftValues(), Count: ttft.Count, Marks: marksOf(&ttft.Summary),
		}},
		{"tbt_cdf", plot.CDF{
			Title:    "Time between tokens",
			Subtitle: fmt.Sprintf("%s; N = %s gaps%s; %s", of, term.Count(tbt.Count), r.zeroGaps(), policy),
			XLabel:   "time between tokens",
			Values:   r.tbtValues(), Count: tbt.Count, Marks: marksOf(&tbt.Summary),
		}},
		{"tbt_acceptance", r.acceptancePlot(of)},
		{"tokens_over_time", plot.Timelines{
			Subtitle: fmt.Sprintf("%s; requests by fluidity-index; %s", of, deadlines),
			Requests: r.timelinePlots(),
		}},
	} {
		figure, err := f.data.Figure()
		if err != nil {
			return nil, err
		}
		out = append(out, namedFigure{f.name, figure})
	}
	return out, nil
}

func (r *Result) ttftValues() iter.Seq2[float64, int64] {
	return func(yield func(float64, int64) bool) {
		for _, v := range r.ttft.Sorted() {
			if !yield(v/usPerSecond, 1) {
				return
			}
		}
	}
}

func (r *Result) tbtValues() iter.Seq2[float64, int64] {
	return func(yield func(float64, int64) bool) {
		for v, n := range r.tbt.All() {
			if !yield(float64(v)/usPerSecond, n) {
				return
			}
		}
	}
}

// zeroGaps says how many gaps a logarithmic axis cannot show.
func (r *Result) zeroGaps() string {
	zeros := int64(0)
	for v, n := range r.tbt.All() {
		if v > 0 {
			break
		}
		zeros += n
	}
	if zeros == 0 {
		return ""
	}
	return ", " + percent(new(float64(zeros)/float64(r.tbt.Count()))) + " of them 0"
}

func marksOf(s *Summary) []plot.Mark {
	var marks []plot.Mark
	for _, m := range []struct {
		label string
		share float64
		value *float64
	}{{"p50", 0.5, s.P50}, {"p90", 0.9, s.P90}, {"p99", 0.99, s.P99}} {
		if m.value != nil {
			marks = append(marks, plot.Mark{Label: m.label, Share: m.share, Value: *m.value})
		}
	}
	return marks
}

func (r *Result) acceptancePlot(of string) plot.Acceptance {
	a := plot.Acceptance{
		Subtitle: fmt.Sprintf("%s; N = %s requests of two or more tokens; first token left out", of, term.Count(r.decoding)),
		Level:    1 - fluidMissRate().Float(),
		Rate:     r.Fluidity.FluidTokenRate,
	}
	for _, p := range r.Curve {
		a.Deadlines = append(a.Deadlines, p.DeadlineS)
		a.Shares = append(a.Shares, p.Acceptance)
	}
	return a
}

func (r *Result) timelinePlots() []plot.Timeline {
	var out []plot.Timeline
	for _, t := range r.timelines {
		p := plot.Timeline{Name: t.name, Detail: fmt.Sprintf("fluidity %.3f", t.index)}
		if n := t.playback.Stalls; n > 0 {
			waits := term.Count(n) + " waits"
			if n == 1 {
				waits = "1 wait"
			}
			p.Detail += fmt.Sprintf("; %s, %s", waits, term.Seconds(float64(t.playback.Stalled)/usPerSecond))
		}
		for i, at := range t.times {
			p.Times = append(p.Times, float64(at)/usPerSecond)
			p.Due = append(p.Due, float64(t.due[i])/usPerSecond)
		}
		out = append(out, p)
	}
	return out
}
