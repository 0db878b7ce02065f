package analyze

import (
	"fmt"
	"strings"

	"metron/analyze/stat"
	"metron/internal/term"
	"metron/schema"
)

// Warning is something a reader must know before believing a number. Code is
// stable; the message may change.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// sharedReadShare is the share of chunks out of shared reads from which a
// reader should doubt the times between them.
const sharedReadShare = 0.05

func (r *Result) warn(t *tally) []Warning {
	list := []Warning{} // [] in JSON, not null
	add := func(holds bool, code, format string, args ...any) {
		if holds {
			list = append(list, Warning{code, fmt.Sprintf(format, args...)})
		}
	}
	for _, f := range r.Files {
		add(f.sampled > 0 && f.sampled < 1, "sampled",
			"%s holds a sample of %s of its traffic: counts, rates and throughput are of the sample, latencies of who was drawn", f.Path, percent(&f.sampled))
		add(f.lost > 0, "not_recorded",
			"%s lacks %s that passed and found no memory or disk: counts, rates and throughput are too low", f.Path, requestsOf(f.lost))
		add(f.lesser > 0, "degraded", "%s keeps less of %s than was asked for: memory was short", f.Path, rowsOf(f.lesser))
		if f.Verdict != nil {
			add(f.Verdict.Status != schema.VerdictValid, "verdict",
				"%s: the run is %s: its numbers may describe the sender instead of the server", f.Path, verdictText(f.Verdict))
		}
	}
	trimmed := t.config.kept.trimmed(t.config.Trim)
	add(trimmed != "", "trimmed", "%s", trimmed)
	add(t.otherAPI > 0, "other_api", "%s asked no model (health checks, model lists): nothing here counts them", rowsOf(t.otherAPI))
	add(t.okRows == 0, "no_ok_requests", "no request was answered in the measured phase: there are counts but no latencies")
	add(t.okRows > 0 && t.chunks == 0, "no_token_times", "no row has the times of its tokens: token metrics need a capture or a replay")
	add(t.unknownChunks > 0, "chunk_tokens_unknown",
		"in %s the chunks do not say how many tokens they carry: each counts as one", rowsOf(t.unknownChunks))
	add(t.differ > 0, "tokens_differ", "in %s the tokens of the chunks do not add up to the reported output tokens", rowsOf(t.differ))
	add(t.unattainable > 0, "unattainable",
		"no TBT deadline brings %s to the target miss rate: they rank above every minimum TBT deadline", requestsOf(t.unattainable))
	add(t.undated > 0, "prompt_unknown",
		"the prompts of %s are of unknown length: without a deadline to the first token they are in no number about deadlines", requestsOf(t.undated))
	add(t.extrapolated > 0, "prefill_extrapolated",
		"the prompts of %s are shorter or longer than any that the prefill model was fitted to: their deadlines are guesses", requestsOf(t.extrapolated))
	shared := r.Tokens.ChunksSharedRead
	add(shared != nil && *shared >= sharedReadShare, "coalesced",
		"%s of the chunks came out of a socket read with another: their times are the read's", percent(shared))
	add(t.backwards > 0, "times_backwards", "in %s a chunk is stamped before the one before it: negative gaps were kept", rowsOf(t.backwards))
	add(t.unended > 0, "end_unknown", "the end of %s is unknown: the duration may be too short", rowsOf(t.unended))
	add(t.okRows > 0 && t.unknownOutput > 0, "output_unknown", "the output tokens of %s are unknown: throughput leaves them out", rowsOf(t.unknownOutput))
	add(t.okRows > 0 && t.unknownInput > 0, "input_unknown", "the input tokens of %s are unknown: total throughput leaves them out", rowsOf(t.unknownInput))
	return append(list, fewRequests(t.okRows, supports())...)
}

// fewRequests warns of the percentiles that so many requests do not support.
func fewRequests(n int64, all []support) []Warning {
	weak := unsupported(n, all)
	if n == 0 || weak == "" {
		return []Warning{}
	}
	return []Warning{{"few_requests", fmt.Sprintf("N = %s is too small for %s", term.Count(n), weak)}}
}

// support is how many requests a percentile needs.
type support struct {
	name  string
	needs int64
}

// supports are those of the percentiles of tails, by the rule of MLPerf's early stopping.
func supports() []support {
	var all []support
	for _, p := range summaryPercentiles() {
		if p.permille >= 900 {
			all = append(all, support{p.name, stat.Support(p.fraction().Float())})
		}
	}
	return all
}

// unsupported names the percentiles that so many requests do not support, and how
// many each needs.
func unsupported(requests int64, all []support) string {
	var weak []string
	for _, p := range all {
		if requests < p.needs {
			weak = append(weak, fmt.Sprintf("%s (%s needed)", p.name, term.Count(p.needs)))
		}
	}
	return strings.Join(weak, ", ")
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return term.Count(n) + " rows"
}

func requestsOf(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return term.Count(n) + " requests"
}

func verdictText(v *schema.Verdict) string {
	if len(v.Reasons) == 0 {
		return v.Status
	}
	return v.Status + " (" + strings.Join(v.Reasons, "; ") + ")"
}
