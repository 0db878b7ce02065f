package analyze

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"metron/schema"
)

// TokenRow is one line of the per-token table: a token of a streamed row, whatever its
// outcome. The names are the contract in CSV, jsonl and Parquet alike. Which deadline it
// met and what slack it left is exact arithmetic's, whatever --fluidity says.
type TokenRow struct {
	RecordID uuid.UUID `parquet:"record_id,uuid"`
	Measured bool      `parquet:"measured"` // the row is of phase measure, and not trimmed
	Choice   int64     `parquet:"choice"`
	Token    int64     `parquet:"token"` // from 1, of its choice
	Chunk    int64     `parquet:"chunk"` // from 0, of the row's events
	Kind     string    `parquet:"kind,dict"`
	TimeS    float64   `parquet:"time_s"`                    // after the send
	GapS     float64   `parquet:"gap_s"`                     // since the token before, or the send
	OnTime   *bool     `parquet:"on_time,optional"`          // null where no deadline is known
	Missed   *int64    `parquet:"deadlines_missed,optional"` // while the reader waited for it
	SlackS   *float64  `parquet:"slack_s,optional"`          // that it left to the next
}

// WriteTokens puts a row for every token of the selected rows, in file order.
func WriteTokens(ctx context.Context, paths []string, c Config, put func(*TokenRow) error) error {
	c = c.fill()
	archive, err := schema.OpenArchive(paths...)
	if err != nil {
		return err
	}
	defer archive.Close()
	if c.kept, err = c.Trim.keep(ctx, archive, &c); err != nil {
		return err
	}
	if c.EstimatePrefill {
		if c.Prefill, err = estimatePrefill(ctx, archive, &c); err != nil {
			return err
		}
	}
	tokens := tokenWalk{kinds: schema.Kinds()}
	for b, err := range c.batches(ctx, archive, c.columns()) {
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err != nil {
			return fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		for i := range v.rows {
			var r request
			if err := v.row(i, &r.row); err != nil {
				return fmt.Errorf("analyze %q: row %d: %w", b.File.Path(), b.Row(i)+1, err)
			}
			if !r.stream {
				continue
			}
			r.trimmed = c.kept.excludes(r.startTime)
			if err := tokens.walk(&r, &c, put); err != nil {
				return err
			}
		}
	}
	return nil
}

// tokenWalk goes through the tokens of a row, chunk by chunk.
type tokenWalk struct {
	kinds   []string
	streams map[int16]*tokenStream
	gaps    []int64
}

// tokenStream is where one choice stands.
type tokenStream struct {
	last, came, slack, tokens int64
}

func (w *tokenWalk) walk(r *request, c *Config, put func(*TokenRow) error) error {
	r.setDeadlines(c)
	known := carriesTokens(&r.row)
	w.streams = map[int16]*tokenStream{}
	for j, at := range r.chunkTime {
		k := int64(1)
		if known {
			k = int64(r.chunkTokens[j])
		}
		if !isToken(r.chunkKind[j]) || k <= 0 {
			continue
		}
		id := r.choiceOf(j)
		s := w.streams[id]
		isFirst := s == nil
		if isFirst {
			s = &tokenStream{last: r.dispatched.value}
			w.streams[id] = s
		}
		w.gaps = appendGaps(w.gaps[:0], at-s.last, k, c.MultiToken, isFirst)
		s.last = at
		for _, gap := range w.gaps {
			missed := s.take(gap, r.deadlines.value)
			out := TokenRow{RecordID: r.recordID, Measured: r.isMeasured(), Choice: int64(id), Token: s.tokens, Chunk: int64(j), Kind: w.kinds[r.chunkKind[j]],
				TimeS: float64(s.came) / usPerSecond, GapS: float64(gap) / usPerSecond}
			if r.deadlines.ok {
				out.OnTime, out.Missed, out.SlackS = new(missed == 0), &missed, new(float64(s.slack)/usPerSecond)
			}
			if err := put(&out); err != nil {
				return err
			}
		}
	}
	return nil
}

// take counts the deadlines that a token missed, as Exact does for all of them.
func (s *tokenStream) take(gap int64, d Deadlines) (missed int64) {
	s.tokens++
	s.came += gap
	tbt := max(1, d.TBT)
	switch wait := gap - s.slack; {
	case s.tokens == 1 && gap <= d.TTFT:
		s.slack = d.TTFT - gap
		return 0
	case s.tokens == 1:
		return (gap-d.TTFT)/tbt + 1
	case wait <= tbt:
		s.slack = tbt - wait
		return 0
	default:
		s.slack = 0
		return wait / tbt
	}
}
