package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// drawRecord makes a valid row with any mix of absent and present values.
func drawRecord(t *rapid.T) Record {
	r := Record{}
	v := reflect.ValueOf(&r).Elem()
	for _, c := range columns() {
		f := v.Field(c.field)
		switch f.Kind() {
		case reflect.Pointer:
			if rapid.Bool().Draw(t, c.name+"?") {
				f.Set(reflect.New(f.Type().Elem()))
				draw(t, c.name, f.Elem())
			}
		case reflect.Slice:
			if f.Type().Elem().Kind() == reflect.String {
				if s := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, c.name); len(s) > 0 {
					f.Set(reflect.ValueOf(s))
				}
			} else if f.Type().Elem().Kind() == reflect.Uint8 {
				if rapid.Bool().Draw(t, c.name+"?") {
					f.SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, c.name))
				}
			}
		default:
			draw(t, c.name, f)
		}
	}
	for _, p := range []*int64{r.InputTokens, r.CachedInputTokens, r.OutputTokens, r.ReasoningTokens, r.MaxTokens} {
		if p != nil && *p < 0 {
			*p = -(*p + 1)
		}
	}
	r.RecordID = uuid.New()
	r.Outcome = rapid.SampledFrom(Outcomes()).Draw(t, "outcome")
	r.BlockHashes = notEmpty(rapid.SliceOfN(rapid.Int64(), 0, 5).Draw(t, "block_hashes"))
	n := rapid.IntRange(0, 300).Draw(t, "chunks")
	at := int64(0)
	for range n {
		at += rapid.Int64Range(0, 1<<40).Draw(t, "gap")
		r.ChunkTime = append(r.ChunkTime, at)
		r.ChunkKind = append(r.ChunkKind, rapid.Int8Range(0, KindOther).Draw(t, "kind"))
	}
	if rapid.Bool().Draw(t, "tokens known") {
		for i := range n {
			r.ChunkTokens = append(r.ChunkTokens, int32(i%5))
			r.ChunkChoice = append(r.ChunkChoice, int16(i%2))
			r.ChunkRead = append(r.ChunkRead, int32(i/2))
			r.ChunkBytes = append(r.ChunkBytes, int32(i))
		}
	}
	return r
}

func draw(t *rapid.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, name))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.String:
		v.SetString(rapid.String().Draw(t, name))
	case reflect.Array:
		if rapid.Bool().Draw(t, name+"?") {
			v.Set(reflect.ValueOf(uuid.New()))
		}
	}
}

func notEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// TestWriteThenReadIsIdentity covers the journal, the seal and both readers:
// ours and parquet-go's own row reader.
func TestWriteThenReadIsIdentity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", n))
		w, err := Create(path, Meta{Vantage: VantageImport, Counters: map[string]int64{"seen": 3}})
		if err != nil {
			t.Fatal(err)
		}
		var want []Record
		for i := range rapid.IntRange(0, 20).Draw(t, "rows") {
			r := drawRecord(t)
			r.StartTime = int64(i) * 1000
			want = append(want, r)
			if err := w.Put(&r); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(t, "flush") == 0 { // the next batch is built in this one's memory
				flush(w)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := readAll(t, path)
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range want {
			want[i].ChunkRead = got[i].ChunkRead // sealing numbers reads anew: TestReadsKeepTheirMeaning
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("row %d:\n got %+v\nwant %+v", i, got[i], want[i])
			}
		}
		other, err := parquet.ReadFile[Record](path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !reflect.DeepEqual(other[i].ChunkTime, want[i].ChunkTime) && len(want[i].ChunkTime) > 0 {
				t.Fatalf("row %d by parquet-go: chunk_time %v, want %v", i, other[i].ChunkTime, want[i].ChunkTime)
			}
			if other[i].RecordID != want[i].RecordID || other[i].Outcome != want[i].Outcome {
				t.Fatalf("row %d by parquet-go: %v %v", i, other[i].RecordID, other[i].Outcome)
			}
		}
		if _, err := os.Stat(JournalPath(path)); !os.IsNotExist(err) {
			t.Fatalf("the journal is still there: %v", err)
		}
	})
}

// TestReadsKeepTheirMeaning: chunks share a read after sealing if they did before.
func TestReadsKeepTheirMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n readNumbers
		for range 3 {
			before := rapid.SliceOf(rapid.Int32Range(0, 3)).Draw(t, "reads")
			slices.Sort(before)
			r := Record{ChunkRead: before}
			n.renumber(&r)
			for i := 1; i < len(before); i++ {
				if (before[i] == before[i-1]) != (r.ChunkRead[i] == r.ChunkRead[i-1]) || r.ChunkRead[i] < r.ChunkRead[i-1] {
					t.Fatalf("%v became %v", before, r.ChunkRead)
				}
			}
		}
	})
}

type fataler interface{ Fatal(args ...any) }

func readAll(t fataler, path string) []Record {
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []Record
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *r)
	}
	return rows
}
