package analyze

import (
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

// Experience is the quality of experience of one stream of tokens, 0 to 1, after
// Andes (arXiv 2404.16283v2, equations 1 to 3). The reader expects token i at
// ideal_i = ttft + (i-1)*pace after the send, and takes it at
//
//	actual_i = max(a_i, ideal_1, actual_{i-1} + pace)
//
// that is, when it is there and the one before was read, never before it was
// expected. With delay the sum of actual_i - ideal_i and whole that of actual_i, the
// quality is 1 - delay/whole: 1 where nothing came later than it could be read.
// It returns the two sums; those of several streams add up.
func Experience(gaps []int64, ttft, pace int64) (delay, whole int64) {
	came, ideal, actual := int64(0), ttft, ttft
	for i, g := range gaps {
		came += g
		if i > 0 {
			ideal += pace
			actual += pace
		}
		actual = max(actual, came)
		delay += actual - ideal
		whole += actual
	}
	return delay, whole
}

// qoe collects the quality of experience of each request.
type qoe struct {
	config  *Config
	quality Samples
	failed  int64 // requests whose quality is 0: no answer
	leftOut map[reason]int64
}

// QoE is the section "qoe".
type QoE struct {
	Summary                     // over ok requests
	All        *float64         `json:"mean_with_failures"` // a request that did not end ok has 0; nobody who left is counted
	Failures   int64            `json:"failures"`
	TTFTS      float64          `json:"expected_ttft_s"`
	TokensPerS float64          `json:"expected_tokens_per_s"`
	LeftOut    map[reason]int64 `json:"left_out"`
}

func newQoE(c *Config) section { return &qoe{config: c, leftOut: map[reason]int64{}} }

func (s *qoe) add(r *request) {
	why := r.whyExcluded()
	switch {
	case why == notOK && r.outcome == schema.OutcomeClientAbort:
	case why == notOK:
		s.failed++
		return
	case why == "" && !r.streamed:
		why = noTokenTimes
	case why == "" && r.tokens.chunks == 0:
		why = noTokens
	}
	if why != "" {
		s.leftOut[why]++
		return
	}
	delay, whole := int64(0), int64(0)
	ttft, pace := s.config.Reader.QoETTFT.Microseconds(), s.config.Reader.QoEPace.Microseconds()
	for _, gaps := range r.tokens.streams {
		d, w := Experience(gaps, ttft, pace)
		delay, whole = delay+d, whole+w
	}
	s.quality.Add(1 - float64(delay)/float64(whole))
}

func (s *qoe) merge(other section) {
	o := other.(*qoe)
	s.quality.Merge(&o.quality)
	s.failed += o.failed
	addCounts(s.leftOut, o.leftOut)
}

func (s *qoe) result(t *tally) sectionResult {
	r := s.config.Reader
	out := &QoE{Summary: s.quality.Summary(t.config.Percentile, 1), Failures: s.failed,
		TTFTS: r.QoETTFT.Seconds(), TokensPerS: 1 / r.QoEPace.Seconds(), LeftOut: s.leftOut}
	if n := s.quality.Count(); n+s.failed > 0 {
		answered := 0.0
		if n > 0 {
			answered = s.quality.Mean() * float64(n)
		}
		out.All = new(answered / float64(n+s.failed))
	}
	return out
}

func (q *QoE) lines() []string {
	if q.All == nil {
		return nil
	}
	line := fmt.Sprintf("mean %s, p50 %s, mean with failures as 0 %s",
		unitShare.format(q.Mean), unitShare.format(q.P50), unitShare.format(q.All))
	return []string{fmt.Sprintf("%s (first token expected after %s, then %.3g tok/s)", line, term.Seconds(q.TTFTS), q.TokensPerS)}
}
