// Package analyze turns the columns of traces and runs into numbers: what
// METRICS.md defines, exact at the stored resolution, without issuing a request
// again.
//
// What flows through: record batches of the few columns that metrics need are
// read once (Analyze); each row becomes token gaps, integers of microseconds
// (gaps.go); kernels turn gaps into the values of a Request (fluidity.go,
// min_deadline.go, playback.go); accumulators that can be merged collect them
// (Hist for what is counted per token, Samples for what is kept per request);
// and a Result is printed as text, JSON, one line a request, plots, or a page, whose linked
// charts linked.go feeds, and whose sliders ask what grid.go answered in advance.
//
// What a request is held to is asked of it, too: deadlines.go says when its tokens
// were due, by the prompt where there is a prefill model (package prefill), and slo.go
// what an SLO is; slo_judge.go holds one against a request, slo_result.go says what
// became of it.
//
// The kernels are pure functions over contiguous integers of any unit. Start
// with Exact in fluidity.go, and with Analyze for the whole.
package analyze
