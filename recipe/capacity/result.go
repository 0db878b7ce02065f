package capacity

import (
	"encoding/json"
	"io"

	"metron/analyze"
	"metron/recipe/capacity/search"
)

// Result is what `metron capacity --json` prints, and result.json.
type Result struct {
	SchemaVersion int    `json:"schema_version"`
	Cells         []Cell `json:"cells"`
}

// Cell is the capacity of one build for one workload within one SLO.
type Cell struct {
	Build    string `json:"build"`
	Workload string `json:"workload"`
	SLO      string `json:"slo"`   // as it was asked
	Means    string `json:"means"` // with its profiles spelled out

	search.Result
	New   int    `json:"new_runs"`        // that were made for it
	Each  []Run  `json:"each_run"`        // in the order that they were made
	Error string `json:"error,omitempty"` // what ended it early

	slo analyze.SLO
}

func cellOf(build, name string, question analyze.Config, i int, r search.Result, runs []judged, made int) Cell {
	slo := question.SLOs[i]
	c := Cell{Build: build, Workload: name, SLO: slo.Name, Means: slo.String(), Result: r, New: made, slo: slo}
	for _, j := range runs {
		one := j.run
		one.Pass, one.Constraints = j.parts[i].Pass, j.constraints[i]
		if one.Hopeless {
			one.Pass = new(false)
		}
		c.Each = append(c.Each, one)
	}
	return c
}

// WriteJSON prints the result.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
