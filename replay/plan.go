package replay

import (
	"context"
	"fmt"
	"iter"
	"math/big"
	"math/bits"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// Plan is which rows of a trace are sent when.
type Plan struct {
	Trace *schema.Archive

	// Selection is which rows are sent. Where its window begins, or else at
	// the trace's first arrival, the schedule begins: conditions take rows out
	// of it and move no other.
	Selection schema.Selection

	// Speed is how many times faster than recorded the trace is sent; the
	// zero value is recorded speed.
	Speed Speed

	firstUS int64 // the window's first moment, us since the Unix epoch
	rows    int64 // to be sent
	skipped int64 // in the window, but not replayable
	lastUS  int64 // offset of the last send after the first moment of the window
}

// Speed is an exact ratio num/den.
type Speed struct{ num, den int64 }

// ParseSpeed reads a positive decimal such as "2", "0.5" or "12.25".
func ParseSpeed(text string) (Speed, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() <= 0 || !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Num().Int64() > 1e9 || r.Denom().Int64() > 1e9 {
		return Speed{}, fmt.Errorf("speed %q is not a positive number such as 1, 0.5 or 20", text)
	}
	return Speed{r.Num().Int64(), r.Denom().Int64()}, nil
}

// scale gives us/speed, rounded down.
func (s Speed) scale(us int64) int64 {
	if s.num == 0 {
		return us
	}
	hi, lo := bits.Mul64(uint64(us), uint64(s.den))
	if hi >= uint64(s.num) {
		return 1<<63 - 1 // beyond any schedule
	}
	q, _ := bits.Div64(hi, lo, uint64(s.num))
	return int64(min(q, 1<<63-1))
}

func (s Speed) String() string {
	if s.num == 0 {
		return "1"
	}
	return big.NewRat(s.num, s.den).RatString()
}

// Send is one planned request.
type Send struct {
	DueUS int64 // after the first moment of the window
	Row   *schema.Record
}

// Measure reads the arrival times and finds how many rows are selected and
// how long sending them takes. A selection without rows is an error.
func (p *Plan) Measure(ctx context.Context) error {
	first, ok, err := p.Trace.FirstStart()
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("trace %s has no rows: nothing to replay", p.Trace.Name())
	}
	fromUS, _ := p.Selection.Window(first)
	p.firstUS = max(first, fromUS)
	for b, err := range p.Trace.Batches(ctx, schema.Query{Columns: []string{"start_time", "api", "recorded"}, Selection: p.Selection}) {
		if err != nil {
			return err
		}
		starts, apis, recorded := b.Column(0).(*array.Timestamp), b.Column(1).(*array.String), b.Column(2).(*array.String)
		for i := range starts.Len() {
			if !replayable(apis.Value(i), recorded.Value(i)) {
				p.skipped++
				continue
			}
			p.rows++
			p.lastUS = max(p.lastUS, p.due(int64(starts.Value(i))))
		}
	}
	switch {
	case p.rows == 0 && p.skipped > 0:
		return fmt.Errorf("trace %s has no rows that can be replayed%s: its %d rows there are of no known API and carry no body", p.Trace.Name(), p.selected(), p.skipped)
	case p.rows == 0:
		return p.nothing(ctx, first)
	}
	return nil
}

// nothing is the error of a selection without rows.
func (p *Plan) nothing(ctx context.Context, first int64) error {
	total, last := 0, first
	for b, err := range p.Trace.Batches(ctx, schema.Query{Columns: []string{"start_time"}}) {
		if err != nil {
			return err
		}
		total += int(b.NumRows())
		starts := b.Column(0).(*array.Timestamp)
		last = max(last, int64(starts.Value(starts.Len()-1)))
	}
	return fmt.Errorf("trace %s has no rows%s; its %d rows span %v: widen --from/--to/--where",
		p.Trace.Name(), p.selected(), total, time.Duration(last-first)*time.Microsecond)
}

func (p *Plan) selected() string {
	if p.Selection.IsZero() {
		return ""
	}
	return " " + p.Selection.String()
}

// replayable reports whether a row can be sent: its body was recorded, or one
// can be made for its API. Others (a health check that passed a capture) are
// skipped and counted.
func replayable(api, recorded string) bool {
	return recorded == schema.RecordedContent || api == schema.APIChat || api == schema.APICompletions
}

// streamedTokens is the length of a recorded answer that came without usage,
// as most captured streams do: its chunks' tokens where they are known, else a
// token a chunk. It is nil for an answer that was not streamed to its end.
func streamedTokens(r *schema.Record) *int64 {
	if r.Outcome != schema.OutcomeOK || len(r.ChunkKind) == 0 {
		return nil
	}
	n := int64(0)
	for i, k := range r.ChunkKind {
		switch {
		case len(r.ChunkTokens) > 0:
			n += int64(r.ChunkTokens[i])
		case k <= schema.KindRefusal:
			n++
		}
	}
	return &n
}

// Rows is the number of requests that will be sent.
func (p *Plan) Rows() int64 { return p.rows }

// Skipped is the number of rows in the window that cannot be sent.
func (p *Plan) Skipped() int64 { return p.skipped }

// Duration is the time from the window's first moment to its last send.
func (p *Plan) Duration() time.Duration { return time.Duration(p.lastUS) * time.Microsecond }

// due gives a row's offset in the schedule, send_i = (a_i - a_0)/speed with
// a_0 the window's first moment.
func (p *Plan) due(startUS int64) int64 { return p.Speed.scale(startUS - p.firstUS) }

// Sends yields the planned requests in order; call Measure first.
func (p *Plan) Sends() iter.Seq2[Send, error] {
	return func(yield func(Send, error) bool) {
		for r, err := range p.Trace.Records(context.Background(), p.Selection) {
			if err != nil {
				yield(Send{}, err)
				return
			}
			if replayable(r.API, r.Recorded) && !yield(Send{p.due(r.StartTime), r.Record}, nil) {
				return
			}
		}
	}
}
