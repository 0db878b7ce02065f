package schema

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
)

func arrowAllocator() memory.Allocator { return memory.NewGoAllocator() }

// parquetBatches reads one batch a row group: typed pages into flat slices,
// which Arrow arrays then wrap without a copy.
func (f *File) parquetBatches(cols []column, yield func(arrow.Record) bool) (err error) {
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed pages
			err = fmt.Errorf("malformed Parquet data: %v", p)
		}
	}()
	for i, group := range f.parquet.RowGroups() {
		arrays := make([]arrow.Array, len(cols))
		for k, c := range cols {
			if arrays[k], err = f.readColumn(c, group); err != nil {
				return fmt.Errorf("row group %d, column %s: %w", i, c.name, err)
			}
		}
		if !yield(array.NewRecord(arrowSchema(cols, nil), arrays, group.NumRows())) {
			return nil
		}
	}
	return nil
}

func (f *File) readColumn(c column, group parquet.RowGroup) (arrow.Array, error) {
	path := []string{c.name}
	if c.list {
		path = []string{c.name, "list", "element"}
	}
	leaf, ok := f.parquet.Schema().Lookup(path...)
	if !ok {
		if !c.optional {
			return nil, errors.New("missing in this file; it is damaged or not ours")
		}
		return array.MakeArrayOfNull(arrowAllocator(), c.arrow.Type, int(group.NumRows())), nil
	}
	rows := int(group.NumRows())
	element := c.arrow.Type
	if c.list {
		element = element.(*arrow.ListType).Elem()
	}
	values, err := newLeaf(element, leaf.Node.Type().Kind())
	if err != nil {
		return nil, err
	}
	shape := &levels{maxDef: byte(leaf.MaxDefinitionLevel), list: c.list}
	pages := group.ColumnChunks()[leaf.ColumnIndex].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		values.add(page, shape.add(page))
		parquet.Release(page)
	}
	data := values.data(shape)
	defer data.Release()
	if c.list {
		shape.offsets = append(shape.offsets, int32(shape.elements))
		if len(shape.offsets) != rows+1 {
			return nil, fmt.Errorf("%d rows, but lists for %d", rows, len(shape.offsets)-1)
		}
		offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(shape.offsets))
		data = array.NewData(c.arrow.Type, rows, []*memory.Buffer{nil, offsets}, []arrow.ArrayData{data}, 0, 0)
		defer data.Release()
	} else if data.Len() != rows {
		return nil, fmt.Errorf("%d rows, but %d values", rows, data.Len())
	}
	return array.MakeFromData(data), nil
}

// levels collects where values are: offsets of lists, nulls of optional columns.
type levels struct {
	maxDef   byte
	list     bool
	elements int     // list elements seen
	offsets  []int32 // of lists: where each row's elements begin
	valid    []byte  // of optional columns: a bitmap, nil when there was no null
	slots    int     // rows of an optional column seen
	nulls    int
}

// add takes a page's levels in and says which of its slots hold a value.
func (l *levels) add(page parquet.Page) slots {
	def := page.DefinitionLevels()
	switch {
	case l.list:
		before := l.elements
		for i, rep := range page.RepetitionLevels() {
			if rep == 0 {
				l.offsets = append(l.offsets, int32(l.elements))
			}
			if def[i] == l.maxDef {
				l.elements++
			}
		}
		return slots{stored: l.elements - before}
	case l.maxDef == 0:
		return slots{stored: int(page.NumValues())}
	}
	l.valid = append(l.valid, make([]byte, int(bitutil.BytesForBits(int64(l.slots+len(def))))-len(l.valid))...)
	stored := 0
	for i, d := range def {
		if d == l.maxDef {
			bitutil.SetBit(l.valid, l.slots+i)
			stored++
		}
	}
	l.slots += len(def)
	l.nulls += len(def) - stored
	return slots{stored, def}
}

// validity gives Arrow's null bitmap.
func (l *levels) validity() *memory.Buffer {
	if l.nulls == 0 {
		return nil
	}
	return memory.NewBufferBytes(l.valid)
}
