package schema

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// column is one field of Record: its name, its Arrow type, and how a value
// goes into an Arrow builder and comes back out of an array.
type column struct {
	name     string
	field    int // index in Record
	list     bool
	optional bool // absent is null in Parquet; lists and required columns have no nulls
	arrow    arrow.Field
	put      func(b array.Builder, v reflect.Value)
	get      func(a arrow.Array, row int, v reflect.Value)
}

// columns derives the columns from Record's struct tags, in order.
func columns() []column {
	t := reflect.TypeFor[Record]()
	out := make([]column, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		options := strings.Split(f.Tag.Get("parquet"), ",")
		c := column{name: options[0], field: i}
		for _, o := range options[1:] {
			c.optional = c.optional || o == "optional"
			c.list = c.list || o == "list"
		}
		kind := c.bind(f.Type)
		if c.name == "start_time" {
			kind = arrow.FixedWidthTypes.Timestamp_us
			c.put = func(b array.Builder, v reflect.Value) {
				b.(*array.TimestampBuilder).Append(arrow.Timestamp(v.Int()))
			}
			c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetInt(int64(a.(*array.Timestamp).Value(row))) }
		}
		c.arrow = arrow.Field{Name: c.name, Type: kind, Nullable: c.optional}
		out = append(out, c)
	}
	return out
}

// ColumnNames lists every column of the row, in file order.
func ColumnNames() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return names
}

func arrowSchema(cols []column, meta *arrow.Metadata) *arrow.Schema {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = c.arrow
	}
	return arrow.NewSchema(fields, meta)
}

// bind chooses put and get for a Go type and returns its Arrow type.
func (c *column) bind(t reflect.Type) arrow.DataType {
	switch t.Kind() {
	case reflect.Pointer:
		return c.bindPointer(t)
	case reflect.Array: // uuid.UUID
		c.put = func(b array.Builder, v reflect.Value) {
			if c.optional && v.IsZero() {
				b.AppendNull()
				return
			}
			b.(*array.FixedSizeBinaryBuilder).Append(v.Slice(0, v.Len()).Bytes())
		}
		c.get = func(a arrow.Array, row int, v reflect.Value) {
			reflect.Copy(v, reflect.ValueOf(a.(*array.FixedSizeBinary).Value(row)))
		}
		return &arrow.FixedSizeBinaryType{ByteWidth: t.Len()}
	case reflect.Slice:
		return c.bindSlice(t)
	case reflect.String:
		c.put = func(b array.Builder, v reflect.Value) {
			if c.optional && v.Len() == 0 {
				b.AppendNull()
				return
			}
			b.(*array.StringBuilder).Append(v.String())
		}
		c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetString(a.(*array.String).Value(row)) }
		return arrow.BinaryTypes.String
	case reflect.Int64:
		c.put = func(b array.Builder, v reflect.Value) { b.(*array.Int64Builder).Append(v.Int()) }
		c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetInt(a.(*array.Int64).Value(row)) }
		return arrow.PrimitiveTypes.Int64
	case reflect.Float64:
		c.put = func(b array.Builder, v reflect.Value) { b.(*array.Float64Builder).Append(v.Float()) }
		c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetFloat(a.(*array.Float64).Value(row)) }
		return arrow.PrimitiveTypes.Float64
	case reflect.Bool:
		c.put = func(b array.Builder, v reflect.Value) { b.(*array.BooleanBuilder).Append(v.Bool()) }
		c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetBool(a.(*array.Boolean).Value(row)) }
		return arrow.FixedWidthTypes.Boolean
	}
	panic(fmt.Sprintf("schema: column %s: no Arrow type for Go type %s", c.name, t))
}

func (c *column) bindPointer(t reflect.Type) arrow.DataType {
	elem := column{name: c.name}
	kind := elem.bind(t.Elem())
	c.put = func(b array.Builder, v reflect.Value) {
		if v.IsNil() {
			b.AppendNull()
			return
		}
		elem.put(b, v.Elem())
	}
	c.get = func(a arrow.Array, row int, v reflect.Value) {
		v.Set(reflect.New(t.Elem()))
		elem.get(a, row, v.Elem())
	}
	return kind
}

func (c *column) bindSlice(t reflect.Type) arrow.DataType {
	switch t.Elem().Kind() {
	case reflect.Uint8:
		c.put = func(b array.Builder, v reflect.Value) {
			if v.IsNil() {
				b.AppendNull()
				return
			}
			b.(*array.BinaryBuilder).Append(v.Bytes())
		}
		c.get = func(a arrow.Array, row int, v reflect.Value) { v.SetBytes(a.(*array.Binary).Value(row)) }
		return arrow.BinaryTypes.Binary
	case reflect.Int64:
		bindList(c, func(b array.Builder, s []int64) { b.(*array.Int64Builder).AppendValues(s, nil) },
			func(a arrow.Array) []int64 { return a.(*array.Int64).Int64Values() })
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int64)
	case reflect.Int32:
		bindList(c, func(b array.Builder, s []int32) { b.(*array.Int32Builder).AppendValues(s, nil) },
			func(a arrow.Array) []int32 { return a.(*array.Int32).Int32Values() })
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32)
	case reflect.Int16:
		bindList(c, func(b array.Builder, s []int16) { b.(*array.Int16Builder).AppendValues(s, nil) },
			func(a arrow.Array) []int16 { return a.(*array.Int16).Int16Values() })
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int16)
	case reflect.Int8:
		bindList(c, func(b array.Builder, s []int8) { b.(*array.Int8Builder).AppendValues(s, nil) },
			func(a arrow.Array) []int8 { return a.(*array.Int8).Int8Values() })
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int8)
	case reflect.String:
		bindList(c, func(b array.Builder, s []string) { b.(*array.StringBuilder).AppendValues(s, nil) },
			func(a arrow.Array) []string {
				out := make([]string, a.Len())
				for i := range out {
					out[i] = a.(*array.String).Value(i)
				}
				return out
			})
		return arrow.ListOfNonNullable(arrow.BinaryTypes.String)
	}
	panic(fmt.Sprintf("schema: column %s: no Arrow type for Go type %s", c.name, t))
}

// bindList binds a list column by how its values are appended and seen as a slice.
func bindList[T any](c *column, push func(array.Builder, []T), values func(arrow.Array) []T) {
	c.put = func(b array.Builder, v reflect.Value) {
		list := b.(*array.ListBuilder)
		list.Append(true)
		push(list.ValueBuilder(), v.Interface().([]T))
	}
	c.get = func(a arrow.Array, row int, v reflect.Value) {
		list := a.(*array.List)
		from, to := list.ValueOffsets(row)
		if from == to {
			return // an empty list is nil: one form of "unknown"
		}
		slice := array.NewSlice(list.ListValues(), from, to)
		v.Set(reflect.ValueOf(values(slice)))
	}
}

// putRecord appends one row to a builder over all columns.
func putRecord(b *array.RecordBuilder, cols []column, r *Record) {
	v := reflect.ValueOf(r).Elem()
	for i := range cols {
		cols[i].put(b.Field(i), v.Field(cols[i].field))
	}
}

// getRecord reads row `row` of a batch whose columns are cols, in order.
// Slices and strings of r share the batch's memory.
func getRecord(batch arrow.Record, cols []column, row int, r *Record) {
	v := reflect.ValueOf(r).Elem()
	for i := range cols {
		a := batch.Column(i)
		if !a.IsNull(row) {
			cols[i].get(a, row, v.Field(cols[i].field))
		}
	}
}
