package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"metron/analyze/plot"
	"metron/internal/term"
	"metron/schema"
)

// mostLanes is how many requests one figure shows.
const mostLanes = 40

// requestLanes is the kind swim_lanes: where every request stands, to read some of them again.
type requestLanes struct {
	runSpan
	places []lanePlace
	lanes  []plot.Lane
	model  bool // a prefill model says how long each prefill took
}

// lanePlace is a request that might be shown.
type lanePlace struct {
	start, due int64
	file       int
	place      int64
}

func newRequestLanes(c *Config) gatherer { return &requestLanes{model: c.Prefill != nil} }

func (s *requestLanes) add(r *request) {
	s.runSpan.add(r)
	if r.trimmed {
		return
	}
	s.places = append(s.places, lanePlace{r.startTime, r.startTime + r.due(), r.file, r.place})
}

func (s *requestLanes) merge(o gatherer) {
	other := o.(*requestLanes)
	s.runSpan.merge(&other.runSpan)
	s.places = append(s.places, other.places...)
}

// densest are the n requests that were due closest together, in the order they were due;
// of several such the first.
func densest(places []lanePlace, n int) []lanePlace {
	slices.SortFunc(places, func(a, b lanePlace) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.file, b.file), cmp.Compare(a.place, b.place))
	})
	if len(places) <= n {
		return places
	}
	best := 0
	for i := range len(places) - n + 1 {
		if places[i+n-1].due-places[i].due < places[best+n-1].due-places[best].due {
			best = i
		}
	}
	return places[best : best+n]
}

func (s *requestLanes) reread(ctx context.Context, a *schema.Archive, c *Config) error {
	if err := s.runSpan.reread(ctx, a, c); err != nil {
		return err
	}
	chosen := densest(s.places, mostLanes)
	if len(chosen) == 0 {
		return nil
	}
	s.lanes = make([]plot.Lane, len(chosen))
	from, to := chosen[0].start, chosen[0].start
	for _, one := range chosen {
		from, to = min(from, one.start), max(to, one.start)
	}
	window := c.Selection
	after := func(us int64) schema.Moment { return schema.Offset(time.Duration(us-s.zero) * time.Microsecond) }
	window.From, window.To = after(from), after(to+1)
	var tokens tokenTimes
	for b, err := range a.Batches(ctx, schema.Query{Columns: c.columns(), Selection: window}) {
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err != nil {
			return fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		for i, want := range chosen {
			at := sort.Search(v.rows, func(i int) bool { return b.Row(i) >= want.place })
			if a.Files[want.file] != b.File || at == v.rows || b.Row(at) != want.place {
				continue
			}
			var r request
			if err := v.row(at, &r.row); err != nil {
				return fmt.Errorf("analyze %q: row %d: %w", b.File.Path(), want.place+1, err)
			}
			r.measure(&tokens, c)
			s.lanes[i] = s.lane(&r)
		}
	}
	return nil
}

// lane is a request on the axis of the run.
func (s *requestLanes) lane(r *request) plot.Lane {
	at := func(us int64) float64 { return s.seconds(r.startTime + us) }
	out := plot.Lane{DueS: at(r.due()), SentS: at(r.sent), ServedS: math.NaN(), EndS: math.NaN()}
	if r.outcome != schema.OutcomeOK {
		out.Outcome = r.outcome
	}
	if r.outcome == schema.OutcomeNotSent {
		out.SentS = math.NaN()
		return out
	}
	if seen := r.lastSeen(); seen.ok {
		out.EndS = at(seen.value)
	}
	if !r.streamed || len(r.tokens.streams) == 0 {
		return out
	}
	gaps := r.tokens.streams[0]
	came, due, first := r.sent, int64(0), r.sent+gaps[0]
	if r.prefill.ok {
		out.ServedS = at(max(r.sent, first-r.prefill.value))
	}
	if r.deadlines.ok {
		due = r.sent + r.deadlines.value.TTFT
	}
	for i, g := range gaps {
		came += g
		out.Tokens = append(out.Tokens, at(came))
		if !r.deadlines.ok {
			continue
		}
		if i > 0 && came > due {
			out.Waits = append(out.Waits, [2]float64{at(max(due, came-g)), at(came)})
		}
		due = max(due, came) + r.deadlines.value.TBT
	}
	return out
}

func lanesFigure(r figureRun) (plot.Data, string) {
	s := r.gathered.(*requestLanes)
	if len(s.lanes) == 0 {
		return nil, "no request"
	}
	shown := fmt.Sprintf("N = %s requests", term.Count(int64(len(s.lanes))))
	if len(s.lanes) < len(s.places) {
		shown = fmt.Sprintf("N = %s of %s requests: those that arrived closest together", term.Count(int64(len(s.lanes))), term.Count(int64(len(s.places))))
	}
	return plot.SwimLanes{Lanes: s.lanes, Modelled: s.model,
		Subtitle: r.caption(shown, fmt.Sprintf("a token is due %s after the one before it was, the first %s after the send", term.Seconds(r.Settings.TBTDeadlineS), r.Settings.firstDeadline()))}, ""
}
