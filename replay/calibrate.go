package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// Calibration is what this machine can do with a plan: the plan, sent to a null
// server at its speed and at higher ones. Client and null server share one
// process and its CPUs.
type Calibration struct {
	AnswerTokens int64            `json:"answer_tokens"` // of each of the null server's answers
	Runs         []CalibrationRun `json:"runs"`
}

// CalibrationRun is the plan at one speed.
type CalibrationRun struct {
	Times       int64   `json:"times"` // the plan's speed
	Speed       string  `json:"speed"` // times recorded speed
	Cut         bool    `json:"cut"`   // there would have been more of the plan to send
	Requests    int64   `json:"requests"`
	OK          int64   `json:"ok"`
	DurationS   float64 `json:"duration_s"`
	RequestRate float64 `json:"requests_per_s"`
	TokenRate   float64 `json:"output_tokens_per_s"`

	// Verdict leaves the median TTFT out: the null server has none worth naming.
	// MedianTTFTS is from which one of a target the p99 send lag is at most 1 % of it.
	Verdict     *schema.Verdict `json:"verdict"`
	MedianTTFTS float64         `json:"valid_from_median_ttft_s"`
}

// calibrationTimes are the speeds that are tried, times the plan's.
func calibrationTimes() []int64 { return []int64{1, 2, 5} }

// Calibrate sends r's plan to a null server, at most as much of it as is due
// within length, once per speed. Of r it takes the plan, the prompts as they are,
// the history, the cap, the aborts and the model. watch is told of each run before it begins.
func (r *Runner) Calibrate(ctx context.Context, length time.Duration, watch func(*Runner)) (*Calibration, error) {
	if !r.Plan.Mode.scheduled() {
		return nil, errors.New("calibrate: a plan without a schedule is as fast as its target answers")
	}
	folder, err := os.MkdirTemp("", "metron-calibrate-")
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	defer os.RemoveAll(folder)
	server, err := startNull()
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	defer server.close()
	c := &Calibration{AnswerTokens: nullTokens}
	for _, times := range calibrationTimes() {
		plan, cut, err := r.Plan.calibration(ctx, times, length)
		if err != nil {
			return c, err
		}
		// It records as any run does: that is a part of what a machine must do.
		path := filepath.Join(folder, fmt.Sprintf("%d.parquet", times))
		run := &Runner{Plan: plan, Targets: []*url.URL{server.target}, Changes: r.Changes, Warm: WarmAuto, Prompt: r.Prompt, CountBy: r.CountBy,
			History: r.History, MaxInFlight: r.MaxInFlight, Overload: r.Overload, Aborts: r.Aborts, Timer: r.Timer, Grace: r.Grace,
			Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(path, m) }}
		run.recorded.noTTFT, run.unfitted = true, true
		watch(run)
		s, err := run.Run(ctx)
		if err != nil {
			return c, fmt.Errorf("calibrate at %d times the speed: %w", times, err)
		}
		if s.Interrupted {
			return c, context.Canceled
		}
		c.Runs = append(c.Runs, calibrated(s, times, plan.speed, cut))
	}
	return c, nil
}

// calibrated is what a run says of the machine.
func calibrated(s *Summary, times int64, speed Speed, cut bool) CalibrationRun {
	c := CalibrationRun{Times: times, Speed: speed.String(), Cut: cut, Requests: s.Sent, OK: s.Outcomes[schema.OutcomeOK], DurationS: s.DurationS,
		Verdict: s.Verdict, MedianTTFTS: float64(100*s.Verdict.SendLagP99US) / 1e6}
	if s.DurationS > 0 {
		c.RequestRate, c.TokenRate = float64(s.Sent)/s.DurationS, float64(s.Tokens)/s.DurationS
	}
	return c
}

// calibration is the plan at some times its speed, as far as it is due within
// length, measured. All of it counts: nothing is warm-up.
func (p *Plan) calibration(ctx context.Context, times int64, length time.Duration) (q *Plan, cut bool, err error) {
	own := *p
	own.Warmup, own.Cooldown = Extent{}, Extent{}
	if err := own.Measure(ctx); err != nil {
		return nil, false, err
	}
	own.Rate = Rate{}
	if own.Speed, err = own.speed.times(times); err != nil {
		return nil, false, err
	}
	if err := own.Measure(ctx); err != nil {
		return nil, false, err
	}
	if own.endUS < length.Microseconds() {
		return &own, false, nil
	}
	own.Loop = Loop{For: length} // one that ends before its plan does is a cut
	return &own, true, own.Measure(ctx)
}

// times is n times the speed.
func (s Speed) times(n int64) (Speed, error) {
	s.num, s.den = max(1, s.num), max(1, s.den)
	if s.num > math.MaxInt64/n {
		return Speed{}, fmt.Errorf("%d times the speed is beyond what can be scheduled", n)
	}
	return Speed{s.num * n, s.den}, nil
}

// table is one row a run.
func (c *Calibration) table() *term.Table {
	var t term.Table
	t.Row("speed", "requests", "requests/s", "tokens/s", "lag p50", "p99", "max", "drift", "cores", "verdict", "if median TTFT >=")
	for _, r := range c.Runs {
		drift := "-"
		if r.Verdict.DriftUS != nil {
			drift = signedUS(*r.Verdict.DriftUS)
		}
		t.Row(fmt.Sprintf("x%d", r.Times), term.Count(r.Requests), term.Number(r.RequestRate), term.Number(r.TokenRate),
			us(r.Verdict.SendLagP50US), us(r.Verdict.SendLagP99US), us(r.Verdict.SendLagMaxUS), drift,
			term.Number(r.Verdict.Whole.CPUCores), r.Verdict.Status, term.Seconds(r.MedianTTFTS))
	}
	return &t
}
