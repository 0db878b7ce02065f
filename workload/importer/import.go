package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"metron/internal/term"
	"metron/schema"
	"metron/schema/inspect"
)

// What to do with rows whose input or output length is zero. A negative length
// is always a bad row.
const (
	KeepZero  = "keep"
	DropZero  = "drop"
	FloorZero = "floor" // to one token
)

// Import turns one outside file into a trace. Fill the fields, then call
// Run once.
type Import struct {
	Format Format
	Path   string    // of the source; "-" reads Stdin
	Stdin  io.Reader // used for "-" only
	Out    string    // of the trace; replaced when it is there, since an import can be repeated

	ZeroLength  string // KeepZero, DropZero or FloorZero; "" keeps
	SkipBadRows bool   // count rows that cannot be read and go on

	in     atomic.Pointer[input] // for Progress
	live   atomic.Int64          // rows read so far
	sealed atomic.Bool           // all rows are read
	counts Counts

	firstUS int64  // the earliest start
	privacy string // the most that a row recorded
}

// Counts says what became of the rows of a source.
type Counts struct {
	Read           int64 `json:"read"`     // rows of the source
	Recorded       int64 `json:"recorded"` // rows that went into the trace
	Bad            int64 `json:"bad"`      // could not be read, and were skipped
	ZeroLength     int64 `json:"zero_length"`
	Dropped        int64 `json:"dropped"` // of the zero_length ones
	Floored        int64 `json:"floored"` // of the zero_length ones
	Inversions     int64 `json:"inversions"`
	SubMicrosecond int64 `json:"sub_microsecond"` // times that were cut to microseconds

	FirstBad string `json:"first_bad,omitempty"` // which and why
}

// Run imports the file. When it fails there is nothing new under the final
// name, and no journal.
func (m *Import) Run(ctx context.Context) (*Report, error) {
	in, err := openInput(m.Path, m.Stdin)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	m.in.Store(in)
	src, err := m.Format.open(in)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{"format": m.Format.Name, "file": m.Path, "zero_length": m.zeroLength(), "skip_bad_rows": m.SkipBadRows})
	if err != nil {
		return nil, err
	}
	// Content may yet come: until all rows are known the file is its owner's.
	w, err := schema.NewBuilder(m.Out, schema.Meta{Vantage: schema.VantageImport, Clock: "the source's own", Config: config,
		Privacy: schema.RecordedContent})
	if err != nil {
		return nil, err
	}
	digest, err := m.copy(ctx, in, src, w)
	if err != nil {
		return nil, errors.Join(err, w.Abandon())
	}
	w.SetMeta(func(meta *schema.Meta) {
		meta.TimeZero, meta.Privacy, meta.SourceDigest = m.firstUS, m.privacy, digest
		meta.Counters = m.counts.footer()
	})
	m.sealed.Store(true)
	if err := w.Close(); err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // Close's own words promise the journal, which nobody needs: the source is there
		}
		return nil, errors.Join(fmt.Errorf("import into %q: %w", m.Out, err), w.Abandon())
	}
	return m.report(ctx, in, digest)
}

func (m *Import) zeroLength() string {
	if m.ZeroLength == "" {
		return KeepZero
	}
	return m.ZeroLength
}

// copy takes every row of the source to the writer.
func (m *Import) copy(ctx context.Context, in *input, src source, w *schema.Builder) (digest string, err error) {
	c := &m.counts
	var r schema.Record
	var bad *badRow
	lastUS := int64(0)
	for {
		if in.rows%1024 == 0 && ctx.Err() != nil {
			return "", errors.New("import interrupted; nothing was written")
		}
		r = schema.Record{}
		err := src.next(&r)
		c.Read = in.rows
		m.live.Store(in.rows)
		switch {
		case err == io.EOF:
			if c.SubMicrosecond = in.subMicros; c.Recorded == 0 {
				return "", in.errorf("no rows to record (read %d, bad %d, dropped %d)", c.Read, c.Bad, c.Dropped)
			}
			return in.sum()
		case errors.As(err, &bad) && m.SkipBadRows:
			if c.Bad++; c.Bad == 1 {
				c.FirstBad = bad.Error()
			}
			continue
		case errors.As(err, &bad):
			return "", m.badRowError(in.errorf("%w", err))
		case err != nil:
			return "", in.errorf("after line %d: %w", in.n, err)
		}
		if !m.admit(&r) {
			continue
		}
		if c.Recorded > 0 && r.StartTime < lastUS {
			c.Inversions++
		}
		m.note(&r)
		lastUS = r.StartTime
		c.Recorded++
		if err := w.Put(&r); err != nil {
			return "", fmt.Errorf("import into %q: %w", m.Out, err)
		}
	}
}

func (m *Import) badRowError(err error) error {
	if term.Hint(err) != "" {
		return err
	}
	return term.WithHint(err, "mend the line, or count and skip such rows with --skip-bad-rows")
}

// admit applies the policy on zero lengths and says whether the row is kept.
func (m *Import) admit(r *schema.Record) bool {
	zero := false
	for _, n := range []**int64{&r.InputTokens, &r.OutputTokens} {
		if *n != nil && **n == 0 {
			zero = true
			if m.ZeroLength == FloorZero {
				*n = new(int64(1))
			}
		}
	}
	if !zero {
		return true
	}
	m.counts.ZeroLength++
	switch m.ZeroLength {
	case DropZero:
		m.counts.Dropped++
		return false
	case FloorZero:
		m.counts.Floored++
	}
	return true
}

// note keeps what the footer says of all rows together: the earliest start and
// the most that a row recorded.
func (m *Import) note(r *schema.Record) {
	if m.counts.Recorded == 0 {
		m.firstUS, m.privacy = r.StartTime, r.Recorded
	}
	m.firstUS = min(m.firstUS, r.StartTime)
	for _, most := range []string{schema.RecordedContent, schema.RecordedHash} {
		if m.privacy == most || r.Recorded == most {
			m.privacy = most
			return
		}
	}
}

func (c *Counts) footer() map[string]int64 {
	return map[string]int64{"read": c.Read, "recorded": c.Recorded, "bad": c.Bad, "zero_length": c.ZeroLength, "dropped": c.Dropped,
		"floored": c.Floored, "inversions": c.Inversions, "sub_microsecond": c.SubMicrosecond}
}

// Progress is the live line: rows and the share of the source read.
func (m *Import) Progress() string {
	in := m.in.Load()
	switch {
	case in == nil:
		return "opening"
	case m.sealed.Load():
		return fmt.Sprintf("sorting and writing %s rows", term.Count(m.live.Load()))
	case in.size > 0:
		return fmt.Sprintf("read %s rows, %s of %s", term.Count(m.live.Load()), term.Bytes(in.read.Load()), term.Bytes(in.size))
	}
	return fmt.Sprintf("read %s rows, %s", term.Count(m.live.Load()), term.Bytes(in.read.Load()))
}

// report describes the trace as it stands on disk.
func (m *Import) report(ctx context.Context, in *input, digest string) (*Report, error) {
	f, err := schema.Open(m.Out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := inspect.Inspect(ctx, f)
	if err != nil {
		return nil, err
	}
	return &Report{
		Format: m.Format.Name, Source: m.Path, SourceBytes: in.read.Load(), SourceDigest: digest, ZeroLengthPolicy: m.zeroLength(),
		Counts: m.counts, Replaced: m.counts.Recorded - s.Rows, Rows: s.Rows, Arrivals: s.Arrivals,
		InputTokens: s.InputTokens, OutputTokens: s.OutputTokens, Out: m.Out, OutBytes: s.Bytes,
	}, nil
}
