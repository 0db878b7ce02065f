package capacity

import (
	"context"

	"metron/analyze"
	"metron/recipe/capacity/search"
	"metron/schema"
)

// judged is a run and what its columns say.
type judged struct {
	run Run

	// By SLO of the question.
	parts       []search.Run
	constraints [][]analyze.ConstraintResult
}

// Run is one run of the result.
type Run struct {
	File      string  `json:"file"`
	Rate      float64 `json:"rate"`
	Seconds   float64 `json:"seconds"`
	Requests  int64   `json:"requests_measured"`
	Hopeless  bool    `json:"stopped_early"` // since its queue only grew
	Verdict   string  `json:"verdict,omitempty"`
	Pass      *bool   `json:"pass"`   // by itself
	Stored    bool    `json:"stored"` // it was there before
	Latencies `json:"latencies_s"`

	Constraints []analyze.ConstraintResult `json:"constraints"` // of the SLO
}

// Latencies are percentiles in seconds.
type Latencies struct {
	TTFTP50 *float64 `json:"ttft_p50"`
	TTFTP99 *float64 `json:"ttft_p99"`
	TBTP50  *float64 `json:"tbt_p50"`
	TBTP99  *float64 `json:"tbt_p99"`
	TPOTP50 *float64 `json:"tpot_p50"`
	TPOTP99 *float64 `json:"tpot_p99"`
}

// judge asks a run what all SLOs of the question need.
func judge(ctx context.Context, question analyze.Config, r stored) (judged, error) {
	result, err := analyze.Analyze(ctx, []string{r.path}, question)
	if err != nil {
		return judged{}, err
	}
	j := judged{run: Run{File: r.path, Rate: r.Rate, Requests: result.Requests.Measured, Hopeless: r.Stopped == hopeless, Latencies: latenciesOf(result)}}
	if result.DurationS != nil {
		j.run.Seconds = *result.DurationS
	}
	if v := r.meta.Verdict; v != nil {
		j.run.Verdict = v.Status
	}
	for i := range question.SLOs {
		one := search.Judge(result, i)
		one.Rate, one.Seconds, one.Aborted = r.Rate, j.run.Seconds, j.run.Hopeless
		if answer := result.Metrics.Get("e2e_latency_s").P99; answer != nil {
			one.AnswerS = *answer
		}
		j.parts, j.constraints = append(j.parts, one), append(j.constraints, result.SLOs()[i].Constraints)
	}
	return j, nil
}

func latenciesOf(r *analyze.Result) Latencies {
	ttft, tbt, tpot := r.Metrics.Get("ttft_s"), r.Metrics.Get("tbt_s"), r.Metrics.Get("tpot_s")
	return Latencies{ttft.P50, ttft.P99, tbt.P50, tbt.P99, tpot.P50, tpot.P99}
}

// read asks the runs of the bench that are there. Those of doubtful timing are left out
// unless they are to be believed.
func (b *bench) read(ctx context.Context) error {
	runs, err := b.store.of(b.key)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.doubtful() && !b.invalid {
			continue
		}
		j, err := judge(ctx, b.question, r)
		if err != nil {
			return err
		}
		j.run.Stored = true
		b.known = append(b.known, j)
	}
	return nil
}

// doubtful reports whether the run describes its sender as well as the target.
func (r *stored) doubtful() bool {
	return r.meta.Verdict != nil && r.meta.Verdict.Status == schema.VerdictInvalid
}

// openRun reads a run that was just made.
func openRun(path string) (stored, error) {
	f, err := schema.Open(path)
	if err != nil {
		return stored{}, err
	}
	r := stored{path: path, meta: f.Meta()}
	r.stamp, _ = stampOf(r.meta)
	return r, f.Close()
}
