package analyze

import (
	"slices"
	"sort"

	"metron/schema"
)

// tightness lists how tight the SLOs are tried, in hundredths of their times, from
// the tightest; 100 is what they say.
func tightness() []int64 {
	var out []int64
	for s := int64(10); s <= 200; s += 10 {
		out = append(out, s)
	}
	return out
}

// boundConstraint is a constraint with its metric at hand.
type boundConstraint struct {
	Constraint
	metric *sloMetric
}

// slos judges every request by each SLO.
type slos struct {
	config *Config
	tries  []int64
	judged judged
	one    []sloTally
}

// sloTally is what some requests add up to for one SLO. A request that is good is
// good at every looser SLO, too: so it is enough to count at which tightness it
// first is.
type sloTally struct {
	slo         *SLO
	constraints []boundConstraint
	met         []int64   // by constraint of a request: judged requests that meet it
	meets       []bool    // scratch: whether the request at hand does
	samples     []Samples // by constraint of the population: values, where the SLO has deadlines of its own

	goodFrom   []int64 // answered requests by the first try they are good at; the last entry: at none
	tokensFrom []int64 // their tokens
	failed     int64   // requests that are good at none, whatever they ask
	leftFrom   []int64 // aborted requests by the first try they had not violated
	unknown    int64   // good requests whose tokens nobody knows
	leftOut    map[reason]int64
}

func newSLOs(c *Config) section { return slosOf(c, tightness()) }

// slosOf tries the SLOs as tight as is asked; 100 is among the tries.
func slosOf(c *Config, tries []int64) *slos {
	s := &slos{config: c, tries: tries, judged: judged{scorer: &scorer{arithmetic: c.Fluidity}}}
	for i := range c.SLOs {
		t := sloTally{slo: &c.SLOs[i], leftOut: map[reason]int64{}}
		for _, b := range c.SLOs[i].Constraints {
			t.constraints = append(t.constraints, boundConstraint{b, sloMetricOf(b.Metric)})
		}
		n := len(t.constraints)
		t.met, t.meets, t.samples = make([]int64, n), make([]bool, n), make([]Samples, n)
		for _, counts := range []*[]int64{&t.goodFrom, &t.tokensFrom, &t.leftFrom} {
			*counts = make([]int64, len(s.tries)+1)
		}
		s.one = append(s.one, t)
	}
	return s
}

func (s *slos) add(r *request) {
	for i := range s.one {
		t := &s.one[i]
		if why := r.whyNotMeasured(); why != "" {
			t.leftOut[why]++
			continue
		}
		switch r.outcome {
		case schema.OutcomeOK, schema.OutcomeClientAbort:
			s.judged.judge(r, t.slo, s.config)
			t.add(&s.judged, s.tries)
		default: // an error misses whatever was asked
			t.failed++
		}
	}
}

// add counts an answered or an aborted request.
func (t *sloTally) add(j *judged, tries []int64) {
	answered := j.outcome == schema.OutcomeOK
	if answered {
		t.addSamples(j)
	}
	for i := range t.constraints {
		if t.constraints[i].Scope == ScopePopulation {
			continue
		}
		var why reason
		if t.meets[i], why = j.meets(&t.constraints[i], 100); why != "" {
			t.leftOut[why]++
			return
		}
	}
	// The first try that it is good at: constraints loosen with it.
	first := sort.Search(len(tries), func(i int) bool { return t.good(j, tries[i]) })
	asAsked := slices.Index(tries, 100)
	if answered {
		t.goodFrom[first]++
		t.tokensFrom[first] += j.n.value
		if !j.n.ok && first <= asAsked {
			t.unknown++
		}
	} else {
		t.leftFrom[first]++
	}
	if answered || first > asAsked {
		for i := range t.meets {
			if t.meets[i] {
				t.met[i]++
			}
		}
	}
}

// good reports whether the request meets every constraint of a request.
func (t *sloTally) good(j *judged, hundredths int64) bool {
	for i := range t.constraints {
		if t.constraints[i].Scope == ScopePopulation {
			continue
		}
		if met, _ := j.meets(&t.constraints[i], hundredths); !met {
			return false
		}
	}
	return true
}

// ownSamples reports whether the values of a constraint of the population are not
// those of the metrics, because the SLO has deadlines of its own.
func (t *sloTally) ownSamples(i int) bool {
	c := &t.constraints[i]
	own := t.slo.TTFTDeadline != (FirstDeadline{}) || t.slo.TBTDeadline != 0
	return c.Scope == ScopePopulation && c.metric.deadlines && own
}

func (t *sloTally) addSamples(j *judged) {
	for i := range t.constraints {
		if !t.ownSamples(i) || !j.deadlines.ok {
			continue
		}
		j.held = j.deadlines.value
		if v, why := t.constraints[i].metric.value(j); why == "" {
			t.samples[i].Add(float64(v.num) / float64(v.den))
		}
	}
}

func (s *slos) merge(other section) {
	for i, o := range other.(*slos).one {
		t := &s.one[i]
		for k := range t.goodFrom {
			t.goodFrom[k] += o.goodFrom[k]
			t.tokensFrom[k] += o.tokensFrom[k]
			t.leftFrom[k] += o.leftFrom[k]
		}
		for k := range t.constraints {
			t.met[k] += o.met[k]
			t.samples[k].Merge(&o.samples[k])
		}
		t.failed += o.failed
		t.unknown += o.unknown
		addCounts(t.leftOut, o.leftOut)
	}
}

func (s *slos) result(t *tally) sectionResult {
	out := SLOResults{}
	for i := range s.one {
		out = append(out, s.one[i].result(t, s.tries))
	}
	return out
}
