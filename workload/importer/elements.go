package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// elements hands out the JSON values of a source one after the other: those of
// the arrays that it is, else those that stand in it, on lines or not.
type elements struct {
	in    *input
	d     *json.Decoder
	array bool
	n     int64 // number of the value last read, from 1
}

func openElements(in *input) (*elements, error) {
	e := &elements{in: in, d: json.NewDecoder(in.lines.r)}
	for {
		c, err := in.lines.r.ReadByte()
		switch {
		case err == io.EOF:
			return nil, in.errorf("there is no JSON in it")
		case err != nil:
			return nil, in.errorf("%w", err)
		case bytes.IndexByte([]byte(" \t\r\n"), c) >= 0:
			continue
		}
		if err := in.lines.r.UnreadByte(); err != nil {
			return nil, in.errorf("%w", err)
		}
		if e.array = c == '['; e.array {
			_, err = e.d.Token()
		}
		return e, err
	}
}

// next reads a value into v, which is a pointer. A value of another form is a
// *badRow; what is no JSON ends the source.
func (e *elements) next(v any) error {
	for e.array && !e.d.More() {
		if _, err := e.d.Token(); err != nil { // the closing bracket
			return fmt.Errorf("after element %d: %w", e.n, whole(err))
		}
		switch more, err := e.d.Token(); {
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return fmt.Errorf("after element %d, behind the array: %w", e.n, whole(err))
		case more != json.Delim('['):
			return fmt.Errorf("after element %d: behind the array stands %v, which is no other array", e.n, more)
		}
	}
	var raw json.RawMessage
	if err := e.d.Decode(&raw); err != nil {
		if err == io.EOF && !e.array {
			return io.EOF
		}
		return fmt.Errorf("after element %d: %w", e.n, whole(err))
	}
	e.n++
	if err := decode(raw, v); err != nil {
		e.in.rows++
		return e.bad(err)
	}
	return nil
}

// bad is the error of the value last read.
func (e *elements) bad(err error) error { return &badRow{fmt.Sprintf("element %d", e.n), err} }

// whole says what an end within a value is.
func whole(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early; fetch the file again")
	}
	return fmt.Errorf("not JSON: %w", err)
}

// decode reads a JSON object into a struct; the error says which key is wrong.
func decode(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("%s is not a JSON object", quote(text))
	case errors.As(err, &kind):
		article := "a"
		if strings.HasPrefix(kind.Value, "object") || strings.HasPrefix(kind.Value, "array") {
			article = "an"
		}
		return fmt.Errorf("key %q is %s %s, where %s is wanted", kind.Field, article, kind.Value, wanted(kind))
	case err != nil:
		return notJSON(text, err)
	case text[0] != '{' && !bytes.HasPrefix(bytes.TrimSpace(text), []byte{'{'}):
		return fmt.Errorf("%s is not a JSON object", quote(text))
	}
	return nil
}

// wanted names the kind of value that a Go type stands for.
func wanted(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); {
	case e.Type == jsonNumber:
		return "a number"
	case kind == "int64":
		return "a whole number"
	case kind == "string":
		return "a text"
	case kind == "slice":
		return "a list"
	case kind == "bool":
		return "true or false"
	}
	return "an object"
}
