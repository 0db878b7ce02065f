package schema

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
)

// TornBytes is the size of what follows the last complete batch of a journal:
// what a crash cut off. It is 0 for a Parquet file.
func (f *File) TornBytes() (int64, error) {
	if f.journal == nil {
		return 0, nil
	}
	index, err := f.journal.index()
	if err != nil {
		return 0, fmt.Errorf("read %q: %w", f.path, err)
	}
	return max(0, f.size-index.end), nil // its writer may have added to it since it was opened
}

// NumGroups is the number of row groups of a Parquet file; 0 for a journal.
func (f *File) NumGroups() int {
	if f.parquet == nil {
		return 0
	}
	return len(f.parquet.RowGroups())
}

// UnknownColumns are those that this version of the schema does not have.
func (f *File) UnknownColumns() []string {
	if f.parquet == nil {
		return nil
	}
	var unknown []string
	for _, field := range f.parquet.Schema().Fields() {
		if _, err := pick([]string{field.Name()}); err != nil {
			unknown = append(unknown, field.Name())
		}
	}
	return unknown
}

// VerifyPages reads every page of the known columns of a Parquet file and
// yields what is wrong, with the first row of the row group that has it: pages
// that cannot be read or whose checksum is another, and statistics that are not
// those of the values, by which readers skip row groups.
//
// It compares what pages hold by parquet-go's own means and not by readColumn,
// so that neither is believed unchecked.
func (f *File) VerifyPages(ctx context.Context) iter.Seq2[int64, *Fault] {
	return func(yield func(int64, *Fault) bool) {
		if f.parquet == nil {
			return
		}
		first := int64(0)
		for i, group := range f.parquet.RowGroups() {
			for _, c := range columns() {
				leaf, ok := f.parquet.Schema().Lookup(c.path()...)
				if !ok {
					continue
				}
				if ctx.Err() != nil {
					return
				}
				if bad := f.verifyChunk(leaf, group, i); bad != nil {
					bad.Column = c.name
					bad.Is = fmt.Sprintf("%s in row group %d (rows %d to %d): %s", c.name, i, first, first+group.NumRows()-1, bad.Is)
					if !yield(first, bad) {
						return
					}
				}
			}
			first += group.NumRows()
		}
	}
}

// contents is what the pages of a column chunk were seen to hold.
type contents struct {
	rows, values, nulls int64
	min, max            parquet.Value
	bounded             bool
}

// verifyChunk reads a column of a row group, page by page.
func (f *File) verifyChunk(leaf parquet.LeafColumn, group parquet.RowGroup, index int) (bad *Fault) {
	page := 0
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed pages
			bad = Faultf("", "a page that can be read", "page %d is malformed: %v", page, p)
		}
	}()
	if err := f.checkPages(leaf, group); err != nil {
		return Faultf("", "pages that can be read", "%v", err)
	}
	var seen contents
	pages := group.ColumnChunks()[leaf.ColumnIndex].Pages()
	defer pages.Close()
	for ; ; page++ {
		p, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Faultf("", "a page that can be read", "page %d: %v", page, err)
		}
		seen.add(p, leaf.Node.Type())
		parquet.Release(p)
	}
	return f.compare(leaf, index, &seen)
}

func (c *contents) add(p parquet.Page, t parquet.Type) {
	c.rows, c.values, c.nulls = c.rows+p.NumRows(), c.values+p.NumValues(), c.nulls+p.NumNulls()
	lo, hi, ok := p.Bounds()
	if !ok {
		return
	}
	if !c.bounded || t.Compare(lo, c.min) < 0 {
		c.min = lo.Clone() // the page's memory goes away
	}
	if !c.bounded || t.Compare(hi, c.max) > 0 {
		c.max = hi.Clone()
	}
	c.bounded = true
}

// compare holds the footer's word on a column chunk against its contents.
func (f *File) compare(leaf parquet.LeafColumn, index int, seen *contents) *Fault {
	group := &f.parquet.Metadata().RowGroups[index]
	m := &group.Columns[leaf.ColumnIndex].MetaData
	switch {
	case seen.rows != group.NumRows:
		return Faultf("", fmt.Sprint(group.NumRows), "the pages have %d rows", seen.rows)
	case seen.values != m.NumValues:
		return Faultf("", fmt.Sprint(m.NumValues), "the pages have %d values", seen.values)
	}
	s := &m.Statistics
	if s.MinValue == nil && s.MaxValue == nil || !seen.bounded {
		return nil // none: nothing is skipped by them
	}
	if seen.nulls != s.NullCount {
		return Faultf("", fmt.Sprint(seen.nulls), "the statistics claim %d nulls", s.NullCount)
	}
	t := leaf.Node.Type()
	lo, hi := t.Kind().Value(s.MinValue), t.Kind().Value(s.MaxValue)
	low, high := t.Compare(lo, seen.min), t.Compare(hi, seen.max)
	// Bounds of texts may be cut short; those of numbers are values.
	if text := t.Kind() == parquet.ByteArray; low > 0 || high < 0 || !text && (low != 0 || high != 0) {
		return Faultf("", fmt.Sprintf("%v to %v", seen.min, seen.max), "the statistics claim %v to %v", lo, hi)
	}
	return nil
}
