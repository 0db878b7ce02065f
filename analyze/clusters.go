package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"metron/analyze/stat"
	"metron/schema"
)

// clusters says how sure the percentiles of TBT are. The gaps of a request are no
// independent draws, so its requests are what was drawn: how many gaps of each lie at or
// below a percentile is counted in another pass, when the percentile is known.
type clusters struct {
	bounds []int64 // of each percentile: gaps are whole microseconds
	order  []int   // the bounds, ascending
	found  []stat.Woodruff
	total  int64 // requests with gaps, of which not all need be counted
}

// enoughClusters tell the variance of a share to a hundredth: of more requests than that
// so many are looked at, in row groups spread evenly over the time.
const enoughClusters = 50_000

// newClusters takes the percentiles of the pooled gaps; nil where there are none.
func newClusters(t *tally) *clusters {
	n := t.tbt.Count()
	if n == 0 {
		return nil
	}
	index := t.tbt.ranks()
	c := &clusters{total: t.minima.Count()}
	for i, p := range summaryPercentiles() {
		v := t.config.Percentile.quantile(p.fraction(), n, func(rank int64) float64 { return float64(index.at(rank)) })
		c.bounds, c.order = append(c.bounds, int64(math.Floor(v))), append(c.order, i)
	}
	slices.SortStableFunc(c.order, func(a, b int) int { return cmp.Compare(c.bounds[a], c.bounds[b]) })
	return c.another()
}

// another counts with the same bounds, beginning at nothing.
func (c *clusters) another() *clusters {
	return &clusters{c.bounds, c.order, make([]stat.Woodruff, len(c.bounds)), c.total}
}

// beyond counts, of the gaps of one request, those that exceed so many of the bounds.
type beyond [8]int64

func (c *clusters) count(b *beyond, gap, n int64) {
	i := 0
	for i < len(c.order) && gap > c.bounds[c.order[i]] {
		i++
	}
	b[i] += n
}

// add counts the gaps of one request, as laid out by the policy.
func (c *clusters) add(streams [][]int64) {
	var b beyond
	for _, gaps := range streams {
		for _, g := range gaps[1:] {
			c.count(&b, g, 1)
		}
	}
	c.addCounts(&b)
}

// addChunks is add for the usual row, of one choice and tokens in bursts, without laying
// them out.
func (c *clusters) addChunks(r *row) {
	var b beyond
	known, last, zeros, isFirst := carriesTokens(r), int64(0), int64(0), true
	for j, at := range r.chunkTime {
		k := int64(1)
		if known {
			k = int64(r.chunkTokens[j])
		}
		if !isToken(r.chunkKind[j]) || k <= 0 {
			continue
		}
		if !isFirst {
			c.count(&b, at-last, 1)
		}
		isFirst, last = false, at
		zeros += k - 1
	}
	c.count(&b, 0, zeros)
	c.addCounts(&b)
}

func (c *clusters) addCounts(b *beyond) {
	total := int64(0)
	for _, n := range b {
		total += n
	}
	if total == 0 {
		return
	}
	below := int64(0)
	for n, i := range c.order {
		below += b[n]
		c.found[i].Add(stat.Cluster{Below: below, Total: total})
	}
}

func (c *clusters) merge(o *clusters) {
	for i := range c.found {
		c.found[i].Merge(&o.found[i])
	}
}

// intervals are those of the percentiles of the pooled gaps.
func (c *clusters) intervals(tbt *Hist) *Intervals {
	index := tbt.ranks()
	at := func(q float64) *float64 {
		rank := int64(math.Ceil(q*float64(tbt.Count()))) - 1
		if rank <= 0 || rank >= tbt.Count()-1 {
			return nil // how far it lies beyond the extremes is not known
		}
		return new(float64(index.at(rank)) / usPerSecond)
	}
	out := &Intervals{}
	for i, p := range summaryPercentiles() {
		if low, high, ok := c.found[i].Interval(p.fraction().Float(), c.total); ok {
			*p.interval(out) = stat.Interval{Low: at(low), High: at(high)}
		}
	}
	return out
}

// clusterWorker counts a share of the rows for the whole and for each group.
type clusterWorker struct {
	config *Config
	groups *groups
	tokens tokenTimes
	of     map[*tally]*clusters
	key    []byte
}

// countClusters gives t and its groups their clusters.
func countClusters(ctx context.Context, a *schema.Archive, c *Config, t *tally) error {
	tallies := []*tally{t}
	if t.groups != nil {
		for _, g := range t.groups.by {
			tallies = append(tallies, g.tally)
		}
	}
	workers := make([]*clusterWorker, c.workers())
	for i := range workers {
		workers[i] = &clusterWorker{config: c, groups: t.groups, of: map[*tally]*clusters{}}
	}
	for _, one := range tallies {
		if one.clusters = newClusters(one); one.clusters == nil {
			continue
		}
		for _, w := range workers {
			w.of[one] = one.clusters.another()
		}
	}
	if len(workers[0].of) == 0 {
		return nil
	}
	query := schema.Query{Columns: c.clusterColumns(), Selection: c.Selection}
	if t.groups == nil {
		query.Every = int(t.minima.Count() / enoughClusters)
	}
	for b, err := range c.scan(ctx, a, query) {
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err == nil {
			var group errgroup.Group
			for i, w := range workers {
				from, to := v.rows*i/len(workers), v.rows*(i+1)/len(workers)
				group.Go(func() error { return w.rows(&v, from, to, t) })
			}
			err = group.Wait()
		}
		if err != nil {
			return fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
	}
	for _, w := range workers {
		for one, c := range w.of {
			one.clusters.merge(c)
		}
	}
	return nil
}

// clusterColumns are what the gaps of the rows that distributions cover are read from;
// groups may ask for any.
func (c *Config) clusterColumns() []string {
	if len(c.By) > 0 {
		return c.columns()
	}
	return []string{"start_time", "phase", "outcome", "stream", "api", "dispatched", "chunk_time", "chunk_kind", "chunk_tokens", "chunk_choice"}
}

// rows counts rows from to to of a batch.
func (w *clusterWorker) rows(v *view, from, to int, whole *tally) error {
	for i := from; i < to; i++ {
		var r request
		if err := v.row(i, &r.row); err != nil {
			return fmt.Errorf("row %d: %w", v.batch.Row(i)+1, err)
		}
		if w.groups == nil && w.config.MultiToken == Burst && len(r.chunkChoice) == 0 {
			r.trimmed, r.streamed = w.config.kept.excludes(r.startTime), r.stream && len(r.chunkTime) > 0
			if r.streamed && r.whyExcluded() == "" {
				w.of[whole].addChunks(&r.row)
			}
			continue
		}
		r.measure(&w.tokens, w.config)
		if !r.isLLM() || !r.streamed {
			continue
		}
		if whole.clusters != nil && r.whyExcluded() == "" {
			w.of[whole].add(w.tokens.streams)
		}
		if w.groups == nil {
			continue
		}
		w.key = w.groups.appendKey(w.key[:0], &r)
		group := w.groups.by[string(w.key)]
		if w.groups.anyway {
			r.phase = schema.PhaseMeasure
		}
		if group != nil && group.tally.clusters != nil && r.whyExcluded() == "" {
			w.of[group.tally].add(w.tokens.streams)
		}
	}
	return nil
}
