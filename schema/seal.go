package schema

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// seal turns a journal of size bytes into a Parquet file: the last row of each
// record, sorted by start_time, under a temporary name until it is complete. A
// journal that cannot be read to its end is left as it is.
func seal(j *journalReader, path string, meta Meta, size int64) error {
	index, err := j.index()
	if err != nil {
		return err
	}
	if index.end < size {
		return fmt.Errorf("the journal is damaged: it reads to byte %d of %d", index.end, size)
	}
	return sealIndexed(j, index, path, meta)
}

func sealIndexed(j *journalReader, index *journalIndex, path string, meta Meta) error {
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, meta.perm())
	if err != nil {
		return err
	}
	defer os.Remove(temp) // a no-op once renamed
	err = writeParquet(f, meta, func(yield func(*rowGroup) error) error { return j.groups(index, yield) })
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(path)
}

// writeParquet writes the row groups that source yields, and the footer.
func writeParquet(f io.Writer, meta Meta, source func(yield func(*rowGroup) error) error) error {
	w := newParquetWriter(f, meta.Program)
	setMeta(w, meta)
	cols := columns()
	err := source(func(g *rowGroup) error {
		var n readNumbers
		for i := range g.rows {
			var r Record
			g.record(i, cols, &r)
			n.renumber(&r)
			if _, err := w.Write([]Record{r}); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	return errors.Join(err, w.Close())
}

func newParquetWriter(f io.Writer, program string) *parquet.GenericWriter[Record] {
	return parquet.NewGenericWriter[Record](f,
		parquet.CreatedBy("metron", program, ""),
		parquet.DataPageStatistics(true),
		// Half of the columns are small integers that repeat or grow.
		parquet.DefaultEncodingFor(parquet.Int64, &parquet.DeltaBinaryPacked),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("start_time"))))
}

// setMeta sets the footer, which Close of the writer writes.
func setMeta(w *parquet.GenericWriter[Record], meta Meta) {
	kv := meta.keyValues()
	for _, key := range slices.Sorted(maps.Keys(kv)) {
		w.SetKeyValueMetadata(key, kv[key])
	}
}

// readNumbers numbers the socket reads of a row group's rows one after the
// other. Only which chunks share a read means anything; numbers that began anew
// in every row would cost half a byte a token, ones that run on cost nothing.
type readNumbers struct{ last int32 }

func (n *readNumbers) renumber(r *Record) {
	out := make([]int32, len(r.ChunkRead))
	for i, read := range r.ChunkRead {
		if i == 0 || read != r.ChunkRead[i-1] {
			n.last++ // a row group has far fewer chunks than an int32 counts
		}
		out[i] = n.last
	}
	r.ChunkRead = out
}
