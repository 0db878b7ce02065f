package importer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"metron/schema"
)

// startTime reads RFC 3339 or microseconds since the Unix epoch.
func startTime(value []byte) (us int64, finer bool, err error) {
	if value[0] != '"' {
		us, err = integer(value, 64)
		if err != nil {
			err = wants("RFC 3339 or an integer of microseconds since the Unix epoch", value)
		}
		return us, false, err
	}
	s, err := text(value)
	if err != nil {
		return 0, false, err
	}
	at, err := parseStamp([]byte(s))
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("%s: %w", quote([]byte(s)), err)
	case !at.zoned:
		return 0, false, fmt.Errorf("%q names no zone; RFC 3339 ends in Z or an offset like +00:00", s)
	}
	return at.us, at.finer, nil
}

// integer reads a JSON number that is an integer of so many bits.
func integer(value []byte, bits int) (int64, error) {
	n, err := strconv.ParseInt(string(value), 10, bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s does not fit into %d bits", quote(value), bits)
	case err != nil:
		return 0, wants("an integer", value)
	}
	return n, nil
}

// kindCode reads a chunk kind, given by its name or its code.
func kindCode(value []byte, bits int) (int64, error) {
	if value[0] != '"' {
		return integer(value, bits)
	}
	name, err := text(value)
	code := slices.Index(schema.Kinds(), name)
	if err != nil || code < 0 {
		return 0, fmt.Errorf("%s is none of the kinds %s", quote(value), strings.Join(schema.Kinds(), ", "))
	}
	return int64(code), nil
}

// readList reads a list of integers, written as JSON that is known to be
// valid; an empty one is unknown.
func readList(v reflect.Value, value []byte, read func(value []byte, bits int) (int64, error)) error {
	if value[0] != '[' {
		return wants("a list", value)
	}
	rest := bytes.TrimSpace(value[1 : len(value)-1])
	if len(rest) == 0 {
		return nil
	}
	n := 1 + bytes.Count(rest, []byte{','})
	list := reflect.MakeSlice(v.Type(), n, n)
	for i := range n {
		// A comma inside an element is part of a string or a list, which no
		// element may be: it fails either way.
		var element []byte
		element, rest, _ = bytes.Cut(rest, []byte{','})
		element = bytes.TrimSpace(element)
		if len(element) == 0 {
			return wants("a list of plain values", value)
		}
		x, err := read(element, v.Type().Elem().Bits())
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		list.Index(i).SetInt(x)
	}
	v.Set(list)
	return nil
}

func readUUID(v reflect.Value, value []byte) error {
	s, err := text(value)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return fmt.Errorf("%s is not a UUID; leave it out to have one made", quote([]byte(s)))
	}
	v.Set(reflect.ValueOf(id))
	return nil
}

// readBytes reads a text or {"base64":"..."}.
func readBytes(v reflect.Value, value []byte) error {
	if value[0] == '"' {
		s, err := text(value)
		setBytes(v, []byte(s))
		return err
	}
	var coded struct {
		Base64 *string `json:"base64"`
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&coded); err != nil || coded.Base64 == nil {
		return wants(`a string or {"base64":"..."}`, value)
	}
	b, err := base64.StdEncoding.DecodeString(*coded.Base64)
	if err != nil {
		return fmt.Errorf("base64: %w", err)
	}
	setBytes(v, b)
	return nil
}

// setBytes leaves what is empty nil: no body.
func setBytes(v reflect.Value, b []byte) {
	if len(b) > 0 {
		v.SetBytes(b)
	}
}

func text(value []byte) (string, error) {
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return "", wants("a string", value)
	}
	return s, nil
}

func wants(what string, value []byte) error {
	return fmt.Errorf("%s is %s; it takes %s", quote(value), jsonKind(value), what)
}

// jsonKind names what a JSON value is.
func jsonKind(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return "a truth value"
	case 'n':
		return "null"
	}
	return "a number"
}
