package analyze

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"metron/analyze/stat"
	"metron/schema"
)

// addTokenIntervals gives the percentiles of TBT their intervals. The gaps of a request
// are no independent draws, so the interval takes the requests as clusters, which takes
// another pass over the chunks: how many gaps of each lie at or below a percentile is
// known only when the percentile is.
func addTokenIntervals(ctx context.Context, a *schema.Archive, c *Config, t *tally, tbt *MetricSummary) error {
	percentiles := summaryPercentiles()
	bounds := make([]int64, len(percentiles))
	for i, p := range percentiles {
		v := *p.of(&tbt.Summary)
		if v == nil {
			return nil
		}
		bounds[i] = int64(math.Floor(*v*usPerSecond + 1e-6)) // float64 seconds may fall short of a whole microsecond
	}
	found, err := clusterGaps(ctx, a, c, bounds)
	if err != nil {
		return err
	}
	index := t.tbt.ranks()
	at := func(q float64) *float64 {
		rank := int64(math.Ceil(q*float64(t.tbt.Count()))) - 1
		if rank <= 0 || rank >= t.tbt.Count()-1 {
			return nil // how far it lies beyond the extremes is not known
		}
		return new(float64(index.at(rank)) / usPerSecond)
	}
	tbt.CI95 = &Intervals{}
	for i, p := range percentiles {
		if low, high, ok := found[i].Interval(p.fraction().Float()); ok {
			*p.interval(tbt.CI95) = stat.Interval{Low: at(low), High: at(high)}
		}
	}
	return nil
}

// clusterGaps counts, for each bound and request, the gaps at or below it.
func clusterGaps(ctx context.Context, a *schema.Archive, c *Config, bounds []int64) ([]stat.Woodruff, error) {
	workers := newPass(c, 0).workers
	found := make([][]stat.Woodruff, len(workers))
	for i := range found {
		found[i] = make([]stat.Woodruff, len(bounds))
	}
	for b, err := range a.Batches(ctx, schema.Query{Columns: c.columns(), Selection: c.Selection}) {
		if err != nil {
			return nil, err
		}
		v, err := newView(b)
		if err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		var group errgroup.Group
		for i, w := range workers {
			from, to := v.rows*i/len(workers), v.rows*(i+1)/len(workers)
			group.Go(func() error { return clusterRows(&v, from, to, w, c, bounds, found[i]) })
		}
		if err := group.Wait(); err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
	}
	for _, f := range found[1:] {
		for i := range f {
			found[0][i].Merge(&f[i])
		}
	}
	return found[0], nil
}

func clusterRows(v *view, from, to int, w *worker, c *Config, bounds []int64, found []stat.Woodruff) error {
	order := make([]int, len(bounds)) // ascending; equal bounds stand side by side
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(bounds[a] - bounds[b]) })
	for i := from; i < to; i++ {
		var r request
		if err := v.row(i, &r.row); err != nil {
			return fmt.Errorf("row %d: %w", v.batch.Row(i)+1, err)
		}
		if !r.isLLM() || r.whyExcluded() != "" || !r.stream || len(r.chunkTime) == 0 {
			continue
		}
		w.tokens.reset(&r.row, r.dispatched.value, c.MultiToken)
		total, beyond := int64(0), [8]int64{}
		for _, gaps := range w.tokens.streams {
			total += int64(len(gaps) - 1)
			for _, g := range gaps[1:] {
				n := 0 // how many bounds the gap exceeds
				for _, i := range order {
					if g <= bounds[i] {
						break
					}
					n++
				}
				beyond[n]++
			}
		}
		if total == 0 {
			continue
		}
		below := int64(0)
		for n, i := range order {
			below += beyond[n]
			found[i].Add(stat.Cluster{Below: below, Total: total})
		}
	}
	return nil
}
