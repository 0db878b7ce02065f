package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/burstiness"
	"metron/internal/term"
	"metron/schema"
	"metron/schema/inspect"
)

// Report is what was asked for, and what the trace on disk has. What is undefined
// is nil: the spec names no rate, there is one gap.
type Report struct {
	Rows      int64 `json:"rows"`
	AskedRows int64 `json:"asked_rows,omitempty"`
	inspect.Arrivals

	// Of the arrival process: of sessions where there are sessions.
	Arrival    string   `json:"arrival"`
	AskedRate  *float64 `json:"asked_rate_per_s"`
	Rate       *float64 `json:"arrival_rate_per_s"`
	AskedCV    *float64 `json:"asked_cv"`
	CV         *float64 `json:"arrival_cv"`
	RequestsCV *float64 `json:"requests_cv"` // of the gaps between all requests

	InputTokens  inspect.Lengths `json:"input_tokens"`
	OutputTokens inspect.Lengths `json:"output_tokens"`

	AskedHitShare *float64 `json:"asked_hit_share"`
	HitShare      *float64 `json:"hit_share_tokens"` // of a cache without a bound
	HitBlocks     *float64 `json:"hit_share_blocks"`

	Counters map[string]int64 `json:"counters"`
	Seed     uint64           `json:"seed"`
	Out      string           `json:"out"`
	OutBytes int64            `json:"out_bytes"`

	turns bool
}

// report reads the trace as it stands on disk.
func (g *Generator) report(ctx context.Context, m *maker, p process) (*Report, error) {
	f, err := schema.Open(g.Out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := inspect.Inspect(ctx, f)
	if err != nil {
		return nil, err
	}
	r := &Report{Rows: s.Rows, AskedRows: g.Requests, Arrivals: s.Arrivals, Arrival: g.Arrival, AskedRate: defined(p.rate), AskedCV: defined(p.cv),
		InputTokens: s.InputTokens, OutputTokens: s.OutputTokens, Counters: m.counters(), Seed: g.Seed, Out: g.Out, OutBytes: s.Bytes, turns: g.Turns != ""}
	if err := r.gaps(ctx, f); err != nil {
		return nil, err
	}
	if x := m.prefixes; x != nil && x.asked > 0 {
		r.HitShare, r.HitBlocks = new(float64(x.hit)/float64(x.asked)), new(float64(x.hitBlock)/float64(x.blocks))
		if x.tree != nil {
			r.AskedHitShare = &g.HitShare
		}
	}
	return r, nil
}

// gaps measures those between arrivals, and between requests.
func (r *Report) gaps(ctx context.Context, f *schema.File) error {
	var arrivals, requests burstiness.Gaps
	a := schema.Archive{Files: []*schema.File{f}}
	for batch, err := range a.Batches(ctx, schema.Query{Columns: []string{"start_time", "turn"}}) {
		if err != nil {
			return err
		}
		turns := batch.Column(1).(*array.Int64)
		for i, start := range batch.Column(0).(*array.Timestamp).TimestampValues() {
			requests.Add(int64(start))
			if turns.IsNull(i) || turns.Value(i) == 0 {
				arrivals.Add(int64(start))
			}
		}
	}
	if mean, ok := arrivals.MeanUS(); ok && mean > 0 {
		r.Rate = new(1e6 / mean)
	}
	r.CV, r.RequestsCV = maybe(arrivals.CV()), maybe(requests.CV())
	return nil
}

func defined(v float64) *float64 { return maybe(v, !math.IsNaN(v)) }

func maybe(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var f term.Fields
	line := f.Line
	n := r.Counters
	line("generated", "%s over %s", term.Plural(r.Rows, "request", "requests"), r.Span())
	if r.Rows < r.AskedRows {
		line("", "%s were asked for; the arrivals end before", term.Count(r.AskedRows))
	}
	if r.turns {
		line("sessions", "%s, %s turns each on average", term.Count(n["sessions"]), term.Number(float64(r.Rows)/float64(n["sessions"])))
	}
	line("arrivals", "%s", r.Arrival)
	line("  rate", "%s", got(r.Rate, r.AskedRate, func(v float64) string { return term.Number(v) + "/s" }))
	line("  CV of gaps", "%s", got(r.CV, r.AskedCV, func(v float64) string { return fmt.Sprintf("%.3f", v) }))
	if r.turns {
		line("requests", "%s", got(r.RatePerS, nil, func(v float64) string { return term.Number(v) + "/s" }))
	}
	line("input tokens", "%v", r.InputTokens)
	line("output tokens", "%v", r.OutputTokens)
	if r.HitShare != nil {
		asked := ""
		if r.AskedHitShare != nil {
			asked = fmt.Sprintf(", asked for %.1f %%", 100**r.AskedHitShare)
		}
		line("hit share", "%.1f %% of tokens%s; %.1f %% of blocks, by a cache without a bound", 100**r.HitShare, asked, 100**r.HitBlocks)
	}
	for _, c := range []struct{ counter, says string }{
		{"lengths_clipped", "requests, whose lengths were cut to a maximum"}, {"lengths_redrawn", "lengths were over a maximum, and drawn again"},
		{"lengths_raised", "lengths were under one token, and raised to it"}, {"aborted", "clients leave"},
		{"sessions_at_max_context", "sessions ended at --max-context"}, {"turns_after_end", "turns would have come after the end, and are not there"},
	} {
		if n[c.counter] > 0 {
			line("", "%s %s", term.Count(n[c.counter]), c.says)
		}
	}
	line("seed", "%d", r.Seed)
	line("written", "%s, %s", r.Out, term.Bytes(r.OutBytes))
	_, err := f.WriteTo(w)
	return err
}

// got is a figure, and beside it the one that was asked for.
func got(v, asked *float64, format func(float64) string) string {
	switch {
	case v == nil:
		return ""
	case asked == nil:
		return format(*v)
	}
	return format(*v) + ", asked for " + format(*asked)
}

// WriteJSON prints the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
