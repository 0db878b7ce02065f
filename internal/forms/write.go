package forms

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// members is an object that is written, its fields in their order.
type members []member

type member struct {
	name  string
	value any
}

// with adds a field.
func (m members) with(name string, value any) members { return append(m, member{name, value}) }

// maybe adds a field that says something.
func (m members) maybe(name string, value any) members {
	switch v := value.(type) {
	case string:
		if v == "" {
			return m
		}
	case json.Number:
		if v == "" {
			return m
		}
	case json.RawMessage:
		if len(v) == 0 {
			return m
		}
	case members:
		if len(v) == 0 {
			return m
		}
	case []any:
		if len(v) == 0 {
			return m
		}
	case *bool:
		if v == nil {
			return m
		}
		value = *v
	}
	return m.with(name, value)
}

// appendValue appends a value as JSON.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case members:
		b = append(b, '{')
		for i, f := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), f.name...), '"', ':')
			b = appendValue(b, f.value)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, one := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, one)
		}
		return append(b, ']')
	case json.Number:
		return append(b, v...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		if plain(v) {
			return append(append(append(b, '"'), v...), '"')
		}
	}
	return append(b, encode(value)...)
}

// plain reports whether a text stands in JSON as it is.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encode is a value as JSON, without a browser's escapes.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // texts, truths, and values that were valid before
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// list is what f makes of each.
func list[T any](of []T, f func(T) any) (out []any) {
	for _, one := range of {
		out = append(out, f(one))
	}
	return out
}
