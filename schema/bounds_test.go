package schema

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// withFooter ends a Parquet file.
func withFooter(pages, footer []byte) []byte {
	data := append(append([]byte(nil), pages...), footer...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(footer)))
	return append(data, "PAR1"...)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := thrift.Marshal(&thrift.CompactProtocol{}, v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// forge takes a sound file of n rows and puts other pages into one column:
// change may alter what the footer says of it.
func forge(t *testing.T, name string, n int, pages []byte, change func(*format.FileMetaData, *format.ColumnMetaData)) string {
	t.Helper()
	w, path := create(t)
	for i := range n {
		put(t, w, row(int64(i)))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	sound, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	meta := sound.Metadata()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:len(data)-8]
	for i := range meta.RowGroups[0].Columns {
		m := &meta.RowGroups[0].Columns[i].MetaData
		if m.PathInSchema[0] == name {
			m.DataPageOffset, m.DictionaryPageOffset, m.TotalCompressedSize = int64(len(data)), 0, int64(len(pages))
			change(meta, m)
		}
	}
	return write(t, filepath.Join(t.TempDir(), "forged.parquet"), withFooter(append(data, pages...), marshal(t, meta)))
}

func page(t *testing.T, h format.PageHeader, body []byte) []byte {
	h.CompressedPageSize = int32(len(body))
	if h.UncompressedPageSize == 0 {
		h.UncompressedPageSize = int32(len(body))
	}
	return append(marshal(t, &h), body...)
}

func dataPage(values int32, e format.Encoding) format.PageHeader {
	return format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: values, Encoding: e, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE})}
}

// levelBytes are those of a page of version 1, their length before them.
func levelBytes(runs []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(runs))), runs...)
}

// run is n levels or words of one value.
func run(n uint64, value byte) []byte { return append(binary.AppendUvarint(nil, n<<1), value) }

// TestForgedPages: files made to take all memory. Each is a few kilobytes and
// its checksums and footer are in order.
func TestForgedPages(t *testing.T) {
	zeros := make([]byte, 32<<20)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write(zeros); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	zbomb := encoder.EncodeAll(zeros, nil)
	for len(zbomb) < 4096 { // frame after frame: the header of the first says little
		zbomb = append(zbomb, zbomb...)
	}
	delta := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, 128), 4), math.MaxInt32)
	sized := func(h format.PageHeader, size int32) format.PageHeader {
		h.UncompressedPageSize = size
		return h
	}
	codec := func(c format.CompressionCodec) func(*format.FileMetaData, *format.ColumnMetaData) {
		return func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Codec = c }
	}
	as := func(*format.FileMetaData, *format.ColumnMetaData) {}
	const n = 8
	for _, c := range []struct {
		name, column, want string
		pages              []byte
		change             func(*format.FileMetaData, *format.ColumnMetaData)
	}{
		{"zstd bomb", "choice_count", "decompress", page(t, sized(dataPage(n, format.Plain), 64), zbomb), codec(format.Zstd)},
		{"gzip bomb", "choice_count", "decompress", page(t, sized(dataPage(n, format.Plain), 64), gz.Bytes()), codec(format.Gzip)},
		{"snappy that lies", "choice_count", "decompress", page(t, sized(dataPage(n, format.Plain), 64), binary.AppendUvarint(nil, 1<<31)), codec(format.Snappy)},
		{"a codec that grows", "choice_count", "LZ4_RAW", page(t, dataPage(n, format.Plain), make([]byte, 64)), codec(format.Lz4Raw)},
		{"huge page", "choice_count", "cannot make", page(t, sized(dataPage(n, format.Plain), maxPage), make([]byte, 64)), codec(format.Zstd)},
		{"page over the limit", "choice_count", "over the limit", page(t, sized(dataPage(n, format.Plain), maxPage+1), make([]byte, 64)), codec(format.Zstd)},
		{"page longer than its chunk", "choice_count", "of the", page(t, dataPage(n, format.Plain), make([]byte, 64))[:50], as},
		{"too many values", "choice_count", "values where", page(t, dataPage(math.MaxInt32, format.Plain), make([]byte, 64)), as},
		{"too few values", "choice_count", "lack", page(t, dataPage(1, format.Plain), make([]byte, 8)), as},
		{"plain page cut short", "choice_count", "in 8 bytes", page(t, dataPage(n, format.Plain), make([]byte, 8)), as},
		{"delta of 2 G values", "choice_count", "values where", page(t, dataPage(n, format.DeltaBinaryPacked), delta), as},
		{"unknown encoding", "choice_count", "not read", page(t, dataPage(n, format.DeltaByteArray), delta), as},
		{"no dictionary", "phase", "not there", page(t, dataPage(n, format.RLEDictionary), []byte{1, 2 * n, 0}), codec(format.Uncompressed)},
		{"level runs of 2 G", "loop", "values where", page(t, dataPage(n, format.Plain), levelBytes(run(math.MaxInt32, 0))), as},
		{"level runs, many", "loop", "values where", page(t, dataPage(n, format.Plain), levelBytes(bytes.Repeat([]byte{2 * n, 0}, 1000))), as},
		{"levels longer than the page", "loop", "EOF", page(t, dataPage(n, format.Plain), []byte{0xff, 0xff, 0xff, 0x7f}), as},
		{"levels of lists", "chunk_time", "repetition levels", page(t, dataPage(n, format.DeltaBinaryPacked), levelBytes(run(1<<30, 1))), as},
		{"dictionary words of 2 G", "phase", "values where",
			append(page(t, format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: 1, Encoding: format.Plain})}, []byte{1, 0, 0, 0, 'x'}),
				page(t, dataPage(n, format.RLEDictionary), append([]byte{1}, run(math.MaxInt32, 0)...))...), codec(format.Uncompressed)},
		{"dictionary of 2 G words", "phase", "2147483647 words",
			page(t, format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: math.MaxInt32, Encoding: format.Plain})}, []byte{1, 0, 0, 0, 'x'}), codec(format.Uncompressed)},
		{"rows of the file", "loop", "by its row groups", nil, func(f *format.FileMetaData, _ *format.ColumnMetaData) { f.NumRows = 1 << 60 }},
		{"rows over the limit", "loop", "rows, not 0 to", nil, func(f *format.FileMetaData, _ *format.ColumnMetaData) {
			f.NumRows, f.RowGroups[0].NumRows = 1<<60, 1<<60
		}},
		{"values over the limit", "chunk_time", "values, not 0 to", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.NumValues = 1 << 60 }},
		{"values for rows", "loop", "for 8 rows", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.NumValues = 1 << 20 }},
		{"outside of the file", "loop", "of a file of", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.TotalCompressedSize = math.MaxInt64 }},
		{"before the file", "loop", "of a file of", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.DataPageOffset = -5 }},
		{"another column", "loop", "where the schema has", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.PathInSchema = nil }},
		{"another type", "loop", "stored as", nil, func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Type = format.Double }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readDamaged(t, forge(t, c.column, n, c.pages, c.change))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.column) && c.column != "loop" {
				t.Errorf("got %v, want an error with %q and the column", err, c.want)
			}
		})
	}
}

// TestForgedFooters: footers that would grow once decoded.
func TestForgedFooters(t *testing.T) {
	list := func(id byte, n uint64, kind byte) []byte {
		return append(binary.AppendUvarint([]byte{id<<4 | thriftList, 0xf0 | kind}, n), make([]byte, n)...)
	}
	deep := bytes.Repeat([]byte{0x1c}, 1<<20)
	nested := append([]byte{0x15, 2}, 0x19, 0xfc) // version, then schema elements, each the only child of the one before
	nested = binary.AppendUvarint(nested, 100_000)
	nested = append(nested, bytes.Repeat([]byte{0x48, 0, 0x15, 2, 0}, 100_000)...)
	chain := make([]format.SchemaElement, 1000)
	for i := range chain {
		chain[i] = format.SchemaElement{Name: "x", NumChildren: thrift.New[int32](1)}
	}
	chain[999].NumChildren = thrift.Null[int32]{}
	for _, c := range []struct {
		name, want string
		footer     []byte
	}{
		{"nothing", "damaged", nil},
		{"deep", "malformed", deep},
		{"list longer than the footer", "cut short", []byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 7}},
		{"string longer than the footer", "cut short", []byte{0x28, 0xff, 0xff, 0xff, 0xff, 7}},
		{"row groups", "row groups", list(4, 1<<20, thriftStruct)},
		{"columns", "columns, over", list(2, 1<<20, thriftStruct)},
		{"nested columns", "columns, over", nested},
		{"columns of one another", "nested levels", marshal(t, &format.FileMetaData{Schema: chain})},
		{"column chunks", "column chunks", append([]byte{0x49, 0x1c}, list(1, 1<<20, thriftStruct)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "forged.parquet"), withFooter([]byte("PAR1"), c.footer))
			if _, err := readDamaged(t, path); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestForeignParquet: sound Parquet that is not ours, without and with our footer keys.
func TestForeignParquet(t *testing.T) {
	type inner struct{ A, B int64 }
	ours := []parquet.WriterOption{parquet.KeyValueMetadata(keyPrefix+"schema_version", Version)}
	for i, c := range []struct {
		want    string
		options []parquet.WriterOption
		write   func(path string, options []parquet.WriterOption) error
	}{
		{"not written by metron", nil, rowsOf([]struct{ Name string }{{"x"}})},
		{"not written by metron", []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}, rowsOf([]struct{ In []inner }{{[]inner{{1, 2}}}})},
		{"start_time: missing", ours, rowsOf([]struct{ Name string }{{"x"}})},
		{"update metron", []parquet.WriterOption{parquet.KeyValueMetadata(keyPrefix+"schema_version", "2.0")}, rowsOf([]struct{ Name string }{{"x"}})},
		{"column loop: stored as BYTE_ARRAY", ours, rowsOf([]struct {
			Loop string `parquet:"loop"`
		}{{"x"}})},
		{"column chunk_time: stored as BYTE_ARRAY", ours, rowsOf([]struct {
			T []string `parquet:"chunk_time,list"`
		}{{[]string{"x"}}})},
		{"column loop: nested", ours, rowsOf([]struct {
			T []int64 `parquet:"loop"`
		}{{[]int64{1, 2}}})},
		{"column record_id: values of 4 bytes", ours, rowsOf([]struct {
			ID [4]byte `parquet:"record_id"`
		}{{}})},
		{"start_time: missing", ours, rowsOf([]struct {
			T inner `parquet:"record_id"`
		}{{}})},
	} {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i, ".parquet"))
		if err := c.write(path, c.options); err != nil {
			t.Fatal(err)
		}
		if _, err := readDamaged(t, path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: got %v, want an error with %q", i, err, c.want)
		}
	}
}

// TestNullsInsideLists: lists whose elements may be null read, but not those
// with one.
func TestNullsInsideLists(t *testing.T) {
	type foreign struct {
		T []*int64 `parquet:"chunk_time,list"`
	}
	for _, c := range []struct {
		want string
		rows []foreign
	}{
		{"", []foreign{{[]*int64{new(int64), new(int64)}}, {}, {[]*int64{new(int64)}}}},
		{"nulls inside of lists", []foreign{{[]*int64{new(int64), nil}}, {[]*int64{nil, new(int64)}}}},
	} {
		path := filepath.Join(t.TempDir(), "foreign.parquet")
		if err := rowsOf(c.rows)(path, []parquet.WriterOption{parquet.KeyValueMetadata(keyPrefix+"schema_version", Version)}); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows := int64(0)
		for b, e := range f.Batches("chunk_time") {
			if err = e; err == nil {
				rows += b.NumRows()
			}
		}
		if c.want == "" && (err != nil || rows != 3) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d rows, %v, want an error with %q", rows, err, c.want)
		}
	}
}

func rowsOf[T any](rows []T) func(string, []parquet.WriterOption) error {
	return func(path string, options []parquet.WriterOption) error {
		return parquet.WriteFile(path, rows, options...)
	}
}

// TestWrittenAnew: whatever codec, page version and encoding another program
// chooses, our rows read the same.
func TestWrittenAnew(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.parquet"), soundFiles(t)["sealed.parquet"])
	want := readAll(t, path)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd} {
		for _, version := range []int{1, 2} {
			for _, e := range []string{"", ",dict", ",delta"} {
				schema := parquet.NewSchema("anew", anew(codec, e))
				path := filepath.Join(dir, "b.parquet")
				f, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				w := parquet.NewGenericWriter[Record](f, schema, parquet.DataPageVersion(version), parquet.PageBufferSize(512),
					parquet.KeyValueMetadata(keyPrefix+"schema_version", "1.9"))
				if _, err := w.Write(want); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if got := readAll(t, path); !reflect.DeepEqual(got, want) {
					t.Errorf("%v, page version %d, encoding %q: read otherwise", codec, version, e)
				}
			}
		}
	}
}

// anew is Record's schema with a codec, another encoding of integers, and a
// column that this version does not know.
func anew(codec compress.Codec, e string) parquet.Node {
	group := parquet.Group{"unknown_yet": parquet.Optional(parquet.String())}
	for _, field := range parquet.SchemaOf(Record{}).Fields() {
		group[field.Name()] = field
		if field.Leaf() {
			node := parquet.Node(parquet.Leaf(field.Type()))
			switch kind := field.Type().Kind(); {
			case e == ",dict" && kind != parquet.Boolean:
				node = parquet.Encoded(node, &parquet.RLEDictionary)
			case e == ",delta" && kind == parquet.Int64:
				node = parquet.Encoded(node, &parquet.DeltaBinaryPacked)
			case e == ",delta" && kind == parquet.ByteArray:
				node = parquet.Encoded(node, &parquet.DeltaLengthByteArray)
			}
			if node = parquet.Compressed(node, codec); field.Optional() {
				node = parquet.Optional(node)
			}
			group[field.Name()] = node
		}
	}
	return group
}
