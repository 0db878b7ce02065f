package importer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// metron runs a command line as main does.
func metron(t *testing.T, stdin io.Reader, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	app := &cli.App{Name: "metron", Commands: []*cli.Command{Command()}, Reader: stdin, Writer: &out, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {}}
	err = app.RunContext(t.Context(), term.FlagsFirst(app.Commands, append([]string{"metron"}, args...)))
	return out.String(), err
}

// importer imports a text in the named format.
func importer(t testing.TB, format, text string) *Import {
	for _, f := range append(Formats(), AutoFormat()) {
		if f.Name == format {
			return &Import{Format: f, Paths: []string{"-"}, Stdin: strings.NewReader(text), Out: filepath.Join(t.TempDir(), "t.parquet")}
		}
	}
	t.Fatalf("no format %q", format)
	return nil
}

// importText imports a text and gives the rows of the trace.
func importText(t testing.TB, m *Import) (*Report, []schema.Record) {
	t.Helper()
	r, err := m.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r, readTrace(t, m.Out)
}

func readTrace(t testing.TB, path string) []schema.Record {
	t.Helper()
	f, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []schema.Record
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *r)
	}
	return rows
}

func meta(t *testing.T, path string) schema.Meta {
	t.Helper()
	f, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.Meta()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it):\n%s\nwant:\n%s", path, got, want)
	}
}

// TestGoldenReports imports the samples and compares what is printed.
func TestGoldenReports(t *testing.T) {
	for _, c := range []struct {
		format, file string
		set          func(m *Import)
	}{
		{"azure", "azure-2023.csv", nil},
		{"azure", "azure-2024.csv", func(m *Import) { m.ZeroLength, m.SkipBadRows = FloorZero, true }},
		{"azure", "azure-2025.csv", func(m *Import) { m.ZeroLength = DropZero }},
		{"jsonl", "measurements.jsonl", nil},
		{"burstgpt", "burstgpt.csv", func(m *Import) { m.EpochUS = 1_000_000_000_000_000 }},
		{"mooncake", "mooncake.jsonl", func(m *Import) { m.Spread = SpreadUniform }},
		{"mooncake", "mooncake-sessions.jsonl", nil},
		{"bailian", "bailian.jsonl", nil},
		{"weka", "weka.json", func(m *Import) { m.SessionStarts = "0.5/s" }},
		{"sharegpt", "sharegpt.json", func(m *Import) { m.SessionStarts, m.ThinkTime = "zero", 20*time.Second }},
		{"otel", "otel.json", nil},
		{"vllm", "vllm.json", nil},
		{"vllm", "vllm-older.json", nil},
		{"aiperf", "aiperf.jsonl", nil},
		{"etalon", "etalon.json", nil},
		{"inference-perf", "inference-perf.json", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			m := importer(t, "auto", "") // which must tell the format
			m.Paths = []string{filepath.Join("testdata", c.file)}
			if c.set != nil {
				c.set(m)
			}
			r, rows := importText(t, m)
			if r.Format != c.format {
				t.Errorf("auto took it for %s, because %s", r.Format, r.Detected)
			}
			r.Out, r.OutBytes = "trace.parquet", 12345 // the size moves with the library and the host's name
			var text bytes.Buffer
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if err := r.WriteJSON(&text); err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				text.WriteString(jsonText(t, &row) + "\n")
			}
			golden(t, c.file+".golden", text.Bytes())
		})
	}
}

// TestImportIsRepeatable: the same file gives the same rows, whatever it
// comes through, and replaces what was there.
func TestImportIsRepeatable(t *testing.T) {
	plain, err := os.ReadFile("testdata/azure-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(plain)
	z.Close()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "a.csv.gz"), filepath.Join(dir, "t.parquet")
	if err := os.WriteFile(file, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var first []schema.Record
	for _, c := range []struct {
		stdin io.Reader
		args  []string
	}{
		{nil, []string{"import", "azure", "testdata/azure-2023.csv", "--out", out}},
		{nil, []string{"import", "azure", file, "--out", out}},
		{bytes.NewReader(plain), []string{"import", "azure", "-", "--out", out}},
		{&packed, []string{"import", "azure", "--out", out, "-"}},
		{bytes.NewReader(bytes.ReplaceAll(plain, []byte("\r\n"), []byte("\n"))), []string{"import", "azure", "-", "--out", out}},
		{bytes.NewReader(append([]byte("\ufeff"), plain...)), []string{"import", "azure", "-", "--out", out}},
	} {
		if _, err := metron(t, c.stdin, c.args...); err != nil {
			t.Fatal(err)
		}
		rows := readTrace(t, out)
		if first == nil {
			first = rows
		}
		if len(rows) != len(first) {
			t.Fatalf("%v: %d rows, want %d", c.args, len(rows), len(first))
		}
		for i := range rows {
			if rows[i].RecordID != first[i].RecordID || rows[i].StartTime != first[i].StartTime {
				t.Errorf("%v: row %d is %v at %d, want %v at %d", c.args, i, rows[i].RecordID, rows[i].StartTime, first[i].RecordID, first[i].StartTime)
			}
		}
	}
}

// TestBadInput: one line that names the thing and what to do, the right exit
// status, and nothing left behind.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(header + strings.Repeat("2023-11-16 18:17:03.9799600,48,10\n", 4000)))
	z.Close()
	out := filepath.Join(dir, "out.parquet")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"azure", filepath.Join(dir, "none.csv"), "--out", out}, 1, "none.csv\": no such file"},
		{[]string{"azure", dir, "--out", out}, 1, "it is a folder"},
		{[]string{"azure", write("empty.csv", ""), "--out", out}, 1, "empty.csv\": it is empty (0 bytes)"},
		{[]string{"azure", write("header.csv", header), "--out", out}, 1, "no rows to record (read 0"},
		{[]string{"azure", write("bom.csv", "\ufeff"), "--out", out}, 1, "no header line"},
		{[]string{"azure", write("foreign.csv", "Timestamp,Model,Request tokens\n1,x,2\n"), "--out", out}, 1, "has no column ContextTokens"},
		{[]string{"azure", write("headless.csv", "2023-11-16 18:17:03.9799600,48,10\n"), "--out", out}, 1, "has no column TIMESTAMP"},
		{[]string{"azure", write("lfs.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "--out", out}, 1, "Git LFS pointer"},
		{[]string{"azure", write("x.csv.zst", "\x28\xb5\x2f\xfd...."), "--out", out}, 1, "x.csv.zst"},
		{[]string{"azure", write("x.parquet", "PAR1...."), "--out", out}, 1, "it is a Parquet file"},
		{[]string{"azure", write("cut.csv.gz", packed.String()[:packed.Len()-20]), "--out", out}, 1, "unexpected EOF"},
		{[]string{"azure", write("cut.gz", "\x1f\x8b\x08"), "--out", out}, 1, "cut.gz"},
		{[]string{"azure", write("bad.csv", header+"2023-11-16 18:17:03,48,10\n2023-11-16 18:17:63,48,10\n"), "--out", out}, 1,
			`bad.csv": line 3: TIMESTAMP "2023-11-16 18:17:63": not a time`},
		{[]string{"azure", write("allbad.csv", header+"x,48,10\n"), "--skip-bad-rows", "--out", out}, 1, "no rows to record (read 1, bad 1, dropped 0)"},
		{[]string{"azure", write("good.csv", header+"2023-11-16 18:17:03,48,10\n"), "--out", filepath.Join(dir, "no", "out.parquet")}, 1, "no such file"},
		{[]string{"jsonl", write("array.jsonl", `[{"start_time":1}]`), "--out", out}, 1, "is an array"},
		{[]string{"azure", "x.csv"}, 2, "--out is missing"},
		{[]string{"azure", "--out", out}, 2, "needs a file"},
		{[]string{"azure", "-", "-", "--out", out}, 2, "named 2 times"},
		{[]string{"azure", "a", "--out", "x.csv"}, 2, "ends in .parquet"},
		{[]string{"azure", "a", "--out", out, "--zero-length", "flor"}, 2, `did you mean "floor"?`},
		{[]string{"azur", "a", "--out", out}, 2, `unknown format "azur"; did you mean "azure"?`},
		{[]string{"--out", out, "azure", "a"}, 2, "flags stand after the format"},
		{[]string{}, 2, "needs a format: one of auto, azure, burstgpt, "},
	} {
		stdout, err := metron(t, nil, append([]string{"import"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || term.ExitCode(err) != c.code {
			t.Errorf("%v: status %d, %v; want %d, %q", c.args, term.ExitCode(err), err, c.code, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") || stdout != "" {
			t.Errorf("%v: want one line and nothing on stdout, got %q and %q", c.args, err, stdout)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*out*")); len(left) > 0 {
			t.Fatalf("%v left %v", c.args, left)
		}
	}
}

// TestOutIsNotRead: a file that is read is not replaced.
func TestOutIsNotRead(t *testing.T) {
	m := importer(t, "azure", header+"2023-11-16 18:17:03,48,10\n")
	importText(t, m)
	linked := filepath.Join(filepath.Dir(m.Out), "linked.parquet")
	if err := os.Link(m.Out, linked); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"baseten", m.Out, "--out", linked},
		{"sharegpt", "testdata/sharegpt.json", "--session-starts", m.Out, "--out", m.Out},
	} {
		if _, err := metron(t, nil, append([]string{"import"}, args...)...); err == nil || !strings.Contains(err.Error(), "is one of the files to read") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if rows := readTrace(t, m.Out); len(rows) != 1 {
		t.Errorf("%d rows are left", len(rows))
	}
}

func TestFailedImportKeepsTheOldTrace(t *testing.T) {
	m := importer(t, "azure", header+"2023-11-16 18:17:03,48,10\n")
	importText(t, m)
	again := &Import{Format: m.Format, Paths: []string{"-"}, Stdin: strings.NewReader(header + "2023-11-16 18:17:03,48,10\nnonsense\n"), Out: m.Out}
	if _, err := again.Run(t.Context()); err == nil {
		t.Fatal("nonsense was imported")
	}
	if rows := readTrace(t, m.Out); len(rows) != 1 {
		t.Errorf("the trace that was there has %d rows now", len(rows))
	}
	if files, _ := os.ReadDir(filepath.Dir(m.Out)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func TestInterruptLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := importer(t, "azure", header+strings.Repeat("2023-11-16 18:17:03,48,10\n", 3000))
	_, err := m.Run(ctx)
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Fatalf("got %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(m.Out)); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestReadErrorEndsEvenWhenSkipping(t *testing.T) {
	m := importer(t, "azure", "")
	broken := errors.New("the cable is out")
	m.Stdin = io.MultiReader(strings.NewReader(header+"2023-11-16 18:17:03,48,10\nnonsense\n"), readError{broken})
	m.SkipBadRows = true
	if _, err := m.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

type readError struct{ err error }

func (r readError) Read([]byte) (int, error) { return 0, r.err }
