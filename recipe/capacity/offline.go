package capacity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/replay"
	"metron/schema"
)

// offline asks runs that are there, of a search or of replay alone: those of one build
// and one workload together. Nothing is sent.
func offline(ctx context.Context, c *cli.Context, names []string) (*Result, error) {
	question, err := questionOf(c)
	if err != nil {
		return nil, err
	}
	config, err := searchOf(c)
	if err != nil {
		return nil, err
	}
	paths, err := schema.Paths(names...)
	if err != nil {
		return nil, err
	}
	groups := map[string]*group{}
	var order []*group
	cut, invalid := 0, 0
	for _, path := range paths {
		if !strings.HasSuffix(path, ".parquet") { // it is being made, or was cut off
			continue
		}
		r, err := openRun(path)
		if err != nil {
			return nil, err
		}
		if r.Key == "" {
			if r.stamp, err = stampAny(ctx, c, path, r.meta); err != nil {
				return nil, err
			}
		}
		switch {
		case !r.complete(r.meta):
			cut++
			continue
		case r.doubtful() && !c.Bool("allow-invalid"):
			invalid++
			continue
		}
		j, err := judge(ctx, question, r)
		if err != nil {
			return nil, err
		}
		j.run.Stored = true
		g := groups[r.Key]
		if g == nil {
			g = &group{stamp: r.stamp}
			groups[r.Key], order = g, append(order, g)
		}
		g.runs = append(g.runs, j)
	}
	if len(order) == 0 {
		err := fmt.Errorf("no run can be asked: of %d files %d were cut off and %d are INVALID", len(paths), cut, invalid)
		if invalid > 0 {
			err = term.WithHint(err, "--allow-invalid believes those")
		}
		return nil, err
	}
	tellApart(order)
	result := newResult()
	for _, g := range order {
		for i, slo := range question.SLOs {
			config.SLO, config.Attainment = slo, question.Attainment
			s := search.New(config)
			for _, j := range g.runs {
				s.Observe(j.parts[i])
			}
			result.Cells = append(result.Cells, cellOf(g.Build, g.Workload, question, i, s.Result(), g.runs, 0))
		}
	}
	return result, nil
}

// group is the runs of a build and a workload.
type group struct {
	stamp
	runs []judged
}

// tellApart adds the key to the workload of groups that have all names in common, though what
// was sent differs.
func tellApart(groups []*group) {
	same := map[[2]string]int{}
	for _, g := range groups {
		same[[2]string{g.Build, g.Workload}]++
	}
	for _, g := range groups {
		if same[[2]string{g.Build, g.Workload}] > 1 {
			g.Workload += " " + g.Key[:8]
		}
	}
}

// stampAny says of a run that was made for no search what it would have been made for:
// its rate is that of its sends.
func stampAny(ctx context.Context, c *cli.Context, path string, m schema.Meta) (stamp, error) {
	if m.Vantage != schema.VantageReplay {
		return stamp{}, term.WithHint(fmt.Errorf("%q is no run: its vantage is %s", path, m.Vantage), "`metron replay` makes runs")
	}
	var config struct {
		Target string
		Trace  []string
		Mode   replay.Mode
	}
	settings := map[string]any{}
	_, _ = json.Unmarshal(m.Config, &config), json.Unmarshal(m.Config, &settings) // of an older program: they stay empty
	if config.Mode == replay.Closed || config.Mode == replay.ASAP {
		return stamp{}, fmt.Errorf("%q was sent in mode %s, as fast as it was answered: it has no rate of its own", path, config.Mode)
	}
	st := stamp{Build: cmp.Or(c.String("label"), config.Target), Workload: c.String("workload")}
	if st.Workload == "" && len(config.Trace) > 0 {
		st.Workload = filepath.Base(config.Trace[0])
	}
	delete(settings, "trace") // the digest says what it holds, whatever its name
	var err error
	if st.Key, err = keyOf(config.Target, m.SourceDigest, settings, nil); err != nil {
		return stamp{}, err
	}
	st.Rate, err = rateOf(ctx, path)
	return st, err
}

// rateOf is the mean rate of a run's measured requests by their schedule, of four digits
// like those of a search.
func rateOf(ctx context.Context, path string) (float64, error) {
	a, err := schema.OpenArchive(path)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	where, err := schema.ParseWhere("phase=" + schema.PhaseMeasure)
	if err != nil {
		return 0, err
	}
	n, first, last := int64(0), int64(0), int64(0)
	for b, err := range a.Batches(ctx, schema.Query{Columns: []string{"start_time"}, Selection: schema.Selection{Where: where}}) {
		if err != nil {
			return 0, err
		}
		starts := b.Column(0).(*array.Timestamp)
		for i := range starts.Len() {
			us := int64(starts.Value(i))
			if n++; n == 1 {
				first, last = us, us
			}
			first, last = min(first, us), max(last, us)
		}
	}
	if last == first {
		return 0, fmt.Errorf("%q has no rate: %s requests at one moment", path, term.Count(n))
	}
	return strconv.ParseFloat(strconv.FormatFloat(float64(n-1)/(float64(last-first)/1e6), 'g', 4, 64), 64)
}
