package importer

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		text  string
		power int
		want  int64
		cut   bool
	}{
		{"61.114", secondsToUS, 61_114_000, false},
		{"27482", millisToUS, 27_482_000, false},
		{"0.0456789123", secondsToNS, 45_678_912, true},
		{"1e-05", secondsToUS, 10, false},
		{"1.5E+3", secondsToUS, 1_500_000_000, false},
		{"-0.0000019", secondsToUS, -1, true},
		{"1759813207532900363", -3, 1_759_813_207_532_900, true},
		{"1759813207532900000", -3, 1_759_813_207_532_900, false},
		{"0e99", secondsToUS, 0, false},
		{"9223372036854.775807", secondsToUS, math.MaxInt64, false},
		{"12e-30", secondsToUS, 0, true},
		{"007", 0, 7, false},
	} {
		got, cut, err := scaled([]byte(c.text), c.power)
		if err != nil || got != c.want || cut != c.cut {
			t.Errorf("%s by 10^%d: %d %v %v, want %d %v", c.text, c.power, got, cut, err, c.want, c.cut)
		}
	}
	for text, want := range map[string]error{
		"": errNumber, "-": errNumber, "1.": errNumber, ".5": errNumber, "1e": errNumber, "NaN": errNumber, "1 ": errNumber, "1e1000": errNumber,
		"0x10": errNumber, "1_000": errNumber, "--1": errNumber, "9223372036854775808": errTooLarge, "1e18": errTooLarge, "1e300": errTooLarge,
	} {
		if n, _, err := scaled([]byte(text), 6); !errors.Is(err, want) {
			t.Errorf("%q: %d, %v; want %v", text, n, err, want)
		}
	}
}

// TestScaledIsExact compares with rational numbers.
func TestScaledIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		power := rapid.IntRange(-9, 9).Draw(t, "power")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Skip("not a number to big.Rat")
		}
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(power, -power))), nil))
		if power < 0 {
			scale.Inv(scale)
		}
		exact.Mul(exact, scale)
		whole := new(big.Int).Quo(exact.Num(), exact.Denom()) // towards zero
		got, cut, err := scaled([]byte(text), power)
		switch {
		case !whole.IsInt64():
			if !errors.Is(err, errTooLarge) {
				t.Fatalf("%s by 10^%d: %d, %v; want too large", text, power, got, err)
			}
		case err != nil || got != whole.Int64() || cut == exact.IsInt():
			t.Fatalf("%s by 10^%d: %d %v %v, want %v", text, power, got, cut, err, exact)
		}
	})
}

func TestDecodeNamesTheKey(t *testing.T) {
	for text, want := range map[string]string{
		`{"timestamp":"soon"}`:               `key "timestamp" is a string, where a number is wanted`,
		`{"timestamp":1,"input_length":"x"}`: `key "input_length" is a string, where a whole number is wanted`,
		`{"input_length":1.5}`:               `key "input_length" is a number 1.5, where a whole number is wanted`,
		`{"hash_ids":7}`:                     `key "hash_ids" is a number, where a list is wanted`,
		`{"session_id":7}`:                   `key "session_id" is a number, where a text is wanted`,
		`[1]`:                                `"[1]" is not a JSON object`,
		`null`:                               `"null" is not a JSON object`,
		`{"timestamp":1`:                     `is not a JSON object`,
		`{"timestamp":{}}`:                   `key "timestamp" is an object, where a number is wanted`,
	} {
		var row mooncakeRow
		if err := decode([]byte(text), &row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	var row mooncakeRow
	if err := decode([]byte(`{"timestamp":"12.5","delay":null}`), &row); err != nil || row.Timestamp != "12.5" || row.Delay != "" {
		t.Errorf("%+v, %v", row, err)
	}
	if _, err := json.Marshal(row); err != nil {
		t.Error(err)
	}
}
