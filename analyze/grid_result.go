package analyze

import "metron/analyze/report"

// result reads the answers off. It is asked once, after all merging.
func (g *grid) result(duration *float64) *report.Grid {
	percentiles := gridPercentiles()
	out := &report.Grid{TTFTUS: g.ttft, Prefill: g.config.Prefill != nil, TBTUS: g.tbt, Miss: g.miss, Percentile: percentiles, Asked: g.asked,
		DurationS: duration, Answered: g.answered.requests, Failed: g.failed, LeftOut: g.leftOut, Unknown: g.unknown, Decoding: g.decoding}
	for _, counts := range [][]int64{g.answered.enter, g.answered.tokens, g.gone.enter} {
		g.settle(counts)
	}
	for j := range g.ttft {
		var good, tokens, gone, missRate [][]int64
		var missed, total []int64
		for i := range g.tbt {
			point := i*len(g.ttft) + j
			from, to := point*rates, (point+1)*rates
			good = append(good, within(g.answered.enter[from:to], g.miss))
			tokens = append(tokens, within(g.answered.tokens[from:to], g.miss))
			missRate = append(missRate, ranked(g.answered.enter[from:to], g.answered.requests, percentiles))
			missed, total = append(missed, g.missed[point]), append(total, g.total[point])
			if g.gone.enter != nil {
				more := within(g.gone.enter[from:to], g.miss)
				for k := range more {
					more[k] = g.gone.requests - more[k]
				}
				gone = append(gone, more)
			}
		}
		out.Good, out.GoodTokens, out.MissRate = append(out.Good, good), append(out.GoodTokens, tokens), append(out.MissRate, missRate)
		out.ServiceMissed, out.ServiceTotal = append(out.ServiceMissed, missed), append(out.ServiceTotal, total)
		if gone != nil {
			out.Gone = append(out.Gone, gone)
		}
	}
	for i := range g.tbt {
		out.DecodeMissRate = append(out.DecodeMissRate, ranked(g.decodeRate[i*rates:(i+1)*rates], g.decoding, percentiles))
	}
	for i := range g.miss {
		out.FluidUS = append(out.FluidUS, needed(&g.fluid[i], percentiles))
	}
	return out
}

// settle turns who entered and left at each first deadline into who is there.
func (g *grid) settle(counts []int64) {
	if counts == nil {
		return
	}
	row := len(g.ttft) * rates
	for from := 0; from < len(counts); from += row {
		addUp := counts[from : from+row]
		addAll(addUp[rates:], addUp[:row-rates]) // in order: what is added is already a sum
	}
}

// within is how many lie at each rate or below it.
func within(counts, rates []int64) []int64 {
	var out []int64
	n, next := int64(0), 0
	for _, rate := range rates {
		for ; int64(next) <= rate; next++ {
			n += counts[next]
		}
		out = append(out, n)
	}
	return out
}

// ranked is the rate at each percentile, by the nearest rank; of nobody nothing.
func ranked(counts []int64, n int64, permille []int64) []int64 {
	out := []int64{}
	if n == 0 {
		return out
	}
	seen, rate := counts[0], 0
	for _, p := range permille {
		for rank := nearestRank(Fraction{p, 1000}, n); seen <= rank; {
			rate++
			seen += counts[rate]
		}
		out = append(out, int64(rate))
	}
	return out
}

// needed is the deadline at each percentile, by the nearest rank as fluidDeadline has it.
func needed(h *Hist, permille []int64) []*int64 {
	out := make([]*int64, len(permille))
	if h.Count() == 0 {
		return out
	}
	index := h.ranks()
	for i, p := range permille {
		out[i] = new(index.at(nearestRank(Fraction{p, 1000}, h.Count())))
	}
	return out
}
