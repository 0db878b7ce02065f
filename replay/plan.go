package replay

import (
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
	File *schema.File

	// From and To bound the window, as offsets from the trace's first
	// arrival; To 0 is its end. A row at From is in, one at To is not.
	From, To time.Duration

	// Speed is how many times faster than recorded the trace is sent; the
	// zero value is recorded speed.
	Speed Speed

	firstUS int64 // the trace's first arrival, us since the Unix epoch
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

// Measure reads the arrival times and finds how many rows are in the window
// and how long sending them takes. A window without rows is an error.
func (p *Plan) Measure() error {
	first, total := true, int64(0)
	var spanUS int64
	for b, err := range p.File.Batches("start_time", "api", "recorded") {
		if err != nil {
			return err
		}
		starts, apis, recorded := b.Column(0).(*array.Timestamp), b.Column(1).(*array.String), b.Column(2).(*array.String)
		for i := range starts.Len() {
			us := int64(starts.Value(i))
			if first {
				p.firstUS, first = us, false
			}
			total++
			spanUS = us - p.firstUS
			due, in := p.due(us)
			switch {
			case !in:
			case replayable(apis.Value(i), recorded.Value(i)):
				p.rows++
				p.lastUS = due
			default:
				p.skipped++
			}
		}
	}
	switch {
	case total == 0:
		return fmt.Errorf("trace %q has no rows: nothing to replay", p.File.Path())
	case p.rows == 0 && p.skipped > 0:
		return fmt.Errorf("trace %q has no rows that can be replayed in the window: its %d rows there are of no known API and carry no body", p.File.Path(), p.skipped)
	case p.rows == 0:
		return fmt.Errorf("trace %q has no rows in the window from %v to %s; its %d rows span %v: widen --from/--to",
			p.File.Path(), p.From, p.end(), total, time.Duration(spanUS)*time.Microsecond)
	}
	return nil
}

func (p *Plan) end() string {
	if p.To == 0 {
		return "the end"
	}
	return p.To.String()
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
// a_0 the window's first moment, and whether it is in the window at all.
func (p *Plan) due(startUS int64) (int64, bool) {
	offset := startUS - p.firstUS
	if offset < p.From.Microseconds() || p.To != 0 && offset >= p.To.Microseconds() {
		return 0, false
	}
	return p.Speed.scale(offset - p.From.Microseconds()), true
}

// Sends yields the planned requests in order; call Measure first.
func (p *Plan) Sends() iter.Seq2[Send, error] {
	return func(yield func(Send, error) bool) {
		for r, err := range p.File.Records() {
			if err != nil {
				yield(Send{}, err)
				return
			}
			due, in := p.due(r.StartTime)
			if !in {
				if p.To != 0 && r.StartTime-p.firstUS >= p.To.Microseconds() {
					return // rows are sorted by start_time
				}
				continue
			}
			if !replayable(r.API, r.Recorded) {
				continue
			}
			if !yield(Send{due, r}, nil) {
				return
			}
		}
	}
}
