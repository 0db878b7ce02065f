package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/google/uuid"

	"metron/internal/term"
	"metron/schema"
)

// Import turns outside files into a trace: one population, whatever the number
// of files. Fill the fields, then call Run once.
type Import struct {
	Format Format    // AutoFormat is the first file's
	Paths  []string  // of the sources; "-" reads Stdin
	Stdin  io.Reader // used for "-" only
	Out    string    // of the trace; replaced when it is there, since an import can be repeated

	ZeroLength  string // KeepZero, DropZero or FloorZero; "" keeps
	SkipBadRows bool   // count rows that cannot be read and go on
	Spread      string // SpreadNone or SpreadUniform; "" is none
	Options

	out    sink
	in     atomic.Pointer[input] // for Progress
	live   atomic.Int64          // rows read so far
	sealed atomic.Bool           // all rows are read
	counts Counts
	report Report

	dropped map[uuid.UUID]uuid.UUID // rows of sessions that the policy on zero lengths took, and their parents

	firstUS int64  // the earliest start
	privacy string // the most that a row recorded
}

// sink is where rows go: a schema.Builder, or a schema.Writer where a record_id
// may come again.
type sink interface {
	Put(*schema.Record) error
	SetMeta(func(*schema.Meta))
	Close() error
	Abandon() error
}

// Run imports the files. When it fails there is nothing new under the final
// name, and no journal.
func (m *Import) Run(ctx context.Context) (*Report, error) {
	m.dropped = map[uuid.UUID]uuid.UUID{}
	err := m.run(ctx)
	if err != nil {
		if m.out != nil {
			err = errors.Join(err, m.out.Abandon())
		}
		return nil, err
	}
	return m.describe(ctx)
}

func (m *Import) run(ctx context.Context) error {
	for number, path := range m.Paths {
		if err := m.file(ctx, number, path); err != nil {
			return err
		}
	}
	if m.counts.Recorded == 0 {
		return fmt.Errorf("import %s: no rows to record (read %d, bad %d, dropped %d)", m.sources(), m.counts.Read, m.counts.Bad, m.counts.Dropped)
	}
	m.sealed.Store(true)
	if err := m.finish(ctx); err != nil {
		return fmt.Errorf("import into %q: %w", m.Out, err)
	}
	return nil
}

// file takes every row of a file to the sink.
func (m *Import) file(ctx context.Context, number int, path string) error {
	in, err := openInput(path, m.Stdin)
	if err != nil {
		return err
	}
	defer in.Close()
	in.number = number
	m.in.Store(in)
	src, err := m.open(in)
	if err != nil {
		return err
	}
	if m.out == nil {
		if err := m.create(); err != nil {
			return err
		}
	}
	return m.copy(ctx, in, src)
}

// create opens the sink.
func (m *Import) create() error {
	// Content may yet come: until all rows are known the file is its owner's.
	meta := schema.Meta{Vantage: schema.VantageImport, Clock: "the source's own", Privacy: schema.RecordedContent}
	if !m.Format.namesRows {
		b, err := schema.NewBuilder(m.stage(), meta)
		if err == nil { // a nil *Builder would be a sink
			m.out = b
		}
		return err
	}
	w, err := schema.Create(m.stage(), meta)
	if err == nil {
		m.out = w
	}
	return err
}

// open makes a file a source of rows.
func (m *Import) open(in *input) (source, error) {
	if m.Format.open == nil { // AutoFormat
		f, why, err := detect(in)
		if err != nil {
			return nil, err
		}
		m.Format, m.report.Detected = f, why
		if err := m.checkOptions(); err != nil {
			return nil, err
		}
	}
	if m.Format.parquet != in.parquet {
		if in.parquet {
			return nil, term.WithHint(in.errorf("it is a Parquet file"), "`metron inspect` says whether it is a trace already; `metron import auto` whether it can be imported")
		}
		return nil, in.errorf("it is no Parquet file")
	}
	if in.parquet && in.file == nil {
		return nil, in.errorf("it is Parquet, which is read at random; name the file instead of -")
	}
	if m.Format.takes("session-starts") && m.Options.starts == nil {
		var err error
		if m.Options.starts, err = parseStarts(m.SessionStarts); err != nil {
			return nil, err
		}
	}
	in.options = m.Options
	return m.Format.open(in)
}

// copy takes every row of a source to the sink.
func (m *Import) copy(ctx context.Context, in *input, src source) error {
	c := &m.counts
	before := *c
	var r schema.Record
	var bad *badRow
	lastUS, first := int64(0), true
	for {
		if in.rows%1024 == 0 && ctx.Err() != nil {
			return errors.New("import interrupted; nothing was written")
		}
		r = schema.Record{}
		err := read(in, src, &r)
		c.Read = before.Read + in.rows
		m.live.Store(c.Read)
		switch {
		case err == io.EOF:
			c.SubMicrosecond += in.cut
			return m.note(in, src, c.Recorded-before.Recorded)
		case errors.As(err, &bad) && m.SkipBadRows:
			if c.Bad++; c.Bad == 1 {
				c.FirstBad = bad.Error()
				if len(m.Paths) > 1 {
					c.FirstBad = in.name + " " + c.FirstBad
				}
			}
			continue
		case errors.As(err, &bad):
			return m.badRowError(in.errorf("%w", err))
		case err != nil:
			return in.errorf("%w", err)
		}
		if !m.admit(&r) {
			continue
		}
		if !first && r.StartTime < lastUS {
			c.Inversions++
		}
		m.sum(&r)
		first, lastUS = false, r.StartTime
		c.Recorded++
		if err := m.out.Put(&r); err != nil {
			return fmt.Errorf("import into %q: %w", m.Out, err)
		}
	}
}

// read fills r, which is zero, with the next row. One that no file may have is a
// *badRow, too.
func read(in *input, src source, r *schema.Record) error {
	if err := src.next(r); err != nil {
		return err
	}
	err := r.Check()
	switch p, ok := src.(placer); {
	case err == nil:
		return nil
	case ok:
		return p.bad(err)
	}
	return in.bad(err)
}

func (m *Import) badRowError(err error) error {
	if term.Hint(err) != "" {
		return err
	}
	return term.WithHint(err, "mend the row, or count and skip such rows with --skip-bad-rows")
}

// sum keeps what the footer says of all rows together: the earliest start and
// the most that a row recorded.
func (m *Import) sum(r *schema.Record) {
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

// note keeps what the report says of a file that was read.
func (m *Import) note(in *input, src source, rows int64) error {
	digest, err := in.sum()
	if err != nil {
		return err
	}
	if s, ok := src.(remarker); ok {
		for _, remark := range s.remarks() {
			if len(m.Paths) > 1 {
				remark = in.name + ": " + remark
			}
			m.report.Remarks = append(m.report.Remarks, remark)
		}
	}
	m.report.Sources = append(m.report.Sources, Source{File: in.path, Rows: rows, Bytes: in.read.Load(), SHA256: digest})
	return nil
}
