package analyze

import (
	"fmt"
	"maps"
	"slices"

	"metron/analyze/clock"
	"metron/analyze/stat"
	"metron/internal/term"
)

// tokenRate is the section "token_rate": output tokens in each second of the clock.
type tokenRate struct {
	windows map[int64]int64 // tokens by second since the Unix epoch
	leftOut int64           // ok requests whose tokens have no times
}

const (
	windowUS         = 1_000_000
	seriesMax        = 240     // points of the series; more windows than that are joined
	maxSteadyWindows = 1 << 20 // 12 days of seconds: a steady state is looked for up to there
)

func newTokenRate(*Config) section { return &tokenRate{windows: map[int64]int64{}} }

func (s *tokenRate) add(r *request) {
	if r.whyExcluded() != "" {
		return
	}
	if !r.streamed {
		s.leftOut++
		return
	}
	// Tokens of one second are added at once.
	from, to, tokens := int64(0), int64(0), int64(0)
	window := int64(0)
	for j, at := range r.chunkTime {
		if !isToken(r.chunkKind[j]) {
			continue
		}
		if at < from || at >= to {
			if tokens != 0 {
				s.windows[window] += tokens
			}
			tokens = 0
			window = secondOf(r.startTime + at)
			from = window*windowUS - r.startTime
			to = from + windowUS
		}
		if r.tokens.known {
			tokens += int64(max(0, r.chunkTokens[j]))
		} else {
			tokens++
		}
	}
	if tokens != 0 {
		s.windows[window] += tokens
	}
}

// secondOf is the second of the clock that a moment is in.
func secondOf(us int64) int64 { return clock.Floor(us, windowUS) }

func (s *tokenRate) merge(o section) {
	other := o.(*tokenRate)
	addCounts(s.windows, other.windows)
	s.leftOut += other.leftOut
}

// TokenRate is the output tokens of ok requests, second by second.
type TokenRate struct {
	Tokens      int64      `json:"tokens"`
	LeftOut     int64      `json:"left_out"` // ok requests that came whole
	PeakPerS    *int64     `json:"peak_tokens_per_s"`
	PeakAtS     *float64   `json:"peak_at_s"` // after the first token's second
	MeanPerS    *float64   `json:"mean_tokens_per_s"`
	Steady      *Steady    `json:"steady"`
	SeriesStepS int64      `json:"series_step_s"`
	Series      []*float64 `json:"series_tokens_per_s"`
}

// Steady is the window that warm-up and drain are cut off from.
type Steady struct {
	FromS float64 `json:"from_s"` // after the first token's second
	ToS   float64 `json:"to_s"`
	PerS  float64 `json:"tokens_per_s"`
}

func (s *tokenRate) result(*tally) sectionResult {
	out := &TokenRate{LeftOut: s.leftOut, SeriesStepS: 1, Series: []*float64{}}
	if len(s.windows) == 0 {
		return out
	}
	seconds := slices.Sorted(maps.Keys(s.windows))
	first, last := seconds[0], seconds[len(seconds)-1]
	span := last - first + 1
	out.PeakPerS, out.PeakAtS = new(int64(0)), new(0.0)
	for _, second := range seconds {
		n := s.windows[second]
		out.Tokens += n
		if n > *out.PeakPerS {
			out.PeakPerS, out.PeakAtS = &n, new(float64(second-first))
		}
	}
	out.MeanPerS = new(float64(out.Tokens) / float64(span))
	for (span+out.SeriesStepS-1)/out.SeriesStepS > seriesMax {
		out.SeriesStepS *= 2
	}
	points := make([]int64, (span+out.SeriesStepS-1)/out.SeriesStepS)
	for second, n := range s.windows {
		points[(second-first)/out.SeriesStepS] += n
	}
	for _, n := range points {
		out.Series = append(out.Series, new(float64(n)/float64(out.SeriesStepS)))
	}
	out.Steady = s.steady(first, last)
	return out
}

// steady looks at whole seconds, so without the first and the last one.
func (s *tokenRate) steady(first, last int64) *Steady {
	if last-first-1 > maxSteadyWindows {
		return nil
	}
	var rates []float64
	for second := first + 1; second < last; second++ {
		rates = append(rates, float64(s.windows[second]))
	}
	from, to, ok := stat.Steady(rates)
	if !ok {
		return nil
	}
	sum := 0.0
	for _, v := range rates[from:to] {
		sum += v
	}
	return &Steady{float64(from + 1), float64(to + 1), sum / float64(to-from)}
}

func (r *TokenRate) lines() []string {
	if r.PeakPerS == nil {
		return nil
	}
	line := fmt.Sprintf("peak %s tokens in a second, at %s; %s a second on average", term.Count(*r.PeakPerS), term.Seconds(*r.PeakAtS), term.Number(*r.MeanPerS))
	if r.Steady != nil {
		line += fmt.Sprintf(", %s in the steady state from %s to %s", term.Number(r.Steady.PerS), term.Seconds(r.Steady.FromS), term.Seconds(r.Steady.ToS))
	}
	lines := []string{line}
	if bars, each := folded(r.Series, barsAtTerminal); len(bars) > 1 {
		lines = append(lines, fmt.Sprintf("%s tok/s, a bar each %s", term.Sparkline(bars), term.Seconds(float64(int64(each)*r.SeriesStepS))))
	}
	return lines
}
