package search

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"metron/analyze"
	"metron/analyze/prefill"
	"metron/internal/llmsim"
	"metron/internal/virtual"
	"metron/schema"
	"metron/workload/generate"
)

// lab is a system whose capacity is asked for: a simulated server in virtual time, a
// workload and an SLO.
type lab struct {
	name    string
	profile string
	arrival string // with %v for the rate
	input   string
	output  string
	slo     string
}

// labs are Etalon's three SLOs with its defaults, each where it costs a search something else: gaps
// that grow with the rate alone, the knee of a queue under bursty arrivals, and deadlines
// that are missed in rare long bursts.
func labs() []lab {
	short, long, out := "lognormal:median=300,sigma=0.7", "lognormal:median=700,sigma=0.8", "lognormal:median=150,sigma=0.7"
	return []lab{
		{"tbt_ttft", "large-gpu", "poisson:rate=%v", short, out, "etalon:tbt_ttft"},
		{"ttft_tpot", "large-gpu", "gamma:rate=%v,cv=1.5", short, out, "etalon:ttft_tpot"},
		{"deadline", "large-gpu", "poisson:rate=%v", long, out, "etalon:deadline"},
	}
}

// judgeEvery is how often it is asked whether a run is hopeless, in counts of the requests in flight.
const judgeEvery = 50

// search runs one to its end.
func (l lab) search(c Config) (*Search, error) {
	c.SLO = l.config().SLOs[0]
	s := New(c)
	for {
		p, more := s.Next()
		if !more {
			return s, nil
		}
		r, err := l.quick(p)
		if err != nil {
			return nil, err
		}
		s.Observe(r)
	}
}

func (l lab) config() analyze.Config {
	slo, err := analyze.ParseSLO(l.slo)
	if err != nil {
		panic(err)
	}
	server, err := llmsim.Profile(l.profile)
	if err != nil {
		panic(err)
	}
	// What an idle server takes for a prompt is known here: see llmsim.Cost. The
	// first token comes out of the step that ends it.
	cost := server.Engine.Cost
	model := &prefill.Model{Format: prefill.Format, Version: prefill.Version, MinTokens: 1, MaxTokens: 1 << 20, Points: 3,
		Curve: &prefill.Quadratic{ConstantUS: cost.PrefillUS, PerTokenUS: cost.PrefillTokenUS, PerTokenSq: cost.PrefillSquareNS / 1e3}}
	return Asking(analyze.Config{SLOs: []analyze.SLO{slo}, Attainment: analyze.Fraction{Num: 9, Den: 10}, Prefill: model})
}

// rows makes the rows of a run of a plan, and hands them on as their answers end.
func (l lab) rows(p Plan, put func(*schema.Record) error) (*virtual.Run, error) {
	server, err := llmsim.Profile(l.profile)
	if err != nil {
		return nil, err
	}
	server.Engine.Seed = p.Seed
	g := generate.Generator{Arrival: fmt.Sprintf(l.arrival, p.Rate), Seed: p.Seed,
		Duration: time.Duration(p.DurationS() * float64(time.Second)),
		Lengths:  generate.Lengths{Input: l.input, Output: l.output, MaxInput: 16384, MaxOutput: 4096}}
	v := &virtual.Run{Engine: server.Engine, Warmup: time.Duration(p.WarmupS * float64(time.Second)),
		Until: time.Duration((p.WarmupS + float64(p.Requests)/p.Rate) * float64(time.Second))}
	if p.Abort {
		var seen []Progress
		v.Stop = func(atUS, sent, done int64) bool {
			seen = append(seen, Progress{atUS, sent, done})
			return len(seen)%judgeEvery == 0 && Hopeless(seen)
		}
	}
	var failed error
	trace := func(yield func(*schema.Record) bool) {
		failed = g.Each(context.Background(), func(r *schema.Record) error {
			if !yield(r) {
				return context.Canceled
			}
			return nil
		})
	}
	for row, err := range v.Rows(trace) {
		if err == nil {
			err = put(row)
		}
		if err != nil {
			return nil, err
		}
	}
	if failed != nil && !v.Stopped {
		return nil, failed
	}
	return v, nil
}

// run makes a run of a plan, as a file that analyze judges.
func (l lab) run(dir string, p Plan) (Run, error) {
	path := filepath.Join(dir, fmt.Sprintf("%v-%d.parquet", p.Rate, p.Seed))
	defer os.Remove(path)
	b, err := schema.NewBuilder(path, schema.Meta{Vantage: schema.VantageReplay, Host: "any"})
	if err != nil {
		return Run{}, err
	}
	v, err := l.rows(p, b.Put)
	if err != nil {
		return Run{}, err
	}
	if err := b.Close(); err != nil {
		return Run{}, err
	}
	result, err := analyze.Analyze(context.Background(), []string{path}, l.config())
	if err != nil {
		return Run{}, err
	}
	run := Judge(result, 0)
	run.Rate, run.Seconds, run.Aborted = p.Rate, math.Round(float64(v.EndUS))/1e6, v.Stopped
	return run, nil
}

// quick makes the same run with arithmetic of its own and without a file, for the hundreds
// of thousands of runs that the proof needs; TestQuickIsAnalyze holds it against run.
func (l lab) quick(p Plan) (Run, error) {
	c := l.config()
	slo, model := c.SLOs[0], c.Prefill
	seconds := map[int64][]Count{}
	requests := map[int64]Count{}
	v, err := l.rows(p, func(r *schema.Record) error {
		if r.Phase != schema.PhaseMeasure {
			return nil
		}
		at := r.StartTime / 1e6
		n := requests[at]
		n.Values++
		if r.Outcome == schema.OutcomeClientAbort { // nothing is asked of a request
			return nil
		}
		if r.Outcome != schema.OutcomeOK {
			n.Beyond++
		}
		requests[at] = n
		if r.Outcome != schema.OutcomeOK {
			return nil
		}
		counts := seconds[at]
		if counts == nil {
			counts = make([]Count, len(slo.Constraints))
			seconds[at] = counts
		}
		times := r.ChunkTime[:len(r.ChunkTime)-1]
		for i, c := range slo.Constraints {
			limit := c.Limit.Float()
			n, over := int64(1), int64(0)
			switch c.Metric {
			case "ttft":
				if float64(times[0]) > limit {
					over = 1
				}
			case "tpot":
				if n = int64(min(1, len(times)-1)); n == 1 && float64(times[len(times)-1]-times[0]) > limit*float64(len(times)-1) {
					over = 1
				}
			case "tbt":
				n = int64(len(times) - 1)
				for k := range n {
					if float64(times[k+1]-times[k]) > limit {
						over++
					}
				}
			case "miss_rate":
				gaps := slices.Clone(times)
				for k := len(gaps) - 1; k > 0; k-- {
					gaps[k] -= gaps[k-1]
				}
				first, _ := model.US(*r.InputTokens)
				score := analyze.Exact(gaps, analyze.Deadlines{TTFT: first + 300_000, TBT: slo.TBTDeadline.Microseconds()})
				if float64(score.Missed) > limit*float64(score.Total()) {
					over = 1
				}
			default:
				panic(c.Metric)
			}
			counts[i].Values += n
			counts[i].Beyond += over
		}
		return nil
	})
	if err != nil {
		return Run{}, err
	}
	order := slices.Sorted(maps.Keys(requests))
	run := Run{Rate: p.Rate, Seconds: math.Round(float64(v.EndUS)) / 1e6, Aborted: v.Stopped}
	run.Parts = append(run.Parts, newPart("attainment", 1-c.Attainment.Float(), len(order), func(s int) Count { return requests[order[s]] }))
	for i, c := range slo.Constraints {
		run.Parts = append(run.Parts, newPart(c.String(), 1-c.Quantile.Float(), len(order), func(s int) Count {
			if counts := seconds[order[s]]; counts != nil {
				return counts[i]
			}
			return Count{}
		}))
	}
	pass := true
	for i := range run.Parts {
		e, ok := run.Parts[i].tally(p.Rate, false)
		pass = pass && (!ok || math.Floor(e.beyond) <= math.Floor(run.Parts[i].Tolerance*e.of+1e-9))
	}
	run.Pass = &pass
	return run, nil
}

// TestQuickIsAnalyze holds two ways to judge a run against one another.
func TestQuickIsAnalyze(t *testing.T) {
	for _, l := range labs() {
		for i, rate := range []float64{40} {
			p := Plan{Rate: rate, Requests: 150, WarmupS: 1, CooldownS: 1, Seed: uint64(i), Abort: true}
			want, err := l.run(t.TempDir(), p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := l.quick(p)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s at %v: %+v, want %+v", l.name, rate, got, want)
			}
		}
	}
}
