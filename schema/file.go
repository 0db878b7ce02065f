package schema

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go"
)

// File is an open trace or run: a Parquet file, or a journal that one will
// grow from.
type File struct {
	path    string
	file    *os.File
	size    int64
	meta    Meta
	parquet *parquet.File  // nil for a journal
	journal *journalReader // nil for a Parquet file
}

// Open opens one file for reading and checks that it is ours.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open %q: no such file%s", path, nearby(path))
	case err != nil:
		return nil, fmt.Errorf("open %q: %w", path, err)
	case info.IsDir():
		return nil, fmt.Errorf("open %q: it is a folder, where one file is needed", path)
	case info.Size() == 0:
		return nil, fmt.Errorf("open %q: the file is empty (0 bytes); record or import it again", path)
	}
	f := &File{path: path, size: info.Size()}
	if strings.HasSuffix(path, journalExt) {
		err = f.openJournal()
	} else {
		err = f.openParquet()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// nearby points to the journal that a file's writer left when it was cut off.
func nearby(path string) string {
	if _, err := os.Stat(JournalPath(path)); err == nil {
		return fmt.Sprintf("; its writer is running or was cut off: read %q instead", JournalPath(path))
	}
	return ""
}

func (f *File) openJournal() (err error) {
	if f.journal, err = openJournal(f.path); err != nil {
		return err
	}
	f.file = f.journal.file
	md := f.journal.schema.Metadata()
	if f.meta, err = metaFrom(md.GetValue); err != nil {
		return errors.Join(fmt.Errorf("read journal %q: %w", f.path, err), f.Close())
	}
	return nil
}

func (f *File) openParquet() (err error) {
	if f.file, err = os.Open(f.path); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed footers
			err = fmt.Errorf("read %q: malformed Parquet footer: %v", f.path, p)
		}
		if err != nil {
			f.file.Close()
		}
	}()
	if err := f.checkMagic(); err != nil {
		return err
	}
	if f.parquet, err = parquet.OpenFile(f.file, f.size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true)); err != nil {
		return fmt.Errorf("read %q: %w; the file is damaged", f.path, err)
	}
	if f.meta, err = metaFrom(f.parquet.Lookup); err != nil {
		return fmt.Errorf("read %q: %w", f.path, err)
	}
	if err := f.checkShape(); err != nil {
		return fmt.Errorf("read %q: %w", f.path, err)
	}
	return nil
}

// checkMagic tells a file cut short from one that never was Parquet.
func (f *File) checkMagic() error {
	const magic = "PAR1"
	head, tail := make([]byte, 4), make([]byte, 8) // the tail: length of the footer, magic
	f.file.ReadAt(head, 0)
	f.file.ReadAt(tail, max(0, f.size-8))
	footer := int64(binary.LittleEndian.Uint32(tail))
	switch {
	case string(head) != magic:
		return fmt.Errorf("read %q: not a Parquet file; `metron import` reads other formats", f.path)
	case string(tail[4:]) != magic || f.size < 12:
		return fmt.Errorf("read %q: the file is cut short (%d bytes, no Parquet footer); copy or record it again", f.path, f.size)
	case footer > f.size-12: // parquet-go would believe it, and allocate as much
		return fmt.Errorf("read %q: its footer claims %d of %d bytes; the file is damaged", f.path, footer, f.size)
	}
	if err := checkFooter(f.file, f.size, footer); err != nil {
		return fmt.Errorf("read %q: %w", f.path, err)
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Path is the name that the file was opened by.
func (f *File) Path() string { return f.path }

// Size is the size of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Meta is the file's footer.
func (f *File) Meta() Meta { return f.meta }

// NumRows is the number of rows; of a journal, -1: it is known when it was read.
func (f *File) NumRows() int64 {
	if f.parquet == nil {
		return -1
	}
	return f.parquet.NumRows()
}

// Digest is the SHA-256 of the file, in hex: it names the trace that a run replayed.
func (f *File) Digest() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f.file, 0, f.size)); err != nil {
		return "", fmt.Errorf("read %q: %w", f.path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ColumnBytes is the size of each column in the file, in bytes; nil for a journal.
func (f *File) ColumnBytes() map[string]int64 {
	if f.parquet == nil {
		return nil
	}
	sizes := map[string]int64{}
	for _, g := range f.parquet.Metadata().RowGroups {
		for _, c := range g.Columns {
			sizes[c.MetaData.PathInSchema[0]] += c.MetaData.TotalCompressedSize
		}
	}
	return sizes
}

// Batches yields record batches of just the columns named, in file order; see
// Archive.Batches, which also takes conditions and many files.
func (f *File) Batches(names ...string) iter.Seq2[Batch, error] {
	return f.alone().Batches(context.Background(), Query{Columns: names})
}

// Records yields whole rows, in file order.
func (f *File) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for r, err := range f.alone().Records(context.Background(), Selection{}) {
			if !yield(r.Record, err) {
				return
			}
		}
	}
}

func (f *File) alone() *Archive { return &Archive{Files: []*File{f}} }

func pick(names []string) ([]column, error) {
	all := map[string]column{}
	for _, c := range columns() {
		all[c.name] = c
	}
	cols := make([]column, len(names))
	for i, name := range names {
		c, ok := all[name]
		if !ok {
			return nil, fmt.Errorf("schema %s has no column %q", Version, name)
		}
		cols[i] = c
	}
	return cols, nil
}

// journalBatches reads a journal whole, so that a row written twice appears once.
func (f *File) journalBatches(cols []column, yield func(arrow.Record) bool) error {
	index, err := f.journal.index()
	if err != nil {
		return err
	}
	all := columns()
	b := array.NewRecordBuilder(arrowAllocator(), arrowSchema(cols, nil))
	defer b.Release()
	stop := errors.New("stop")
	err = f.journal.groups(index, func(g *rowGroup) error {
		for i := range g.rows {
			var r Record
			g.record(i, all, &r)
			putRecord(b, cols, &r)
		}
		if !yield(b.NewRecord()) {
			return stop
		}
		return nil
	})
	if err == stop {
		return nil
	}
	return err
}
