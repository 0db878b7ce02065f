package analyze

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"metron/schema"
)

// pick is what choosing requests to look at needs of each.
type pick struct {
	index   float64 // fluidity-index
	stalled int64
	tokens  int64
	file    int
	place   int64
}

func pickOf(r *request, c *Config) pick {
	index, _ := c.Fluidity.index(r.score)
	return pick{index, r.playback.Stalled, r.gaps, r.file, r.place}
}

// compare orders requests from the worst to the best: by fluidity-index, then by the
// time the reader waited, then by how many tokens it took to be so good; the place
// in the files makes the order total.
func (p pick) compare(q pick) int {
	return cmp.Or(cmp.Compare(p.index, q.index), cmp.Compare(q.stalled, p.stalled), cmp.Compare(p.tokens, q.tokens),
		cmp.Compare(p.file, q.file), cmp.Compare(p.place, q.place))
}

// chosen is a request to draw, and as what.
type chosen struct {
	name string
	pick
}

// choose takes the worst, the median and the best request; fewer where there
// are fewer.
func choose(picks []pick) []chosen {
	slices.SortFunc(picks, pick.compare)
	switch n := len(picks); n {
	case 0:
		return nil
	case 1:
		return []chosen{{"only", picks[0]}}
	case 2:
		return []chosen{{"worst", picks[0]}, {"best", picks[1]}}
	default:
		return []chosen{{"worst", picks[0]}, {"median", picks[(n-1)/2]}, {"best", picks[n-1]}}
	}
}

// timeline is the tokens of one request against time.
type timeline struct {
	name     string
	index    float64
	times    []int64 // of each token of its first choice, after the send
	due      []int64 // when the reader of Play needs it
	playback Playback
}

// readTimelines reads the chosen requests again: which they would be was not
// known while their tokens were at hand.
func readTimelines(ctx context.Context, a *schema.Archive, chosen []chosen, c *Config) ([]timeline, error) {
	out := make([]timeline, len(chosen))
	for b, err := range c.batches(ctx, a, c.columns()) {
		if err != nil {
			return nil, err
		}
		v, err := newView(b)
		if err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		for j, want := range chosen {
			at := sort.Search(v.rows, func(i int) bool { return b.Row(i) >= want.place })
			if a.Files[want.file] != b.File || at == v.rows || b.Row(at) != want.place {
				continue
			}
			if out[j], err = readTimeline(&v, at, want, c); err != nil {
				return nil, fmt.Errorf("analyze %q: row %d: %w", b.File.Path(), want.place+1, err)
			}
		}
	}
	return out, nil
}

func readTimeline(v *view, at int, want chosen, c *Config) (timeline, error) {
	var r request
	if err := v.row(at, &r.row); err != nil {
		return timeline{}, err
	}
	var tokens tokenTimes
	tokens.reset(&r.row, r.dispatched.value, c.MultiToken)
	r.setDeadlines(c)
	if len(tokens.streams) == 0 || !r.deadlines.ok {
		return timeline{}, fmt.Errorf("its tokens are gone: the file changed while it was read")
	}
	d := r.deadlines.value
	t := timeline{name: want.name, index: want.index, playback: Play(tokens.streams[0], d)}
	came, due := int64(0), d.TTFT
	for _, g := range tokens.streams[0] {
		came += g
		t.times, t.due = append(t.times, came), append(t.due, due)
		due = max(due, came) + d.TBT
	}
	return t, nil
}
