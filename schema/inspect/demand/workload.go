package demand

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/term"
	"metron/schema"
)

// Workload is what the rows of one or more files ask for, as one population. What
// is undefined is nil.
type Workload struct {
	Name      string `json:"files"`
	Selection string `json:"selection,omitempty"`
	Rows      int64  `json:"rows"`

	Arrivals Arrivals `json:"arrivals"`

	InputTokens  Distribution `json:"input_tokens"`
	OutputTokens Distribution `json:"output_tokens"`

	Sessions *Sessions `json:"sessions"`     // nil: no row names one
	Reuse    *Reuse    `json:"prefix_reuse"` // nil: no row has block hashes
}

// gatherers are the parts that are being gathered.
type gatherers struct {
	arrivals      arrivals
	input, output values
	sessions      sessions
	reuse         reuse
}

// columns are those that are read, in this order.
func columns() []string {
	return []string{"start_time", "input_tokens", "output_tokens", "session_id", "turn", "think_time", "block_hashes", "block_size", "block_unit"}
}

// ErrOrder is that of files that do not follow each other.
var ErrOrder = errors.New("their requests are not in one order")

// Measure reads the rows of an archive that are selected. Files are taken in the
// order of their times, in which they must follow each other (ErrOrder).
func Measure(ctx context.Context, a *schema.Archive, selection schema.Selection) (*Workload, error) {
	ordered, err := inOrder(a)
	if err != nil {
		return nil, err
	}
	w := &Workload{Name: strings.Trim(a.Name(), `"`), Selection: selection.String()}
	var g gatherers
	lastUS, file := int64(0), (*schema.File)(nil)
	for batch, err := range ordered.Batches(ctx, schema.Query{Columns: columns(), Selection: selection}) {
		if err != nil {
			return nil, fmt.Errorf("inspect: %w", err)
		}
		starts := batch.Column(0).(*array.Timestamp).TimestampValues()
		if len(starts) == 0 {
			continue
		}
		if batch.File != file && w.Rows > 0 && int64(starts[0]) < lastUS {
			return nil, term.WithHint(fmt.Errorf("inspect: %q begins at %s, before the end of %q: %w", batch.File.Path(),
				time.UnixMicro(int64(starts[0])).UTC().Format(time.RFC3339Nano), file.Path(), ErrOrder), "`metron trace merge` makes one trace of them, or name one file")
		}
		file, lastUS = batch.File, int64(starts[len(starts)-1])
		w.Rows += batch.NumRows()
		g.add(batch)
	}
	w.Arrivals = g.arrivals.finish()
	w.InputTokens, w.OutputTokens = g.input.distribution(), g.output.distribution()
	w.Sessions, w.Reuse = g.sessions.finish(w.Rows), g.reuse.finish()
	return w, nil
}

func (g *gatherers) add(b schema.Batch) {
	starts := b.Column(0).(*array.Timestamp).TimestampValues()
	input, output := b.Column(1).(*array.Int64), b.Column(2).(*array.Int64)
	session, turn, think := b.Column(3).(*array.String), b.Column(4).(*array.Int64), b.Column(5).(*array.Int64)
	hashes, size, unit := b.Column(6).(*array.List), b.Column(7).(*array.Int64), b.Column(8).(*array.String)
	all := hashes.ListValues().(*array.Int64).Int64Values()
	for i, start := range starts {
		g.arrivals.add(int64(start))
		g.input.addAt(input, i)
		g.output.addAt(output, i)
		name := ""
		if !session.IsNull(i) {
			name = g.sessions.add(session.Value(i), turn, think, i)
		}
		if from, to := hashes.ValueOffsets(i); !size.IsNull(i) {
			tokens := int64(0)
			if !input.IsNull(i) {
				tokens = input.Value(i)
			}
			g.reuse.add(all[from:to], size.Value(i), unit.Value(i), tokens, name)
		}
	}
}

// inOrder sorts the files by their first start.
func inOrder(a *schema.Archive) (*schema.Archive, error) {
	type first struct {
		file *schema.File
		us   int64
	}
	var list []first
	for _, f := range a.Files {
		us, _, err := (&schema.Archive{Files: []*schema.File{f}}).FirstStart()
		if err != nil {
			return nil, err
		}
		list = append(list, first{f, us})
	}
	slices.SortStableFunc(list, func(a, b first) int { return cmp.Compare(a.us, b.us) })
	ordered := &schema.Archive{}
	for _, l := range list {
		ordered.Files = append(ordered.Files, l.file)
	}
	return ordered, nil
}
