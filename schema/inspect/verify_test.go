package inspect

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"metron/schema"
)

const zeroUS = 1_700_000_000_000_000

// soundFooter is that of a run of the rows of soundRows.
func soundFooter() map[string]string {
	return map[string]string{"schema_version": "1.0", "program": "metron v0", "vantage": "replay", "time_zero": fmt.Sprint(zeroUS),
		"clock": "monotonic from one wall reading", "privacy": "lengths", "counters": `{"planned":6,"sent":5}`,
		"verdict":       `{"status":"VALID","send_lag_p50_us":1,"send_lag_p99_us":2,"send_lag_max_us":3}`,
		"source_digest": strings.Repeat("0a", 32)}
}

// soundRows is a row of each kind that rules tell apart: a stream that ended
// well, an HTTP error, an abort, one in flight at a crash, one that was never
// sent, and an answer in one piece.
func soundRows() []schema.Record {
	ok := schema.Record{Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true,
		ChoiceCount: 1, RequestBytes: 90, TokenSource: schema.TokenSourceUsage, Recorded: schema.RecordedHash,
		Target: "http://127.0.0.1:8000", SourceRecordID: uuid.UUID{1},
		InputTokens: new(int64(33)), OutputTokens: new(int64(5)), Dispatched: new(int64(2)), Connected: new(int64(3)), Wrote: new(int64(5)),
		BlockHashes: []int64{7, 8, 9}, BlockSize: new(int64(16)), BlockUnit: "tokens", Headers: new(int64(8)), End: new(int64(60)),
		ChunkTime: []int64{10, 20, 30, 40, 40}, ChunkKind: []int8{4, 0, 0, 0, 9}, ChunkTokens: []int32{0, 1, 3, 1, 0}, ChunkRead: []int32{1, 2, 3, 4, 4},
		Outcome: schema.OutcomeOK, HTTPStatus: new(int64(200)), ResponseBytes: new(int64(900)), ServerMetrics: `{"x":1}`}
	bare := ok
	bare.ChunkTime, bare.ChunkKind, bare.ChunkTokens, bare.ChunkRead, bare.OutputTokens, bare.ServerMetrics = nil, nil, nil, nil, nil, ""
	failed, aborted, unknown, notSent, whole := bare, bare, bare, bare, bare
	failed.Outcome, failed.HTTPStatus, failed.ErrorType = schema.OutcomeHTTPError, new(int64(503)), "overloaded"
	aborted.Outcome, aborted.ClientAbort, aborted.HTTPStatus, aborted.Headers = schema.OutcomeClientAbort, aborted.End, nil, nil
	unknown.Outcome, unknown.End, unknown.HTTPStatus, unknown.Headers = schema.OutcomeUnknown, nil, nil, nil
	notSent.Outcome, notSent.Overload = schema.OutcomeNotSent, "shed"
	notSent.End, notSent.HTTPStatus, notSent.Headers, notSent.Dispatched, notSent.Connected, notSent.Wrote = nil, nil, nil, nil, nil, nil
	whole.Stream = false
	rows := []schema.Record{ok, failed, aborted, unknown, notSent, whole}
	for i := range rows {
		rows[i].RecordID, rows[i].StartTime = uuid.UUID{15: byte(i + 1)}, zeroUS+int64(i)*1000
	}
	return rows
}

// writeRows writes rows as they are, where schema.Writer would refuse some.
func writeRows[T any](t testing.TB, rows []T, footer map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	options := []parquet.WriterOption{parquet.DataPageStatistics(true)}
	for key, value := range footer {
		options = append(options, parquet.KeyValueMetadata("metron."+key, value))
	}
	w := parquet.NewGenericWriter[T](f, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func verifyFile(t testing.TB, path string) *Report {
	t.Helper()
	r, err := new(Verifier).Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// brief is each problem as "rule column row", each note as "note rule column row".
func brief(r *Report) []string {
	line := func(f Finding) string {
		if f.Row == nil {
			return f.Rule + " " + f.Column
		}
		return fmt.Sprintf("%s %s %d", f.Rule, f.Column, *f.Row)
	}
	out := []string{}
	for _, p := range r.Problems {
		out = append(out, line(p))
	}
	for _, n := range r.Notes {
		out = append(out, "note "+line(n.Finding))
	}
	return out
}

func TestVerifySoundRows(t *testing.T) {
	footer := soundFooter()
	footer["privacy"] = "hash"
	path := writeRows(t, soundRows(), footer)
	r := verifyFile(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(brief(r)) != 0 || r.Rows != 6 || r.Chunks != 5 || r.RowGroups != 1 || r.Bytes != int64(len(data)) || len(r.Digest) != 64 {
		t.Errorf("%v, %+v", brief(r), r)
	}
}

// TestVerifyDamage breaks one invariant at a time and expects that one finding,
// or the few that follow from it.
func TestVerifyDamage(t *testing.T) {
	const ok, failed, aborted, unknown, notSent, whole = 0, 1, 2, 3, 4, 5
	us := func(v int64) *int64 { return &v }
	type rows = []schema.Record
	type footer = map[string]string
	for _, c := range []struct {
		want   string // findings, joined by ", "
		damage func(r rows, f footer)
	}{
		{"structure record_id 1", func(r rows, f footer) { r[1].RecordID = uuid.Nil }},
		{"structure outcome 1", func(r rows, f footer) { r[1].Outcome = "fine" }},
		{"structure chunk_kind 0", func(r rows, f footer) { r[ok].ChunkKind = r[ok].ChunkKind[:4] }},
		{"structure chunk_tokens 0", func(r rows, f footer) { r[ok].ChunkTokens = r[ok].ChunkTokens[:4] }},
		{"structure chunk_read 0", func(r rows, f footer) { r[ok].ChunkRead = append(r[ok].ChunkRead, 9) }},
		{"structure chunk_choice 0", func(r rows, f footer) { r[ok].ChunkChoice = []int16{0} }},
		{"structure chunk_bytes 5", func(r rows, f footer) { r[whole].ChunkBytes = []int32{1} }},
		{"structure chunk_time 0", func(r rows, f footer) { r[ok].ChunkTime[3] = 29 }},
		{"structure chunk_kind 0", func(r rows, f footer) { r[ok].ChunkKind[0] = 11 }},
		{"structure chunk_tokens 0", func(r rows, f footer) { r[ok].ChunkTokens[2] = -1 }},
		{"structure input_tokens 1", func(r rows, f footer) { r[failed].InputTokens = us(-1) }},

		{"words phase 1", func(r rows, f footer) { r[1].Phase = "warm" }},
		{"words token_source 1", func(r rows, f footer) { r[1].TokenSource = "" }},
		{"words recorded 1", func(r rows, f footer) { r[1].Recorded = "all" }},
		{"words block_unit 1", func(r rows, f footer) { r[1].BlockUnit = "words" }},
		{"words overload 1", func(r rows, f footer) { r[1].Overload = "full" }},
		{"words api 1", func(r rows, f footer) { r[1].API = "" }},
		{"note new_api api 1", func(r rows, f footer) { r[1].API = "grok.chat" }},

		{"required end 0", func(r rows, f footer) { r[ok].End = nil }},
		{"required http_status 0", func(r rows, f footer) { r[ok].HTTPStatus = nil }},
		{"required headers 0", func(r rows, f footer) { r[ok].Headers = nil }},
		{"required client_abort 2", func(r rows, f footer) { r[aborted].ClientAbort = nil }},
		{"required error_type 2", func(r rows, f footer) { r[aborted].Outcome = schema.OutcomeTimeout }},
		{"required source_record_id 0", func(r rows, f footer) { r[ok].SourceRecordID = uuid.Nil }},
		{"required target 0", func(r rows, f footer) { r[ok].Target = "" }},
		{"required dispatched 0", func(r rows, f footer) { r[ok].Dispatched = nil }},
		{"required method 3", func(r rows, f footer) { r[unknown].Method = "" }},
		{"", func(r rows, f footer) { // an import has what its source had
			f["vantage"], f["counters"] = "import", `{"recorded":6}`
			r[ok].End, r[ok].HTTPStatus, r[ok].Headers, r[ok].Dispatched, r[aborted].ClientAbort = nil, nil, nil, nil, nil
		}},

		{"range turn 3", func(r rows, f footer) { r[unknown].Turn = us(-1) }},
		{"range think_time 3", func(r rows, f footer) { r[unknown].ThinkTime = us(-1) }},
		{"range request_bytes 3", func(r rows, f footer) { r[unknown].RequestBytes = -1 }},
		{"range dispatched 0", func(r rows, f footer) { r[ok].Dispatched = us(-1) }},
		{"range choice_count 3", func(r rows, f footer) { r[unknown].ChoiceCount = 0 }},
		{"range sample_rate 3", func(r rows, f footer) { r[unknown].SampleRate = new(1.5) }},
		{"range http_status 5", func(r rows, f footer) { r[whole].HTTPStatus = us(20) }},
		{"range parent_record_id 3", func(r rows, f footer) { r[unknown].ParentRecordID = r[unknown].RecordID }},
		{"range start_time 0", func(r rows, f footer) { r[0].StartTime = zeroUS - 1 }},
		{"", func(r rows, f footer) { r[ok].Ready = us(-5) }}, // the dependency was met before it was due

		{"time_order dispatched 0", func(r rows, f footer) { r[ok].Ready = us(3) }},
		{"time_order connected 0", func(r rows, f footer) { r[ok].Connected = us(1) }},
		{"time_order wrote 0", func(r rows, f footer) { r[ok].Wrote = us(2) }}, // before connected
		{"time_order headers 5", func(r rows, f footer) { r[whole].Headers = us(2); r[whole].Wrote = nil }},
		{"time_order chunk_time 0", func(r rows, f footer) { r[ok].Headers = us(11) }},
		{"time_order end 0", func(r rows, f footer) { r[ok].End = us(39) }},
		{"time_order end 2", func(r rows, f footer) { r[aborted].ClientAbort = us(61) }},
		{"time_order end 0", func(r rows, f footer) { r[ok].ClientStall = us(61) }},
		{"note early_answer wrote 0", func(r rows, f footer) { r[ok].Wrote = us(9) }},
		{"note early_answer wrote 2", func(r rows, f footer) { r[aborted].Wrote = us(61) }},

		{"outcome outcome 0", func(r rows, f footer) { r[ok].HTTPStatus = us(500) }},
		{"outcome http_status 1", func(r rows, f footer) { r[failed].HTTPStatus = us(200) }},
		{"outcome error_type 0", func(r rows, f footer) { r[ok].ErrorType = "x" }},
		{"outcome end 3", func(r rows, f footer) { r[unknown].End = us(90) }},
		{"outcome dispatched 4", func(r rows, f footer) { r[notSent].Dispatched = us(1) }},
		{"outcome http_status 4", func(r rows, f footer) { r[notSent].HTTPStatus = us(200) }},
		{"outcome chunk_time 4", func(r rows, f footer) { r[notSent].ChunkTime, r[notSent].ChunkKind = []int64{1}, []int8{0} }},
		{"outcome overload 5", func(r rows, f footer) { r[whole].Overload = "shed" }},

		{"chunks chunk_tokens 0", func(r rows, f footer) { r[ok].ChunkTokens = []int32{1, 0, 3, 1, 0} }}, // on the role
		{"chunks chunk_read 0", func(r rows, f footer) { r[ok].ChunkRead[2] = 1 }},
		{"chunks chunk_time 0", func(r rows, f footer) { r[ok].ChunkTime[4] = 41 }},
		{"chunks chunk_choice 0", func(r rows, f footer) { r[ok].ChunkChoice = []int16{0, 0, -1, 0, 0} }},
		{"note choice chunk_choice 0", func(r rows, f footer) { r[ok].ChunkChoice = []int16{0, 0, 1, 0, 0} }},
		{"note token_count chunk_tokens 0", func(r rows, f footer) { r[ok].OutputTokens = us(6) }},
		{"note usage cached_input_tokens 0", func(r rows, f footer) { r[ok].CachedInputTokens = us(34) }},
		{"note usage reasoning_tokens 0", func(r rows, f footer) { r[ok].ReasoningTokens = us(6) }},

		{"privacy recorded 0, privacy request_body 1", func(r rows, f footer) { // content, told and untold
			f["privacy"], r[failed].RequestBody = "hash", []byte("{}")
			for i := range r {
				r[i].Recorded = schema.RecordedHash
			}
			r[ok].Recorded, r[ok].RequestBody = schema.RecordedContent, []byte("{}")
		}},
		{"privacy response_body 3", func(r rows, f footer) { r[unknown].ResponseBody = []byte("x") }},
		{"privacy request_headers 3", func(r rows, f footer) { r[unknown].RequestHeaders = "{}" }},
		{"privacy chunk_bytes 0", func(r rows, f footer) { r[ok].ChunkBytes = []int32{1, 2, 3, 4, 5} }},
		{"privacy block_hashes 3", func(r rows, f footer) { r[unknown].Recorded = schema.RecordedLengths }},
		{"json server_metrics 0", func(r rows, f footer) { r[ok].ServerMetrics = "{" }},

		{"blocks block_size 3", func(r rows, f footer) { r[unknown].BlockSize = us(0) }},
		{"blocks block_size 3", func(r rows, f footer) { r[unknown].BlockSize = nil }},
		{"blocks block_hashes 3", func(r rows, f footer) {
			r[unknown].BlockHashes, r[unknown].TokenSource = []int64{1}, schema.TokenSourceTrace
		}},
		{"note block_count block_hashes 3", func(r rows, f footer) { r[unknown].BlockHashes = []int64{1, 2, 3, 4} }},
		{"", func(r rows, f footer) { r[unknown].BlockHashes = []int64{1, 2} }}, // full blocks only

		{"sorted start_time 2", func(r rows, f footer) { r[1], r[2] = r[2], r[1] }},
		{"unique record_id 4", func(r rows, f footer) { r[4].RecordID = r[1].RecordID }},

		{"footer program", func(r rows, f footer) { delete(f, "program") }},
		{"footer vantage", func(r rows, f footer) { f["vantage"] = "elsewhere" }},
		{"footer time_zero", func(r rows, f footer) { delete(f, "time_zero") }},
		{"footer clock", func(r rows, f footer) { delete(f, "clock") }},
		{"footer privacy", func(r rows, f footer) { delete(f, "privacy") }},
		{"footer privacy", func(r rows, f footer) { f["privacy"] = "some" }},
		{"footer source_digest", func(r rows, f footer) { f["source_digest"] = "0a" }},
		{"footer verdict", func(r rows, f footer) { f["verdict"] = `{"status":"FINE"}` }},
		{"footer verdict", func(r rows, f footer) { f["verdict"] = `{"status":"VALID","send_lag_p50_us":4,"send_lag_p99_us":2}` }},
		{"note verdict verdict", func(r rows, f footer) { delete(f, "verdict") }},
		{"note counters counters", func(r rows, f footer) { delete(f, "counters") }},
		{"counters counters", func(r rows, f footer) { f["counters"] = `{"planned":6,"sent":6}` }},
		{"counters counters", func(r rows, f footer) { f["counters"] = `{"planned":5,"sent":5}` }},
		{"counters counters", func(r rows, f footer) { f["counters"] = `{"planned":6,"sent":5,"dropped":-1}` }},
		{"counters counters", func(r rows, f footer) { f["vantage"], f["counters"] = "import", `{"recorded":5}` }},
		{"counters counters", func(r rows, f footer) { f["vantage"], f["counters"] = "capture", `{"seen":6,"recorded":6}` }},
		{"counters counters", func(r rows, f footer) { f["vantage"], f["counters"] = "capture", `{"seen":5,"recorded":5}` }},
		{"counters counters, note recovered counters", func(r rows, f footer) { f["counters"] = `{"recovered":5}` }},
		{"note recovered counters", func(r rows, f footer) { f["counters"] = `{"recovered":6}` }},
	} {
		r, f := soundRows(), soundFooter()
		f["privacy"] = "hash"
		c.damage(r, f)
		report := verifyFile(t, writeRows(t, r, f))
		if got := strings.Join(brief(report), ", "); got != c.want {
			var text bytes.Buffer
			report.WriteText(&text)
			t.Errorf("want %q, got %q:\n%s", c.want, got, text.String())
		}
		for _, p := range report.Problems {
			if !strings.Contains(p.Is, p.Column) && p.Column != "counters" && p.Rule != "footer" || p.Want == "" || p.Row != nil && p.RecordID == "" {
				t.Errorf("%+v does not say what and where", p)
			}
		}
	}
}

func TestVerifyManyProblems(t *testing.T) {
	rows := []schema.Record{}
	for i := range 25 {
		r := soundRows()[5]
		r.RecordID, r.Turn, r.CachedInputTokens = uuid.UUID{1, byte(i)}, new(int64(-1)), new(int64(99))
		rows = append(rows, r)
	}
	footer := soundFooter()
	footer["counters"], footer["privacy"] = `{"planned":24,"sent":25}`, "hash"
	r := verifyFile(t, writeRows(t, rows, footer))
	if len(r.Problems) != shownFindings+1 || !maps.Equal(r.ProblemCounts, map[string]int64{"range": 25, "counters": 1}) ||
		r.ProblemCount() != 26 || *r.Problems[19].Row != 19 {
		t.Fatalf("%d problems listed, counts %v", len(r.Problems), r.ProblemCounts)
	}
	if len(r.Notes) != 1 || r.Notes[0].Count != 25 || *r.Notes[0].Row != 0 {
		t.Errorf("notes %+v", r.Notes)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nproblems    26\n", "row 3 (01030000-0000-0000-0000-000000000000): turn is -1; want 0 or more\n", "  range     and 5 more\n",
		"note usage  25 rows, the first: row 0 (", "counter planned is 24, but the file has 25 rows; want 25"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}
