package analyze

import (
	"fmt"
	"maps"
	"slices"

	"metron/internal/term"
)

// sampledTraffic estimates the traffic that a sample was drawn from: each row stands for as many
// as its sample_rate says. Counts are kept by rate, so that no order of adding matters.
type sampledTraffic struct{ byRate map[float64]*drawn }

// drawn adds up the rows of one sample_rate.
type drawn struct{ requests, ok, input, output int64 }

// Traffic is the section "traffic": sums over the measured rows, each over its sample_rate
// (Horvitz and Thompson, JASA 47, 1952). Tokens and rates are those of ok requests that
// say how many.
type Traffic struct {
	SampledRows      int64    `json:"sampled_rows"` // whose sample_rate is below 1
	Requests         float64  `json:"requests"`
	OK               float64  `json:"ok"`
	InputTokens      float64  `json:"input_tokens"`
	OutputTokens     float64  `json:"output_tokens"`
	RequestsPerS     *float64 `json:"requests_per_s"` // ok requests over duration_s
	OutputTokensPerS *float64 `json:"output_tokens_per_s"`
	TotalTokensPerS  *float64 `json:"total_tokens_per_s"`
}

func newTraffic(*Config) section { return &sampledTraffic{byRate: map[float64]*drawn{}} }

func (s *sampledTraffic) add(r *request) {
	if !r.isMeasured() {
		return
	}
	rate := 1.0
	if r.sampleRate.ok && r.sampleRate.value > 0 && r.sampleRate.value < 1 {
		rate = r.sampleRate.value
	}
	d := s.of(rate)
	d.requests++
	if r.whyExcluded() == "" {
		d.ok++
		d.input += r.inputTokens.value
		d.output += r.n.value
	}
}

func (s *sampledTraffic) of(rate float64) *drawn {
	d := s.byRate[rate]
	if d == nil {
		d = &drawn{}
		s.byRate[rate] = d
	}
	return d
}

func (s *sampledTraffic) merge(o section) {
	for rate, theirs := range o.(*sampledTraffic).byRate {
		d := s.of(rate)
		d.requests += theirs.requests
		d.ok += theirs.ok
		d.input += theirs.input
		d.output += theirs.output
	}
}

func (s *sampledTraffic) result(t *tally) sectionResult {
	out := &Traffic{}
	for _, rate := range slices.Sorted(maps.Keys(s.byRate)) {
		d := s.byRate[rate]
		if rate < 1 {
			out.SampledRows += d.requests
		}
		out.Requests += float64(d.requests) / rate
		out.OK += float64(d.ok) / rate
		out.InputTokens += float64(d.input) / rate
		out.OutputTokens += float64(d.output) / rate
	}
	if seconds := t.seconds(); seconds > 0 {
		out.RequestsPerS = finite(out.OK / seconds)
		out.OutputTokensPerS = finite(out.OutputTokens / seconds)
		out.TotalTokensPerS = finite((out.InputTokens + out.OutputTokens) / seconds)
	}
	return out
}

// lines say something of samples only: of everything it is what stands above.
func (d *Traffic) lines() []string {
	if d.SampledRows == 0 {
		return nil
	}
	return []string{fmt.Sprintf("of all that was sampled, about %s requests (%s ok), %s, %s, %s with the input", term.Number(d.Requests), term.Number(d.OK),
		rate(d.RequestsPerS, "requests/s"), rate(d.OutputTokensPerS, "output tok/s"), rate(d.TotalTokensPerS, "tok/s"))}
}
