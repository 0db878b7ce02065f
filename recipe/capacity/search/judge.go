package search

import (
	"metron/analyze"
)

// Asking is c with what Judge needs asked of the analysis of a run: its SLOs, second by
// second.
func Asking(c analyze.Config) analyze.Config {
	c.Sections = []string{}
	c.By = []string{"second"}
	return c
}

// windows is into how many parts of about the same time a run is cut, to see how much they differ:
// long enough that one hardly depends on the other, and enough to know their spread.
const windows = 10

// Judge is what an analysis that was asked so says of SLO i of its configuration. The
// caller adds Rate, Seconds, Aborted and AnswerS.
func Judge(r *analyze.Result, i int) Run {
	whole := r.SLOs()[i]
	var seconds []analyze.SLOResult // that have requests, in order of time
	for g := range r.Groups {
		if one := r.Groups[g].SLOs()[i]; one.Requests > 0 {
			seconds = append(seconds, one)
		}
	}
	run := Run{Pass: whole.Pass}
	part := func(name string, tolerance float64, count func(*analyze.SLOResult) Count) {
		run.Parts = append(run.Parts, newPart(name, tolerance, len(seconds), func(s int) Count { return count(&seconds[s]) }))
	}
	part("attainment", 1-whole.AttainmentTarget, func(s *analyze.SLOResult) Count { return Count{s.Requests - s.Good, s.Requests} })
	for k, c := range whole.Constraints {
		if c.Scope == analyze.ScopePopulation {
			part(c.Constraint, c.Tolerated, func(s *analyze.SLOResult) Count {
				return Count{s.Constraints[k].Beyond, s.Constraints[k].Values}
			})
		}
	}
	return run
}

// newPart adds up the counts of seconds to those of windows.
func newPart(name string, tolerance float64, seconds int, count func(second int) Count) Part {
	p := Part{Name: name, Tolerance: tolerance}
	n := min(windows, seconds)
	for w := range n {
		var sum Count
		for s := w * seconds / n; s < (w+1)*seconds/n; s++ {
			c := count(s)
			sum.Beyond, sum.Values = sum.Beyond+c.Beyond, sum.Values+c.Values
		}
		p.Windows = append(p.Windows, sum)
	}
	return p
}
