package analyze

import (
	"fmt"
	"math"
)

// jitter is the section "jitter": how unevenly the tokens of one answer came.
type jitter struct {
	config                *Config
	steps, stddevs, ratio Samples
}

func newJitter(c *Config) section { return &jitter{config: c} }

func (s *jitter) add(r *request) {
	if r.whyExcluded() != "" || r.whyNoGaps() != "" {
		return
	}
	sum, n, steps := int64(0), int64(0), int64(0)
	changes := int64(0)
	for _, gaps := range r.tokens.streams {
		for i, g := range gaps[1:] {
			sum += g
			n++
			if i > 0 {
				changes += max(g-gaps[i], gaps[i]-g)
				steps++
			}
		}
	}
	if steps > 0 {
		s.steps.Add(float64(changes) / float64(steps))
	}
	if n < 2 {
		return
	}
	mean, squares := float64(sum)/float64(n), 0.0
	for _, gaps := range r.tokens.streams {
		for _, g := range gaps[1:] {
			d := float64(g) - mean
			squares += d * d
		}
	}
	stddev := math.Sqrt(squares / float64(n-1))
	s.stddevs.Add(stddev)
	if mean > 0 {
		s.ratio.Add(stddev / mean)
	}
}

func (s *jitter) merge(o section) {
	other := o.(*jitter)
	s.steps.Merge(&other.steps)
	s.stddevs.Merge(&other.stddevs)
	s.ratio.Merge(&other.ratio)
}

// Jitter has one value a request of two gaps or more.
type Jitter struct {
	Change Summary `json:"gap_change_s"` // mean of |g_i - g_(i-1)|
	Stddev Summary `json:"gap_stddev_s"` // of the gaps, n-1
	CV     Summary `json:"gap_cv"`       // their stddev over their mean
}

func (s *jitter) result(*tally) sectionResult {
	m := s.config.Percentile
	return &Jitter{s.steps.Summary(m, usPerSecond), s.stddevs.Summary(m, usPerSecond), s.ratio.Summary(m, 1)}
}

func (j *Jitter) lines() []string {
	if j.Stddev.Count == 0 {
		return nil
	}
	s, r := unitSeconds.format, unitShare.format
	return []string{fmt.Sprintf("from gap to gap p50 %s, p99 %s; stddev of a request's gaps p50 %s, p99 %s; over their mean p50 %s, p99 %s",
		s(j.Change.P50), s(j.Change.P99), s(j.Stddev.P50), s(j.Stddev.P99), r(j.CV.P50), r(j.CV.P99))}
}
