package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/urfave/cli/v2"
	"pgregory.net/rapid"

	"metron/internal/term"
	"metron/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// sample writes a run of four rows and leaves its journal open.
func sample(t *testing.T) (*schema.Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay, Program: "metron v0", Host: "test linux/amd64 2 cpus",
		TimeZero: 1_700_000_000_000_000, Clock: "monotonic from one wall reading", Privacy: schema.RecordedLengths,
		Config: json.RawMessage(`{"speed":"1"}`), Counters: map[string]int64{"sent": 4, "planned": 4}, SourceDigest: "abc123",
		Verdict: &schema.Verdict{Status: "SUSPECT", Reasons: []string{"send lag grew"}, SendLagP50US: 80, SendLagP99US: 900, SendLagMaxUS: 2500}})
	if err != nil {
		t.Fatal(err)
	}
	ok := schema.Record{Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true,
		ChoiceCount: 1, TokenSource: schema.TokenSourceUsage, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths,
		RequestModel: "tiny", ResponseModel: "tiny-2", Target: "http://127.0.0.1:8000", InputTokens: new(int64(100)), OutputTokens: new(int64(5)),
		ChunkTime: []int64{10, 20, 30, 40, 40}, ChunkKind: []int8{4, 0, 0, 0, 9}, ChunkTokens: []int32{0, 1, 3, 1, 0}}
	unknown := ok
	unknown.ChunkTokens, unknown.TokenSource, unknown.InputTokens, unknown.OutputTokens = nil, schema.TokenSourceChunks, new(int64(70_000)), nil
	failed := ok
	failed.Outcome, failed.ResponseModel, failed.OutputTokens, failed.Phase = schema.OutcomeHTTPError, "", nil, schema.PhaseWarmup
	failed.ChunkTime, failed.ChunkKind, failed.ChunkTokens = nil, nil, nil
	other := ok
	other.API, other.RequestModel, other.InputTokens, other.OutputTokens = schema.APICompletions, "big", new(int64(7)), new(int64(0))
	for i, r := range []schema.Record{ok, unknown, failed, other} {
		r.RecordID = uuid.UUID{15: byte(i + 1)}
		r.StartTime = 1_700_000_000_000_000 + []int64{0, 500_000, 500_000, 4_000_000}[i]
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	return w, path
}

func inspectFile(t *testing.T, path string) *Summary {
	t.Helper()
	f, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := Inspect(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInspect(t *testing.T) {
	w, path := sample(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := inspectFile(t, path)
	// Of 4 rows: tokens are 5 + 3 (of unknown count, the content chunks) + 5.
	if s.Rows != 4 || s.Chunks != 15 || s.Tokens != 13 {
		t.Errorf("rows %d, chunks %d, tokens %d", s.Rows, s.Chunks, s.Tokens)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Bytes != info.Size() || *s.BytesPerRow != float64(info.Size())/4 || *s.BytesPerToken != float64(*s.ChunkBytes)/13 {
		t.Errorf("sizes %d, %v, %v", s.Bytes, *s.BytesPerRow, *s.BytesPerToken)
	}
	if len(s.Columns) != len(schema.ColumnNames()) || !slices.IsSortedFunc(s.Columns, func(a, b Column) int { return int(b.Bytes - a.Bytes) }) {
		t.Errorf("columns %v", s.Columns)
	}
	total := int64(0)
	for _, c := range s.Columns {
		total += c.Bytes
	}
	if total <= 0 || total > s.Bytes || *s.ChunkBytes <= 0 || *s.ChunkBytes > total {
		t.Errorf("columns have %d bytes, chunks %d, the file %d", total, *s.ChunkBytes, s.Bytes)
	}
	// Sizes move with the libraries: the golden has round ones.
	s.File, s.Bytes, s.BytesPerRow, s.BytesPerToken, s.ChunkBytes = "run.parquet", 20480, new(5120.0), new(32.5), new(int64(422))
	s.Columns = []Column{{"chunk_time", 2048}, {"record_id", 1024}}
	golden(t, "run.golden", s)
}

func TestInspectJournal(t *testing.T) {
	w, path := sample(t)
	defer w.Abandon()
	journal := schema.JournalPath(path)
	deadline := time.Now().Add(20 * time.Second) // the writer flushes by its own clock
	s := inspectFile(t, journal)
	for s.Rows < 4 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
		s = inspectFile(t, journal)
	}
	if s.Rows != 4 || !s.Journal || s.BytesPerToken != nil || s.ChunkBytes != nil || len(s.Columns) != 0 {
		t.Errorf("journal: %+v", s)
	}
	s.File, s.Bytes, s.BytesPerRow = "run.arrows", 20480, new(5120.0)
	golden(t, "journal.golden", s)
}

func golden(t *testing.T, name string, s *Summary) {
	t.Helper()
	var got bytes.Buffer
	if err := s.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs (go test -update rewrites it):\n%s\nwant:\n%s", path, got.Bytes(), want)
	}
}

// TestLengthsAgainstSorting: counting gives what sorting gives.
func TestLengthsAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(denseLengths-2, denseLengths+2),
			rapid.Int64Range(-3, 1<<40)), 1, 300).Draw(t, "values")
		var c lengthCounter
		for _, v := range values {
			c.add(v)
		}
		l := c.lengths()
		slices.Sort(values)
		total := int64(0)
		for _, v := range values {
			total += v
		}
		at := func(p float64) int64 { return values[int(math.Ceil(p*float64(len(values))-1e-9))-1] }
		if *l.Min != values[0] || *l.P50 != at(0.5) || *l.P90 != at(0.9) || *l.P99 != at(0.99) || *l.Max != values[len(values)-1] ||
			l.Total != total || l.Count != int64(len(values)) {
			t.Fatalf("%v of %v", l, values)
		}
	})
}

func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		startsUS                   []int64
		distinct, ties, together   int64
		spanS, ratePerS            float64 // ratePerS 0: undefined
		first, last                string
		spanIsUnknown, rateUnknown bool
	}{
		{startsUS: nil, spanIsUnknown: true, rateUnknown: true},
		{startsUS: []int64{0}, distinct: 1, together: 1, rateUnknown: true},
		{startsUS: []int64{5, 5, 5}, distinct: 1, ties: 2, together: 3, rateUnknown: true},
		{startsUS: []int64{-1_000_000, 0, 0, 500_000, 1_000_000}, distinct: 4, ties: 1, together: 2, spanS: 2, ratePerS: 2},
	} {
		var counter arrivalCounter
		for _, us := range c.startsUS {
			counter.add(us)
		}
		a := counter.arrivals()
		if a.Distinct != c.distinct || a.Ties != c.ties || a.MostTogether != c.together {
			t.Errorf("%v: %+v", c.startsUS, a)
		}
		if (a.SpanS == nil) != c.spanIsUnknown || a.SpanS != nil && *a.SpanS != c.spanS {
			t.Errorf("%v: span %v, want %v", c.startsUS, a.SpanS, c.spanS)
		}
		if (a.RatePerS == nil) != c.rateUnknown || a.RatePerS != nil && *a.RatePerS != c.ratePerS {
			t.Errorf("%v: rate %v, want %v", c.startsUS, a.RatePerS, c.ratePerS)
		}
	}
}

func TestTallyText(t *testing.T) {
	tally := Tally{}
	for i, name := range strings.Split("abcdefghijk", "") {
		tally.count(name, int64(i%4)+1000)
	}
	if got, want := tally.String(), "d 1,003, h 1,003, c 1,002, g 1,002, k 1,002, b 1,001, f 1,001, j 1,001, and 3 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// metron runs a command line as main does.
func metron(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	app := &cli.App{Name: "metron", Commands: []*cli.Command{Command(nil)}, Writer: &out, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {}}
	err := app.RunContext(t.Context(), term.FlagsFirst(app.Commands, append([]string{"metron", "inspect"}, args...)))
	return out.String(), err
}

func TestCommand(t *testing.T) {
	w, path := sample(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.parquet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := metron(t, path, other)
	if err != nil || strings.Count(text, "outcomes         ok 3, http_error 1\n") != 2 || !strings.Contains(text, "\n\n"+other) {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = metron(t, path, other, "--json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(text))
	for range 2 {
		var s Summary
		if err := d.Decode(&s); err != nil || s.Rows != 4 || s.Outcomes["ok"] != 3 || s.Footer.Vantage != "replay" {
			t.Errorf("%v, %+v", err, s)
		}
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := filepath.Join(dir, "norows.parquet")
	w, err := schema.Create(none, schema.Meta{Vantage: schema.VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	run, whole := sample(t)
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "inspect needs a file"},
		{[]string{filepath.Join(dir, "none.parquet")}, 1, "no such file"},
		{[]string{write("empty.parquet", "")}, 1, "the file is empty"},
		{[]string{write("foreign.csv", "TIMESTAMP,ContextTokens\n1,2\n")}, 1, "not a Parquet file"},
		{[]string{write("cut.parquet", string(data[:len(data)/2]))}, 1, "cut short"},
		{[]string{dir}, 1, "cut short"},
		{[]string{t.TempDir()}, 1, "holds no .parquet file"},
		{[]string{none}, 1, "has no rows"},
	} {
		stdout, err := metron(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || term.ExitCode(err) != c.code || stdout != "" {
			t.Errorf("%v: status %d, %v, stdout %q; want %d, %q", c.args, term.ExitCode(err), err, stdout, c.code, c.want)
		}
	}
}
