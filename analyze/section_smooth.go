package analyze

import (
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

// Idle is the longest that the reader of a stream was behind: token i is due
// i*pace after the send, and the idle latency is the largest a_i - i*pace, 0 where
// none was late.
func Idle(gaps []int64, pace int64) int64 {
	behind, idle := int64(0), int64(0)
	for _, g := range gaps {
		behind += g - pace
		idle = max(idle, behind)
	}
	return idle
}

// smooth adds up what smooth goodput is made of. After arXiv 2410.14257: the
// benefit of a request is its tokens less a penalty of its user's idle latency, and
// smooth goodput the sum of the benefits over the time. The paper leaves the penalty
// open; here it is linear, so that integers add up to it.
type smooth struct {
	config           *Config
	requests, tokens int64
	idleUS           int64
	leftOut          map[reason]int64
}

// Smooth is the section "smooth_goodput": of every request that was sent and has token
// times, whatever became of it: what came before a failure was read, too.
type Smooth struct {
	TokensPerS *float64         `json:"tokens_per_s"` // (tokens - weight * idle seconds) / duration; below 0 where waiting outweighs reading
	Requests   int64            `json:"requests"`
	Tokens     int64            `json:"tokens"`
	IdleS      float64          `json:"idle_s"` // the users' idle latencies added up
	PaceS      float64          `json:"pace_s"`
	Weight     float64          `json:"weight_tokens_per_s"`
	LeftOut    map[reason]int64 `json:"left_out"`
}

func newSmooth(c *Config) section { return &smooth{config: c, leftOut: map[reason]int64{}} }

func (s *smooth) add(r *request) {
	switch why := r.whyNotMeasured(); {
	case why != "":
		s.leftOut[why]++
	case r.outcome == schema.OutcomeNotSent:
		s.leftOut[notOK]++
	case !r.streamed:
		s.leftOut[noTokenTimes]++
	case r.tokens.chunks == 0:
		s.leftOut[noTokens]++
	default:
		s.requests++
		s.tokens += r.n.value
		for _, gaps := range r.tokens.streams {
			s.idleUS += Idle(gaps, s.config.Reader.SmoothPace.Microseconds())
		}
	}
}

func (s *smooth) merge(other section) {
	o := other.(*smooth)
	s.requests += o.requests
	s.tokens += o.tokens
	s.idleUS += o.idleUS
	addCounts(s.leftOut, o.leftOut)
}

func (s *smooth) result(t *tally) sectionResult {
	r := s.config.Reader
	out := &Smooth{Requests: s.requests, Tokens: s.tokens, IdleS: float64(s.idleUS) / usPerSecond,
		PaceS: r.SmoothPace.Seconds(), Weight: r.SmoothWeight, LeftOut: s.leftOut}
	if duration := t.seconds(); duration > 0 {
		out.TokensPerS = new((float64(s.tokens) - out.Weight*out.IdleS) / duration)
	}
	return out
}

func (s *Smooth) lines() []string {
	if s.Requests == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s tokens, less %s for each of %s of waiting (%s a token)", rate(s.TokensPerS, "tok/s"),
		term.Count(s.Tokens), term.Number(s.Weight), term.Seconds(s.IdleS), term.Seconds(s.PaceS))}
}
