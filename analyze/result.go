package analyze

import (
	"fmt"

	"metron/analyze/prefill"
	"metron/analyze/report"
	"metron/schema"
	"metron/schema/inspect/demand"
)

// SchemaVersion is the version of the JSON that WriteJSON prints. Keys may be
// added to it; none is renamed or removed.
const SchemaVersion = 1

// Result is the answer of an analysis. A nil number is undefined.
type Result struct {
	SchemaVersion int        `json:"schema_version"`
	Files         []FileInfo `json:"files"`
	Population
	Groups   []Group        `json:"groups,omitempty"`
	Curve    []CurvePoint   `json:"acceptance_curve,omitempty"`
	Prefill  *prefill.Model `json:"prefill,omitempty"` // that the first tokens' deadlines depend on
	Warnings []Warning      `json:"warnings"`
	Settings SettingsOfJSON `json:"settings"`

	// Linked is of a page, not of a table of numbers: it is asked for with Config.Linked.
	Linked *Linked `json:"-"`

	percentile Method
	firstSend  maybe[int64]        // us since 1970
	samples    map[string]*Samples // by the key of their metric
	tbt        *Hist
	decoding   int64 // requests of two or more tokens
	grid       *report.Grid
	workload   *demand.Workload
	timelines  []timeline
	ranked     int64 // requests that those were chosen from
	trimmed    string
	drawing    Drawing
	gathered   gathering
}

// Population is every number about some requests: all, or those of a group.
type Population struct {
	Requests   Requests      `json:"requests"`
	DurationS  *float64      `json:"duration_s"`
	Metrics    Metrics       `json:"metrics"`
	Throughput Throughput    `json:"throughput"`
	Fluidity   FluidityBlock `json:"fluidity"`
	Playback   PlaybackBlock `json:"playback"`
	Tokens     TokenBlock    `json:"tokens"`
	Sections   Sections      `json:"sections"`
}

// FileInfo names a file that was read.
type FileInfo struct {
	Path    string          `json:"path"`
	Vantage string          `json:"vantage"`
	Verdict *schema.Verdict `json:"verdict"`
	sampled float64         // share of the traffic that it was to record; 0: unknown
	lost    int64           // requests that it was to record and could not
	lesser  int64           // rows that keep less than they were to, for want of memory
}

// Requests counts rows.
type Requests struct {
	Total       int64            `json:"total"`
	OK          int64            `json:"ok"`
	Measured    int64            `json:"measured"`     // of phase measure, and not trimmed
	MeasuredOK  int64            `json:"measured_ok"`  // those of them that distributions cover
	NotMeasured int64            `json:"not_measured"` // of phase warmup or cooldown; trimmed rows are in neither
	OtherAPI    int64            `json:"other_api"`    // rows that asked no model (health checks, model lists): not in total
	Outcomes    map[string]int64 `json:"outcomes"`     // every outcome has a key
}

// Throughput is of the ok requests in the time from the first send to the last end.
type Throughput struct {
	RequestsPerS     *float64 `json:"requests_per_s"`
	OutputTokensPerS *float64 `json:"output_tokens_per_s"`
	TotalTokensPerS  *float64 `json:"total_tokens_per_s"`
}

// FluidityBlock holds what deadlines make of the whole population.
type FluidityBlock struct {
	TTFTDeadlineS   *float64 `json:"ttft_deadline_s"` // absent where it depends on the prompt
	TBTDeadlineS    float64  `json:"tbt_deadline_s"`
	TargetMissRate  float64  `json:"target_miss_rate"`
	ServiceMissed   int64    `json:"service_missed"`
	ServiceTotal    int64    `json:"service_total"`
	ServiceMissRate *float64 `json:"service_miss_rate"`
	FluidTokenRate  *float64 `json:"fluid_token_rate_per_s"`
	TPOTRate        *float64 `json:"tpot_rate_per_s"`
	TBTP99Rate      *float64 `json:"tbt_p99_rate_per_s"`
	Unattainable    int64    `json:"unattainable"` // requests that no TBT deadline brings to the target
}

// PlaybackBlock holds the measures that delaying a token never raises.
type PlaybackBlock struct {
	AbsoluteAttainment *float64 `json:"absolute_attainment"`
	Continuity         *float64 `json:"continuity"`
	Stalls             int64    `json:"stalls"`
	StalledS           float64  `json:"stalled_s"`
	LongestStallS      *float64 `json:"longest_stall_s"`
	StartDelayS        *float64 `json:"start_delay_s"` // after the first token, that would have avoided every stall of every request
}

// TokenBlock says how sure the token counts are.
type TokenBlock struct {
	Input              int64            `json:"input"`
	Output             int64            `json:"output"`
	Sources            map[string]int64 `json:"sources"`
	RowsChunksUnknown  int64            `json:"rows_chunk_tokens_unknown"`
	RowsDifferReported int64            `json:"rows_sum_differs_from_reported"`
	Chunks             int64            `json:"chunks"`
	ChunksSharedRead   *float64         `json:"chunks_sharing_a_read"` // share of those whose read is known
}

// SettingsOfJSON repeats what was asked, so that the numbers can be asked again.
type SettingsOfJSON struct {
	TTFTDeadlineS  *float64   `json:"ttft_deadline_s"`           // absent where it is PrefillSlackS after the prompt's time
	PrefillSlackS  *float64   `json:"prefill_slack_s,omitempty"` // absent without a prefill model
	TBTDeadlineS   float64    `json:"tbt_deadline_s"`
	TargetMissRate float64    `json:"target_miss_rate"`
	Fluidity       Arithmetic `json:"fluidity"`
	MultiToken     Policy     `json:"multi_token"`
	Percentile     Method     `json:"percentile"`
	Selection      string     `json:"selection"`      // "" is every row
	By             []string   `json:"by,omitempty"`   // the dimensions of groups
	Trim           string     `json:"trim,omitempty"` // what was left out at the ends
}

func newResult(t *tally, files []*schema.File, c *Config) *Result {
	r := &Result{
		SchemaVersion: SchemaVersion,
		Population:    newPopulation(t),
		Settings: SettingsOfJSON{TTFTDeadlineS: c.fixedTTFTDeadline(), TBTDeadlineS: c.TBTDeadline.Seconds(),
			TargetMissRate: c.TargetMissRate.Float(), Fluidity: c.Fluidity, MultiToken: c.MultiToken,
			Percentile: c.Percentile, Selection: c.Selection.String(), By: c.By, Trim: c.Trim.String()},
		Prefill:    c.Prefill,
		percentile: c.Percentile,
		firstSend:  t.firstSend,
		samples:    map[string]*Samples{},
		tbt:        &t.tbt,
		decoding:   t.minima.Count(),
		ranked:     int64(len(t.picks)),
		trimmed:    c.kept.trimmed(c.Trim),
		drawing:    c.Drawing,
		gathered:   t.gathered,
	}
	for i, m := range t.metrics {
		r.samples[m.key] = &t.samples[i]
	}
	if c.Prefill != nil {
		r.Settings.PrefillSlackS = new(c.PrefillSlack.Seconds())
	}
	for _, f := range files {
		meta := f.Meta()
		info := FileInfo{Path: f.Path(), Vantage: meta.Vantage, Verdict: meta.Verdict,
			lost:   meta.Counters["dropped"] + meta.Counters["failed"],
			lesser: meta.Counters["degraded_to_hash"] + meta.Counters["degraded_to_lengths"]}
		if meta.Kept != nil {
			info.sampled = meta.Kept.SampleRate
		}
		r.Files = append(r.Files, info)
	}
	if t.groups != nil {
		r.Groups = t.groups.results()
	}
	if t.curve != nil {
		r.Curve = t.curve.Acceptance(c.Percentile)
	}
	if t.grid != nil {
		r.grid = t.grid.result(r.DurationS)
	}
	r.Warnings = r.warn(t)
	return r
}

func newPopulation(t *tally) Population {
	p := Population{Requests: Requests{Total: t.rows, OK: t.ok, Measured: t.measured, MeasuredOK: t.okRows, OtherAPI: t.otherAPI,
		NotMeasured: t.excluded[notMeasured], Outcomes: map[string]int64{}}}
	for _, name := range schema.Outcomes() {
		p.Requests.Outcomes[name] = 0
	}
	addCounts(p.Requests.Outcomes, t.outcomes)
	tpot := t.meanTPOT() // in file order, before the summaries sort
	p.Metrics = t.summarize()
	p.setThroughput(t)
	p.setFluidity(t, tpot)
	p.setPlayback(t)
	p.setTokens(t)
	p.Sections = t.sections.results(t)
	return p
}

func (p *Population) setThroughput(t *tally) {
	if p.DurationS = finite(t.seconds()); p.DurationS == nil || *p.DurationS <= 0 {
		return
	}
	p.Throughput.RequestsPerS = new(float64(t.okRows) / *p.DurationS)
	if t.okRows == 0 || t.unknownOutput < t.okRows {
		p.Throughput.OutputTokensPerS = new(float64(t.outputTokens) / *p.DurationS)
		if t.okRows == 0 || t.unknownInput < t.okRows {
			p.Throughput.TotalTokensPerS = new(float64(t.inputTokens+t.outputTokens) / *p.DurationS)
		}
	}
}

func (p *Population) setFluidity(t *tally, meanTPOT float64) {
	c := t.config
	f := &p.Fluidity
	f.TTFTDeadlineS, f.TBTDeadlineS = c.fixedTTFTDeadline(), c.TBTDeadline.Seconds()
	f.TargetMissRate = c.TargetMissRate.Float()
	f.ServiceMissed, f.ServiceTotal = t.score.Missed, t.score.Total()
	if rate, ok := t.score.MissRate(); ok {
		f.ServiceMissRate = &rate
	}
	if deadline, ok := fluidDeadline(&t.minima, c.Fluidity); ok && deadline > 0 {
		f.FluidTokenRate = finite(c.Fluidity.deadlineUnit() / deadline)
	}
	f.TPOTRate = inverse(finite(meanTPOT))
	f.TBTP99Rate = inverse(p.Metrics.Get(keyTBT).P99)
	f.Unattainable = t.unattainable
}

func (p *Population) setPlayback(t *tally) {
	r := &p.Playback
	if t.gaps == 0 {
		return
	}
	r.AbsoluteAttainment = new(float64(t.onTime) / float64(t.gaps))
	if continuity, ok := t.playback.Continuity(); ok {
		r.Continuity = &continuity
	}
	r.Stalls = t.playback.Stalls
	r.StalledS = float64(t.playback.Stalled) / usPerSecond
	r.LongestStallS = new(float64(t.playback.Longest) / usPerSecond)
	r.StartDelayS = new(float64(t.playback.StartDelay) / usPerSecond)
}

func (p *Population) setTokens(t *tally) {
	p.Tokens = TokenBlock{Input: t.inputTokens, Output: t.outputTokens, Sources: t.sources, RowsChunksUnknown: t.unknownChunks,
		RowsDifferReported: t.differ, Chunks: t.chunks}
	if t.reads > 0 {
		p.Tokens.ChunksSharedRead = new(float64(t.together) / float64(t.reads))
	}
}

// meanTPOT is the mean time per output token in seconds, NaN where there is none.
func (t *tally) meanTPOT() float64 {
	tpot := t.samplesOf(keyTPOT)
	if t.config.Fluidity != ArithmeticEtalon {
		return tpot.Mean() / usPerSecond
	}
	values := tpot.Values()
	for i := range values {
		values[i] /= usPerSecond
	}
	return numpyMean(values)
}

// samplesOf is what was kept for the metric of a key.
func (t *tally) samplesOf(key string) *Samples {
	for i, m := range t.metrics {
		if m.key == key {
			return &t.samples[i]
		}
	}
	panic(fmt.Sprintf("analyze: no metric %q in the table", key))
}
