// Package jsonparts takes a JSON value apart one level deep and decodes nothing
// of what is in it, so that the rest can stay byte for byte and nothing is
// read twice. It is given valid JSON: ask json.Valid once, of the whole.
package jsonparts

import (
	"bytes"
	"encoding/json"
)

// Member is one of an object, and where its value stands.
type Member struct {
	Name       string
	Begin, End int
}

// Members lists those of an object, and where its closing brace is; false for any
// other value.
func Members(b []byte) (list []Member, brace int, ok bool) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return nil, 0, false
	}
	for i++; ; i++ { // after the brace, or the comma
		if i = skipSpace(b, i); b[i] == '}' {
			return list, i, true // of an empty object
		}
		end := skipValue(b, i)
		m := Member{Name: Text(b[i:end])}
		m.Begin = skipSpace(b, skipSpace(b, end)+1) // after the colon
		m.End = skipValue(b, m.Begin)
		list = append(list, m)
		if i = skipSpace(b, m.End); b[i] == '}' {
			return list, i, true
		}
	}
}

// Elements lists the values of an array; false for any other value.
func Elements(b []byte) (list []json.RawMessage, ok bool) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '[' {
		return nil, false
	}
	for i++; ; i++ {
		if i = skipSpace(b, i); b[i] == ']' {
			return list, true
		}
		end := skipValue(b, i)
		list = append(list, b[i:end:end])
		if i = skipSpace(b, end); b[i] == ']' {
			return list, true
		}
	}
}

// Text is what a string says.
func Text(quoted []byte) (text string) {
	if bytes.IndexByte(quoted, '\\') < 0 && ascii(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	_ = json.Unmarshal(quoted, &text) // it is valid
	return text
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 { // may be no UTF-8
			return false
		}
	}
	return true
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipText gives the end of the string that begins at i.
func skipText(b []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		before := i
		for b[before-1] == '\\' {
			before--
		}
		if (i-before)%2 == 0 {
			return i + 1
		}
	}
}

// skipValue gives the end of the value that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of a number or a word at the end of an object
			}
			depth--
			i++
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// Walk goes once through a value and hands over each string that is no name, with its
// place: what under makes, from the outside in, of the names that lead to it.
func Walk[P any](b []byte, place P, under func(outer P, name string) P, text func(place P, quoted []byte)) {
	var walk func(i int, place P) (end int)
	walk = func(i int, place P) (end int) {
		if b[i] == '"' {
			end = skipText(b, i)
			text(place, b[i:end])
			return end
		}
		if b[i] != '{' && b[i] != '[' {
			return skipValue(b, i)
		}
		object := b[i] == '{'
		for i = skipSpace(b, i+1); b[i] != '}' && b[i] != ']'; {
			inner := place
			if object {
				end := skipText(b, i)
				inner = under(place, Text(b[i:end]))
				i = skipSpace(b, skipSpace(b, end)+1) // after the colon
			}
			if i = skipSpace(b, walk(i, inner)); b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
		return i + 1
	}
	walk(skipSpace(b, 0), place)
}
