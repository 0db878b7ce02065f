package compare

import (
	"cmp"
	"slices"
)

// worst lists the requests whose E2E latency grew most.
func worst(a, b *run, matched []pair, n int) []Changed {
	at := func(name string) int {
		return slices.IndexFunc(metrics(), func(m metric) bool { return m.name == name })
	}
	e2e, ttft := at("e2e"), at("ttft")
	grew := func(p pair) float64 {
		before, after := a.requests[p.a].values[e2e], b.requests[p.b].values[e2e]
		if before == nil || after == nil {
			return 0
		}
		return *after - *before
	}
	order := slices.DeleteFunc(slices.Clone(matched), func(p pair) bool { return grew(p) <= 0 })
	slices.SortStableFunc(order, func(p, q pair) int { return cmp.Compare(grew(q), grew(p)) })
	out := []Changed{}
	for _, p := range order[:min(n, len(order))] {
		before, after := &a.requests[p.a], &b.requests[p.b]
		out = append(out, Changed{before.id.String(), after.id.String(), before.values[e2e], after.values[e2e],
			before.values[ttft], after.values[ttft]})
	}
	return out
}
