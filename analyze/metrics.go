package analyze

import "metron/schema"

// reason says why a row has no value for a metric. It is a key of the JSON and a
// phrase of the footnotes.
type reason string

const (
	trimmedOff   reason = "trimmed"          // it started outside of what --trim or --steady keeps
	notMeasured  reason = "not_measured"     // phase warmup or cooldown
	notOK        reason = "not_ok"           // latency distributions cover answered requests only
	noTokenTimes reason = "no_token_times"   // not streamed, or an import that has none
	noVisible    reason = "no_visible_token" // all that was streamed is reasoning
	noTokens     reason = "no_tokens"        // the answer was empty
	oneToken     reason = "one_token"        // nothing lies between its tokens
	noTimes      reason = "no_times"         // send or end were not recorded
	noTokenCount reason = "no_token_count"   // how many tokens is not known
	notScheduled reason = "not_scheduled"    // nobody had to send it at a moment: capture, import
	leftInTime   reason = "left_in_time"     // its client left before anything was violated
)

// reasons lists every reason, those of the status policy first.
func reasons() []reason {
	return []reason{trimmedOff, notMeasured, notOK, noTokenTimes, noTokens, noVisible, oneToken, noTimes, noTokenCount, notScheduled, leftInTime}
}

// phrase says a reason to a reader.
func (r reason) phrase() string {
	switch r {
	case trimmedOff:
		return "trimmed"
	case notMeasured:
		return "warm-up or cool-down"
	case notOK:
		return "not ok"
	case noTokenTimes:
		return "without token times"
	case noVisible:
		return "without a visible token"
	case noTokens:
		return "without tokens"
	case oneToken:
		return "with one token"
	case noTimes:
		return "without times"
	case noTokenCount:
		return "without a token count"
	case notScheduled:
		return "without a schedule"
	case leftInTime:
		return "left by the client before anything was violated"
	}
	return string(r)
}

// unit is what a metric is measured in.
type unit string

const (
	unitSeconds unit = "s"
	unitTokens  unit = "tokens"
	unitRate    unit = "tokens/s"
	unitShare   unit = "share"
)

// metric is one row of the table: a new one is one entry in metrics.
type metric struct {
	key   string // its name in JSON
	label string // and at the terminal
	unit  unit
	value func(*request, *Config) (float64, reason)
}

const (
	keyTTFT        = "ttft_s"
	keyTTFVT       = "ttfvt_s"
	keyTBT         = "tbt_s"
	keyICL         = "icl_s"
	keyTPOT        = "tpot_s"
	keyNormalized  = "normalized_latency_s"
	keyE2E         = "e2e_latency_s"
	keyDecodeRate  = "decode_rate_tokens_per_s"
	keyDispatchLag = "dispatch_lag_s"
	keyMissRate    = "deadline_miss_rate"
	keyMinDeadline = "min_tbt_deadline_s"
)

// metrics lists the table of METRICS.md, in the order of the terminal. TBT has no
// value of a request: its values are those of all tokens, pooled.
func metrics() []metric {
	return []metric{
		{key: keyTTFT, label: "TTFT", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.first(r.sent) }},
		{key: "scheduled_ttft_s", label: "scheduled TTFT", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.first(r.due()) }},
		{key: keyTTFVT, label: "TTFVT", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.firstVisible() }},
		{key: keyTBT, label: "TBT", unit: unitSeconds},
		{key: keyICL, label: "ICL", unit: unitSeconds},
		{key: keyTPOT, label: "TPOT", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.tpot() }},
		{key: keyNormalized, label: "normalized latency", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.normalizedLatency() }},
		{key: keyE2E, label: "E2E latency", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.latency() }},
		{key: "output_throughput_tokens_per_s", label: "output throughput", unit: unitRate,
			value: func(r *request, _ *Config) (float64, reason) { return r.throughput() }},
		{key: keyDecodeRate, label: "decode rate", unit: unitRate,
			value: func(r *request, _ *Config) (float64, reason) { return r.decodeRate() }},
		{key: keyDispatchLag, label: "dispatch lag", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.dispatchLag() }},
		{key: "send_lag_s", label: "send lag", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) { return r.sendLag() }},
		{key: "input_tokens", label: "input tokens", unit: unitTokens,
			value: func(r *request, _ *Config) (float64, reason) { return known(r.inputTokens, noTokenCount) }},
		{key: "output_tokens", label: "output tokens", unit: unitTokens,
			value: func(r *request, _ *Config) (float64, reason) { return known(r.n, noTokenCount) }},
		{key: "fluidity_index", label: "fluidity-index", unit: unitShare,
			value: func(r *request, c *Config) (float64, reason) { return r.deadlineValue(c.Fluidity.index(r.score)) }},
		{key: keyMissRate, label: "deadline miss rate", unit: unitShare,
			value: func(r *request, _ *Config) (float64, reason) { return r.deadlineValue(r.score.MissRate()) }},
		{key: keyMinDeadline, label: "min TBT deadline", unit: unitSeconds,
			value: func(r *request, _ *Config) (float64, reason) {
				return r.deadlineValue(r.minDeadline.value, r.minDeadline.ok)
			}},
		{key: "absolute_attainment", label: "absolute attainment", unit: unitShare,
			value: func(r *request, _ *Config) (float64, reason) {
				return r.deadlineValue(float64(r.onTime)/float64(max(1, r.gaps)), r.gaps > 0)
			}},
		{key: "playback_continuity", label: "playback continuity", unit: unitShare,
			value: func(r *request, _ *Config) (float64, reason) { return r.deadlineValue(r.playback.Continuity()) }},
	}
}

// scale divides what Samples hold into the unit of the metric: times are kept in
// integer microseconds.
func (m *metric) scale(a Arithmetic) float64 {
	if m.key == keyMinDeadline {
		return a.deadlineUnit()
	}
	return m.unit.scale()
}

// scale divides what Samples hold of it: of times, microseconds.
func (u unit) scale() float64 {
	if u == unitSeconds {
		return usPerSecond
	}
	return 1
}

// whyExcluded applies the status policy: distributions cover requests that were
// answered, in phase measure.
func (r *request) whyExcluded() reason {
	if why := r.whyNotMeasured(); why != "" {
		return why
	}
	if r.outcome != schema.OutcomeOK {
		return notOK
	}
	return ""
}

// whyNotMeasured is the part of it that does not depend on what became of the request.
func (r *request) whyNotMeasured() reason {
	switch {
	case r.trimmed:
		return trimmedOff
	case !r.isMeasured():
		return notMeasured
	}
	return ""
}

func known(v maybe[int64], why reason) (float64, reason) {
	if !v.ok {
		return 0, why
	}
	return float64(v.value), ""
}
