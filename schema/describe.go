package schema

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Column says what a column is. What its values mean stands in the comments of
// Record, and in docs/schema.md.
type Column struct {
	Name     string
	Type     string // as Arrow calls it
	Parquet  string // as Parquet calls it; of a list, that of its elements
	Optional bool   // it may be null; a list is empty instead
	List     bool
	Unit     string   // "" for what has none
	OTel     string   // attribute of OpenTelemetry's conventions; after "~" the nearest, "" for none
	FilledBy []string // vantages whose files have it
}

// Columns describes every column of the row, in file order.
func Columns() []Column {
	row, leaves := reflect.TypeFor[Record](), parquet.SchemaOf(Record{})
	var out []Column
	for _, c := range columns() {
		leaf, ok := leaves.Lookup(c.path()...)
		if !ok {
			panic(fmt.Sprintf("schema: column %s is not in Parquet's schema", c.name))
		}
		tag := row.Field(c.field).Tag
		out = append(out, Column{
			Name: c.name, Type: c.arrow.Type.String(), Parquet: leaf.Node.Type().String(), Optional: c.optional, List: c.list,
			Unit: strings.TrimPrefix(tag.Get("unit"), "-"), OTel: strings.TrimPrefix(tag.Get("otel"), "-"),
			FilledBy: strings.Fields(tag.Get("by")),
		})
	}
	return out
}
