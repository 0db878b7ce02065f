package importer

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"metron/schema"
)

// jsonField sets one column of a row from a JSON value.
type jsonField struct {
	index int // in schema.Record
	read  func(v reflect.Value, value []byte) error
}

func (f jsonField) set(r *schema.Record, value []byte) error {
	return f.read(reflect.ValueOf(r).Elem().Field(f.index), value)
}

// jsonFields derives a field for every column from the row's struct tags, so
// that a new column needs nothing here.
func jsonFields() map[string]jsonField {
	fields := map[string]jsonField{}
	t := reflect.TypeFor[schema.Record]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("parquet"), ",")
		fields[name] = jsonField{i, jsonReader(name, t.Field(i).Type)}
	}
	return fields
}

// jsonReader chooses how values of a Go type are read.
func jsonReader(name string, t reflect.Type) func(reflect.Value, []byte) error {
	switch {
	case name == "chunk_kind":
		return func(v reflect.Value, value []byte) error { return readList(v, value, kindCode) }
	case t.Kind() == reflect.Pointer:
		elem := jsonReader(name, t.Elem())
		return func(v reflect.Value, value []byte) error {
			v.Set(reflect.New(t.Elem()))
			return elem(v.Elem(), value)
		}
	case t == reflect.TypeFor[uuid.UUID]():
		return readUUID
	case t == reflect.TypeFor[[]byte]():
		return readBytes
	case t == reflect.TypeFor[[]string]():
		return func(v reflect.Value, value []byte) error {
			if err := json.Unmarshal(value, v.Addr().Interface()); err != nil {
				return wants("a list of strings", value)
			}
			if v.Len() == 0 {
				v.SetZero()
			}
			return nil
		}
	case t.Kind() == reflect.Slice:
		return func(v reflect.Value, value []byte) error { return readList(v, value, integer) }
	}
	return map[reflect.Kind]func(reflect.Value, []byte) error{
		reflect.Int64: func(v reflect.Value, value []byte) error {
			n, err := integer(value, 64)
			v.SetInt(n)
			return err
		},
		reflect.Float64: func(v reflect.Value, value []byte) error {
			x, err := strconv.ParseFloat(string(value), 64)
			if err != nil {
				return wants("a number", value)
			}
			v.SetFloat(x)
			return nil
		},
		reflect.Bool: func(v reflect.Value, value []byte) error {
			if text := string(value); text != "true" && text != "false" {
				return wants("true or false", value)
			}
			v.SetBool(string(value) == "true")
			return nil
		},
		reflect.String: func(v reflect.Value, value []byte) error {
			s, err := text(value)
			v.SetString(s)
			return err
		},
	}[t.Kind()]
}
