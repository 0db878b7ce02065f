package schema

import (
	"bytes"
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

// readColumn reads one column of a row group: typed pages into a flat slice,
// which an Arrow array then wraps without a copy.
func (f *File) readColumn(c column, group parquet.RowGroup, l *lease) (a arrow.Array, err error) {
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed pages
			err = fmt.Errorf("malformed Parquet data: %v", p)
		}
	}()
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
	if err := f.checkPages(leaf, group); err != nil {
		return nil, err
	}
	chunk := group.ColumnChunks()[leaf.ColumnIndex]
	values, err := newLeaf(element, leaf.Node.Type().Kind())
	if err != nil {
		return nil, err
	}
	values.reserve(int(chunk.NumValues()), l)
	shape := &levels{maxDef: byte(leaf.MaxDefinitionLevel), list: c.list}
	if c.list {
		shape.offsets = room[int32](l, rows+1)
	}
	pages := chunk.Pages()
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
		if data.Len() != shape.elements {
			return nil, fmt.Errorf("%d list elements, but %d values", shape.elements, data.Len())
		}
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
		return slots{stored: l.addLists(page.RepetitionLevels(), def)}
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

// addLists takes the levels of a list column's page in and gives the number of
// elements: of long lists nearly all levels are alike, so it skips from list to list.
func (l *levels) addLists(rep, def []byte) int {
	before := l.elements
	noneEmpty := bytes.Count(def, []byte{l.maxDef}) == len(def)
	for i := 0; i < len(rep); {
		if rep[i] == 0 {
			l.offsets = append(l.offsets, int32(l.elements))
		}
		next := bytes.IndexByte(rep[i+1:], 0) + 1
		if next == 0 {
			next = len(rep) - i
		}
		if noneEmpty || def[i] == l.maxDef {
			l.elements += next
		}
		i += next
	}
	return l.elements - before
}

// validity gives Arrow's null bitmap.
func (l *levels) validity() *memory.Buffer {
	if l.nulls == 0 {
		return nil
	}
	return memory.NewBufferBytes(l.valid)
}
