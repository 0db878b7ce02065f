package schema

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
)

const (
	groupRows   = 1 << 14   // rows of a row group at most
	groupChunks = 1 << 22   // and chunk entries: about 64 MiB as Arrow
	heldBytes   = 256 << 20 // of journal batches held while sealing: rows out of order find theirs there
)

// place is where the last row of a record stands in the journal.
type place struct {
	startUS int64
	batch   int32
	row     int32
}

// seal turns a journal of size bytes into a Parquet file: the last row of each
// record, sorted by start_time, under a temporary name until it is complete. A
// journal that cannot be read to its end is left as it is.
func seal(journalPath, path string, meta Meta, size int64) error {
	j, err := openJournal(journalPath)
	if err != nil {
		return err
	}
	defer j.file.Close()
	offsets, places, err := j.index()
	if err != nil {
		return err
	}
	if end := offsets[len(offsets)-1]; end < size {
		return fmt.Errorf("the journal is damaged: it reads to byte %d of %d", end, size)
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, meta.perm())
	if err != nil {
		return err
	}
	defer os.Remove(temp) // a no-op once renamed
	err = writeParquet(f, meta, func(yield func(*Record) error) error { return j.rows(offsets, places, yield) })
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := syncFolder(path); err != nil {
		return err
	}
	j.file.Close() // Windows removes no open file
	return os.Remove(journalPath)
}

// index finds the offset of each batch, and at last where the complete ones
// end; and the place of the last row of each record, by start_time.
func (j *journalReader) index() (offsets []int64, places []place, err error) {
	id, start := j.schema.FieldIndices("record_id"), j.schema.FieldIndices("start_time")
	if len(id) != 1 || len(start) != 1 {
		return nil, nil, errors.New("journal has no record_id or start_time")
	}
	last := map[uuid.UUID]int{}
	at := int64(len(j.head))
	for {
		b, err := j.next(at)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		ids, starts := b.Column(id[0]).(*array.FixedSizeBinary), b.Column(start[0]).(*array.Timestamp)
		for row := range int(b.NumRows()) {
			p := place{int64(starts.Value(row)), int32(len(offsets)), int32(row)}
			key := uuid.UUID(ids.Value(row))
			if i, seen := last[key]; seen {
				places[i] = p
				continue
			}
			last[key] = len(places)
			places = append(places, p)
		}
		offsets = append(offsets, at)
		at = b.to
		b.Release()
	}
	offsets = append(offsets, at)
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.startUS, b.startUS) })
	return offsets, places, nil
}

// rows yields the rows at places, in that order. Rows stand near their sorted
// place in the journal, so few batches are read twice.
func (j *journalReader) rows(offsets []int64, places []place, yield func(*Record) error) error {
	cols := columns()
	held := map[int32]arrow.Record{}
	var order []int32 // of held, the oldest first
	bytes := int64(0)
	size := func(batch int32) int64 { return offsets[batch+1] - offsets[batch] }
	for _, p := range places {
		batch, ok := held[p.batch]
		if !ok {
			b, err := j.next(offsets[p.batch])
			if err != nil {
				return err
			}
			batch = b.Record
			held[p.batch] = batch
			order = append(order, p.batch)
			for bytes += size(p.batch); bytes > heldBytes && len(order) > 1; order = order[1:] {
				bytes -= size(order[0])
				held[order[0]].Release()
				delete(held, order[0])
			}
		}
		var r Record
		getRecord(batch, cols, int(p.row), &r)
		if err := yield(&r); err != nil {
			return err
		}
	}
	return nil
}

// writeParquet writes the rows that source yields, and the footer.
func writeParquet(f io.Writer, meta Meta, source func(yield func(*Record) error) error) error {
	options := []parquet.WriterOption{
		parquet.CreatedBy("metron", meta.Program, ""),
		parquet.DataPageStatistics(true),
		// Half of the columns are small integers that repeat or grow.
		parquet.DefaultEncodingFor(parquet.Int64, &parquet.DeltaBinaryPacked),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("start_time"))),
	}
	for key, value := range meta.keyValues() {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	w := parquet.NewGenericWriter[Record](f, options...)
	rows, chunks := 0, 0
	err := source(func(r *Record) error {
		if rows >= groupRows || chunks+len(r.ChunkTime) > groupChunks {
			if err := w.Flush(); err != nil {
				return err
			}
			rows, chunks = 0, 0
		}
		rows, chunks = rows+1, chunks+len(r.ChunkTime)
		_, err := w.Write([]Record{*r})
		return err
	})
	return errors.Join(err, w.Close())
}
