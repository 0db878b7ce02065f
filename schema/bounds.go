package schema

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// What a Parquet file may claim. A file can say in a kilobyte that it holds
// more than any memory, and parquet-go believes it; so Open checks the footer
// and readColumn the pages before parquet-go sees them. Then, however a file is
// made,
//
//   - opening it takes at most 64 times its footer, and 16 MiB;
//   - a column of a row group takes at most 8 bytes (16, an id) for each of at
//     most maxRows values, a list for maxValues elements, and text maxText; while
//     it is read text takes up to three times as much, and any column four
//     times its largest page, which is at most maxPage, besides.
//
// A row group that metron wrote has at most groupRows rows and about groupBytes;
// the limits leave room for files that other programs wrote anew with
// row groups of their own size.
const (
	maxFooter = 128 << 20 // bytes of the footer
	maxLeaves = 1 << 10   // fields of the schema
	maxRows   = 1 << 24   // rows of a row group
	maxValues = 1 << 28   // values of a column of a row group
	maxPage   = 1 << 30   // bytes of a page, uncompressed
	maxText   = 1 << 30   // bytes of a text column of a row group
)

// checkFooter checks the footer's structure: that its lists and strings fit
// into its bytes and that it would not grow out of proportion once decoded.
func checkFooter(r io.ReaderAt, size, length int64) error {
	if length > maxFooter {
		return fmt.Errorf("its footer has %d bytes, over the limit of %d", length, maxFooter)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-8-length); err != nil {
		return err
	}
	var fields, groups, chunks int64
	_, err := walkThrift(footer, func(path uint64, kind byte, n int64) error {
		if kind != thriftList {
			return nil
		}
		switch path {
		case 0x1_02:
			fields += n
		case 0x1_04:
			groups += n
		case 0x1_04_ff_01:
			chunks += n
		}
		switch {
		case fields > maxLeaves:
			return fmt.Errorf("%d columns, over the limit of %d", fields, maxLeaves)
		case groups > parquet.MaxRowGroups:
			return fmt.Errorf("%d row groups, over the limit of %d", groups, parquet.MaxRowGroups)
		case chunks > length/32: // real ones take 100 bytes and more, and 560 in memory
			return fmt.Errorf("%d column chunks in %d bytes", chunks, length)
		}
		return nil
	})
	if err == nil && fields*groups > length { // parquet-go reserves a pointer for each
		err = fmt.Errorf("%d columns in %d row groups in %d bytes", fields, groups, length)
	}
	if err != nil {
		return fmt.Errorf("damaged Parquet footer: %w", err)
	}
	return nil
}

// checkShape checks what the footer says of row groups and columns against the
// file's size and against itself, and the columns that are read against Record.
func (f *File) checkShape() error {
	m := f.parquet.Metadata()
	leaves := f.parquet.Schema().Columns()
	ours := map[int]parquet.LeafColumn{}
	for _, c := range columns() {
		leaf, ok := f.parquet.Schema().Lookup(c.path()...)
		if !ok {
			continue
		}
		if err := c.checkLeaf(leaf); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
		ours[leaf.ColumnIndex] = leaf
	}
	rows := int64(0)
	for i, g := range m.RowGroups {
		if g.NumRows < 0 || g.NumRows > maxRows {
			return fmt.Errorf("row group %d: %d rows, not 0 to %d; write it anew with smaller row groups if it is sound", i, g.NumRows, maxRows)
		}
		rows += g.NumRows
		for k, chunk := range g.Columns {
			name := strings.Join(leaves[k], ".")
			if !slices.Equal(chunk.MetaData.PathInSchema, leaves[k]) {
				return fmt.Errorf("row group %d: column %q where the schema has %q; the file is damaged", i, strings.Join(chunk.MetaData.PathInSchema, "."), name)
			}
			if leaf, ok := ours[k]; ok {
				if err := f.checkChunk(leaf, &chunk, g.NumRows, m.RowGroups[0].Columns[k].MetaData.Codec); err != nil {
					return fmt.Errorf("row group %d, column %s: %w", i, name, err)
				}
			}
		}
	}
	if rows != m.NumRows {
		return fmt.Errorf("%d rows by the footer, %d by its row groups; the file is damaged", m.NumRows, rows)
	}
	return nil
}

// path is the column's path in a Parquet schema.
func (c column) path() []string {
	if c.list {
		return []string{c.name, "list", "element"}
	}
	return []string{c.name}
}

// checkLeaf checks that a file stores a column as this program reads it.
func (c column) checkLeaf(leaf parquet.LeafColumn) error {
	t := c.arrow.Type
	if c.list {
		t = t.(*arrow.ListType).Elem()
	}
	stored := leaf.Node.Type()
	if _, err := newLeaf(t, stored.Kind()); err != nil {
		return err
	}
	if wide, ok := t.(*arrow.FixedSizeBinaryType); ok && stored.Length() != wide.ByteWidth {
		return fmt.Errorf("values of %d bytes, not %d; it is damaged or not ours", stored.Length(), wide.ByteWidth)
	}
	repeats, nests := 0, 1
	if c.list {
		repeats, nests = 1, 3 // a list that may be null, of elements that may be
	}
	if leaf.MaxRepetitionLevel != repeats || leaf.MaxDefinitionLevel > nests {
		return errors.New("nested otherwise than it should be; it is damaged or not ours")
	}
	return nil
}

// checkChunk checks a column chunk's metadata.
func (f *File) checkChunk(leaf parquet.LeafColumn, chunk *format.ColumnChunk, rows int64, first format.CompressionCodec) error {
	m := &chunk.MetaData
	from, to := chunkRange(m)
	switch {
	case chunk.FilePath != "":
		return fmt.Errorf("stored in another file, %q", chunk.FilePath)
	case parquet.Kind(m.Type) != leaf.Node.Type().Kind():
		return fmt.Errorf("stored as %v, not %v; the file is damaged", parquet.Kind(m.Type), leaf.Node.Type().Kind())
	case !slices.Contains([]format.CompressionCodec{format.Uncompressed, format.Snappy, format.Gzip, format.Zstd}, m.Codec):
		return fmt.Errorf("compressed by %v, which is not read; write it anew with zstd, snappy, gzip or none", m.Codec)
	case m.Codec != first: // parquet-go takes the first row group's for all
		return fmt.Errorf("compressed by %v, by %v in the first row group; write it anew with one of them", m.Codec, first)
	case m.NumValues < 0 || m.NumValues > maxValues:
		return fmt.Errorf("%d values, not 0 to %d; write it anew with smaller row groups if it is sound", m.NumValues, maxValues)
	case m.NumValues < rows || leaf.MaxRepetitionLevel == 0 && m.NumValues != rows:
		return fmt.Errorf("%d values for %d rows; the file is damaged", m.NumValues, rows)
	case m.NumValues > 0 && (from < 4 || to < from || to > f.size || m.DataPageOffset < from || m.DataPageOffset > to):
		return fmt.Errorf("at bytes %d to %d of a file of %d; the file is damaged", from, to, f.size)
	}
	return nil
}

// chunkRange is where a column chunk lies in its file.
func chunkRange(m *format.ColumnMetaData) (from, to int64) {
	from = m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		from = m.DictionaryPageOffset
	}
	return from, from + m.TotalCompressedSize
}
