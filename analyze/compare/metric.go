package compare

import "metron/analyze"

// metric is one whose values are compared, request by request where it has them.
type metric struct {
	name  string // in JSON and in gates
	key   string // of analyze
	label string
	unit  string // "s", "tokens/s" or "share"
	more  bool   // is better
	value func(*analyze.RequestRow) *float64
}

// metrics is the table of what is compared: a new metric is one entry.
func metrics() []metric {
	return []metric{
		{"ttft", "ttft_s", "TTFT", "s", false, func(r *analyze.RequestRow) *float64 { return r.TTFTS }},
		{"scheduled_ttft", "scheduled_ttft_s", "scheduled TTFT", "s", false, func(r *analyze.RequestRow) *float64 { return r.ScheduledTTFTS }},
		{"tbt", "tbt_s", "TBT", "s", false, nil}, // of all tokens, pooled
		{"tpot", "tpot_s", "TPOT", "s", false, func(r *analyze.RequestRow) *float64 { return r.TPOTS }},
		{"normalized_latency", "normalized_latency_s", "normalized latency", "s", false, func(r *analyze.RequestRow) *float64 { return r.NormalizedLatencyS }},
		{"e2e", "e2e_latency_s", "E2E latency", "s", false, func(r *analyze.RequestRow) *float64 { return r.E2ELatencyS }},
		{"output_throughput", "output_throughput_tokens_per_s", "output throughput", "tokens/s", true, func(r *analyze.RequestRow) *float64 { return r.OutputThroughput }},
		{"fluidity", "fluidity_index", "fluidity-index", "share", true, func(r *analyze.RequestRow) *float64 { return r.FluidityIndex }},
		{"playback_continuity", "playback_continuity", "playback continuity", "share", true, func(r *analyze.RequestRow) *float64 { return r.PlaybackContinuity }},
	}
}

// rate is a number of a whole run.
type rate struct {
	name  string // in JSON and in gates
	key   string // of its definition
	label string
	unit  string
	more  bool // is better
	value func(*analyze.Result) *float64
	hits  func(*analyze.Result) (part, n int64) // where it is a share of requests, which has an interval
}

// rates is the table of numbers of whole runs that are compared.
func rates() []rate {
	return []rate{
		{"request_throughput", "requests_per_s", "requests", "requests/s", true, func(r *analyze.Result) *float64 { return r.Throughput.RequestsPerS }, nil},
		{"token_throughput", "output_tokens_per_s", "output tokens", "tokens/s", true, func(r *analyze.Result) *float64 { return r.Throughput.OutputTokensPerS }, nil},
		{"fluid_token_rate", "fluid_token_rate_per_s", "fluid token rate", "tokens/s", true, func(r *analyze.Result) *float64 { return r.Fluidity.FluidTokenRate }, nil},
		{"goodput", "goodput_requests_per_s", "goodput", "requests/s", true, func(r *analyze.Result) *float64 { return ofSLO(r).GoodRequestsPerS }, nil},
		{"token_goodput", "goodput_tokens_per_s", "token goodput", "tokens/s", true, func(r *analyze.Result) *float64 { return ofSLO(r).GoodTokensPerS }, nil},
		{"attainment", "attainment", "attainment", "share", true, nil, func(r *analyze.Result) (int64, int64) {
			return ofSLO(r).Good, ofSLO(r).Requests
		}},
		{"deadline_miss_rate", "service_miss_rate", "deadlines missed", "share", false, func(r *analyze.Result) *float64 { return r.Fluidity.ServiceMissRate }, nil},
		{"error_rate", "error_rate", "not ok", "share", false, nil, func(r *analyze.Result) (int64, int64) {
			return r.Requests.Measured - r.Requests.MeasuredOK, r.Requests.Measured
		}},
	}
}

// ofSLO is what became of the first SLO that was asked about; empty where there is none.
func ofSLO(r *analyze.Result) analyze.SLOResult {
	if all := r.SLOs(); len(all) > 0 {
		return all[0]
	}
	return analyze.SLOResult{}
}

// needsSLO reports whether a rate exists only where an SLO was asked about.
func needsSLO(name string) bool {
	return name == "goodput" || name == "token_goodput" || name == "attainment"
}
