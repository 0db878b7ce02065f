package analyze

import (
	"maps"
	"slices"
	"sort"
)

// SLOResults is the section "slo": one for each SLO, in the order that they were asked.
type SLOResults []SLOResult

// SLOResult is what became of one SLO. It passes if every constraint of the
// population holds and at least the target's share of the requests was good; nil is
// neither, for want of requests.
type SLOResult struct {
	SLO    string   `json:"slo"`    // as it was asked
	Means  string   `json:"means"`  // with its profiles spelled out
	Pass   *bool    `json:"pass"`   // false as soon as one part fails
	Margin *float64 `json:"margin"` // the least of the margins of its parts, below 0 where it fails

	Requests         int64            `json:"requests"` // judged: all but those left out
	Good             int64            `json:"good"`
	Attainment       *float64         `json:"attainment"` // good / requests
	AttainmentTarget float64          `json:"attainment_target"`
	GoodRequestsPerS *float64         `json:"goodput_requests_per_s"`
	GoodTokensPerS   *float64         `json:"goodput_tokens_per_s"`
	TokensUnknown    int64            `json:"good_with_unknown_tokens"` // that the token goodput lacks
	LeftOut          map[reason]int64 `json:"left_out"`

	Constraints []ConstraintResult `json:"constraints"`
	Tightness   []TightnessPoint   `json:"tightness"`
}

// ConstraintResult is one constraint by itself. That of a request has the share of the
// judged requests that meet it, that of the population its value.
type ConstraintResult struct {
	Constraint string   `json:"constraint"`
	Scope      Scope    `json:"scope"`
	Share      *float64 `json:"share,omitempty"`
	Value      *float64 `json:"value,omitempty"`  // seconds, or a share
	Limit      float64  `json:"limit"`            // likewise
	Pass       *bool    `json:"pass,omitempty"`   // of the population
	Margin     *float64 `json:"margin,omitempty"` // how far inside the limit the value lies, as a share of the limit
	unit       unit

	// Beyond is how many of the Values of the population (requests, of tbt gaps) lie
	// beyond the limit, and Tolerated the share of them that may: unlike percentiles, counts
	// of parts of a run add up.
	Beyond, Values int64   `json:"-"`
	Tolerated      float64 `json:"-"`
}

// TightnessPoint is what the requests would have attained, had every time of the SLO been
// Scale times what it is: limits of times, deadlines of shares. Constraints of the
// population are not part of it.
type TightnessPoint struct {
	Scale            float64  `json:"scale"`
	Attainment       *float64 `json:"attainment"`
	GoodRequestsPerS *float64 `json:"goodput_requests_per_s"`
	GoodTokensPerS   *float64 `json:"goodput_tokens_per_s"`
}

// SLOs are the results of Config.SLOs, in their order.
func (p *Population) SLOs() SLOResults {
	r, _ := p.section("slo").(SLOResults)
	return r
}

// section is the result of a section, nil where it was not asked for.
func (p *Population) section(name string) sectionResult {
	for _, s := range p.Sections {
		if s.Name == name {
			return s.result
		}
	}
	return nil
}

func (t *sloTally) result(all *tally, tries []int64) SLOResult {
	target := t.target(all.config)
	r := SLOResult{SLO: t.slo.Name, Means: t.slo.String(), AttainmentTarget: target.Float(), TokensUnknown: t.unknown, LeftOut: t.leftOut}
	perSecond := func(n int64) *float64 {
		if s := all.seconds(); s > 0 {
			return new(float64(n) / s)
		}
		return nil
	}
	for i, a := range t.attained(tries) {
		p := TightnessPoint{Scale: float64(tries[i]) / 100, Attainment: shareOf(a.good, a.judged),
			GoodRequestsPerS: perSecond(a.good), GoodTokensPerS: perSecond(a.tokens)}
		r.Tightness = append(r.Tightness, p)
		if tries[i] == 100 {
			r.Requests, r.Good, r.Attainment = a.judged, a.good, p.Attainment
			r.GoodRequestsPerS, r.GoodTokensPerS = p.GoodRequestsPerS, p.GoodTokensPerS
			if a.leftInTime > 0 {
				r.LeftOut = maps.Clone(t.leftOut)
				r.LeftOut[leftInTime] = a.leftInTime
			}
		}
	}
	if r.Requests > 0 {
		r.take(target.Den > 0 && productAtMost(target.Num, r.Requests, r.Good, target.Den), margin(*r.Attainment, r.AttainmentTarget, true))
	}
	for i := range t.constraints {
		r.Constraints = append(r.Constraints, t.constraint(i, all, &r))
	}
	return r
}

// target is the share of the requests that must be good.
func (t *sloTally) target(c *Config) Fraction {
	if t.slo.Attainment.Den == 0 {
		return c.Attainment
	}
	return t.slo.Attainment
}

// attained is what the requests come to at one tightness.
type attained struct {
	judged, good int64
	tokens       int64 // of the good ones
	leftInTime   int64 // aborted before anything was violated: not judged
}

// attained adds up the tries, from the tightest.
func (t *sloTally) attained(tries []int64) (out []attained) {
	var a attained
	answered, left := total(t.goodFrom), int64(0)
	for i := range tries {
		a.good += t.goodFrom[i]
		a.tokens += t.tokensFrom[i]
		left += t.leftFrom[i]
		// Who had violated it by the abort is a miss.
		a.judged, a.leftInTime = answered+t.failed+total(t.leftFrom)-left, left
		out = append(out, a)
	}
	return out
}

// ofRequests reports whether something is asked of a request by itself.
func (t *sloTally) ofRequests() bool {
	return slices.ContainsFunc(t.constraints, func(c boundConstraint) bool { return c.Scope != ScopePopulation })
}

// take counts one part of the SLO in.
func (r *SLOResult) take(pass bool, margin float64) {
	if r.Pass == nil {
		r.Pass, r.Margin = &pass, &margin
		return
	}
	r.Pass, r.Margin = new(*r.Pass && pass), new(min(*r.Margin, margin))
}

// constraint says what became of constraint i, and counts one of the population
// into r.
func (t *sloTally) constraint(i int, all *tally, r *SLOResult) ConstraintResult {
	c := &t.constraints[i]
	scale, unit := usPerSecond, unitSeconds
	if c.metric.share {
		scale, unit = 1, unitShare
	}
	out := ConstraintResult{Constraint: c.String(), Scope: c.Scope, Limit: c.Limit.Float() / scale, unit: unit}
	if c.Scope != ScopePopulation {
		out.Share = shareOf(t.met[i], r.Requests)
		return out
	}
	if out.Tolerated = 1 - c.Quantile.Float(); c.metric.atLeast {
		out.Tolerated = c.Quantile.Float()
	}
	value, ok := t.quantile(i, all)
	if !ok {
		return out
	}
	pass := value <= c.Limit.Float()
	if c.metric.atLeast {
		pass = value >= c.Limit.Float()
	}
	out.Value, out.Pass = new(value/scale), &pass
	out.Margin = new(margin(value, c.Limit.Float(), c.metric.atLeast))
	out.Beyond, out.Values = t.beyond(i, all)
	r.take(pass, *out.Margin)
	return out
}

// beyond counts the values of a constraint of the population, and those beyond its limit.
func (t *sloTally) beyond(i int, all *tally) (beyond, values int64) {
	c := &t.constraints[i]
	limit := c.Limit.Float()
	if c.metric.key == keyTBT {
		within := int64(0)
		for v, n := range all.tbt.All() {
			if float64(v) > limit {
				break
			}
			within += n
		}
		return all.tbt.Count() - within, all.tbt.Count()
	}
	sorted := t.samplesOf(i, all).Sorted()
	below := sort.SearchFloat64s(sorted, limit)
	if c.metric.atLeast {
		return int64(below), int64(len(sorted))
	}
	for below < len(sorted) && sorted[below] == limit {
		below++
	}
	return int64(len(sorted) - below), int64(len(sorted))
}

// samplesOf is what a constraint of the population, other than of tbt, is about.
func (t *sloTally) samplesOf(i int, all *tally) *Samples {
	if t.ownSamples(i) {
		return &t.samples[i]
	}
	return all.samplesOf(t.constraints[i].metric.key)
}

// quantile is the value of a constraint of the population, in microseconds or as a
// share; false where there is none.
func (t *sloTally) quantile(i int, all *tally) (float64, bool) {
	c := &t.constraints[i]
	method := all.config.Percentile
	if c.metric.key == keyTBT {
		if all.tbt.Count() == 0 {
			return 0, false
		}
		ranks := all.tbt.ranks()
		return method.quantile(c.Quantile, all.tbt.Count(), func(rank int64) float64 { return float64(ranks.at(rank)) }), true
	}
	samples := t.samplesOf(i, all)
	if samples.Count() == 0 {
		return 0, false
	}
	return method.sortedQuantile(c.Quantile, samples.Sorted()), true
}

// margin is how far a value lies inside its limit, as a share of the limit.
func margin(value, limit float64, atLeast bool) float64 {
	inside := limit - value
	if atLeast {
		inside = -inside
	}
	if limit == 0 {
		return inside
	}
	return inside / limit
}

func total(counts []int64) int64 {
	n := int64(0)
	for _, c := range counts {
		n += c
	}
	return n
}
