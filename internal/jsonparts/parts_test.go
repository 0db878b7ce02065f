package jsonparts

import (
	"encoding/json"
	"reflect"
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
