package search

import (
	"metron/analyze"
	"metron/analyze/stat"
)

// Config is what to search for. Its zero fields ask the defaults.
type Config struct {
	SLO        analyze.SLO
	Attainment analyze.Fraction // as analyze.Config has it: of an SLO that says none; Den 0: 0.9

	FromRate  float64 // requests/s of the first run; 0: 1
	MaxRate   float64 // requests/s that no run exceeds, of which four digits count; 0: no bound
	Precision float64 // half the width of the interval, as a share of the capacity; 0: 0.025

	Requests int     // measured requests of the shortest run; 0: as many as the SLO's percentiles need
	SettleS  float64 // least seconds of requests before the measured ones, and after them; 0: DefaultSettleS
	MaxRuns  int     // 0: DefaultMaxRuns
	Seed     uint64  // of the first run; each has another
}

// Defaults of Config.
const (
	DefaultFromRate  = 1
	DefaultPrecision = 0.025
	DefaultSettleS   = 10
	DefaultMaxRuns   = 100
)

// Plan is a run to make: a stationary stream of requests at a rate.
type Plan struct {
	Rate      float64 // requests/s offered, of at most four digits
	Requests  int     // to measure
	WarmupS   float64 // seconds of the schedule before them, sent and not measured
	CooldownS float64 // and after them, so that the last ones meet the load that the first ones met
	Seed      uint64  // of the arrivals and lengths: runs of different seeds are independent
	Abort     bool    // stop it as soon as it is Hopeless: its rate is too high to learn much from the rest
}

// DurationS is how long the schedule lasts.
func (p Plan) DurationS() float64 { return p.WarmupS + float64(p.Requests)/p.Rate + p.CooldownS }

// Run is what became of one.
type Run struct {
	Rate    float64 // requests/s offered
	Seconds float64 // that it took, drain included
	Aborted bool    // it was stopped early because its queue only grew: it counts as failed
	AnswerS float64 // that all but a few of its answers took at most; 0: unknown

	Pass  *bool  // what analyze says of the run by itself; nil: nothing
	Parts []Part // what the SLO bounds, one by one
}

// Part is one thing that an SLO bounds, as counts: of so many values, so many lie beyond
// the limit, and at most the share Tolerance may. "tbt.p99<=50ms" is about gaps between tokens, with a
// tolerance of 0.01; "ttft<=1s" of 90 % of the requests about requests, of 0.1.
type Part struct {
	Name      string
	Tolerance float64
	Windows   []Count // of equal parts of the run's time: how much they differ says how sure the share is
}

// Count is how many of some values lie beyond their limit.
type Count struct{ Beyond, Values int64 }

// Why is the reason a search ended; "" while it goes on.
type Why string

// Reasons.
const (
	Precise   Why = "precise"    // the interval is as narrow as was asked
	OutOfRuns Why = "runs"       // MaxRuns were made
	AboveMax  Why = "above_max"  // the SLO holds at MaxRate, as surely as an interval covers
	BelowAll  Why = "below_all"  // the SLO holds at no rate: not where requests hardly ever meet, or at a thousandth of FromRate
	NoVerdict Why = "no_verdict" // the runs have nothing that the SLO bounds
)

// Result is what the runs say.
type Result struct {
	Capacity *float64      `json:"capacity_requests_per_s"` // the middle of where it may lie; nil where the runs do not enclose it
	Interval stat.Interval `json:"capacity_ci95"`           // 95 %; an end that the runs do not bound is nil

	// Highest is the highest rate whose run passed by itself, Lowest the lowest whose
	// run failed: noise may put them the wrong way around.
	Highest *float64 `json:"highest_rate_passed"`
	Lowest  *float64 `json:"lowest_rate_failed"`

	Curve   []CurvePoint `json:"curve"`
	Ended   Why          `json:"ended"` // "": more runs are to be made
	Runs    int          `json:"runs"`
	Seconds float64      `json:"seconds"` // that the runs took
}

// CurvePoint is one rate at which a run was made, ascending.
type CurvePoint struct {
	Rate     float64       `json:"rate"`
	Runs     int           `json:"runs"`
	Passed   int           `json:"passed"`
	Binding  string        `json:"binding"`         // the part of the SLO that was nearest to failing, or failed most
	Beyond   float64       `json:"share_beyond"`    // its share beyond the limit
	Limit    float64       `json:"share_tolerated"` // and the share that may be
	Interval stat.Interval `json:"share_ci95"`      // of Beyond
	Holds    float64       `json:"probability"`     // that the SLO holds there in the long run, by the model
}

// Search is a search under way. It is not safe for concurrent use.
type Search struct {
	config Config
	runs   []Run
	known  *belief // nil: a run was observed since
}

// New begins a search.
func New(c Config) *Search { return &Search{config: c.fill()} }

func (c Config) fill() Config {
	if c.FromRate == 0 {
		c.FromRate = DefaultFromRate
	}
	if c.Precision == 0 {
		c.Precision = DefaultPrecision
	}
	if c.SettleS == 0 {
		c.SettleS = DefaultSettleS
	}
	if c.MaxRuns == 0 {
		c.MaxRuns = DefaultMaxRuns
	}
	c.MaxRate = roundedDown(c.MaxRate)
	if c.Attainment.Den == 0 {
		c.Attainment = analyze.Fraction{Num: 9, Den: 10}
	}
	return c
}

// Observe takes what came back of a run, asked for or not.
func (s *Search) Observe(r Run) { s.runs, s.known = append(s.runs, r), nil }

// belief is where the capacity may lie, given at least one run with a verdict.
func (s *Search) belief() *belief {
	if s.known == nil {
		b := believe(s.runs, 1/s.looser())
		s.known = &b
	}
	return s.known
}
