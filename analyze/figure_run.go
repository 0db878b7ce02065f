package analyze

import (
	"fmt"
	"math"
	"slices"

	"metron/analyze/clock"
	"metron/analyze/plot"
	"metron/internal/term"
	"metron/schema"
)

// runOverTime is the kind run_timeline: a few moments of each request, and the tokens
// counted in bins.
type runOverTime struct {
	runSpan
	arrivals     []int64
	starts, ends []int64 // of those sent whose end is known: no longer pairs
	failures     []int64 // when those ended that were not ok
	firsts       []firstToken
	tokens       *clock.Clock[int64]
}

// firstToken is of an answered request.
type firstToken struct{ at, ttft int64 }

// runBins is how many bins of time the figure has at most.
const runBins = 128

func newRunOverTime(*Config) gatherer {
	return &runOverTime{tokens: clock.New(0, runBins, func(to, from *int64) { *to += *from })}
}

func (s *runOverTime) add(r *request) {
	s.runSpan.add(r)
	due, send, seen := r.startTime+r.due(), r.startTime+r.sent, r.lastSeen()
	s.arrivals = append(s.arrivals, due)
	over := due
	if r.outcome != schema.OutcomeNotSent && seen.ok && r.startTime+seen.value >= send {
		over = r.startTime + seen.value
		s.starts, s.ends = append(s.starts, send), append(s.ends, over)
	}
	if r.outcome != schema.OutcomeOK {
		s.failures = append(s.failures, over)
	} else if ttft, why := r.first(r.sent); why == "" {
		s.firsts = append(s.firsts, firstToken{due, int64(ttft)})
	}
	if r.streamed {
		s.addTokens(r)
	}
}

// addTokens counts those of one bin at once.
func (s *runOverTime) addTokens(r *request) {
	from, to, n := int64(0), int64(0), int64(0)
	flush := func() {
		if n > 0 {
			*s.tokens.At(from) += n
			n = 0
		}
	}
	for j, at := range r.chunkTime {
		if !isToken(r.chunkKind[j]) {
			continue
		}
		if at += r.startTime; at < from || at >= to {
			flush()
			_, from, to = s.tokens.Span(at)
		}
		if r.tokens.known {
			n += int64(max(0, r.chunkTokens[j]))
		} else {
			n++
		}
	}
	flush()
}

func (s *runOverTime) merge(o gatherer) {
	other := o.(*runOverTime)
	s.runSpan.merge(&other.runSpan)
	s.arrivals = append(s.arrivals, other.arrivals...)
	s.starts, s.ends = append(s.starts, other.starts...), append(s.ends, other.ends...)
	s.failures = append(s.failures, other.failures...)
	s.firsts = append(s.firsts, other.firsts...)
	s.tokens.Merge(other.tokens)
}

func runFigure(r figureRun) (plot.Data, string) {
	s := r.gathered.(*runOverTime)
	if s.rows == 0 {
		return nil, "no request"
	}
	// All series stand in the bins that the longest of them needs.
	bins := s.tokens
	for _, us := range []int64{s.first.value, s.last.value} {
		bins.Cover(us, us)
	}
	if len(s.starts) > 0 { // which an import may have before they were due
		bins.At(slices.Min(s.starts))
	}
	step := float64(bins.Width) / usPerSecond
	per := func(moments []int64) []float64 {
		out := make([]float64, len(bins.Bins))
		for _, us := range moments {
			out[s.tokens.Index(us)] += 1 / step
		}
		return out
	}
	p := plot.RunTimeline{FromS: s.seconds(bins.Starts(0)), StepS: step, Shades: append(s.unmeasured(), s.late()...),
		Arrivals: per(s.arrivals), Errors: per(s.failures), InFlight: s.inFlight()}
	for _, n := range bins.Bins {
		p.Tokens = append(p.Tokens, float64(n)/step)
	}
	p.TTFTP50, p.TTFTP99 = s.ttfts(r.percentile)
	p.Subtitle = r.caption(fmt.Sprintf("N = %s requests of every phase and outcome, shaded where they are not measured", term.Count(s.rows)), "in bins of "+term.Seconds(step))
	return p, ""
}

// inFlight is the average of each bin: exact, from whole microseconds.
func (s *runOverTime) inFlight() []float64 {
	step, n := s.tokens.Width, len(s.tokens.Bins)
	area, level := make([]int64, n), make([]int64, n+1) // within the bin; for all after it
	count := func(moments []int64, sign int64) {
		for _, us := range moments {
			i := s.tokens.Index(us)
			area[i] += sign * (s.tokens.Starts(i+1) - us)
			level[i+1] += sign
		}
	}
	count(s.starts, 1)
	count(s.ends, -1)
	out := make([]float64, n)
	sum := int64(0)
	for i := range out {
		sum += level[i]
		out[i] = float64(sum*step+area[i]) / float64(step)
	}
	return out
}

// ttfts are the percentiles of the requests that arrived in each bin.
func (s *runOverTime) ttfts(m Method) (p50, p99 []float64) {
	byBin := make([][]float64, len(s.tokens.Bins))
	for _, f := range s.firsts {
		i := s.tokens.Index(f.at)
		byBin[i] = append(byBin[i], float64(f.ttft)/usPerSecond)
	}
	for _, values := range byBin {
		slices.Sort(values)
		for _, one := range []struct {
			q  Fraction
			to *[]float64
		}{{Fraction{1, 2}, &p50}, {Fraction{99, 100}, &p99}} {
			v := math.NaN()
			if len(values) > 0 {
				v = m.sortedQuantile(one.q, values)
			}
			*one.to = append(*one.to, v)
		}
	}
	return p50, p99
}
