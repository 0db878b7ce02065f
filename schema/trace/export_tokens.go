package trace

import (
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"metron/schema"
)

// Token is a row of the tokens format. The tokens of a chunk came at once, so
// all but its first have a gap of 0.
type Token struct {
	RecordID     uuid.UUID `parquet:"record_id,uuid,dict,zstd"`
	StartTime    time.Time `parquet:"start_time,timestamp(microsecond),delta,zstd"`
	RequestModel string    `parquet:"request_model,optional,dict,zstd"`
	Outcome      string    `parquet:"outcome,dict,zstd"`
	Phase        string    `parquet:"phase,dict,zstd"`
	Choice       int64     `parquet:"choice,delta,zstd"`
	Token        int64     `parquet:"token,delta,zstd"`                // of its choice, from 1
	Kind         string    `parquet:"kind,dict,zstd"`                  // content, reasoning, tool or refusal
	Chunk        int64     `parquet:"chunk,delta,zstd"`                // that carried it, from 0
	Read         *int64    `parquet:"read,optional,zstd"`              // socket read that completed the chunk
	TimeUS       int64     `parquet:"time_us,delta,zstd"`              // after start_time
	At           time.Time `parquet:"at,timestamp(microsecond),delta"` // start_time + time_us
	GapUS        *int64    `parquet:"gap_us,optional,zstd"`            // since the token before; null: the first of its choice
}

// tokens writes one row a token.
type tokens struct {
	w      *parquet.GenericWriter[Token]
	export *Export
	rows   []Token
}

func newTokens(w io.Writer, e *Export) exporter {
	return &tokens{export: e, w: parquet.NewGenericWriter[Token](w, parquet.MaxRowsPerRowGroup(1<<19), parquet.DataPageStatistics(true))}
}

func (t *tokens) put(r *schema.Record) error {
	t.rows = t.rows[:0]
	last := map[int64]*Token{} // of each choice
	if len(r.ChunkTokens) == 0 && len(r.ChunkTime) > 0 {
		t.export.lost["unknown tokens of chunks, taken as one each"]++
	}
	for i, us := range r.ChunkTime {
		n := int32(1)
		switch {
		case r.ChunkKind[i] > schema.KindRefusal:
			n = 0
		case len(r.ChunkTokens) > 0:
			n = r.ChunkTokens[i]
		}
		for range n {
			row := Token{RecordID: r.RecordID, StartTime: time.UnixMicro(r.StartTime).UTC(), RequestModel: r.RequestModel, Outcome: r.Outcome, Phase: r.Phase,
				Token: 1, Kind: schema.Kinds()[r.ChunkKind[i]], Chunk: int64(i), TimeUS: us, At: time.UnixMicro(r.StartTime + us).UTC()}
			if len(r.ChunkChoice) > 0 {
				row.Choice = int64(r.ChunkChoice[i])
			}
			if len(r.ChunkRead) > 0 {
				row.Read = new(int64(r.ChunkRead[i]))
			}
			if before := last[row.Choice]; before != nil {
				row.Token, row.GapUS = before.Token+1, new(us-before.TimeUS)
			}
			last[row.Choice] = &row
			t.rows = append(t.rows, row)
		}
	}
	_, err := t.w.Write(t.rows)
	return err
}

func (t *tokens) close() error { return t.w.Close() }
