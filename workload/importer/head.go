package importer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// headBytes is how much of a file is looked at to tell its format.
const headBytes = 64 << 10

// head is what the beginning of a file shows, to tell its format by.
type head struct {
	text    []byte
	first   []byte          // the first line
	header  []string        // its fields, in lower case, where it is not JSON
	lines   bool            // JSON: the first line is a value of its own
	array   bool            // JSON: the values stand in an array
	keys    map[string]bool // JSON: those of the first object, as far as it was seen
	parquet map[string]bool // Parquet: its columns
}

// newHead looks at the bytes, which are still to be read.
func newHead(text []byte) *head {
	h := &head{text: bytes.TrimLeft(text, " \t\r\n"), keys: map[string]bool{}}
	h.first, _, _ = bytes.Cut(h.text, []byte{'\n'})
	if len(h.text) == 0 || h.text[0] != '{' && h.text[0] != '[' {
		if fields, err := splitCSV(nil, bytes.TrimRight(h.first, "\r")); err == nil {
			for _, f := range fields {
				h.header = append(h.header, strings.ToLower(string(bytes.TrimSpace(f))))
			}
		}
		return h
	}
	h.lines = h.text[0] == '{' && (json.Valid(h.first) || len(h.first) == len(h.text)) // it may be longer than the head
	h.readKeys()
	return h
}

// readKeys reads the keys of the first object; text may end within it.
func (h *head) readKeys() {
	d := json.NewDecoder(bytes.NewReader(h.text))
	t, _ := d.Token()
	if h.array = t == json.Delim('['); h.array {
		t, _ = d.Token()
	}
	if t != json.Delim('{') {
		return
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return
		}
		h.keys[key.(string)] = true // the decoder allows nothing else here
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return
		}
	}
}

// has reports whether the first object has all keys.
func (h *head) has(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return !h.keys[k] })
}

// hasAny reports whether the first object has one of the keys.
func (h *head) hasAny(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return h.keys[k] })
}

// only reports whether the first object has no keys but these.
func (h *head) only(keys []string) bool {
	for k := range h.keys {
		if !slices.Contains(keys, k) {
			return false
		}
	}
	return true
}

// columns reports whether the header has all names, given in lower case.
func (h *head) columns(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(h.header, n) })
}

// because is the reason, if it holds.
func (h *head) because(holds bool, reason string) string {
	if !holds {
		return ""
	}
	return reason
}
