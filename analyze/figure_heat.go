package analyze

import (
	"fmt"
	"math"

	"metron/analyze/clock"
	"metron/analyze/linked"
	"metron/analyze/plot"
	"metron/internal/term"
)

// gapsOverTime is the kind tbt_heatmap: the gaps that TBT pools, counted by the bin of time
// that their later token came in and by their length.
type gapsOverTime struct {
	runSpan
	counts *clock.Clock[[]int64] // by linked.BucketOf; nil: none
	gaps   int64
}

// heatBins is how many bins of time the figure has at most, and heatRows how many rows.
const (
	heatBins = 128
	heatRows = 64
)

func newGapsOverTime(*Config) gatherer {
	return &gapsOverTime{counts: clock.New(0, heatBins, func(to, from *[]int64) {
		if *to == nil {
			*to = *from
			return
		}
		for i, n := range *from {
			(*to)[i] += n
		}
	})}
}

// gapBuckets is how many of linked's buckets there are; the last ones hold half an hour and all
// above.
const gapBuckets = 864

func (s *gapsOverTime) add(r *request) {
	s.runSpan.add(r)
	if r.whyExcluded() != "" || !r.streamed {
		return
	}
	for _, gaps := range r.tokens.streams {
		at := r.startTime + r.sent
		from, to := int64(0), int64(0)
		var counts []int64
		for i, g := range gaps {
			at += g
			if i == 0 {
				continue
			}
			if at < from || at >= to {
				var bin *[]int64
				if bin, from, to = s.counts.Span(at); *bin == nil {
					*bin = make([]int64, gapBuckets)
				}
				counts = *bin
			}
			counts[min(linked.BucketOf(g), gapBuckets-1)]++
		}
		s.gaps += int64(max(0, len(gaps)-1))
	}
}

func (s *gapsOverTime) merge(o gatherer) {
	other := o.(*gapsOverTime)
	s.runSpan.merge(&other.runSpan)
	s.counts.Merge(other.counts)
	s.gaps += other.gaps
}

func heatFigure(r figureRun) (plot.Data, string) {
	s := r.gathered.(*gapsOverTime)
	edges := s.edges()
	if edges == nil {
		return nil, "no answered request has the times of two tokens"
	}
	step := float64(s.counts.Width) / usPerSecond
	h := plot.HeatMap{Title: "Time between tokens over the run", YLabel: "TBT", Unit: "tokens", FromS: s.seconds(s.counts.Starts(0)),
		StepS: step, Shades: s.late(), Lines: []plot.NamedBins{{Name: "p50"}, {Name: "p99"}}}
	for _, e := range edges {
		low, _ := linked.Bounds(e)
		h.Edges = append(h.Edges, float64(low)/usPerSecond)
	}
	for _, counts := range s.counts.Bins {
		rows := make([]int64, len(edges)-1)
		if counts != nil {
			for row := range rows {
				from := edges[row]
				if row == 0 {
					from = 1 // and all below
				}
				for bucket := from; bucket < min(edges[row+1], gapBuckets); bucket++ {
					rows[row] += counts[bucket]
				}
			}
		}
		h.Counts = append(h.Counts, rows)
		for i, q := range []Fraction{{1, 2}, {99, 100}} {
			h.Lines[i].Values = append(h.Lines[i].Values, bucketQuantile(counts, q))
		}
	}
	h.Subtitle = r.caption(append(r.counted(keyTBT, s.gaps), fmt.Sprintf("bins of %s", term.Seconds(step)), "lines: percentiles of each bin, within 1.6 %", "lowest row: and below")...)
	return h, ""
}

// edges are the buckets that the rows begin with, and the one above all; nil where there is no
// gap above 0. The lowest row takes in the shortest half of a percent, which would
// otherwise make most of the picture empty.
func (s *gapsOverTime) edges() (edges []int) {
	all := make([]int64, gapBuckets)
	for _, counts := range s.counts.Bins {
		for bucket, n := range counts {
			if bucket > 0 {
				all[bucket] += n
			}
		}
	}
	n := total(all)
	if n == 0 {
		return nil
	}
	low, high, rank := 0, 0, nearestRank(Fraction{1, 200}, n)
	for bucket, c := range all {
		if rank >= 0 {
			low = bucket
		}
		rank -= c
		if c > 0 {
			high = bucket
		}
	}
	each := 1 // buckets to a row
	for (high-low)/each >= heatRows {
		each *= 2
	}
	edges = []int{max(1, low/each*each)}
	for edge := low/each*each + each; edges[len(edges)-1] <= high; edge += each {
		edges = append(edges, edge)
	}
	return append(edges, edges[len(edges)-1]+each) // an empty row: the highest is not the frame
}

// bucketQuantile is the middle of the bucket that holds the nearest rank, in seconds; NaN where
// there are no gaps, or it is 0.
func bucketQuantile(counts []int64, q Fraction) float64 {
	n := total(counts)
	if n == 0 {
		return math.NaN()
	}
	rank := nearestRank(q, n)
	for bucket, c := range counts {
		if rank -= c; rank >= 0 {
			continue
		}
		if bucket == 0 {
			return math.NaN()
		}
		low, high := linked.Bounds(bucket)
		return float64(low+high) / 2 / usPerSecond
	}
	return math.NaN()
}
