package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGoldensReadForever reads every column of the files that version 1.0 wrote,
// and compares them with the rows that it put in. A newer reader must give the
// same: -update is for new files, never for these.
func TestGoldensReadForever(t *testing.T) {
	files, err := filepath.Glob("../testdata/golden/*.parquet")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		var got bytes.Buffer
		for _, r := range readAll(t, path) {
			got.Write(asLine(t, &r))
		}
		golden := strings.TrimSuffix(path, ".parquet") + ".jsonl"
		if *update {
			write(t, golden, got.Bytes())
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		have, wanted := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
		for i := range max(len(have), len(wanted)) {
			if i >= len(have) || i >= len(wanted) || have[i] != wanted[i] {
				t.Errorf("%s, row %d:\n got %v\nwant %v", path, i, have[min(i, len(have)-1)], wanted[min(i, len(wanted)-1)])
				break
			}
		}
	}
}

// asLine is a row as a line of JSON: each column that has a value, in order.
func asLine(t *testing.T, r *Record) []byte {
	line := []byte("{")
	v := reflect.ValueOf(r).Elem()
	for _, c := range columns() {
		f := v.Field(c.field)
		if f.Kind() == reflect.Slice && f.Len() == 0 || c.optional && f.IsZero() {
			continue
		}
		value := f.Interface()
		if text, ok := value.([]byte); ok {
			value = string(text)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = append(line, `"`+c.name+`":`...)
		line = append(line, text...)
	}
	return append(line, "}\n"...)
}
