package importer

import (
	"context"
	"fmt"
	"iter"

	"metron/internal/term"
	"metron/schema"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// What to do with rows that share a stamp because their clock is coarse.
const (
	SpreadNone    = "none"
	SpreadUniform = "uniform" // evenly over the tick
)

// spreading is what a spread did.
type spreading struct {
	TickUS int64 `json:"tick_us"` // of the source's clock, as the spread took it
	Moved  int64 `json:"moved"`   // rows that have another start_time now
}

// spread copies a trace, and moves the rows that share a stamp. The tick of its
// clock is the shortest time between two different stamps; n rows of one stamp
// go to n even steps of that tick, in their order, the first one staying. So a
// row stays before all rows of the next stamp, and a clock of microseconds, whose
// ties mean what they say, moves nothing.
func spread(ctx context.Context, f *schema.File, put func(*schema.Record) error) (spreading, error) {
	var s spreading
	for t, err := range ticks(f) {
		if err != nil {
			return s, err
		}
		if d := t.sinceUS; d > 0 && (s.TickUS == 0 || d < s.TickUS) {
			s.TickUS = d
		}
	}
	if s.TickUS == 0 {
		return s, term.WithHint(fmt.Errorf("--spread %s: all rows share one moment, so there is no tick to spread them over", SpreadUniform), "--spread none")
	}
	next, stop := iter.Pull2(ticks(f))
	defer stop()
	var t tick
	at := int64(0)
	for r, err := range f.Records() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && at == t.rows {
			t, err, _ = next()
			at = 0
		}
		if err != nil {
			return s, err
		}
		if offset := at*(s.TickUS/t.rows) + at*(s.TickUS%t.rows)/t.rows; offset > 0 { // at*TickUS/rows, which might not fit
			r.StartTime += offset
			s.Moved++
		}
		at++
		if err := put(r); err != nil {
			return s, err
		}
	}
	return s, nil
}

// tick is the rows of one stamp.
type tick struct {
	startUS int64
	sinceUS int64 // since the stamp before; 0 for the first
	rows    int64
}

// ticks yields the stamps of a file, whose rows are in order.
func ticks(f *schema.File) iter.Seq2[tick, error] {
	return func(yield func(tick, error) bool) {
		var t tick
		for start, err := range startTimes(f) {
			switch {
			case err != nil:
				yield(tick{}, err)
				return
			case t.rows > 0 && start == t.startUS:
				t.rows++
			case t.rows > 0:
				if !yield(t, nil) {
					return
				}
				t = tick{start, start - t.startUS, 1}
			default:
				t = tick{start, 0, 1}
			}
		}
		if t.rows > 0 {
			yield(t, nil)
		}
	}
}

// startTimes yields the start_time of each row of a file.
func startTimes(f *schema.File) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for b, err := range f.Batches("start_time") {
			if err != nil {
				yield(0, err)
				return
			}
			for _, start := range b.Column(0).(*array.Timestamp).TimestampValues() {
				if !yield(int64(start), nil) {
					return
				}
			}
		}
	}
}
