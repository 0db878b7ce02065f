package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Field is a member of a body's top level that is set before it is sent.
type Field struct {
	Name  string
	Value json.RawMessage
}

// ParseField reads name=value: the value is JSON, or else a string.
func ParseField(text string) (Field, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return Field{}, fmt.Errorf("%q is not name=value", text)
	}
	if json.Valid([]byte(value)) {
		return Field{name, bytes.TrimSpace([]byte(value))}, nil
	}
	return textField(name, value), nil
}

func textField(name, value string) Field {
	quoted, _ := json.Marshal(value) // of a string: cannot fail
	return Field{name, quoted}
}

// member is one of an object's top level, and where its value stands.
type member struct {
	name       string
	begin, end int
}

// members lists those of a JSON object, and where its closing brace is; false
// for any other text.
func members(body []byte) (list []member, brace int, ok bool) {
	i := skipSpace(body, 0)
	if i == len(body) || body[i] != '{' || !json.Valid(body) {
		return nil, 0, false
	}
	for i++; ; i++ { // after the brace, or the comma
		if i = skipSpace(body, i); body[i] == '}' {
			return list, i, true // of an empty object
		}
		end := skipValue(body, i)
		m := member{name: nameOf(body[i:end])}
		m.begin = skipSpace(body, skipSpace(body, end)+1) // after the colon
		m.end = skipValue(body, m.begin)
		list = append(list, m)
		if i = skipSpace(body, m.end); body[i] == '}' {
			return list, i, true
		}
	}
}

func nameOf(quoted []byte) (name string) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	_ = json.Unmarshal(quoted, &name) // it is valid
	return name
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue gives the end of the value that begins at i, of valid JSON.
func skipValue(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of a number or a word at the end of an object
			}
			depth--
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

// setFields sets members of a JSON object's top level and leaves every other byte
// as it is: a member that is there gets the new value in its place, each time that it
// is there, others go to the end. A body that is no object stays what it is.
func setFields(body []byte, fields []Field) []byte {
	if len(fields) == 0 {
		return body
	}
	list, brace, ok := members(body)
	if !ok {
		return body
	}
	out := make([]byte, 0, len(body)+64*len(fields))
	from := 0
	has := make([]bool, len(fields))
	for _, m := range list {
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == m.name }); i >= 0 {
			out = append(append(out, body[from:m.begin]...), fields[i].Value...)
			from, has[i] = m.end, true
		}
	}
	out = append(out, body[from:brace]...)
	separate := len(list) > 0
	for i, f := range fields {
		if has[i] {
			continue
		}
		if separate {
			out = append(out, ',')
		}
		separate = true
		name, _ := json.Marshal(f.Name)
		out = append(append(append(out, name...), ':'), f.Value...)
	}
	return append(out, body[brace:]...)
}

// hasField reports whether a body is an object with a member of that name.
func hasField(body []byte, name string) bool {
	list, _, _ := members(body)
	return slices.ContainsFunc(list, func(m member) bool { return m.name == name })
}
