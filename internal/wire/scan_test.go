package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func scanValid(b []byte) bool {
	s := scanner{b: b}
	s.skip()
	return s.ok()
}

func TestScanValid(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, text := range []string{
		"", " ", "{}", " { } ", "[]", "[ ]", "[1,]", "[,1]", "[1 2]", `{"a":1,}`, `{,"a":1}`, `{"a" 1}`, `{"a":}`, `{"a"}`, `{1:2}`,
		`{"a":1}}`, `{"a":1`, `{"a":1]`, `[1}`, "0", "-0", "-", "01", "1.", ".5", "1.5", "1e", "1e+", "1E-5", "1e5.0", "+1",
		"true", "tru", "truex", "false", "nul", "null", `"`, `"a`, `"a"`, `"a\"`, `"\""`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\uD800"`,
		"\"\x1f\"", "\"\x7f\"", "\"\xff\"", "\"tab\tin\"", `"01234567"`, `"0123456\"89"`, `"0123456`, "\"0123456\n89012345\"",
		`{"a":{"b":[{"c":[]},{}]}}`, nested(100), nested(maxDepth), nested(maxDepth + 1), "[" + nested(maxDepth), "\xef\xbb\xbf{}",
		"{\"a\":1}\x00", "\u00a0{}", `["é", "日本", "😀"]`,
	} {
		if got, want := scanValid([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("%.60q: valid %v, encoding/json says %v", text, got, want)
		}
	}
}

// TestScanStrings: a quote, an escape, a control character at each place of words of
// each length, where the search by eights could miss it.
func TestScanStrings(t *testing.T) {
	for length := range 40 {
		for at := range length {
			for _, c := range []string{`"`, `\`, `\n`, "\n", "\x00", "\x1f", " ", "\x7f", "\x80", "\xa2", "\xdc", "\xff", "!", "#", "]"} {
				word := strings.Repeat("x", at) + c + strings.Repeat("y", length-at)
				text := []byte(`["` + word + `"]`)
				if got, want := scanValid(text), json.Valid(text); got != want {
					t.Fatalf("%q: valid %v, encoding/json says %v", text, got, want)
				}
			}
		}
	}
}

func TestScanInteger(t *testing.T) {
	for _, test := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"7", 7, true}, {"-7", -7, true}, {"16.0", 16, true}, {"1e3", 1000, true}, {"1.5", 0, false},
		{"999999999999999999", 999999999999999999, true}, {"9223372036854775807", 9223372036854775807, true},
		{"9223372036854775808", 0, false}, {"1e300", 0, false}, {"null", 0, false}, {`"5"`, 0, false}, {"[5]", 0, false}, {"-", 0, false},
	} {
		s := scanner{b: []byte(test.text)}
		if got, ok := s.integer(); got != test.want || ok != test.ok {
			t.Errorf("%s: %d %v, want %d %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

// FuzzScan holds the scanner against encoding/json: what is valid, and what a
// chunk says.
func FuzzScan(f *testing.F) {
	for _, chunk := range chunks() {
		f.Add([]byte(chunk))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := scanValid(data), json.Valid(data); got != want {
			t.Fatalf("%q: valid %v, encoding/json says %v", data, got, want)
		}
		checkChunk(t, data)
	})
}
