package capacity

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/splitmix"
	"metron/replay"
	"metron/schema"
)

// recorded is a trace, its times scaled to the rate of each run. A run shorter than the
// trace sends a stretch of it, each seed another, so that together they meet all of it; a longer
// one sends it again and again, with prompts of its own each time.
type recorded struct {
	archive *schema.Archive

	rows   int64
	starts []int64 // of every so many of them, sorted, us since the Unix epoch
}

func (w *recorded) digest(context.Context) (string, error) { return w.archive.Digest() }

func (w *recorded) close() error { return w.archive.Close() }

func (w *recorded) fill(ctx context.Context, p *replay.Plan, r stamp) (func() error, error) {
	p.Trace = w.archive
	if w.starts == nil {
		if err := w.read(ctx, p.Selection); err != nil {
			return nil, err
		}
	}
	need := r.scheduled()
	if need >= w.rows {
		p.Loop = replay.Loop{For: seconds(r.durationS())}
		return nothing, nil
	}
	first, _, err := w.archive.FirstStart()
	if err != nil {
		return nil, err
	}
	p.Limit = need
	p.Selection.From = schema.Offset(time.Duration(w.stretch(need, r.Seed)-first) * time.Microsecond)
	return nothing, nil
}

func nothing() error { return nil }

// stretch is where one of so many rows begins.
func (w *recorded) stretch(need int64, seed uint64) int64 {
	places := max(1, int64(len(w.starts))*(w.rows-need)/w.rows)
	return w.starts[splitmix.Hash(seed)%uint64(places)]
}

// mostStarts bounds what is kept of a long trace.
const mostStarts = 1 << 16

// read finds how many rows there are and when they start.
func (w *recorded) read(ctx context.Context, s schema.Selection) error {
	every := int64(1)
	for b, err := range w.archive.Batches(ctx, schema.Query{Columns: []string{"start_time"}, Selection: s}) {
		if err != nil {
			return err
		}
		starts := b.Column(0).(*array.Timestamp)
		for i := range starts.Len() {
			if w.rows++; w.rows%every != 0 {
				continue
			}
			if w.starts = append(w.starts, int64(starts.Value(i))); len(w.starts) == mostStarts {
				for k := range mostStarts / 2 {
					w.starts[k] = w.starts[2*k+1]
				}
				w.starts, every = w.starts[:mostStarts/2], 2*every
			}
		}
	}
	slices.Sort(w.starts)
	return nil
}
