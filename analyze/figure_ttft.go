package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"metron/analyze/plot"
	"metron/internal/term"
)

// promptTTFTs gathers the TTFT of each prompt length.
type promptTTFTs struct {
	points  []promptTTFT
	unknown int64 // requests with a TTFT that do not say how long their prompt was
	zero    int64 // requests whose TTFT has no place on a logarithmic axis
	cached  bool  // of some prompt a part was cached
}

// promptTTFT is one request.
type promptTTFT struct {
	tokens int64
	us     float64
}

func newPromptTTFTs(*Config) gatherer { return &promptTTFTs{} }

func (p *promptTTFTs) add(r *request) {
	if r.whyExcluded() != "" {
		return
	}
	us, why := r.first(r.sent)
	switch {
	case why != "":
	case !r.inputTokens.ok || r.inputTokens.value < 1:
		p.unknown++
	case us <= 0:
		p.zero++
	default:
		p.points = append(p.points, promptTTFT{r.inputTokens.value, us})
		p.cached = p.cached || r.cachedTokens.value > 0
	}
}

func (p *promptTTFTs) merge(o gatherer) {
	other := o.(*promptTTFTs)
	p.points = append(p.points, other.points...)
	p.unknown += other.unknown
	p.zero += other.zero
	p.cached = p.cached || other.cached
}

// sorted is the points by length, those of one length by time.
func (p *promptTTFTs) sorted() []promptTTFT {
	slices.SortFunc(p.points, func(a, b promptTTFT) int { return cmp.Or(cmp.Compare(a.tokens, b.tokens), cmp.Compare(a.us, b.us)) })
	return p.points
}

// caption says how many there are, and what to know of them.
func (p *promptTTFTs) caption(r *Result) string {
	parts := []string{"N = " + term.Count(int64(len(p.points))) + " answered requests"}
	if p.unknown > 0 {
		parts = append(parts, requestsOf(p.unknown)+" of unknown prompt length left out")
	}
	if p.zero > 0 {
		parts = append(parts, requestsOf(p.zero)+" with a TTFT not above 0 left out")
	}
	if p.cached {
		parts = append(parts, "some prompts were cached in part")
	}
	return r.caption(parts...)
}

const noPromptTTFTs = "no answered request has both a TTFT above 0 and the length of its prompt"

// promptBin is the requests whose prompts are of some lengths.
type promptBin struct {
	from  int64     // tokens
	mid   float64   // the median of its lengths
	times []float64 // ascending, in seconds
}

// octaveBins cuts the points by powers of 2, or by half powers where those would be few.
func octaveBins(points []promptTTFT) []promptBin {
	const few = 5
	for _, perOctave := range []float64{1, 2} {
		var bins []promptBin
		last := math.Inf(-1)
		for _, p := range points {
			if octave := math.Floor(math.Log2(float64(p.tokens))*perOctave + 1e-9); octave > last {
				last = octave
				bins = append(bins, promptBin{from: int64(math.Ceil(math.Exp2(octave/perOctave) - 1e-9))})
			}
			b := &bins[len(bins)-1]
			b.times = append(b.times, p.us/usPerSecond)
		}
		if len(bins) >= few || perOctave > 1 {
			for i := range bins {
				slices.Sort(bins[i].times)
			}
			return bins
		}
	}
	return nil
}

// evenBins cuts the points, sorted by length, into bins of about as many, never between two
// of one length. Where there are enough for one bin, each has at least fewest.
func evenBins(points []promptTTFT) []promptBin {
	const most, fewest = 24, 25
	var bins []promptBin
	least := max(fewest, (len(points)+most-1)/most)
	for from := 0; from < len(points); {
		to := min(from+least, len(points))
		for to < len(points) && points[to].tokens == points[to-1].tokens {
			to++
		}
		if len(points)-to < least {
			to = len(points)
		}
		b := promptBin{from: points[from].tokens, mid: float64(points[(from+to-1)/2].tokens)}
		for _, p := range points[from:to] {
			b.times = append(b.times, p.us/usPerSecond)
		}
		slices.Sort(b.times)
		bins = append(bins, b)
		from = to
	}
	return bins
}

// at is a percentile of the bin.
func (b *promptBin) at(m Method, percent int64) float64 {
	return m.sortedQuantile(Fraction{percent, 100}, b.times)
}

func violinsFigure(r figureRun) (plot.Data, string) {
	gathered := r.gathered.(*promptTTFTs)
	if len(gathered.points) == 0 {
		return nil, noPromptTTFTs
	}
	v := plot.Violins{Title: "Time to first token by the length of the prompt", Subtitle: gathered.caption(r.Result),
		XLabel: "shortest prompt of each group in tokens; N below it", YLabel: "time to first token"}
	for _, b := range octaveBins(gathered.sorted()) {
		v.Groups = append(v.Groups, plot.Violin{Name: shortCount(b.from), Values: b.times, Count: int64(len(b.times)),
			P25: b.at(r.percentile, 25), P50: b.at(r.percentile, 50), P75: b.at(r.percentile, 75), P99: b.at(r.percentile, 99)})
	}
	return v, ""
}

// shortCount is a number of tokens in the room between two violins.
func shortCount(tokens int64) string {
	switch {
	case tokens < 1000:
		return term.Count(tokens)
	case tokens >= 10_000:
		return fmt.Sprintf("%.0fk", float64(tokens)/1000)
	}
	return fmt.Sprintf("%.2gk", float64(tokens)/1000)
}
