package schema

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Batch is rows of one file that a query selected, in file order. It is valid
// until the next one is asked for, which takes its memory.
type Batch struct {
	arrow.Record // the columns, in the order of Query.Columns
	File         *File
	first        int64   // row number of the first row in its file
	picked       []int32 // of each row, its number after first; nil: they follow each other
	memory       *lease
}

// Row is the number of row i in its file, from 0.
func (b Batch) Row(i int) int64 {
	if b.picked == nil {
		return b.first + int64(i)
	}
	return b.first + int64(b.picked[i])
}

// newBatch keeps the picked rows of a record; nil keeps all.
func newBatch(f *File, r arrow.Record, first int64, picked []int32) Batch {
	b := Batch{Record: r, File: f, first: first}
	if picked == nil {
		return b
	}
	if from, to := int64(picked[0]), int64(picked[len(picked)-1])+1; to-from == int64(len(picked)) {
		b.Record, b.first = r.NewSlice(from, to), first+from // no copy: what a time window leaves
		return b
	}
	b.picked = picked
	b.Record = gather(r, picked)
	return b
}

// gather copies rows, run by run of those that follow each other.
func gather(r arrow.Record, picked []int32) arrow.Record {
	arrays := make([]arrow.Array, r.NumCols())
	for i := range arrays {
		var runs []arrow.Array
		for from := 0; from < len(picked); {
			to := from + 1
			for to < len(picked) && picked[to] == picked[to-1]+1 {
				to++
			}
			runs = append(runs, array.NewSlice(r.Column(i), int64(picked[from]), int64(picked[to-1])+1))
			from = to
		}
		joined, err := array.Concatenate(runs, arrowAllocator())
		if err != nil {
			panic(fmt.Sprintf("schema: join slices of column %s: %v", r.ColumnName(i), err)) // all of one type
		}
		arrays[i] = joined
	}
	return array.NewRecord(r.Schema(), arrays, int64(len(picked)))
}

// startTimes sees a start_time column as us since the Unix epoch.
func startTimes(r arrow.Record, column int) []int64 {
	stamps := r.Column(column).(*array.Timestamp).TimestampValues()
	return arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(stamps))
}
