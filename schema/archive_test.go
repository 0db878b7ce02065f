package schema

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// archiveRows makes n rows a second apart, of which some columns change now and
// then and others in long runs, as days of traffic do.
func archiveRows(n int, seed uint64) []Record {
	rnd := rand.New(rand.NewPCG(seed, 1))
	rows := make([]Record, n)
	for i := range rows {
		r := row(int64(i) * 1_000_000)
		r.RecordID = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, seed, i))
		r.RequestModel = []string{"llama-3", "llama-4", "qwen", ""}[i*4/n]
		r.Outcome = []string{OutcomeOK, OutcomeOK, OutcomeHTTPError}[rnd.IntN(3)]
		r.Path = []string{"/v1/chat/completions", "/v1/embeddings"}[rnd.IntN(2)]
		if rnd.IntN(2) == 0 {
			r.InputTokens = new(rnd.Int64N(2000))
		}
		if rnd.IntN(4) > 0 {
			r.SessionID = fmt.Sprint("s", rnd.IntN(5))
		}
		r.Stream = rnd.IntN(2) == 0
		rows[i] = r
	}
	return rows
}

func writeRows(t testing.TB, path string, rows []Record) {
	t.Helper()
	w, err := Create(path, Meta{Vantage: VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := w.Put(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func openArchive(t testing.TB, names ...string) *Archive {
	t.Helper()
	a, err := OpenArchive(names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func selection(t testing.TB, where, from, to string) Selection {
	t.Helper()
	var conditions []string
	if where != "" {
		conditions = []string{where}
	}
	s, err := ParseSelection(conditions, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSelection holds every form of condition against the same said in Go, over
// row groups of which statistics rule some out, and a live journal.
func TestSelection(t *testing.T) {
	t.Parallel()
	const n = 3*groupRows + 5
	rows := archiveRows(n, 1)
	dir := t.TempDir()
	sealed := filepath.Join(dir, "a.parquet")
	writeRows(t, sealed, rows)
	live, err := Create(filepath.Join(dir, "b.parquet"), Meta{Vantage: VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	const recent = 2000 // rows in the journal
	for i := range recent {
		if err := live.Put(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := live.Keep(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		where, from, to string
		groups          int // read of the Parquet file
		want            func(i int, r *Record) bool
	}{
		{"", "", "", 4, func(int, *Record) bool { return true }},
		{"", "10s", "20000s", 2, func(i int, _ *Record) bool { return i >= 10 && i < 20000 }},
		{"", "49000s", "", 2, func(i int, _ *Record) bool { return i >= 49000 }},
		{"time<1970-01-01T00:01:00Z", "", "", 1, func(i int, _ *Record) bool { return i < 60 }},
		{"", "", "1970-01-01T00:00:30Z", 1, func(i int, _ *Record) bool { return i < 30 }},
		{"outcome=ok", "", "", 4, func(_ int, r *Record) bool { return r.Outcome == OutcomeOK }},
		{"outcome=timeout", "", "", 0, func(int, *Record) bool { return false }},
		{"model=llama-3", "", "", 1, func(_ int, r *Record) bool { return r.RequestModel == "llama-3" }},
		{"model=llama-*|x", "", "", 2, func(_ int, r *Record) bool { return strings.HasPrefix(r.RequestModel, "llama-") }},
		{"model=*en", "", "", 3, func(_ int, r *Record) bool { return r.RequestModel == "qwen" }},
		{"model!=qwen", "", "", 4, func(_ int, r *Record) bool { return r.RequestModel != "qwen" }},
		{"model=null", "", "", 4, func(_ int, r *Record) bool { return r.RequestModel == "" }},
		{"session!=null,endpoint=*chat*", "", "", 4, func(_ int, r *Record) bool { return r.SessionID != "" && strings.Contains(r.Path, "chat") }},
		{`session="s1"|s2`, "", "", 4, func(_ int, r *Record) bool { return r.SessionID == "s1" || r.SessionID == "s2" }},
		{"input_tokens>=1000,input_tokens<1001", "", "", 3, func(_ int, r *Record) bool { return r.InputTokens != nil && *r.InputTokens == 1000 }},
		{"input_tokens>5000", "", "", 0, func(int, *Record) bool { return false }},
		{"stream=true", "", "", 4, func(_ int, r *Record) bool { return r.Stream }},
		{"record_id=" + rows[7].RecordID.String(), "", "", 4, func(i int, _ *Record) bool { return i == 7 }},
		{"status>=400", "", "", 0, func(int, *Record) bool { return false }},
		{"sample_rate<=0.5", "", "", 0, func(int, *Record) bool { return false }},
	} {
		s := selection(t, c.where, c.from, c.to)
		var want []int64
		for i := range rows {
			if c.want(i, &rows[i]) {
				want = append(want, int64(i))
			}
		}
		for _, path := range []string{sealed, JournalPath(filepath.Join(dir, "b.parquet"))} {
			a := openArchive(t, path)
			var got []int64
			cols, err := pick([]string{"record_id", "chunk_time", "outcome"})
			if err != nil {
				t.Fatal(err)
			}
			for b, err := range a.Batches(t.Context(), Query{Columns: []string{"record_id", "chunk_time", "outcome"}, Selection: s}) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range int(b.NumRows()) {
					var r Record
					getRecord(b.Record, cols, i, &r)
					if at := b.Row(i); r.RecordID != rows[at].RecordID || !slices.Equal(r.ChunkTime, rows[at].ChunkTime) || r.Outcome != rows[at].Outcome {
						t.Fatalf("%s: %s: row %d is not the one written", path, s, at)
					}
					got = append(got, b.Row(i))
				}
			}
			if path != sealed {
				want = want[:sort.Search(len(want), func(i int) bool { return want[i] >= recent })]
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q: %d rows, want %d", path, s, len(got), len(want))
			}
			if path != sealed {
				continue
			}
			scan, err := a.newScan(Query{Selection: s})
			if err != nil {
				t.Fatal(err)
			}
			groups := 0
			scan.pieces(func(piece) bool { groups++; return true })
			if groups != c.groups {
				t.Errorf("%q: %d row groups read, want %d", s, groups, c.groups)
			}
		}
	}
}

func TestParseWhereErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `"" is not NAME=VALUE`,
		"outcome":               "is not NAME=VALUE",
		"outcome=okay":          `"okay" is no outcome`,
		"outcome<ok":            "compared by = and != only",
		"modle=x":               `no column "modle"; did you mean "model"?`,
		"chunk_time=3":          "holds lists or content",
		"input_tokens=many":     "not an integer or a duration",
		"input_tokens=1|2":      "takes one value",
		"stream=perhaps":        "true or false",
		"time>yesterday":        "is no time such as",
		`model="x`:              "no closing quote",
		`model="x"y`:            "follows a closing quote",
		"end>null":              "null can be compared",
		"sample_rate=NaN":       "is not a number",
		"outcome=ok,":           "is not NAME=VALUE",
		"outcome=ok,=x":         `no column ""`,
		"request_body=x":        "holds lists or content",
		"record_id<123":         "compared by = and != only",
		"model!x":               "is not NAME=VALUE",
		"http_status=4xx":       "not an integer",
		"response_model>=llama": "compared by = and != only",
	} {
		if _, err := ParseWhere(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseWhere(%q): %v, want %q", text, err, want)
		}
	}
	for _, c := range [][2]string{{"x", ""}, {"", "-5s"}, {"10s", "10s"}, {"2026-11-24T10:00:00Z", "2026-11-24T09:00:00Z"}, {"2026-11-24", ""}} {
		if s, err := ParseSelection(nil, c[0], c[1]); err == nil {
			t.Errorf("from %q to %q: %v, want an error", c[0], c[1], s)
		}
	}
}

func FuzzParseWhere(f *testing.F) {
	for _, text := range []string{"outcome=ok,model=llama*|qwen", `session="a,b"|c,end<2s`, "time>=2026-11-24T10:00:00Z", "tenant!=null"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWhere(text)
		if err != nil {
			return
		}
		again, err := ParseWhere(w.String())
		if err != nil || len(again.conditions) != len(w.conditions) {
			t.Fatalf("%q reads, but %q: %v", text, w, err)
		}
		for _, c := range w.conditions {
			for _, word := range c.words {
				glob(word, text)
				c.possible([]byte(text), []byte(word))
			}
		}
	})
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*a", "a", false},
		{"a*b*c", "axbyc", true}, {"a*b*c", "axcyb", false}, {"*x*", "axb", true}, {"ab*ba", "aba", false},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

func TestOpenArchive(t *testing.T) {
	dir := t.TempDir()
	rows := archiveRows(10, 2)
	writeRows(t, filepath.Join(dir, "b.parquet"), rows[5:])
	writeRows(t, filepath.Join(dir, "a.parquet"), rows[:5])
	for _, name := range []string{"b.arrows", ".c.parquet.tmp", "notes.txt"} { // of b: sealed, not yet removed
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, b := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "b.parquet")
	for _, c := range []struct{ names, want []string }{
		{[]string{dir}, []string{a, b}},
		{[]string{filepath.Join(dir, "*.parquet")}, []string{a, b}},
		{[]string{filepath.Join(dir, "b.*")}, []string{b}},
		{[]string{b, dir}, []string{b, a}},
	} {
		var got []string
		for _, f := range openArchive(t, c.names...).Files {
			got = append(got, f.Path())
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, want %v", c.names, got, c.want)
		}
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "x*"):        "no file has such a name",
		filepath.Join(dir, "x.parquet"): "no such file",
		t.TempDir():                     "holds no .parquet file",
	} {
		if _, err := OpenArchive(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := OpenArchive(); err == nil {
		t.Error("an archive of no file opened")
	}
}

// TestRecordsMerges deals rows to files at random and reads them back sorted.
func TestRecordsMerges(t *testing.T) {
	rows := archiveRows(1000, 3)
	rnd := rand.New(rand.NewPCG(4, 4))
	dir := t.TempDir()
	hands := make([][]Record, 5)
	dealt := map[uuid.UUID]string{}
	for _, r := range rows {
		i := rnd.IntN(len(hands))
		hands[i] = append(hands[i], r)
		dealt[r.RecordID] = fmt.Sprint(i, ".parquet")
	}
	for i, hand := range hands {
		writeRows(t, filepath.Join(dir, fmt.Sprint(i, ".parquet")), hand)
	}
	writeRows(t, filepath.Join(dir, "empty.parquet"), nil)
	a := openArchive(t, dir)
	if a.NumRows() != 1000 {
		t.Errorf("%d rows", a.NumRows())
	}
	i := 300
	for r, err := range a.Records(t.Context(), selection(t, "", "300s", "900s")) {
		if err != nil {
			t.Fatal(err)
		}
		if r.RecordID != rows[i].RecordID {
			t.Fatalf("row %d is %s", i, r.RecordID)
		}
		if name := filepath.Base(r.File.Path()); name != dealt[r.RecordID] {
			t.Errorf("row %d is of %s, not %s", i, dealt[r.RecordID], name)
		}
		i++
	}
	if i != 900 {
		t.Errorf("ended at row %d", i)
	}
	for range a.Records(t.Context(), Selection{}) {
		break // the files' readers end with it
	}
}

// TestBatchesEnd stops reading early, and reads under a context that ended.
func TestBatchesEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	writeRows(t, path, archiveRows(3*groupRows, 5))
	a := openArchive(t, path)
	for b, err := range a.Batches(t.Context(), Query{Columns: []string{"end"}}) {
		if err != nil || b.Row(0) != 0 {
			t.Fatal(err, b.Row(0))
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range a.Batches(ctx, Query{Columns: []string{"end"}}) {
		last = err
	}
	if last != context.Canceled {
		t.Errorf("ended with %v", last)
	}
	for _, err := range a.Batches(t.Context(), Query{Columns: []string{"nothing"}}) {
		if err == nil || !strings.Contains(err.Error(), `no column "nothing"`) {
			t.Errorf("got %v", err)
		}
	}
}

// Every second row group and every third, counted over the files together.
func TestBatchesOfEveryNth(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it writes groups of full size")
	}
	t.Parallel()
	dir := t.TempDir()
	writeRows(t, filepath.Join(dir, "a.parquet"), archiveRows(3*groupRows, 5))
	writeRows(t, filepath.Join(dir, "b.parquet"), archiveRows(2*groupRows, 6))
	a := openArchive(t, dir)
	for every, want := range map[int][]string{1: {"a0", "a1", "a2", "b0", "b1"}, 2: {"a0", "a2", "b1"}, 3: {"a0", "b0"}} {
		var got []string
		for b, err := range a.Batches(t.Context(), Query{Columns: []string{"end"}, Every: every}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%.1s%d", filepath.Base(b.File.Path()), b.Row(0)/groupRows))
		}
		if !slices.Equal(got, want) {
			t.Errorf("every %d: %v, want %v", every, got, want)
		}
	}
}
