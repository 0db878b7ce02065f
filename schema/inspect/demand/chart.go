package demand

import (
	"fmt"
	"math"

	"metron/internal/term"
)

// chart draws the rate over time.
func (a Arrivals) chart(columns int) string {
	if len(a.PerStep) < 2 {
		return ""
	}
	// As many steps a column as it takes; the last column may have fewer.
	each := (len(a.PerStep) + columns - 1) / columns
	c := term.Chart{Height: chartHeight, From: "0", To: term.Seconds(a.StepS * float64(len(a.PerStep)))}
	most := 0.0
	for at := 0; at < len(a.PerStep); at += each {
		group := a.PerStep[at:min(at+each, len(a.PerStep))]
		sum := int64(0)
		for _, n := range group {
			sum += n
		}
		rate := float64(sum) / (a.StepS * float64(len(group)))
		c.Values = append(c.Values, rate)
		most = max(most, rate)
	}
	c.Top = term.Number(most)
	return wide(c, columns)
}

// wide repeats values while there is room.
func wide(c term.Chart, columns int) string {
	times := max(1, columns/len(c.Values))
	var all []float64
	for _, v := range c.Values {
		for range times {
			all = append(all, v)
		}
	}
	c.Values = all
	return c.String()
}

// chart draws the shares of values between powers of two.
func (d Distribution) chart(columns int) string {
	if d.Count < 2 {
		return ""
	}
	bin := func(v float64) int { return int(math.Floor(math.Log2(max(1, v)))) }
	first, last := bin(d.CDF[0].Value), bin(d.CDF[len(d.CDF)-1].Value)
	c := term.Chart{Height: chartHeight, Values: make([]float64, last-first+1), From: term.Number(math.Pow(2, float64(first))), To: term.Number(math.Pow(2, float64(last+1)))}
	before, most := 0.0, 0.0
	for _, p := range d.CDF {
		c.Values[bin(p.Value)-first] += p.Share - before
		before = p.Share
	}
	for _, v := range c.Values {
		most = max(most, v)
	}
	c.Top = fmt.Sprintf("%.0f %%", 100*most)
	return wide(c, columns)
}

// chart draws the hits of caches of more and more blocks: twice as many from one
// column to the next.
func (r *Reuse) chart(columns int) string {
	if r == nil || len(r.Curve) < 2 || r.Unbounded().Blocks == 0 {
		return ""
	}
	c := term.Chart{Height: chartHeight, Top: fmt.Sprintf("%.0f %%", 100*r.Unbounded().Blocks), From: term.Count(r.Curve[0].CacheBlocks), To: term.Count(r.Distinct)}
	for _, h := range r.Curve {
		c.Values = append(c.Values, h.Blocks)
	}
	return wide(c, columns)
}
