package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"metron/schema"
)

const header = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"

func TestAzureRow(t *testing.T) {
	m := importer(t, "azure", header+"2023-11-16 18:17:03.9799600,4808,10")
	r, rows := importText(t, m)
	if len(rows) != 1 || r.Rows != 1 || r.Read != 1 || r.RatePerS != nil {
		t.Fatalf("%d rows, report %+v", len(rows), r)
	}
	got := rows[0]
	want := schema.Record{RecordID: got.RecordID, StartTime: 1700158623979960, Phase: "measure", API: "openai.chat", Method: "POST",
		Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1, InputTokens: new(int64(4808)), OutputTokens: new(int64(10)),
		TokenSource: "trace", Outcome: "ok", Recorded: "lengths"}
	if jsonText(t, &got) != jsonText(t, &want) {
		t.Errorf("got  %s\nwant %s", jsonText(t, &got), jsonText(t, &want))
	}
	f := meta(t, m.Out)
	sum := sha256.Sum256([]byte(header + "2023-11-16 18:17:03.9799600,4808,10"))
	if f.Vantage != schema.VantageImport || f.TimeZero != got.StartTime || f.SourceDigest != hex.EncodeToString(sum[:]) ||
		f.Privacy != schema.RecordedLengths || f.Counters["recorded"] != 1 || !strings.Contains(string(f.Config), `"format":"azure"`) {
		t.Errorf("footer %+v", f)
	}
}

func TestAzureColumnsByName(t *testing.T) {
	text := "region,GeneratedTokens , contexttokens,\"TIMESTAMP\",NumImages\n" +
		"\"east, 2\",7,5,2024-05-10 00:00:01+00:00,3\n\n\neast,8,6,\"2024-05-10 00:00:00.5+00:00\",0\n"
	r, rows := importText(t, importer(t, "azure", text))
	if len(rows) != 2 || *rows[0].InputTokens != 6 || *rows[1].InputTokens != 5 || *rows[1].OutputTokens != 7 || rows[1].ImageCount != 3 {
		t.Fatalf("rows %+v", rows)
	}
	if r.Inversions != 1 || *r.SpanS != 0.5 || *r.RatePerS != 2 {
		t.Errorf("report %+v", r)
	}
	if !strings.HasSuffix(rows[0].RecordID.String(), "-000000000002") || !strings.HasSuffix(rows[1].RecordID.String(), "-000000000001") {
		t.Errorf("ids %v %v should end in the rows' numbers 2 and 1", rows[0].RecordID, rows[1].RecordID)
	}
}

func TestAzureBadRows(t *testing.T) {
	bad := []struct{ line, want string }{
		{"2023-11-16 18:17:03", `"2023-11-16 18:17:03" has 1 columns, the header 3`},
		{"2023-11-16 18:17:03,1,2,3", "has 4 columns, the header 3"},
		{"16/11/2023 18:17,1,2", `TIMESTAMP "16/11/2023 18:17": not a time like`},
		{"2023-11-16 18:17:03,-1,2", "ContextTokens -1 is negative"},
		{"2023-11-16 18:17:03,1,-2", "GeneratedTokens -2 is negative"},
		{"2023-11-16 18:17:03,1.5,2", `ContextTokens "1.5" is not a whole number`},
		{"2023-11-16 18:17:03,,2", `ContextTokens "" is not a whole number`},
		{"2023-11-16 18:17:03,99999999999999999999,2", "is not a whole number"},
		{`2023-11-16 18:17:03,"1,2`, "is not a line of CSV"},
		{strings.Repeat("x", 1000), `x"... has 1 columns`},
	}
	text := header
	for _, c := range bad {
		m := importer(t, "azure", header+"2023-11-16 18:17:03,1,2\n"+c.line+"\n")
		if _, err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "standard input: line 3: ") {
			t.Errorf("%.40q: got %v, want line 3 and %q", c.line, err, c.want)
		}
		text += c.line + "\n"
	}
	m := importer(t, "azure", text+"2023-11-16 18:17:03.5,1,2\n")
	m.SkipBadRows = true
	r, rows := importText(t, m)
	if int(r.Bad) != len(bad) || r.Read != r.Bad+1 || len(rows) != 1 || !strings.HasPrefix(r.FirstBad, "line 2: ") {
		t.Errorf("report %+v, %d rows", r, len(rows))
	}
	if want := fmt.Sprintf("-%012d", len(bad)+1); !strings.HasSuffix(rows[0].RecordID.String(), want) {
		t.Errorf("id %v should end in %s: bad rows have numbers, too", rows[0].RecordID, want)
	}
}

func TestZeroLengths(t *testing.T) {
	text := header + "2023-11-16 18:17:01,0,5\n2023-11-16 18:17:02,5,0\n2023-11-16 18:17:03,0,0\n2023-11-16 18:17:04,1,1\n"
	for _, c := range []struct {
		policy        string
		input, output []int64
	}{
		{"", []int64{0, 5, 0, 1}, []int64{5, 0, 0, 1}},
		{KeepZero, []int64{0, 5, 0, 1}, []int64{5, 0, 0, 1}},
		{FloorZero, []int64{1, 5, 1, 1}, []int64{5, 1, 1, 1}},
		{DropZero, []int64{1}, []int64{1}},
	} {
		m := importer(t, "azure", text)
		m.ZeroLength = c.policy
		r, rows := importText(t, m)
		var input, output []int64
		for _, row := range rows {
			input, output = append(input, *row.InputTokens), append(output, *row.OutputTokens)
		}
		if !slices.Equal(input, c.input) || !slices.Equal(output, c.output) {
			t.Errorf("%q: %v %v, want %v %v", c.policy, input, output, c.input, c.output)
		}
		if r.ZeroLength != 3 || r.Dropped != int64(4-len(c.input)) || (r.Floored == 3) != (c.policy == FloorZero) {
			t.Errorf("%q: counts %+v", c.policy, r.Counts)
		}
	}
}

// TestAzure2023Conversations reads the real trace.
func TestAzure2023Conversations(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "traces", "azure-2023-conv.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the Azure trace is not at %s", path)
	}
	m := importer(t, "azure", "")
	m.Paths = []string{path}
	r, rows := importText(t, m)
	if r.Rows != 19366 || r.Distinct != 19366 || r.Ties != 0 || r.Inversions != 0 || fmt.Sprintf("%.1f", *r.SpanS) != "3501.7" {
		t.Errorf("rows %d, distinct %d, ties %d, inversions %d, span %.1f s", r.Rows, r.Distinct, r.Ties, r.Inversions, *r.SpanS)
	}
	if fmt.Sprintf("%.2f", *r.RatePerS) != "5.53" || r.SubMicrosecond != 0 || r.ZeroLength != 0 {
		t.Errorf("report %+v", r)
	}
	// An independent count: cut the columns out and sort them.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var input, output []int
	total := 0
	for _, line := range strings.Fields(strings.ReplaceAll(string(data), " ", "_"))[1:] {
		var i, o int
		if _, err := fmt.Sscanf(line[strings.IndexByte(line, ','):], ",%d,%d", &i, &o); err != nil {
			t.Fatal(err)
		}
		input, output, total = append(input, i), append(output, o), total+i
	}
	slices.Sort(input)
	slices.Sort(output)
	p50, p99 := (len(input)+1)/2-1, (len(input)*99+99)/100-1
	if int(*r.InputTokens.P50) != input[p50] || int(*r.InputTokens.P99) != input[p99] || int(r.InputTokens.Total) != total ||
		int(*r.OutputTokens.P50) != output[p50] || int(*r.OutputTokens.P99) != output[p99] {
		t.Errorf("input %v output %v; want p50 %d %d, p99 %d %d, total %d", r.InputTokens, r.OutputTokens,
			input[p50], output[p50], input[p99], output[p99], total)
	}
	for i, row := range rows {
		if want := fmt.Sprintf("-%012d", i+1); !strings.HasSuffix(row.RecordID.String(), want) {
			t.Fatalf("row %d has id %v; this trace is in order, so want %s", i, row.RecordID, want)
		}
	}
}

// FuzzAzure: every row read is valid or counted as bad, and where the reads
// fall does not matter.
func FuzzAzure(f *testing.F) {
	for _, name := range []string{"azure-2023.csv", "azure-2024.csv", "azure-2025.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(header + "\"2023-11-16 18:17:03\",\"1\n\",2\n,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		whole := fmt.Sprint(readSource(t, openAzure, strings.NewReader(text)))
		split := fmt.Sprint(readSource(t, openAzure, iotest.OneByteReader(strings.NewReader(text))))
		if whole != split {
			t.Fatalf("read whole: %s\nread byte by byte: %s", whole, split)
		}
	})
}

// readSource reads a source to its end: good rows as jsonl, bad ones as their errors.
func readSource(t testing.TB, open func(*input) (source, error), r io.Reader) (out []string) {
	in, err := openInput("-", r)
	if err != nil {
		return []string{err.Error()}
	}
	src, err := open(in)
	if err != nil {
		return []string{err.Error()}
	}
	return drain(t, in, src)
}

func drain(t testing.TB, in *input, src source) (out []string) {
	for {
		var r schema.Record
		err := read(in, src, &r)
		var bad *badRow
		switch {
		case err == io.EOF:
			if int(in.rows) != len(out) {
				t.Fatalf("%d rows were begun, %d came out", in.rows, len(out))
			}
			return out
		case err != nil:
			if out = append(out, err.Error()); !errors.As(err, &bad) {
				return out
			}
		default:
			if err := r.Check(); err != nil {
				t.Fatalf("an invalid row came through: %v", err)
			}
			out = append(out, jsonText(t, &r))
		}
	}
}
