package analyze

import (
	"fmt"
	"path/filepath"
	"slices"

	"metron/analyze/report"
)

// Document is the result as a page; command is what makes it again.
func (r *Result) Document(command string) *report.Document {
	run := r.Run()
	return &report.Document{Title: run.Name + ": metron report", Command: command, Runs: []report.Run{run}}
}

// groupsOnPage is how many groups the page has, so that its size does not depend on how
// many there are: those with the most requests.
const groupsOnPage = 100

// onPage is a group as the page's breakdown shows it: with some metrics, and the SLOs.
func (g Group) onPage() Group {
	shown := []string{keyTTFT, keyTBT, keyE2E, "fluidity_index"}
	g.Metrics = slices.DeleteFunc(slices.Clone(g.Metrics), func(m MetricSummary) bool { return !slices.Contains(shown, m.key) })
	g.Sections = slices.DeleteFunc(slices.Clone(g.Sections), func(s NamedSection) bool { return s.Name != "slo" })
	return g
}

// Run is the result as a page shows it, alone or beside others.
func (r *Result) Run() report.Run {
	held := *r
	held.Groups = nil
	for _, g := range largest(r.Groups, groupsOnPage) {
		held.Groups = append(held.Groups, g.onPage())
	}
	out := report.Run{Groups: len(r.Groups), Name: filepath.Base(r.Files[0].Path), Headline: r.headline(false), Result: &held, Grid: r.grid, Metrics: []report.Metric{}, Sections: []report.Section{}}
	if n := len(r.Files); n > 1 {
		out.Name = fmt.Sprintf("%s and %d more", out.Name, n-1)
	}
	if r.Linked != nil {
		out.Windows, out.Tail = &r.Linked.Bins, &r.Linked.Tail
	}
	if r.workload != nil {
		out.Workload = r.workload
	}
	shown := map[string]bool{}
	for _, m := range r.shown() {
		shown[m.key] = true
	}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		out.Metrics = append(out.Metrics, report.Metric{Key: m.key, Label: m.label, Unit: string(m.unit), Repeats: !shown[m.key]})
	}
	for _, s := range r.Sections {
		if lines := s.result.lines(); len(lines) > 0 && s.Name != "slo" { // which has a table of its own
			out.Sections = append(out.Sections, report.Section{Name: s.Name, Lines: lines})
		}
	}
	return out
}
