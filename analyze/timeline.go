package analyze

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"metron/internal/term"
	"metron/schema"
)

// pick is what choosing requests to look at needs of each.
type pick struct {
	index   float64 // fluidity-index
	stalled int64
	tokens  int64
	file    int
	place   int64
	id      string // the one of Drawing.Requests that begins its record_id
}

func pickOf(r *request, c *Config) pick {
	index, _ := c.Fluidity.index(r.score)
	return pick{index, r.playback.Stalled, r.gaps, r.file, r.place, c.Drawing.idOf(r.recordID)}
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

// choose takes the requests that are asked for; by itself the worst, the median and the
// best, fewer where there are fewer.
func choose(picks []pick, c *Config) ([]chosen, error) {
	slices.SortFunc(picks, pick.compare)
	n := len(picks)
	switch {
	case n == 0:
		return nil, nil
	case n == 1 && c.Drawing.Requests == nil:
		return []chosen{{"only", picks[0]}}, nil
	case n == 2 && c.Drawing.Requests == nil:
		return []chosen{{rankWorst, picks[0]}, {rankBest, picks[1]}}, nil
	}
	var out []chosen
	for _, name := range c.Drawing.requests() {
		one := chosen{name: name}
		switch name {
		case rankWorst:
			one.pick = picks[0]
		case rankMedian:
			one.pick = picks[(n-1)/2]
		case rankBest:
			one.pick = picks[n-1]
		default:
			found := slices.DeleteFunc(slices.Clone(picks), func(p pick) bool { return p.id != name })
			if len(found) == 0 {
				return nil, term.WithHint(fmt.Errorf("request %q: no answered request with the times of its tokens has a record_id that begins so", name),
					"`metron analyze FILE --per-request requests.csv` lists them")
			}
			if len(found) > 1 {
				return nil, fmt.Errorf("request %q: the record_id of %s begins so: give more of it", name, requestsOf(int64(len(found))))
			}
			one.pick = found[0]
		}
		out = append(out, one)
	}
	return out, nil
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
	for b, err := range a.Batches(ctx, schema.Query{Columns: c.columns(), Selection: c.Selection}) {
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
