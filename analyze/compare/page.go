package compare

import (
	"fmt"

	"metron/analyze/report"
)

// Document is the comparison as a page, with all that was found of each run; command is what
// makes it again.
func (c *Comparison) Document(command string) *report.Document {
	title := c.Base.Name + " and " + c.Against[0].Name
	if n := len(c.Against); n > 1 {
		title = fmt.Sprintf("%s and %d runs", c.Base.Name, n)
	}
	return &report.Document{Title: title + ": metron report", Command: command, Runs: c.runs, Comparison: named{c, names()}}
}

// named is a comparison and what its metrics are called for people.
type named struct {
	*Comparison
	Names map[string]called `json:"names"`
}

type called struct {
	Label string `json:"label"`
	Key   string `json:"key"` // of its definition
}

func names() map[string]called {
	out := map[string]called{}
	for _, r := range rates() {
		out[r.name] = called{r.label, r.key}
	}
	for _, m := range metrics() {
		out[m.name] = called{m.label, m.key}
	}
	return out
}

// page is the run as a page shows it, by the name that the comparison has for it.
func (r *run) page() report.Run {
	p := r.result.Run()
	p.Name = r.name
	return p
}
