package capacity

import (
	"context"
	"fmt"
	"io"

	"metron/analyze/stat"
	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/replay"
)

// hunt searches for the capacity within SLO i, beginning with the runs that are known. An
// error comes with what the runs so far say.
func (b *bench) hunt(ctx context.Context, i int, progress io.Writer) (Cell, error) {
	config := b.search
	config.SLO, config.Attainment = b.question.SLOs[i], b.question.Attainment
	config.MaxRuns += len(b.known) // it bounds the new ones
	s := search.New(config)
	for _, j := range b.known {
		s.Observe(j.parts[i])
	}
	made := 0
	var err error
	for {
		plan, more := s.Next()
		if !more {
			break
		}
		var j judged
		if j, err = b.step(ctx, plan, i, s.Result().Interval, progress); err != nil {
			break
		}
		made++
		s.Observe(j.parts[i])
		b.logf("%s", sentence(b, i, j, s.Result()))
	}
	return cellOf(b.build, b.name, b.question, i, s.Result(), b.known, made), err
}

// step makes a run and asks it.
func (b *bench) step(ctx context.Context, plan search.Plan, i int, within stat.Interval, progress io.Writer) (judged, error) {
	if b.ready != nil {
		if err := b.ready(ctx); err != nil {
			return judged{}, err
		}
		b.ready = nil
	}
	var line *term.Progress
	path, err := b.make(ctx, plan, func(r *replay.Runner) {
		if line != nil {
			line.Stop()
		}
		line = term.StartProgress(progress, func() string {
			return fmt.Sprintf("%s/s of %s to %s  %s", number(plan.Rate), end(within.Low), end(within.High), r.Progress())
		})
	})
	if line != nil {
		line.Stop()
	}
	if err != nil {
		return judged{}, err
	}
	r, err := openRun(path)
	if err != nil {
		return judged{}, err
	}
	j, err := judge(ctx, b.question, r)
	if err == nil {
		b.known = append(b.known, j)
	}
	return j, err
}

// sentence says what became of a run.
func sentence(b *bench, i int, j judged, r search.Result) string {
	did := "says nothing of the SLO"
	switch pass := j.parts[i].Pass; {
	case j.run.Hopeless:
		did = "was stopped: its queue only grows"
	case pass != nil && *pass:
		did = "passes"
	case pass != nil:
		did = "fails"
	}
	return fmt.Sprintf("%s, %s, %s: the run at %s requests/s %s; capacity %s to %s", b.build, b.name, b.question.SLOs[i].Name,
		number(j.run.Rate), did, end(r.Interval.Low), end(r.Interval.High))
}

// end is an end of an interval; "?" where none is known.
func end(v *float64) string {
	if v == nil {
		return "?"
	}
	return term.Number(*v)
}
