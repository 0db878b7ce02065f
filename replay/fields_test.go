package replay

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSetFields(t *testing.T) {
	for _, c := range []struct{ name, body, set, want string }{
		{"added at the end", `{"a":1}`, `b=2`, `{"a":1,"b":2}`},
		{"to an empty object", ` { } `, `b=true`, ` { "b":true} `},
		{"space stays", "{ \"a\" : 1 ,\n \"b\" : [1, 2] }\n", `c=null`, "{ \"a\" : 1 ,\n \"b\" : [1, 2] ,\"c\":null}\n"},
		{"replaced in its place", `{"a": 1 ,"b":2}`, `a=[3,"x"]`, `{"a": [3,"x"] ,"b":2}`},
		{"an object is replaced", `{"a":{"b":"}\"]"},"b":2}`, `a=4`, `{"a":4,"b":2}`},
		{"not deeper", `{"a":{"b":1}}`, `b=2`, `{"a":{"b":1},"b":2}`},
		{"each time that it is there", `{"a":1,"b":0,"a":2}`, `a=3`, `{"a":3,"b":0,"a":3}`},
		{"an escaped name", `{"\u0061":1}`, `a=3`, `{"\u0061":3}`},
		{"a string", `{}`, `user=me, "you"`, `{"user":"me, \"you\""}`},
		{"numbers as they are", `{"seed":12345678901234567890,"x":1e400}`, `t=0.10`, `{"seed":12345678901234567890,"x":1e400,"t":0.10}`},
		{"a value with =", `{}`, `a=b=c`, `{"a":"b=c"}`},
		{"no object", `[1]`, `a=1`, `[1]`},
		{"no JSON", `{"a":1`, `b=1`, `{"a":1`},
		{"nothing", ``, `b=1`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := ParseField(c.set)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(setFields([]byte(c.body), []Field{f})); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	for _, text := range []string{"", "a", "=1"} {
		if _, err := ParseField(text); err == nil {
			t.Errorf("%q is a field", text)
		}
	}
}

// FuzzSetFields: a valid object stays one and has the fields, its other members
// are untouched; whatever else comes back as it was.
func FuzzSetFields(f *testing.F) {
	f.Add(`{"model":"m","messages":[{"content":"a\"}"}],"seed":1}`, "model", `"x"`)
	f.Add(` {} `, "a", `1`)
	f.Add(`{"a":1,"a":{"a":[]}} `, "a", `{"b":2}`)
	f.Add(`{"a":"\\"}`, "b", `-0.5e3`)
	f.Add(`nonsense`, "b", `tr ue`)
	f.Fuzz(func(t *testing.T, body, name, value string) {
		field, err := ParseField(name + "=" + value)
		if err != nil {
			return
		}
		got := setFields([]byte(body), []Field{field})
		var before, after map[string]json.RawMessage
		if !strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") || json.Unmarshal([]byte(body), &before) != nil {
			if string(got) != body {
				t.Fatalf("%q becomes %q", body, got)
			}
			return
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q becomes %q: %v", body, got, err)
		}
		// A name that is not UTF-8 is its replacement once it is JSON.
		quoted, _ := json.Marshal(field.Name)
		var said string
		if err := json.Unmarshal(quoted, &said); err != nil {
			t.Fatal(err)
		}
		before[said] = field.Value
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q becomes %q", body, got)
		}
		again := setFields(got, []Field{field})
		if said == field.Name && string(again) != string(got) {
			t.Fatalf("%q becomes %q and then %q", body, got, again)
		}
	})
}
