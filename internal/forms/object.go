package forms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"metron/internal/jsonparts"
)

// losses names what a translation leaves out.
type losses struct{ names map[string]bool }

func (l *losses) add(name string) {
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[name] = true
}

// list is each name once, in order.
func (l *losses) list() []string {
	if len(l.names) == 0 { // as most often: it need cost nothing
		return nil
	}
	return slices.Sorted(maps.Keys(l.names))
}

// reading is the state of one Parse.
type reading struct {
	losses
	err   error // the first
	snake bool  // fields may be spelled in snake_case, too
}

func (r *reading) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// object is one that is taken apart: its fields are asked for, and rest names those
// that nobody asked for. Null is absent.
type object struct {
	*reading
	at     string // the names that lead to it, each with its point
	fields map[string]json.RawMessage
}

// open reads an object; anything else fails, and is read as an empty one.
func (r *reading) open(raw json.RawMessage, at string) object {
	list, _, ok := jsonparts.Members(raw)
	if !ok {
		r.fail("%s is not an object", named(at))
	}
	o := object{r, at, make(map[string]json.RawMessage, len(list))}
	for _, m := range list {
		o.fields[m.Name] = raw[m.Begin:m.End]
	}
	return o
}

func named(at string) string {
	if at == "" {
		return "the body"
	}
	return strings.TrimSuffix(at, ".")
}

// raw takes a field; nil: it is not there.
func (o object) raw(name string) json.RawMessage {
	raw, ok := o.fields[name]
	if !ok && o.snake {
		name = snake(name)
		raw = o.fields[name]
	}
	delete(o.fields, name)
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// snake spells maxOutputTokens as max_output_tokens.
func snake(name string) string {
	var b strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (o object) text(name string) string {
	raw := o.raw(name)
	if raw == nil {
		return ""
	}
	text, ok := textOf(raw)
	if !ok {
		o.fail("%s%s is not a text", o.at, name)
	}
	return text
}

// textOf reads a string; false for any other value.
func textOf(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return jsonparts.Text(raw), true
}

func (o object) flag(name string) *bool {
	switch raw := o.raw(name); string(raw) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	case "":
	default:
		o.fail("%s%s is neither true nor false", o.at, name)
	}
	return nil
}

// number takes a number as it is written; "": it is not there.
func (o object) number(name string) json.Number {
	raw := o.raw(name)
	if raw != nil && raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		o.fail("%s%s is not a number", o.at, name)
		return ""
	}
	return json.Number(raw)
}

// texts takes a list of texts, or one.
func (o object) texts(name string) (list []string) {
	raw := o.raw(name)
	if raw == nil {
		return nil
	}
	if text, ok := textOf(raw); ok {
		return []string{text}
	}
	if json.Unmarshal(raw, &list) != nil {
		o.fail("%s%s is neither a text nor a list of texts", o.at, name)
	}
	return list
}

// objects takes a list of objects.
func (o object) objects(name string) (list []object) {
	for _, raw := range o.raws(name) {
		list = append(list, o.open(raw, o.at+name+"."))
	}
	return list
}

func (o object) raws(name string) []json.RawMessage {
	raw := o.raw(name)
	list, ok := jsonparts.Elements(raw)
	if !ok && raw != nil {
		o.fail("%s%s is not a list", o.at, name)
	}
	return list
}

// inner takes an object; an empty one is read where it is not there.
func (o object) inner(name string) object {
	if raw := o.raw(name); raw != nil {
		return o.open(raw, o.at+name+".")
	}
	return object{reading: o.reading, at: o.at + name + "."}
}

// drop takes fields that say nothing to another API.
func (o object) drop(names ...string) {
	for _, name := range names {
		o.raw(name)
	}
}

// rest names the fields that nobody took.
func (o object) rest() {
	for name, raw := range o.fields {
		if string(raw) != "null" {
			o.add(o.at + name)
		}
	}
}

// arguments reads those of a call; what is no object, a model's mistake, has no
// place in most APIs.
func (o object) arguments(raw json.RawMessage) json.RawMessage {
	if json.Valid(raw) && raw[0] == '{' { // it may have stood in a text
		return compact(raw)
	}
	if len(raw) > 0 {
		o.add(o.at + "arguments")
	}
	return json.RawMessage("{}")
}

// show adds an image to a message, and names data of another kind.
func (o object) show(m *Message, i Image) {
	if i.Type != "" && !strings.HasPrefix(i.Type, "image/") {
		o.add(o.at + "type=" + i.Type)
		return
	}
	m.Parts = append(m.Parts, Part{Image: &i})
}

// compact is a value without the space around its parts.
func compact(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	return encode(raw)
}
