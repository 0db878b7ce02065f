package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"metron/internal/term"
	"metron/schema"
)

// TestBadRows: a row that cannot be read is an error with its place, what it
// said and what was wanted; or it is counted and skipped.
func TestBadRows(t *testing.T) {
	const burst = "Timestamp,Model,Request tokens,Response tokens,Elapsed time\n"
	for _, c := range []struct{ format, before, row, after, want string }{
		{"burstgpt", burst, "x,m,1,2,", "5,m,1,2,3", `line 2: column Timestamp: "x" is not a number; it takes seconds`},
		{"burstgpt", burst, "5,m,-1,2,", "5,m,1,2,", "line 2: Request tokens -1 is negative"},
		{"burstgpt", burst, "5,m,1,2.5,", "5,m,1,2,", `line 2: Response tokens "2.5" is not a whole number`},
		{"burstgpt", burst, "5,m,1,2,-3", "5,m,1,2,", `line 2: column Elapsed time: "-3" is negative`},
		{"burstgpt", burst, "5,m,1", "5,m,1,2,", "has 3 columns, the header 5"},
		{"mooncake", "", `{"timestamp":0,"input_length":1100,"output_length":1,"hash_ids":[1]}`, `{"timestamp":0,"input_length":1}`, "line 1: 1 hash_ids are not the blocks of 1100 tokens, which fill 2 of 512"},
		{"mooncake", "", `{"timestamp":0,"output_length":1}`, `{"timestamp":0,"input_length":1}`, `line 1: key "input_length" is missing`},
		{"mooncake", "", `{"input_length":1}`, `{"timestamp":0,"input_length":1}`, `line 1: key "timestamp" is missing`},
		{"mooncake", "", `{"timestamp":0,"input_length":-1}`, `{"timestamp":0,"input_length":1}`, `key "input_length": -1 is negative`},
		{"mooncake", "", `{"timestamp":1e30,"input_length":1}`, `{"timestamp":0,"input_length":1}`, `key "timestamp": "1e30" is too large`},
		{"mooncake", "", `{"timestamp":0,"delay":-1,"input_length":1}`, `{"timestamp":0,"input_length":1}`, `key "delay": -1 is negative`},
		{"bailian", "", `{"chat_id":1}`, `{"chat_id":1,"timestamp":1,"input_length":1,"output_length":1}`, "input_length or output_length is missing"},
		{"bailian", "", `{"chat_id":1,"timestamp":1,"input_length":40,"output_length":1,"hash_ids":[1]}`, `{"chat_id":1,"timestamp":1,"input_length":1,"output_length":1}`, "1 hash_ids are not the blocks of 40 tokens"},
		{"weka", "", `{"id":"a"}`, `{"id":"b","block_size":64,"requests":[{"t":0,"in":1,"out":1}]}`, "element 1: it is no conversation"},
		{"weka", "", `{"id":"a","block_size":64,"requests":[{"t":0,"out":1}]}`, `{"id":"b","block_size":64,"requests":[{"t":0,"in":1,"out":1}]}`, `element 1: conversation "a": request 1 of "a": in or out is missing`},
		{"sharegpt", "", `{"id":"a"}`, `{"id":"b","conversations":[{"from":"human","value":"x"},{"from":"gpt","value":"y"}]}`, "element 1: it is no conversation"},
		{"otel", "", otelText(`{"spanId":"a","startTimeUnixNano":"2000","endTimeUnixNano":"1000","attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}`),
			otelText(`{"spanId":"b","startTimeUnixNano":"1000","endTimeUnixNano":"2000","attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}`), "span a: endTimeUnixNano lies before"},
		{"vllm", "", `{"input_lens":[1,2],"output_lens":[1],"ttfts":[1,2],"itls":[[],[]]}`, `{"input_lens":[1],"output_lens":[1],"ttfts":[1],"itls":[[]]}`, `element 1: "output_lens" has 1 entries, input_lens 2`},
		{"vllm", "", `{"backend":"vllm","ttfts":[],"itls":[]}`, `{"input_lens":[1],"output_lens":[1],"ttfts":[1],"itls":[[]]}`, "was it saved with --save-detailed?"},
		{"vllm", "", `{"input_lens":[1],"output_lens":[2],"ttfts":[1],"itls":[[-1]]}`, `{"input_lens":[1],"output_lens":[1],"ttfts":[1],"itls":[[]]}`, `element 1: request 1: key "itls": -1 is negative`},
		{"aiperf", "", `{"metadata":{"request_start_ns":5000,"request_end_ns":1000}}`, `{"metadata":{"request_start_ns":5000,"request_end_ns":9000}}`, `line 1: key "request_end_ns" lies before request_start_ns`},
		{"aiperf", "", `{"metadata":{}}`, `{"metadata":{"request_start_ns":5000}}`, `line 1: key "request_start_ns" is missing`},
		{"etalon", "", `{"num_prompt_tokens":[1,1],"num_output_tokens":[1,1],"ttft":[-1,1],"tbt":[[],[]]}`, "", `request 1: key "ttft": -1 is negative`},
		{"vllm", "", `{"input_lens":[1],"output_lens":[1],"ttfts":[1],"itls":[[]],"start_times":[1e30]}`, `{"input_lens":[1],"output_lens":[1],"ttfts":[1],"itls":[[]]}`, `key "start_times": "1e30" is too large`},
		{"mooncake", `{"timestamp":0,"session_id":"a","input_length":9223372036854775807,"output_length":1}` + "\n", `{"session_id":"a","input_length":1}`, "", "line 2: input_tokens is -"},
		{"aiperf", "", `{"metadata":{"request_start_ns":5000},"metrics":{"reasoning_token_count":{"value":-1}}}`, `{"metadata":{"request_start_ns":5000}}`, "line 1: reasoning_tokens is -1"},
		{"inference-perf", "", `{"start_time":1,"end_time":2,"info":{"output_tokens":2,"output_token_times":[1.5,1.4]}}`, `{"start_time":2,"end_time":3}`, "element 1: chunk_time[1] is 400000 us, before chunk_time[0]"},
		{"inference-perf", "", `{"start_time":2,"end_time":1}`, `{"start_time":2,"end_time":3}`, "element 1: end_time lies before start_time"},
	} {
		text := c.before + c.row + "\n" + c.after + "\n"
		m := importer(t, c.format, text)
		m.SessionStarts = "zero"
		_, err := m.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "import standard input: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %s:\n got %v\nwant %s", c.format, c.row, err, c.want)
			continue
		}
		m = importer(t, c.format, text)
		m.SessionStarts, m.SkipBadRows = "zero", true
		r, rows := importText(t, m)
		if r.Bad != 1 || len(rows) != 1 || r.Read != 2 {
			t.Errorf("%s %s: skipping: %d rows, %+v", c.format, c.row, len(rows), r.Counts)
		}
	}
}

func otelText(span string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[` + span + `]}]}]}`
}

// TestAutoTellsFormats: each sample is of one format, those that hold no
// requests included, and what is of none or of two is an error that says so.
func TestAutoTellsFormats(t *testing.T) {
	out := filepath.Join(t.TempDir(), "t.parquet")
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		"testdata/servegen-trace.csv":                                           "it holds rates and distributions, no requests",
		"testdata/servegen-dataset.json":                                        "it holds rates and distributions, no requests",
		"testdata/etalon-lengths.csv":                                           "it holds lengths, and no arrival times",
		"../../testdata/golden/run-v1.0.parquet":                                "it is a trace of metron's already",
		write("prose.txt", "Once upon a time\n"):                                `begins with "Once upon a time"`,
		write("object.json", `{"a":1}`):                                         "its format is none that is known",
		write("list.json", `[1,2]`):                                             "its format is none that is known",
		write("two.jsonl", `{"metadata":{},"metrics":{},"ttfts":[],"itls":[]}`): "it could be vllm (it is an object with input_lens, of a benchmark's run) or aiperf (",
		write("weka.json", `{"id":"a","block_size":64,"requests":[]}`):          "--session-starts is missing",
		write("bad.csv", header+"2023-11-16 18:17:03,48,10\nnonsense\n"):        "line 3", // by then there is something to leave
		write("lfs", "version https://git-lfs.github.com/spec/v1\n"):            "Git LFS pointer",
	} {
		_, err := metron(t, nil, "import", "auto", path, "--out", out)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if _, err := metron(t, nil, "import", "auto", "testdata/azure-2023.csv", "--block-size", "16", "--out", out); term.ExitCode(err) != term.ExitUsage || !strings.Contains(err.Error(), "--block-size is nothing that format azure takes") {
		t.Errorf("a flag of another format: %v", err)
	}
	if entries, _ := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestPackings: gzip is tested with azure, zstd here; both through a pipe too.
func TestPackings(t *testing.T) {
	plain, err := os.ReadFile("testdata/mooncake.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(plain)
	z.Close()
	m := importer(t, "auto", packed.String())
	r, rows := importText(t, m)
	if len(rows) != 6 || r.Format != "mooncake" || r.Sources[0].Bytes != int64(packed.Len()) {
		t.Errorf("%d rows, %+v", len(rows), r)
	}
	m = importer(t, "mooncake", packed.String()[:packed.Len()-9])
	if _, err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("cut zstd: %v", err)
	}
}

// TestSeveralFiles: one population, in which rows, sessions and blocks of
// different files are different ones.
func TestSeveralFiles(t *testing.T) {
	m := importer(t, "bailian", "")
	m.Paths = []string{"testdata/bailian.jsonl", "testdata/bailian.jsonl"}
	r, rows := importText(t, m)
	if len(rows) != 8 || r.Read != 8 || r.Replaced != 0 || r.Inversions != 0 || len(r.Sources) != 2 || r.Sources[1].Rows != 4 {
		t.Fatalf("%d rows, %+v", len(rows), r)
	}
	first, second := rows[0], rows[1]
	if first.StartTime != second.StartTime || first.SessionID == second.SessionID || first.BlockHashes[0] == second.BlockHashes[0] ||
		!strings.HasSuffix(first.RecordID.String(), "-000000000001") || !strings.HasSuffix(second.RecordID.String(), "-001000000001") {
		t.Errorf("the rows of two files mix:\n%+v\n%+v", first, second)
	}
	var config struct{ Files []Source }
	f := meta(t, m.Out)
	if err := json.Unmarshal(f.Config, &config); err != nil || len(config.Files) != 2 || config.Files[0].SHA256 == f.SourceDigest || f.SourceDigest == "" {
		t.Errorf("footer %+v, %v", f, err)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "8 rows of 2 files (bailian)") {
		t.Errorf("%v %s", err, &text)
	}
	if out, err := metron(t, nil, "import", "auto", "testdata/mooncake.jsonl", "testdata/bailian.jsonl", "--out", m.Out); err == nil {
		t.Errorf("a second file of another format: %s", out)
	}
}

func TestSessionStarts(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "starts.txt")
	if err := os.WriteFile(file, []byte("0.5\n\n 12.25\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := importer(t, "azure", header+"2023-11-16 18:17:03.5,1,2\n2023-11-16 18:17:10,1,2\n")
	importText(t, m)
	for given, want := range map[string][]int64{
		"zero": {0, 0}, "0.5/s": {0, 2_000_000}, "3/s": {0, 333_333}, file: {500_000, 12_250_000}, m.Out: {0, 6_500_000},
	} {
		s, err := parseStarts(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		for _, us := range want {
			if got, err := s.next(); err != nil || got != us {
				t.Errorf("%s: %d, %v; want %d", given, got, err, us)
			}
		}
		if _, err := s.next(); (err == nil) == (given == file || given == m.Out) {
			t.Errorf("%s: a third conversation: %v", given, err)
		}
	}
	for given, want := range map[string]string{"": "is missing", "x/s": "no rate", "0/s": "no rate", "-1/s": "no rate", "NaN/s": "no rate",
		filepath.Join(dir, "none"): "no such file", filepath.Join(dir, "none.parquet"): "no such file", "testdata/bailian.jsonl": "line 1"} {
		if _, err := parseStarts(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", given, err, want)
		}
	}
}

// basetenSample is rows as such traces have them, with other types than ours.
type basetenSample struct {
	Start    int64   `parquet:"timestamp_start_unix_ms"`
	Prompt   string  `parquet:"prompt"`
	Input    int32   `parquet:"input_tokens"`
	Output   int32   `parquet:"output_tokens"`
	Session  *string `parquet:"provided_session_id,optional"`
	Fallback *int64  `parquet:"poor_man_session_id,optional"`
	Hashes   []int64 `parquet:"total_hashes,list"`
	Block    *int32  `parquet:"block_size,optional"`
	Canceled *int32  `parquet:"request_canceled,optional"`
	E2E      *int64  `parquet:"duration_e2e_ms,optional"`
	TTFT     *int64  `parquet:"duration_ttft_ms,optional"`
}

func TestBaseten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.parquet")
	rows := []basetenSample{
		{Start: 1_700_000_000_123, Prompt: "Hello", Input: 20, Output: 3, Session: new("s"), Hashes: []int64{5, 6}, Block: new(int32(16)), E2E: new(int64(900)), TTFT: new(int64(120))},
		{Start: 1_700_000_001_000, Input: 30, Output: 4, Session: new("s")},
		{Start: 1_700_000_000_500, Prompt: "Bye", Input: 9, Output: 0, Fallback: new(int64(7)), Canceled: new(int32(1)), E2E: new(int64(50))},
		{Start: -4, Input: 9},
	}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	m := importer(t, "auto", "")
	m.Paths, m.SkipBadRows = []string{path}, true
	r, got := importText(t, m)
	if r.Format != "baseten" || len(got) != 3 || r.Bad != 1 || r.FirstBad != "row 4: timestamp_start_unix_ms -4 is negative" || r.Inversions != 1 {
		t.Fatalf("%d rows, %+v", len(got), r)
	}
	a, b, c := got[0], got[1], got[2]
	if a.StartTime != 1_700_000_000_123_000 || *a.InputTokens != 20 || *a.OutputTokens != 3 || a.SessionID != "s" || *a.End != 900_000 ||
		!slices.Equal(a.BlockHashes, []int64{5, 6}) || *a.BlockSize != 16 || a.ServerMetrics != `{"ttft_ms":120}` || a.API != schema.APICompletions ||
		!strings.Contains(string(a.RequestBody), `"prompt":"Hello"`) || a.Recorded != schema.RecordedContent {
		t.Errorf("%+v", a)
	}
	if b.Outcome != schema.OutcomeClientAbort || b.SessionID != "7" || *b.ClientAbort != 50_000 {
		t.Errorf("%+v", b)
	}
	if c.ParentRecordID != a.RecordID || *c.Turn != 1 || c.RequestBody != nil || c.BlockSize != nil {
		t.Errorf("%+v", c)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); r.SourceDigest != hex.EncodeToString(sum[:]) || r.Sources[0].Bytes != int64(len(data)) {
		t.Errorf("digest %s of %d bytes, want %x", r.SourceDigest, r.Sources[0].Bytes, sum)
	}
	for _, c := range []struct{ format, path, want string }{
		{"azure", path, "it is a Parquet file"}, {"baseten", "testdata/azure-2023.csv", "it is no Parquet file"}, {"baseten", "-", "read at random"}, {"auto", "-", "read at random"},
		{"baseten", "../../testdata/golden/run-v1.0.parquet", "no column timestamp_start_unix_ms"},
	} {
		m := importer(t, c.format, string(data))
		m.Paths = []string{c.path}
		if _, err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %s", c.format, c.path, err, c.want)
		}
	}
}

// TestMooncakeConversations reads the real trace: its stamps, and what a cache
// without bounds would find of its blocks.
func TestMooncakeConversations(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "traces", "mooncake-conversation.jsonl")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the Mooncake trace is not at %s", path)
	}
	m := importer(t, "auto", "")
	m.Paths = []string{path}
	r, rows := importText(t, m)
	if r.Rows != 12031 || r.Distinct != 1180 || r.Ties != 12031-1180 || r.Inversions != 0 || r.Format != "mooncake" || r.SubMicrosecond != 0 {
		t.Errorf("%+v", r)
	}
	seen := map[int64]bool{}
	var blocks, hits, tokens, hitTokens int64
	for _, row := range rows {
		hit := true
		for i, h := range row.BlockHashes {
			size := min(512, *row.InputTokens-512*int64(i))
			blocks, tokens = blocks+1, tokens+size
			if hit = hit && seen[h]; hit {
				hits, hitTokens = hits+1, hitTokens+size
			}
			seen[h] = true
		}
	}
	share := func(a, b int64) string { f, _ := big.NewRat(100*a, b).Float64(); return fmt.Sprintf("%.1f", f) }
	if share(hits, blocks) != "36.6" || share(hitTokens, tokens) != "37.4" || tokens != r.InputTokens.Total {
		t.Errorf("a cache without bounds has %s %% of the blocks and %s %% of %d tokens", share(hits, blocks), share(hitTokens, tokens), tokens)
	}

	m = importer(t, "mooncake", "")
	m.Paths, m.Spread = []string{path}, SpreadUniform
	r, spreadRows := importText(t, m)
	if r.Distinct != 12031 || r.Ties != 0 || r.Spread.TickUS != 2_997_000 || r.Spread.Moved != 12031-1180 {
		t.Errorf("spread: %+v, %+v", r.Arrivals, r.Spread)
	}
	for i := range rows {
		if by := spreadRows[i].StartTime - rows[i].StartTime; rows[i].RecordID != spreadRows[i].RecordID || by < 0 || by >= 2_997_000 {
			t.Fatalf("row %d moved by %d us", i, by)
		}
	}
	if f := meta(t, m.Out); !strings.Contains(string(f.Config), `"spread":{"tick_us":2997000,"moved":10851}`) {
		t.Errorf("footer %s", f.Config)
	}
}

// TestSpreadNeedsATick, and leaves nothing when it fails.
func TestSpreadNeedsATick(t *testing.T) {
	for _, format := range []string{"mooncake", "jsonl"} {
		m := importer(t, format, map[string]string{"mooncake": `{"timestamp":5,"input_length":1}`, "jsonl": `{"start_time":5}`}[format])
		m.Spread = SpreadUniform
		if _, err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no tick to spread them over") {
			t.Errorf("%s: %v", format, err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(m.Out)); len(entries) > 0 {
			t.Errorf("%s left %v behind", format, entries)
		}
	}
	m := importer(t, "jsonl", "{\"start_time\":0}\n{\"start_time\":0}\n{\"start_time\":1000}\n{\"start_time\":1001}\n")
	m.Spread = SpreadUniform
	r, rows := importText(t, m)
	if r.Spread.TickUS != 1 || r.Spread.Moved != 0 || rows[1].StartTime != 0 {
		t.Errorf("a clock of microseconds: %+v", r.Spread)
	}
}

// TestFailures: how a tool's word for an error becomes an outcome.
func TestFailures(t *testing.T) {
	for words, want := range map[[2]string]string{
		{"429", "slow down"}: schema.OutcomeHTTPError, {"TimeoutError", ""}: schema.OutcomeTimeout, {"", "Request timed out"}: schema.OutcomeTimeout,
		{"RequestCancellationError", ""}: schema.OutcomeClientAbort, {"ClientConnectorError", ""}: schema.OutcomeTransportError,
		{"", "Traceback (most recent call last):\n  x\nValueError: y"}: schema.OutcomeTransportError, {"Service Unavailable", ""}: schema.OutcomeHTTPError,
	} {
		var r schema.Record
		if fail(&r, words[0], words[1]); r.Outcome != want {
			t.Errorf("%q is %s, want %s", words, r.Outcome, want)
		}
	}
	if got := short(strings.Repeat("é", 400)); len(got) > 300 || !strings.HasSuffix(got, "é") {
		t.Errorf("cut to %q", got)
	}
}

func TestEpoch(t *testing.T) {
	out := filepath.Join(t.TempDir(), "t.parquet")
	if _, err := metron(t, nil, "import", "mooncake", "testdata/mooncake.jsonl", "--epoch", "2026-01-02T03:04:05Z", "--out", out); err != nil {
		t.Fatal(err)
	}
	if got := time.UnixMicro(readTrace(t, out)[0].StartTime).UTC().Format(time.RFC3339); got != "2026-01-02T03:04:05Z" {
		t.Errorf("begins at %s", got)
	}
	if _, err := metron(t, nil, "import", "mooncake", "testdata/mooncake.jsonl", "--epoch", "soon", "--out", out); term.ExitCode(err) != term.ExitUsage {
		t.Errorf("--epoch soon: %v", err)
	}
}
