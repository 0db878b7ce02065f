package analyze

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
)

// TableFormats are the file name endings that CreateTable knows.
func TableFormats() []string { return []string{".csv", ".jsonl", ".parquet"} }

// Table writes rows of a type whose columns are its fields, named by their parquet
// tags. Its file stands under a temporary name until Close.
type Table[T any] struct {
	path string
	file *os.File
	rows rowEncoder[T]
}

// rowEncoder is one format of the table.
type rowEncoder[T any] interface {
	put(*T) error
	close() error
}

// CheckTable says whether the name of a table ends in a format.
func CheckTable(path string) error {
	_, err := newEncoder[RequestRow](path, io.Discard)
	return err
}

// CreateTable starts a table whose format is the ending of its name.
func CreateTable[T any](path string) (*Table[T], error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	t := &Table[T]{path: path, file: file}
	if t.rows, err = newEncoder[T](path, file); err != nil {
		t.Abandon()
		return nil, err
	}
	return t, nil
}

// Put adds a row.
func (t *Table[T]) Put(r *T) error {
	if err := t.rows.put(r); err != nil {
		return fmt.Errorf("write %q: %w", t.path, err)
	}
	return nil
}

// Close completes the file and gives it its name.
func (t *Table[T]) Close() error {
	err := t.rows.close()
	if err == nil {
		err = t.file.Chmod(0o644)
	}
	if err == nil {
		err = t.file.Sync()
	}
	if closeErr := t.file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(t.file.Name(), t.path)
	}
	if err != nil {
		os.Remove(t.file.Name())
		return fmt.Errorf("write %q: %w", t.path, err)
	}
	return nil
}

// Abandon removes what was written. After Close it does nothing.
func (t *Table[T]) Abandon() {
	t.file.Close()
	os.Remove(t.file.Name())
}

// tableGroupRows bounds the memory of a row group.
const tableGroupRows = 1 << 18

func newEncoder[T any](path string, w io.Writer) (rowEncoder[T], error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		e := &csvEncoder[T]{out: csv.NewWriter(w)}
		return e, e.out.Write(columnsOf[T]())
	case ".jsonl":
		return &jsonlEncoder[T]{out: bufio.NewWriter(w), names: columnsOf[T]()}, nil
	case ".parquet":
		return &parquetEncoder[T]{parquet.NewGenericWriter[T](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(tableGroupRows))}, nil
	}
	return nil, fmt.Errorf("table %q: the name must end in one of %s", path, strings.Join(TableFormats(), ", "))
}

// columnsOf names the columns, of the struct tags.
func columnsOf[T any]() []string {
	t := reflect.TypeFor[T]()
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("parquet"), ",")
		names = append(names, name)
	}
	return names
}

// cells are the values of a row in the order of its columns: nil, string, bool,
// int64 or float64.
func cells[T any](r *T) []any {
	v := reflect.ValueOf(r).Elem()
	out := make([]any, v.NumField())
	for i := range out {
		out[i] = cell(v.Field(i))
	}
	return out
}

func cell(f reflect.Value) any {
	switch v := f.Interface().(type) {
	case uuid.UUID:
		if v == uuid.Nil {
			return nil
		}
		return v.String()
	case time.Time:
		return v.Format("2006-01-02T15:04:05.000000Z07:00")
	case string:
		if v == "" {
			return nil
		}
		return v
	case bool, int64, float64:
		return v
	}
	if f.IsNil() {
		return nil
	}
	return f.Elem().Interface()
}

type csvEncoder[T any] struct{ out *csv.Writer }

func (e *csvEncoder[T]) put(r *T) error {
	var line []string
	for _, c := range cells(r) {
		switch v := c.(type) {
		case nil:
			line = append(line, "")
		case float64:
			line = append(line, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			line = append(line, fmt.Sprint(v))
		}
	}
	return e.out.Write(line)
}

func (e *csvEncoder[T]) close() error {
	e.out.Flush()
	return e.out.Error()
}

type jsonlEncoder[T any] struct {
	out   *bufio.Writer
	names []string
	line  []byte
}

func (e *jsonlEncoder[T]) put(r *T) error {
	e.line = append(e.line[:0], '{')
	for i, c := range cells(r) {
		if i > 0 {
			e.line = append(e.line, ',')
		}
		value, err := json.Marshal(c)
		if err != nil {
			return err
		}
		e.line = append(strconv.AppendQuote(e.line, e.names[i]), ':')
		e.line = append(e.line, value...)
	}
	_, err := e.out.Write(append(e.line, '}', '\n'))
	return err
}

func (e *jsonlEncoder[T]) close() error { return e.out.Flush() }

type parquetEncoder[T any] struct {
	out *parquet.GenericWriter[T]
}

func (e *parquetEncoder[T]) put(r *T) error {
	_, err := e.out.Write([]T{*r})
	return err
}

func (e *parquetEncoder[T]) close() error { return e.out.Close() }
