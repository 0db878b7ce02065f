package trace

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"metron/schema"
	"metron/workload/importer"
)

func format(t *testing.T, name string) Format {
	t.Helper()
	for _, f := range Formats() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no format %q", name)
	return Format{}
}

// export gives the bytes of an export and what it says of itself.
func export(t *testing.T, e *Export) ([]byte, *Exported) {
	t.Helper()
	var out bytes.Buffer
	e.Out, e.Stdout = "-", &out
	r, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), r
}

// imported reads an export back.
func imported(t *testing.T, name string, text []byte) []schema.Record {
	t.Helper()
	for _, f := range importer.Formats() {
		if f.Name == name {
			m := &importer.Import{Format: f, Paths: []string{"-"}, Stdin: bytes.NewReader(text), Out: filepath.Join(t.TempDir(), "again.parquet")}
			if _, err := m.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			rows, _ := read(t, m.Out)
			return rows
		}
	}
	t.Fatalf("no import format %q", name)
	return nil
}

// TestJSONLIsTheIdentity exports rows with a value in every column, and recorded
// ones, and imports them again.
func TestJSONLIsTheIdentity(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var full []schema.Record
	for i := range 50 {
		r := fullRow(rng)
		r.StartTime = 1_700_000_000_000_000 + int64(i)
		r.RequestBody = []byte{0xff, byte(i)}
		full = append(full, r)
	}
	paths := []string{write(t, filepath.Join(t.TempDir(), "full.parquet"), schema.Meta{Vantage: schema.VantageReplay, Privacy: schema.RecordedContent}, full...),
		"../../testdata/golden/run-v1.0.parquet", "../../testdata/golden/capture-v1.0.parquet"}
	for _, path := range paths {
		want, _ := read(t, path)
		text, report := export(t, &Export{Format: format(t, "jsonl"), In: []string{path}})
		got := imported(t, "jsonl", text)
		if len(got) != len(want) || report.Rows != int64(len(want)) {
			t.Fatalf("%s: %d rows came back, want %d", path, len(got), len(want))
		}
		for i := range want {
			if !same(got[i], want[i]) {
				t.Fatalf("%s: row %d came back as\n%+v\nwant\n%+v", path, i, got[i], want[i])
			}
		}
	}
}

// TestAzureIsTheIdentity exports the public trace to the same bytes.
func TestAzureIsTheIdentity(t *testing.T) {
	want, err := os.ReadFile("../../../shared/traces/azure-2023-conv.csv")
	if err != nil {
		t.Skipf("the public trace is not there: %v", err)
	}
	for _, f := range importer.Formats() {
		if f.Name != "azure" {
			continue
		}
		m := &importer.Import{Format: f, Paths: []string{"-"}, Stdin: bytes.NewReader(want), Out: filepath.Join(t.TempDir(), "conv.parquet")}
		if _, err := m.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, _ := export(t, &Export{Format: format(t, "azure"), In: []string{m.Out}})
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes, want %d, and the same", len(got), len(want))
		}
	}
}

// TestMooncakeIsTheIdentity exports the public trace and imports it again.
func TestMooncakeIsTheIdentity(t *testing.T) {
	text, err := os.ReadFile("../../../shared/traces/mooncake-conversation.jsonl")
	if err != nil {
		t.Skipf("the public trace is not there: %v", err)
	}
	text = text[500_000:1_000_000] // of its middle, which does not begin at 0
	text = text[bytes.IndexByte(text, '\n')+1 : bytes.LastIndexByte(text, '\n')+1]
	want := imported(t, "mooncake", text)
	path := filepath.Join(t.TempDir(), "m.parquet")
	write(t, path, schema.Meta{Vantage: schema.VantageImport}, want...)
	again, report := export(t, &Export{Format: format(t, "mooncake"), In: []string{path}})
	if string(again) != strings.ReplaceAll(string(text), " ", "") || report.LeftOut != 0 || len(report.Lost) != 0 {
		t.Errorf("exported otherwise than it was: %d bytes, want %d less spaces; %+v", len(again), len(text), report)
	}
	got := imported(t, "mooncake", again)
	if len(got) != len(want) {
		t.Fatalf("%d rows came back, want %d", len(got), len(want))
	}
	for i := range want {
		got[i].RecordID = want[i].RecordID // made of the line, whose spaces are gone
		if !same(got[i], want[i]) {
			t.Fatalf("row %d came back as\n%+v\nwant\n%+v", i, got[i], want[i])
		}
	}
}

func TestMooncake(t *testing.T) {
	a, b, c := row(1, 1_700_000_010_000_500), row(2, 1_700_000_012_000_500), row(3, 1_700_000_012_001_000)
	a.InputTokens, a.OutputTokens, a.BlockHashes, a.BlockSize, a.BlockUnit = new(int64(600)), new(int64(5)), []int64{7, 8}, new(int64(512)), "tokens"
	b.InputTokens, b.ChunkTime, b.ChunkKind, b.ChunkTokens = new(int64(9)), []int64{1, 2}, []int8{0, 0}, []int32{2, 1}
	b.BlockHashes, b.BlockSize, b.BlockUnit = []int64{1}, new(int64(16)), "tokens"
	path := write(t, filepath.Join(t.TempDir(), "t.parquet"), schema.Meta{Vantage: schema.VantageImport}, a, b, c)
	got, report := export(t, &Export{Format: format(t, "mooncake"), In: []string{path}})
	want := `{"timestamp":0,"input_length":600,"output_length":5,"hash_ids":[7,8]}` + "\n" + `{"timestamp":2000,"input_length":9,"output_length":3}` + "\n"
	if string(got) != want {
		t.Errorf("got %s want %s", got, want)
	}
	if report.Rows != 2 || report.LeftOut != 1 || report.Lost["hashes of blocks other than 512 tokens"] != 1 || len(report.Lost) != 1 {
		t.Errorf("report %+v", report)
	}
}

func TestTokens(t *testing.T) {
	r := row(1, 1_000_000)
	r.ChoiceCount = 2
	r.ChunkTime, r.ChunkKind = []int64{50, 100, 150, 180, 200}, []int8{schema.KindRole, schema.KindReasoning, schema.KindContent, schema.KindContent, schema.KindDone}
	r.ChunkTokens, r.ChunkChoice, r.ChunkRead = []int32{0, 2, 1, 1, 0}, []int16{0, 0, 1, 0, 0}, []int32{0, 1, 1, 2, 3}
	path := write(t, filepath.Join(t.TempDir(), "t.parquet"), schema.Meta{Vantage: schema.VantageCapture}, r)
	data, _ := export(t, &Export{Format: format(t, "tokens"), In: []string{path}})
	rows, err := parquet.Read[Token](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	type brief struct {
		choice, token, chunk, us, gap int64 // gap -1: null
		kind                          string
	}
	want := []brief{{0, 1, 1, 100, -1, "reasoning"}, {0, 2, 1, 100, 0, "reasoning"}, {1, 1, 2, 150, -1, "content"}, {0, 3, 3, 180, 80, "content"}}
	if len(rows) != len(want) {
		t.Fatalf("%d tokens, want %d", len(rows), len(want))
	}
	for i, row := range rows {
		gap := int64(-1)
		if row.GapUS != nil {
			gap = *row.GapUS
		}
		if got := (brief{row.Choice, row.Token, row.Chunk, row.TimeUS, gap, row.Kind}); got != want[i] {
			t.Errorf("token %d: %+v, want %+v", i, got, want[i])
		}
		if row.RecordID != r.RecordID || row.At.UnixMicro() != r.StartTime+row.TimeUS || row.Read == nil {
			t.Errorf("token %d: %+v", i, row)
		}
	}
}

// TestPerfetto checks what a viewer relies on: slices of a lane nest and do not
// overlap, tokens lie in their request, and every count goes back to 0.
func TestPerfetto(t *testing.T) {
	for _, golden := range []string{"run", "capture"} {
		path := "../../testdata/golden/" + golden + "-v1.0.parquet"
		rows, _ := read(t, path)
		text, _ := export(t, &Export{Format: format(t, "perfetto"), In: []string{path}})
		var doc struct {
			TraceEvents []event `json:"traceEvents"`
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		requests, marks, wantMarks := 0, 0, 0
		for i := range rows {
			for k, kind := range rows[i].ChunkKind {
				if kind <= schema.KindRefusal && (len(rows[i].ChunkTokens) == 0 || rows[i].ChunkTokens[k] > 0) {
					wantMarks++
				}
			}
		}
		whole := map[int]event{} // the request that a lane shows
		last := map[string]any{}
		for _, e := range doc.TraceEvents {
			in, open := whole[e.TID]
			switch e.Phase {
			case "X":
				if e.Args["outcome"] != nil {
					if open && e.TS < in.TS+*in.Dur {
						t.Errorf("%s: two requests overlap in lane %d", golden, e.TID)
					}
					whole[e.TID] = e
					requests++
				} else if !open || e.TS < in.TS || e.TS+*e.Dur > in.TS+*in.Dur || *e.Dur < 0 {
					t.Errorf("%s: %s of lane %d is not in its request", golden, e.Name, e.TID)
				}
			case "i":
				marks++
				if e.TS < in.TS || e.TS > in.TS+*in.Dur {
					t.Errorf("%s: a token at %d is not in its request", golden, e.TS)
				}
			case "C":
				last[e.Name] = e.Args["n"]
			}
		}
		if requests != len(rows) || marks != wantMarks || last["in flight"] != 0.0 || last["tokens/s"] != 0.0 {
			t.Errorf("%s: %d requests of %d, %d tokens of %d, counters end at %v", golden, requests, len(rows), marks, wantMarks, last)
		}
	}
}

func TestExportErrors(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "t.parquet"), schema.Meta{Vantage: schema.VantageCapture}, row(1, 0))
	out := filepath.Join(t.TempDir(), "out.csv")
	e := &Export{Format: format(t, "azure"), In: []string{path}, Out: out}
	if _, err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "1 are without lengths") {
		t.Errorf("no row has lengths, and the export says %v", err)
	}
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(found) > 0 {
		t.Errorf("a failed export left %v", found)
	}
	if err := os.WriteFile(out, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("an existing file: %v", err)
	}
	e.Out, e.Force = path, true
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is one of the files to read") {
		t.Errorf("onto the file that is read: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file that is read is another now: %v", err)
	}
}
