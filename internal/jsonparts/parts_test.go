package jsonparts

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// FuzzParts: valid JSON comes apart as encoding/json takes it apart.
func FuzzParts(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":[1, "x"],"c":{"d":"}\"]\\"}}`, ` { } `, `[ ]`, `[1,-2.5e3 , "\\\\", null,{"a":[]}, "]"]`, `{"\u0061":true,"é":false}`, `"text"`, `7`, `{"a":"\\"}`, "[\"\xff\"]", `{"":""}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		var object map[string]json.RawMessage
		members, brace, isObject := Members(b)
		if err := json.Unmarshal(b, &object); isObject != (err == nil && object != nil) {
			t.Fatalf("%s: an object %v, %v", b, isObject, err)
		}
		got := map[string]json.RawMessage{}
		for _, m := range members {
			got[m.Name] = b[m.Begin:m.End]
		}
		if isObject && (!reflect.DeepEqual(got, object) || b[brace] != '}') {
			t.Fatalf("%s: %q, want %q", b, got, object)
		}
		var array []json.RawMessage
		elements, isArray := Elements(b)
		if err := json.Unmarshal(b, &array); isArray != (err == nil && array != nil) {
			t.Fatalf("%s: an array %v, %v", b, isArray, err)
		}
		if isArray && len(elements)+len(array) > 0 && !reflect.DeepEqual(elements, array) {
			t.Fatalf("%s: %q, want %q", b, elements, array)
		}
	})
}

// FuzzWalk: the strings of valid JSON and their places are those that encoding/json finds.
func FuzzWalk(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":[1, "x"],"c":{"d":"}\"]\\","":"e"}}`, ` { } `, `[ [ ] , "a" ,{"b" : "c"} ]`, `"text"`, ` 7 `, `{"a":[null,true,{"a":["b\u0061"]}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		var got, want []string
		Walk(b, "", func(outer, name string) string { return outer + "/" + name }, func(place string, quoted []byte) { got = append(got, place+"="+Text(quoted)) })
		type level struct {
			place  string
			object bool
		}
		levels, name := []level{{}}, ""
		for d := json.NewDecoder(bytes.NewReader(b)); ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			at := &levels[len(levels)-1]
			if text, ok := token.(string); ok && at.object && name == "" {
				name = "/" + text
				continue
			}
			place := at.place + name
			switch token := token.(type) {
			case json.Delim:
				if token == '}' || token == ']' {
					levels = levels[:len(levels)-1]
					break
				}
				levels = append(levels, level{place, token == '{'})
			case string:
				want = append(want, place+"="+token)
			}
			name = ""
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %q, want %q", b, got, want)
		}
	})
}
