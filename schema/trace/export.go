package trace

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"metron/internal/term"
	"metron/schema"
)

// Format is a form that rows can leave in.
type Format struct {
	Name  string
	About string // one line: what it is, and what it cannot carry
	open  func(w io.Writer, e *Export) exporter
}

// exporter writes rows in one format, in the order of their start_time.
type exporter interface {
	// put writes a row. An error that is errLeftOut counts it instead.
	put(r *schema.Record) error
	// close writes what stands at the end.
	close() error
}

// errLeftOut is the error of a row that the format has no line for.
var errLeftOut = errors.New("has no lengths")

// Formats is the table of formats.
func Formats() []Format {
	return []Format{
		{"jsonl", "one JSON object a row, every column that has a value; `metron import jsonl` reads it back", newJSONL},
		{"azure", "CSV as the Azure 2023 trace is: arrival and lengths", newAzure},
		{"mooncake", "JSON lines as the Mooncake traces are: arrival in ms, lengths, block hashes of 512 tokens", newMooncake},
		{"tokens", "Parquet with one row a token, flat", newTokens},
		{"perfetto", "Chrome trace JSON: a timeline of requests and tokens for ui.perfetto.dev", newPerfetto},
	}
}

// Export writes rows in another format. Fill the fields, then call Run once.
type Export struct {
	Format    Format
	In        []string // files, globs and folders
	Selection schema.Selection
	Out       string    // "-" is Stdout; a name that ends in .gz is compressed
	Stdout    io.Writer // used for "-" only
	Force     bool      // replace Out when it is there
	NoTokens  bool      // perfetto: requests only

	live  atomic.Int64
	lost  map[string]int64 // what the format could not carry, and of how many rows
	files *schema.Archive
}

// Exported says what an export did.
type Exported struct {
	Format  string           `json:"format"`
	Out     string           `json:"out"`
	Rows    int64            `json:"rows"`
	LeftOut int64            `json:"left_out"` // rows that the format has no line for
	Lost    map[string]int64 `json:"lost"`     // what it could not carry, and of how many rows
}

// Run exports. When it fails there is nothing new under the name of Out.
func (e *Export) Run(ctx context.Context) (*Exported, error) {
	a, err := schema.OpenArchive(e.In...)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	e.files, e.lost = a, map[string]int64{}
	if e.Out == "-" {
		return e.write(ctx, e.Stdout)
	}
	if err := checkOut(e.Out, e.Force, a); err != nil {
		return nil, err
	}
	temp := filepath.Join(filepath.Dir(e.Out), "."+filepath.Base(e.Out)+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, e.perm())
	if err != nil {
		return nil, fmt.Errorf("--out %q: %w", e.Out, err)
	}
	defer os.Remove(temp) // a no-op once renamed
	report, err := e.write(ctx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return report, os.Rename(temp, e.Out)
}

// perm keeps content its owner's alone.
func (e *Export) perm() os.FileMode {
	for _, f := range e.files.Files {
		if f.Meta().Privacy == schema.RecordedContent {
			return 0o600
		}
	}
	return 0o644
}

func (e *Export) write(ctx context.Context, w io.Writer) (*Exported, error) {
	buffered := bufio.NewWriterSize(w, 1<<20)
	var squeezed *gzip.Writer
	out := io.Writer(buffered)
	if strings.HasSuffix(e.Out, ".gz") {
		squeezed = gzip.NewWriter(buffered)
		out = squeezed
	}
	x := e.Format.open(out, e)
	report := &Exported{Format: e.Format.Name, Out: e.Out, Lost: e.lost}
	for r, err := range e.files.Records(ctx, e.Selection) {
		if err != nil {
			return nil, err
		}
		err := x.put(r.Record)
		switch {
		case errors.Is(err, errLeftOut):
			report.LeftOut++
			continue
		case err != nil:
			return nil, fmt.Errorf("export row %s: %w", r.RecordID, err)
		}
		report.Rows++
		e.live.Store(report.Rows)
	}
	if report.Rows == 0 {
		return nil, fmt.Errorf("export %s: no rows%s%s", e.files.Name(), and(e.Selection.String()), ofWhich(report.LeftOut))
	}
	err := x.close()
	if squeezed != nil {
		err = errors.Join(err, squeezed.Close())
	}
	return report, errors.Join(err, buffered.Flush())
}

func and(selection string) string {
	if selection == "" {
		return ""
	}
	return " " + selection
}

func ofWhich(leftOut int64) string {
	if leftOut == 0 {
		return ""
	}
	return fmt.Sprintf(" that the format can hold: %d are without lengths", leftOut)
}

// Progress is the live line.
func (e *Export) Progress() string { return fmt.Sprintf("wrote %s rows", term.Count(e.live.Load())) }

// lengthsOf gives a row's prompt and answer in tokens: the answer as reported,
// else what its chunks carried.
func lengthsOf(r *schema.Record) (input, output int64, ok bool) {
	if r.InputTokens == nil {
		return 0, 0, false
	}
	if r.OutputTokens != nil {
		return *r.InputTokens, *r.OutputTokens, true
	}
	for _, n := range r.ChunkTokens {
		output += int64(n)
	}
	return *r.InputTokens, output, len(r.ChunkTokens) > 0
}
