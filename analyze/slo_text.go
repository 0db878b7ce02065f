package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"metron/internal/term"
)

func (s SLOResults) lines() []string { return s.painted(false) }

func (s SLOResults) painted(paint term.Paint) []string {
	var out []string
	for i := range s {
		out = append(out, s[i].lines(paint)...)
	}
	return out
}

func (r *SLOResult) lines(paint term.Paint) []string {
	verdict := "no request to judge"
	if r.Pass != nil {
		verdict = paint.Bad("FAILS")
		if *r.Pass {
			verdict = paint.Good("holds")
		}
		verdict += fmt.Sprintf(" (margin %+.1f %%)", *r.Margin*100)
	}
	lines := []string{r.SLO + ": " + verdict}
	if r.Means != r.SLO {
		lines = append(lines, "  that is "+r.Means)
	}
	if r.Requests == 0 {
		return lines
	}
	lines = append(lines, fmt.Sprintf("  %s of %s good, target %s; goodput %s, %s", percent(r.Attainment), requestsOf(r.Requests),
		percent(&r.AttainmentTarget), rate(r.GoodRequestsPerS, "requests/s"), rate(r.GoodTokensPerS, "tok/s")))
	var parts []string
	for _, c := range r.Constraints {
		parts = append(parts, c.Constraint+" "+c.outcome())
	}
	lines = append(lines, "  "+strings.Join(parts, ", "))
	if len(r.LeftOut) > 0 {
		var parts []string
		for _, why := range slices.Sorted(maps.Keys(r.LeftOut)) {
			parts = append(parts, term.Count(r.LeftOut[why])+" "+why.phrase())
		}
		lines = append(lines, "  left out: "+strings.Join(parts, ", "))
	}
	return lines
}

func (c *ConstraintResult) outcome() string {
	switch {
	case c.Scope != ScopePopulation:
		return percent(c.Share)
	case c.Value == nil:
		return "-"
	}
	return c.unit.format(c.Value)
}
