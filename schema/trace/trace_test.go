package trace

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/urfave/cli/v2"
	"pgregory.net/rapid"

	"metron/internal/term"
	"metron/schema"
)

func TestMain(m *testing.M) {
	flag.Set("rapid.checks", "25") // each writes files; the command line may say more
	os.Exit(m.Run())
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

// metron runs a command line as main does.
func metron(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	app := &cli.App{Name: "metron", Commands: []*cli.Command{Command()}, Writer: &out, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {}}
	err = app.RunContext(t.Context(), term.FlagsFirst(app.Commands, append([]string{"metron", "trace"}, args...)))
	return out.String(), err
}

func write(t fataler, path string, meta schema.Meta, rows ...schema.Record) string {
	t.Helper()
	if meta.Vantage == "" {
		meta.Vantage = schema.VantageImport
	}
	w, err := schema.Create(path, meta)
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
	return path
}

func read(t fataler, path string) (rows []schema.Record, meta schema.Meta) {
	t.Helper()
	f, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *r)
	}
	return rows, f.Meta()
}

// must runs a verb that has to succeed.
func must(t fataler, r *Report, err error) *Report {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same compares rows but for the numbers of their reads, which are each file's own.
func same(a, b schema.Record) bool {
	a.ChunkRead, b.ChunkRead = nil, nil
	return reflect.DeepEqual(a, b)
}

func id(n byte) uuid.UUID { return uuid.UUID{15: n} }

// row is a small sound row.
func row(n byte, startUS int64) schema.Record {
	return schema.Record{RecordID: id(n), StartTime: startUS, Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST",
		Path: "/v1/chat/completions", ChoiceCount: 1, TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK,
		Recorded: schema.RecordedLengths}
}

// fullRow has a value in every column: text that is found again wherever it
// goes, and times that analyze can compute with.
func fullRow(rng *rand.Rand) schema.Record {
	r := schema.Record{}
	v := reflect.ValueOf(&r).Elem()
	for i, name := range schema.ColumnNames() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			f.Set(reflect.New(f.Type().Elem()))
			f = f.Elem()
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString(secret(rng))
			if words := schema.Words(name); words != nil {
				f.SetString(words[rng.IntN(len(words))])
			}
		case reflect.Int64:
			f.SetInt(1 + rng.Int64N(1000))
		case reflect.Float64:
			f.SetFloat(rng.Float64())
		case reflect.Bool:
			f.SetBool(rng.IntN(4) > 0)
		case reflect.Array:
			f.Set(reflect.ValueOf(randomID(rng)))
		case reflect.Slice:
			switch f.Type().Elem().Kind() {
			case reflect.Uint8:
				f.SetBytes([]byte(secret(rng)))
			case reflect.String:
				f.Set(reflect.ValueOf([]string{secret(rng), secret(rng)}))
			}
		}
	}
	r.API = []string{schema.APIChat, schema.APICompletions, schema.APIOther}[rng.IntN(3)]
	r.ChoiceCount = 1
	r.Seed = new(rng.Int64())
	r.StartTime = 1_700_000_000_000_000 + rng.Int64N(1e9)
	r.BlockHashes = []int64{rng.Int64(), rng.Int64()}
	at := int64(5000)
	for i := range 1 + rng.IntN(20) {
		at += rng.Int64N(100_000)
		r.ChunkTime = append(r.ChunkTime, at)
		r.ChunkKind = append(r.ChunkKind, int8(rng.IntN(4)))
		r.ChunkTokens = append(r.ChunkTokens, int32(rng.IntN(3)))
		r.ChunkRead = append(r.ChunkRead, int32(i/2))
		r.ChunkBytes = append(r.ChunkBytes, int32(rng.IntN(9)))
	}
	r.End = new(at + 100)
	if rng.IntN(3) > 0 {
		r.Outcome = schema.OutcomeOK
	}
	return r
}

func secret(rng *rand.Rand) string { return "secret-" + hex.EncodeToString(randomBytes(rng, 8)) }

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.UintN(256))
	}
	return b
}

func randomID(rng *rand.Rand) uuid.UUID { return uuid.UUID(randomBytes(rng, 16)) }

// TestSlicesMakeTheWhole: windows that follow each other, and what meets a
// condition and what does not, merge to what was cut.
func TestSlicesMakeTheWhole(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		in := func(name string) string { return filepath.Join(dir, fmt.Sprintf("%s-%d.parquet", name, n)) }
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var rows []schema.Record
		for i := range rapid.IntRange(2, 30).Draw(t, "rows") {
			r := fullRow(rng)
			r.StartTime = 1_700_000_000_000_000 + int64(i)*rapid.Int64Range(0, 2_000_000).Draw(t, "gap")
			r.Stream = i%2 == 0
			rows = append(rows, r)
		}
		rows[0].StartTime = 1_700_000_000_000_000
		rows[1].StartTime = rows[0].StartTime + 30_000_000 // both windows have a row
		all := write(t, in("all"), schema.Meta{}, rows...)
		want, _ := read(t, all)
		cut := rapid.SampledFrom([]string{"1us", "500ms", "29.999999s", "2023-11-14T22:13:20.000001Z"}).Draw(t, "cut")
		halves := [2]schema.Selection{selection(t, "stream=true", "", ""), selection(t, "stream=false", "", "")}
		if rapid.Bool().Draw(t, "windows") {
			halves = [2]schema.Selection{selection(t, "", "", cut), selection(t, "", cut, "")}
		}
		for i, half := range halves {
			s := &Slice{Job: Job{In: []string{all}, Out: in([]string{"a", "b"}[i])}, Selection: half}
			r, err := s.Run(t.Context())
			must(t, r, err)
		}
		m := &Merge{Job{In: []string{in("b"), in("a")}, Out: in("merged")}}
		r, err := m.Run(t.Context())
		if must(t, r, err); r.Kept != int64(len(rows)) || r.Renamed+r.Repeated+r.Replaced+r.Filtered != 0 {
			t.Fatalf("%v: merged %+v of %d rows", halves, r.Counts, len(rows))
		}
		got, _ := read(t, m.Out)
		for _, w := range want {
			if !slices.ContainsFunc(got, func(g schema.Record) bool { return same(g, w) }) {
				t.Fatalf("%v: row %s is not what it was", halves, w.RecordID)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b schema.Record) int { return cmp.Compare(a.StartTime, b.StartTime) }) {
			t.Fatalf("%v: rows are not in the order of their starts", halves)
		}
	})
}

func selection(t fataler, where, from, to string) schema.Selection {
	t.Helper()
	var conditions []string
	if where != "" {
		conditions = []string{where}
	}
	s, err := schema.ParseSelection(conditions, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBadCommandLines: an error names the thing and the right status comes,
// and nothing is left behind.
func TestBadCommandLines(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	late := row(2, 5_000_000)
	late.SessionID = "s"
	one := write(t, in("one.parquet"), schema.Meta{}, row(1, 1_000_000), late)
	run := write(t, in("run.parquet"), schema.Meta{Vantage: schema.VantageReplay}, row(1, 1_000_000))
	odd := row(3, 0)
	odd.Phase = "Mr Smith's"
	strange := write(t, in("odd.parquet"), schema.Meta{}, odd)
	void := write(t, in("void.parquet"), schema.Meta{})
	if err := os.WriteFile(in("text.parquet"), []byte("this is no Parquet file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := in("out.parquet")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 2, "needs a verb: one of slice, merge, anonymize"},
		{"slic", 2, `unknown verb "slic"; did you mean "slice"?`},
		{"slice --out " + out, 2, "slice needs a file"},
		{"slice " + one, 2, "--out is missing"},
		{"merge " + one + " --out out.csv", 2, "ends in .parquet"},
		{"slice " + one + " --out " + out + " --sample 0", 2, `"0" is not a share`},
		{"slice " + one + " --out " + out + " --sample 101%", 2, `"101%" is not a share`},
		{"slice " + one + " --out " + out + " --sample x", 2, `"x" is not a share`},
		{"slice " + one + " --out " + out + " --seed 3", 2, "there is no --sample"},
		{"slice " + one + " --out " + out + " --sample 1% --sample-by sesion", 2, `did you mean "session"?`},
		{"slice " + one + " --out " + out + " --where bogus=1", 2, "bogus"},
		{"slice " + one + " --out " + out + " --from 2s --to 1s", 2, "not a window"},
		{"slice " + in("none.parquet") + " --out " + out, 1, "no such file"},
		{"slice " + in("text.parquet") + " --out " + out, 1, "not a Parquet file"},
		{"slice " + void + " --out " + out, 1, "it has no rows"},
		{"slice " + one + " --out " + one, 1, "one of the files to read"},
		{"slice " + one + " --out " + one + " --force", 1, "one of the files to read"},
		{"slice " + one + " --out " + run, 1, "is there already"},
		{"slice " + one + " --out " + in("no/such/folder.parquet"), 1, "folder.parquet"},
		{"slice " + one + " --out " + out + " --from 2s --where session=null", 1,
			"no row is left of 2, from 1970-01-01T00:00:01Z to 1970-01-01T00:00:05Z: 1 outside from 2s, 1 not session=null"},
		{"slice " + one + " --out " + out + " --sample 0.0001%", 1, "2 not in the sample of 0.0001 % (seed 0)"},
		{"merge " + one + " " + run + " --out " + out, 1, `one.parquet" is of vantage import and "` + run + `" of vantage replay`},
		{"anonymize " + strange + " --out " + out, 1, `phase is "Mr Smith's", none of [warmup measure cooldown]: it is not copied unseen`},
		{"anonymize " + one + " --out " + out + " --content none", 2, `--content "none" is none of lengths, hash`},
		{"anonymize " + one + " --out " + out + " --tenants x", 2, "--tenants"},
		{"anonymize " + one + " --out " + out + " --models kep", 2, `did you mean "keep"?`},
		{"anonymize " + one + " --out " + out + " --start yesterday", 2, `--start "yesterday"`},
		{"anonymize " + one + " --out " + out + " --start 1970-01-01T00:00:00Z", 2, "a time after 1970"},
	} {
		stdout, err := metron(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || term.ExitCode(err) != c.code {
			t.Errorf("%s: status %d, %v; want %d, %q", c.args, term.ExitCode(err), err, c.code, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") || stdout != "" {
			t.Errorf("%s: want one line and nothing on stdout, got %q and %q", c.args, err, stdout)
		}
		if left, _ := filepath.Glob(in("*out*")); len(left) > 0 {
			t.Fatalf("%s left %v", c.args, left)
		}
	}
}

// TestInterruptLeavesNothing: neither a file nor a journal, and an old file as
// it was.
func TestInterruptLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	source := write(t, filepath.Join(t.TempDir(), "in.parquet"), schema.Meta{}, row(1, 1), row(2, 2))
	out := filepath.Join(dir, "out.parquet")
	for _, force := range []bool{false, true} {
		if force {
			write(t, out, schema.Meta{}, row(9, 9))
		}
		ctx, cancel := contextOf(t)
		cancel()
		s := &Slice{Job: Job{In: []string{source}, Out: out, Force: force}}
		if _, err := s.Run(ctx); err == nil {
			t.Fatal("an interrupted slice succeeded")
		}
		files, _ := os.ReadDir(dir)
		if force && len(files) == 1 {
			if rows, _ := read(t, out); len(rows) != 1 || rows[0].RecordID != id(9) {
				t.Errorf("the file that was there has %d rows now", len(rows))
			}
			continue
		}
		if len(files) != 0 {
			t.Errorf("left behind: %v", files)
		}
	}
}

// TestReportIsJSON: --json prints one object with the counts.
func TestReportIsJSON(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.parquet"), schema.Meta{}, row(1, 1), row(2, 2_000_001))
	out := filepath.Join(dir, "out.parquet")
	for range 2 { // the second one replaces the first
		stdout, err := metron(t, "slice", in, "--to", "1s", "--out", out, "--json", "--force")
		if err != nil {
			t.Fatal(err)
		}
		var r Report
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		if want := (Counts{Read: 2, Filtered: 1, Kept: 1}); r.Counts != want || r.Out != out || r.OutBytes == 0 || r.First.UnixMicro() != 1 {
			t.Errorf("got %+v", r)
		}
	}
}
