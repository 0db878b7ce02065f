package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"metron/analyze/stat"
	"metron/internal/term"
)

// groupsAtTerminal is how many groups WriteText prints: those with the most
// requests. JSON has them all.
const groupsAtTerminal = 30

// groupTable prints a line a group with its key numbers.
func (r *Result) groupTable(b *strings.Builder, screen term.Screen) {
	if len(r.Groups) == 0 {
		return
	}
	by := strings.Join(r.Settings.By, ", ")
	shown := largest(r.Groups, groupsAtTerminal)
	fmt.Fprintf(b, "\nby %s: %s", by, groupsOf(len(r.Groups)))
	if len(shown) < len(r.Groups) {
		fmt.Fprintf(b, ", those with the most requests (--json has all)")
	}
	b.WriteString("\n\n")
	needs, marked := stat.Support(0.99), false
	var t term.Table
	columns := slices.Concat([]string{by, "requests", "ok ", "TTFT p50", "TTFT p99", "TBT p50", "TBT p99", "E2E p50", "E2E p99"}, shown[0].goodHead(), []string{"tok/s"})
	t.Row(heads(screen, columns...)...)
	for i := range shown {
		g := &shown[i]
		mark := " "
		if 0 < g.Requests.MeasuredOK && g.Requests.MeasuredOK < needs {
			mark, marked = "*", true
		}
		row := []string{short(g.Key.String()), term.Count(g.Requests.Total), term.Count(g.Requests.OK) + mark}
		for _, key := range []string{keyTTFT, keyTBT, "e2e_latency_s"} {
			m := g.Metrics.Get(key)
			row = append(row, m.unit.format(m.P50), m.unit.format(m.P99))
		}
		t.Row(append(row, append(g.goodCells(), unitRate.format(g.Throughput.OutputTokensPerS))...)...)
	}
	const requests, e2e50, e2e99, tbt50, tbt99 = 1, 7, 8, 5, 6
	fitted(b, screen, &t, requests, e2e50, e2e99, len(columns)-1, tbt50, tbt99)
	if marked {
		fmt.Fprintf(b, "\n* too few for a p99, which needs %s\n", requestsOf(needs))
	}
}

// goodHead heads the columns that say how good a group was: what it attained of each SLO, as far
// as a line holds them, or its mean fluidity-index where none was asked.
func (g *Group) goodHead() []string {
	switch len(g.SLOs()) {
	case 0:
		return []string{"fluidity"}
	case 1:
		return []string{"good"}
	}
	return []string{"good 1", "good 2"}
}

func (g *Group) goodCells() []string {
	var cells []string
	for _, slo := range g.SLOs()[:min(len(g.SLOs()), 2)] {
		cells = append(cells, percent(slo.Attainment))
	}
	if len(cells) > 0 {
		return cells
	}
	fluidity := g.Metrics.Get("fluidity_index")
	return []string{fluidity.unit.format(fluidity.Mean)}
}

// largest are the n groups with the most requests, in their order.
func largest(all []Group, n int) []Group {
	if len(all) <= n {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[b].Requests.Total, all[a].Requests.Total) })
	order = order[:n]
	slices.Sort(order)
	var out []Group
	for _, i := range order {
		out = append(out, all[i])
	}
	return out
}

func groupsOf(n int) string {
	if n == 1 {
		return "1 group"
	}
	return term.Count(int64(n)) + " groups"
}

// keyWidth is what the numbers of a line leave for the key of its group.
const keyWidth = 20

// short cuts a key that is too long in the middle, since models and sessions differ
// at either end, and quotes one that a terminal would not print.
func short(key string) string {
	if quoted := strconv.Quote(key); quoted != `"`+key+`"` {
		key = quoted
	}
	if r := []rune(key); len(r) > keyWidth {
		half := (keyWidth - 1) / 2
		return string(r[:keyWidth-1-half]) + "…" + string(r[len(r)-half:])
	}
	return key
}
