package capacity

import (
	"fmt"
	"io"

	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/schema"
)

// WriteText prints the result as a person reads it: one cell with its curve, several as
// a table.
func (r *Result) WriteText(w io.Writer) error {
	if len(r.Cells) == 1 {
		return r.Cells[0].writeText(w)
	}
	var t term.Table
	t.Row("build", "workload", "SLO", "requests/s", "95 % CI", "runs", "new", "ended")
	for i := range r.Cells {
		c := &r.Cells[i]
		t.Row(c.Build, c.Workload, c.SLO, c.capacity(), c.interval(), fmt.Sprint(c.Runs), fmt.Sprint(c.New), c.ended())
	}
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	return r.writeErrors(w)
}

// writeErrors says below the table why cells failed, and which are to be doubted: what
// several of a target have in common once.
func (r *Result) writeErrors(w io.Writer) error {
	seen := map[string]bool{}
	for i := range r.Cells {
		c := &r.Cells[i]
		for _, why := range []string{c.Error, c.invalid()} {
			line := fmt.Sprintf("%s, %s: %s", c.Build, c.Workload, why)
			if why == "" || seen[line] {
				continue
			}
			seen[line] = true
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// invalid says how many runs were believed although their timing did not hold.
func (c *Cell) invalid() string {
	n := 0
	for i := range c.Each {
		if c.Each[i].Verdict == schema.VerdictInvalid {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d runs are INVALID: they describe the sender as well as the target", n, len(c.Each))
}

func (c *Cell) writeText(w io.Writer) error {
	var f term.Fields
	f.Line("build", "%s", c.Build)
	f.Line("workload", "%s", c.Workload)
	f.Line("SLO", "%s", c.SLO)
	if c.Means != c.SLO {
		f.Line("", "%s", c.Means)
	}
	f.Line("capacity", "%s requests/s (95 %% CI %s)", c.capacity(), c.interval())
	f.Line("rates", "the highest that passed %s/s, the lowest that failed %s/s", end(c.Highest), end(c.Lowest))
	f.Line("runs", "%d, %d of them new; %s of load in all", c.Runs, c.New, term.Seconds(c.Seconds))
	f.Line("ended", "%s", c.ended())
	f.Line("", "%s", c.Error)
	f.Line("doubt", "%s", c.invalid())
	if _, err := f.WriteTo(w); err != nil || len(c.Curve) == 0 {
		return err
	}
	fmt.Fprintln(w)
	var t term.Table
	t.Row("requests/s", "runs", "passed", "nearest to its limit", "beyond it", "95 % CI", "tolerated", "holds")
	for _, p := range c.Curve {
		t.Row(number(p.Rate), fmt.Sprint(p.Runs), fmt.Sprint(p.Passed), p.Binding, share(p.Beyond),
			between(p.Interval.Low, p.Interval.High, share), share(p.Limit), share(p.Holds))
	}
	_, err := t.WriteTo(w)
	return err
}

func (c *Cell) capacity() string {
	if c.Capacity == nil {
		return "-"
	}
	return term.Number(*c.Capacity)
}

func (c *Cell) interval() string { return between(c.Interval.Low, c.Interval.High, term.Number) }

func between(low, high *float64, format func(float64) string) string {
	side := func(v *float64) string {
		if v == nil {
			return "?"
		}
		return format(*v)
	}
	return side(low) + " to " + side(high)
}

func share(v float64) string {
	if v < 1e-6 { // no run tells it from none
		v = 0
	}
	return fmt.Sprintf("%.3g %%", 100*v)
}

// ended says why there are no more runs.
func (c *Cell) ended() string {
	if c.Error != "" {
		return "FAILED"
	}
	switch c.Ended {
	case "":
		return "more runs would say more"
	case search.Precise:
		return "as precise as was asked"
	case search.OutOfRuns:
		return "out of runs"
	case search.AboveMax:
		return "it holds at --max-rate"
	case search.BelowAll:
		return "it holds at no rate"
	case search.NoVerdict:
		return "the runs have nothing that the SLO bounds"
	}
	return string(c.Ended)
}
