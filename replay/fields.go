package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/internal/jsonparts"
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

// notKept stands for a value that may be a credential.
const notKept = "[not kept]"

// isSecret reports whether the field, or a text within it, may be a credential by its name.
func (f Field) isSecret() bool {
	var value any
	_ = json.Unmarshal(f.Value, &value) // of a Field: cannot fail
	return hasSecret(f.Name, value)
}

func hasSecret(name string, value any) bool {
	switch value := value.(type) {
	case string:
		return exchange.IsSecretive(name)
	case []any:
		return slices.ContainsFunc(value, func(one any) bool { return hasSecret(name, one) })
	case map[string]any:
		for inner, one := range value {
			if hasSecret(inner, one) {
				return true
			}
		}
	}
	return false
}

// shownField is a --body that may be shown to anybody.
func shownField(text string) string {
	f, err := ParseField(text)
	switch {
	case err != nil:
		return notKept
	case f.isSecret():
		return f.Name + "=" + notKept
	}
	return text
}

// shownHeader is the same of a --header: of its value nobody knows what it is.
func shownHeader(text string) string {
	name, _, ok := strings.Cut(text, ":")
	if !ok {
		return notKept
	}
	return name + ": " + notKept
}

func textField(name, value string) Field {
	quoted, _ := json.Marshal(value) // of a string: cannot fail
	return Field{name, quoted}
}

// members lists those of a JSON object, and where its closing brace is; false
// for any other text.
func members(body []byte) (list []jsonparts.Member, brace int, ok bool) {
	if !json.Valid(body) {
		return nil, 0, false
	}
	return jsonparts.Members(body)
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
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == m.Name }); i >= 0 {
			out = append(append(out, body[from:m.Begin]...), fields[i].Value...)
			from, has[i] = m.End, true
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
	return slices.ContainsFunc(list, func(m jsonparts.Member) bool { return m.Name == name })
}
