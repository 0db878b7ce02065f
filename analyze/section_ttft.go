package analyze

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"metron/internal/term"
)

// ttftBins is TTFT against something that bins: the sections "ttft_by_input" and
// "ttft_by_cached".
type ttftBins struct {
	config  *Config
	bin     func(*request) (int, bool) // false: unknown
	bins    map[int]*Samples
	unknown int64
	finish  func(*ttftBins) sectionResult
}

func (s *ttftBins) add(r *request) {
	if r.whyExcluded() != "" {
		return
	}
	ttft, why := r.first(r.sent)
	if why != "" {
		return
	}
	bin, ok := s.bin(r)
	if !ok {
		s.unknown++
		return
	}
	s.of(bin).Add(ttft)
}

func (s *ttftBins) of(bin int) *Samples {
	if s.bins[bin] == nil {
		s.bins[bin] = &Samples{}
	}
	return s.bins[bin]
}

func (s *ttftBins) merge(o section) {
	other := o.(*ttftBins)
	s.unknown += other.unknown
	for bin, samples := range other.bins {
		s.of(bin).Merge(samples)
	}
}

func (s *ttftBins) result(*tally) sectionResult { return s.finish(s) }

// TTFTByInput is TTFT by the length of the prompt, in powers of two.
type TTFTByInput struct {
	Bins    []InputBin `json:"bins"`
	Unknown int64      `json:"unknown"` // requests with a TTFT that do not say how long their prompt was
}

// InputBin is the prompts of From to To tokens.
type InputBin struct {
	From int64   `json:"from"`
	To   int64   `json:"to"`
	TTFT Summary `json:"ttft_s"`
}

func newTTFTByInput(c *Config) section {
	return &ttftBins{config: c, bins: map[int]*Samples{},
		bin: func(r *request) (int, bool) {
			return bits.Len64(uint64(max(0, r.inputTokens.value))), r.inputTokens.ok
		},
		finish: func(s *ttftBins) sectionResult {
			out := &TTFTByInput{Bins: []InputBin{}, Unknown: s.unknown}
			for _, length := range slices.Sorted(maps.Keys(s.bins)) {
				low, high := log2Bin(int64(1) << length >> 1)
				out.Bins = append(out.Bins, InputBin{low, high, s.bins[length].Summary(c.Percentile, usPerSecond)})
			}
			return out
		}}
}

func (t *TTFTByInput) lines() []string {
	var rows [][]string
	for _, b := range t.Bins {
		rows = append(rows, append([]string{fmt.Sprintf("%d-%d", b.From, b.To)}, ttftCells(&b.TTFT)...))
	}
	return ttftTable("input tokens", rows)
}

// TTFTByCached is TTFT by the share of the prompt that the server had cached.
type TTFTByCached struct {
	Bins    []CachedBin `json:"bins"`
	Unknown int64       `json:"unknown"` // requests with a TTFT that do not say what was cached
}

// CachedBin is the prompts of which more than Above and at most UpTo was cached; those
// without anything stand alone, from 0 to 0.
type CachedBin struct {
	Above float64 `json:"above"`
	UpTo  float64 `json:"up_to"`
	TTFT  Summary `json:"ttft_s"`
}

// cachedBins is how many bins there are above 0.
const cachedBins = 4

func newTTFTByCached(c *Config) section {
	return &ttftBins{config: c, bins: map[int]*Samples{},
		bin: func(r *request) (int, bool) {
			u, p := r.cachedTokens, r.inputTokens
			if !u.ok || !p.ok || p.value <= 0 || u.value < 0 || u.value > p.value {
				return 0, false
			}
			for i := range cachedBins {
				if (Fraction{int64(i), cachedBins}).Holds(u.value, p.value) {
					return i, true
				}
			}
			return cachedBins, true
		},
		finish: func(s *ttftBins) sectionResult {
			out := &TTFTByCached{Bins: []CachedBin{}, Unknown: s.unknown}
			for _, i := range slices.Sorted(maps.Keys(s.bins)) {
				out.Bins = append(out.Bins, CachedBin{float64(max(0, i-1)) / cachedBins, float64(i) / cachedBins, s.bins[i].Summary(c.Percentile, usPerSecond)})
			}
			return out
		}}
}

func (t *TTFTByCached) lines() []string {
	var rows [][]string
	for _, b := range t.Bins {
		name := "0 %"
		if b.UpTo > 0 {
			name = fmt.Sprintf("to %.0f %%", 100*b.UpTo)
		}
		rows = append(rows, append([]string{name}, ttftCells(&b.TTFT)...))
	}
	return ttftTable("cached", rows)
}

func ttftCells(s *Summary) []string {
	f := unitSeconds.format
	return []string{term.Count(s.Count), f(s.Mean), f(s.P50), f(s.P90), f(s.P99)}
}

func ttftTable(of string, rows [][]string) []string {
	if len(rows) == 0 {
		return nil
	}
	var t term.Table
	t.Row(of, "count", "mean", "p50", "p90", "p99")
	for _, row := range rows {
		t.Row(row...)
	}
	return tableLines(&t)
}
