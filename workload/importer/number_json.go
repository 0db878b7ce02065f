package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

var (
	jsonNumber  = reflect.TypeFor[number]()
	errNegative = errors.New("negative")
)

// number is a JSON number as it was written, so that it becomes an integer
// without passing through a float; "" where there was none, or null.
type number string

// UnmarshalJSON takes a number, and one that stands in quotes.
func (n *number) UnmarshalJSON(text []byte) error {
	inner := text
	switch {
	case string(text) == "null":
		return nil
	case len(text) > 2 && text[0] == '"':
		inner = text[1 : len(text)-1]
	}
	if _, _, err := scaled(inner, 0); errors.Is(err, errNumber) {
		_, kind, _ := strings.Cut(jsonKind(text), " ") // without its article, as json has it
		return &json.UnmarshalTypeError{Value: kind, Type: jsonNumber}
	}
	*n = number(inner)
	return nil
}

// scaled is the number times ten to the power; a missing one is an error.
func (n number) scaled(key string, power int) (v int64, cut bool, err error) {
	if n == "" {
		return 0, false, fmt.Errorf("key %q is missing", key)
	}
	if v, cut, err = scaled([]byte(n), power); err != nil {
		return 0, false, fmt.Errorf("key %q: %s is %w", key, quote([]byte(n)), err)
	}
	return v, cut, nil
}

// span is scaled for a time that cannot be negative; nil where it is missing.
func (n number) span(key string, power int) (*int64, error) {
	if n == "" {
		return nil, nil
	}
	v, _, err := n.scaled(key, power)
	if err == nil && v < 0 {
		err = fmt.Errorf("key %q: %s is %w", key, n, errNegative)
	}
	return &v, err
}
