package analyze

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Group is every number about the rows that have the values of its key.
type Group struct {
	Key GroupKey `json:"key"`
	Population
	Warnings []Warning `json:"warnings"` // that its own size gives rise to
}

// GroupKey is the value of each dimension, in the order in which they were asked.
type GroupKey []GroupValue

// GroupValue is the value of one dimension; "" is unknown.
type GroupValue struct {
	Dimension, Value string
}

// MarshalJSON writes an object with a key for each dimension; the unknown is null.
func (k GroupKey) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, v := range k {
		b.WriteByte("{,"[min(i, 1)])
		value := []byte("null")
		if v.Value != "" {
			var err error
			if value, err = json.Marshal(v.Value); err != nil {
				return nil, err
			}
		}
		b.WriteString(`"` + v.Dimension + `":`)
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// String is the key at a terminal.
func (k GroupKey) String() string {
	var values []string
	for _, v := range k {
		values = append(values, v.String())
	}
	return strings.Join(values, ", ")
}

// String is the value, a dash for the unknown: where nothing stands all rows are meant.
func (v GroupValue) String() string {
	if v.Value == "" {
		return "-"
	}
	return v.Value
}

func (k GroupKey) compare(o GroupKey) int {
	for i := range k {
		if c := compareValues(k[i].Value, o[i].Value); c != 0 {
			return c
		}
	}
	return 0
}
