package inspect

import (
	"cmp"
	"slices"
	"time"

	"metron/schema"
)

// Summary is what is in one file. What is undefined (the rate of one row, the
// bytes of a journal's columns) is nil.
type Summary struct {
	File        string   `json:"file"`
	Journal     bool     `json:"journal"` // a run that is being written, or was cut off
	Bytes       int64    `json:"bytes"`
	Rows        int64    `json:"rows"`
	BytesPerRow *float64 `json:"bytes_per_row"`

	// Selection says which rows are counted, "" for all of them, and FileRows
	// how many the file has, nil for a journal. Sizes are the whole file's,
	// those a row and a token left out.
	Selection string `json:"selection,omitempty"`
	FileRows  *int64 `json:"file_rows,omitempty"`

	Arrivals

	Phases         Tally `json:"phases"`
	Outcomes       Tally `json:"outcomes"`
	APIs           Tally `json:"apis"`
	RequestModels  Tally `json:"request_models"`
	ResponseModels Tally `json:"response_models"`
	Targets        Tally `json:"targets"`
	TokenSources   Tally `json:"token_sources"`
	Recorded       Tally `json:"recorded"` // what rows kept: content, hash or lengths

	InputTokens  Lengths `json:"input_tokens"`
	OutputTokens Lengths `json:"output_tokens"`

	// Chunks counts the stored events, Tokens those they carry: chunk_tokens,
	// and one for each content event of a row that does not know them.
	Chunks        int64    `json:"chunks"`
	Tokens        int64    `json:"tokens"`
	ChunkBytes    *int64   `json:"chunk_bytes"` // of the chunk columns together
	BytesPerToken *float64 `json:"bytes_per_token"`

	Columns []Column    `json:"columns"` // the biggest first
	Footer  schema.Meta `json:"footer"`
}

// Column is the size of one column in the file.
type Column struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Arrivals says when the rows start. Rows of a file stand in the order of
// their start times.
type Arrivals struct {
	First        *time.Time `json:"first_start"`
	Last         *time.Time `json:"last_start"`
	SpanS        *float64   `json:"span_s"`
	RatePerS     *float64   `json:"rate_per_s"` // arrivals after the first over the span
	Distinct     int64      `json:"distinct_arrivals"`
	Ties         int64      `json:"ties"`           // rows that start when the row before them does
	MostTogether int64      `json:"most_at_a_time"` // rows of the most crowded start time
}

// arrivalCounter takes start times in ascending order.
type arrivalCounter struct {
	rows, together    int64
	firstUS, latestUS int64
	a                 Arrivals
}

func (c *arrivalCounter) add(startUS int64) {
	if c.rows == 0 {
		c.firstUS = startUS
	}
	if c.rows == 0 || startUS != c.latestUS {
		c.a.Distinct++
		c.together = 0
	}
	c.rows, c.together, c.latestUS = c.rows+1, c.together+1, startUS
	c.a.MostTogether = max(c.a.MostTogether, c.together)
}

func (c *arrivalCounter) arrivals() Arrivals {
	a := c.a
	if c.rows == 0 {
		return a
	}
	a.Ties = c.rows - a.Distinct
	a.First, a.Last = new(time.UnixMicro(c.firstUS).UTC()), new(time.UnixMicro(c.latestUS).UTC())
	a.SpanS = new(float64(c.latestUS-c.firstUS) / 1e6)
	if *a.SpanS > 0 {
		a.RatePerS = new(float64(c.rows-1) / *a.SpanS)
	}
	return a
}

// chunkColumns are the columns with an entry for each event.
func chunkColumns() []string {
	return []string{"chunk_time", "chunk_kind", "chunk_tokens", "chunk_choice", "chunk_read", "chunk_bytes"}
}

// sizes fills what the file's own size and its columns' say.
func (s *Summary) sizes(f *schema.File) {
	all := s.Selection == ""
	if all && s.Rows > 0 {
		s.BytesPerRow = new(float64(s.Bytes) / float64(s.Rows))
	}
	columns := f.ColumnBytes()
	if columns == nil {
		return
	}
	for name, bytes := range columns {
		s.Columns = append(s.Columns, Column{name, bytes})
	}
	slices.SortFunc(s.Columns, func(a, b Column) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
	})
	if !all || s.Chunks == 0 {
		return
	}
	s.ChunkBytes = new(int64(0))
	for _, name := range chunkColumns() {
		*s.ChunkBytes += columns[name]
	}
	if s.Tokens > 0 {
		s.BytesPerToken = new(float64(*s.ChunkBytes) / float64(s.Tokens))
	}
}
