package replay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// fixedPrompt sends the same body for every row.
type fixedPrompt struct{}

func (fixedPrompt) Body(r *schema.Record) ([]byte, error) {
	return fmt.Appendf(nil, `{"model":%q,"stream":true,"max_tokens":%d,"messages":[{"role":"user","content":"hello"}]}`, r.RequestModel, *r.OutputTokens), nil
}

// chat answers with n tokens, one event each, and usage.
func chat(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"data":[{"id":"test-model"}]}`)
			return
		}
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range n {
			io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`+"\n\n")
			w.(http.Flusher).Flush()
		}
		fmt.Fprintf(w, `data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":%d}}`+"\n\ndata: [DONE]\n\n", n)
	}
}

func runner(t *testing.T, h http.Handler, startsUS ...int64) (*Runner, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.parquet")
	return &Runner{Plan: &Plan{Trace: traceOf(t, startsUS...)}, Targets: []*url.URL{target}, Prompt: fixedPrompt{}, Grace: time.Second,
		Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(path, m) }}, path
}

func rowsOf(t *testing.T, path string) (rows []*schema.Record, meta schema.Meta) {
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
		rows = append(rows, r)
	}
	return rows, f.Meta()
}

func TestRun(t *testing.T) {
	r, path := runner(t, chat(5), 0, 10_000, 30_000)
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Sent != 3 || s.Outcomes[schema.OutcomeOK] != 3 || s.Interrupted || s.Tokens != 15 || s.PromptTokensSent != 60 {
		t.Errorf("summary %+v", s)
	}
	rows, meta := rowsOf(t, path)
	if len(rows) != 3 {
		t.Fatalf("%d rows, want 3", len(rows))
	}
	sources := map[uuid.UUID]bool{}
	for i, want := range []int64{0, 10_000, 30_000} {
		row := rows[i]
		if got := row.StartTime - rows[0].StartTime; got != want {
			t.Errorf("row %d is scheduled %d us after the first, want %d", i, got, want)
		}
		if *row.Dispatched < 0 || *row.Wrote < *row.Dispatched || *row.End < row.ChunkTime[len(row.ChunkTime)-1] {
			t.Errorf("row %d: dispatched %d, wrote %d, end %d", i, *row.Dispatched, *row.Wrote, *row.End)
		}
		if *row.OutputTokens != 5 || *row.ExpectedOutputTokens != 5 || row.RequestModel != "test-model" || len(row.ChunkTime) != 7 {
			t.Errorf("row %d: %+v", i, row)
		}
		sources[row.SourceRecordID] = true
	}
	if len(sources) != 3 || sources[uuid.Nil] {
		t.Errorf("rows name %d sources", len(sources))
	}
	if meta.Vantage != schema.VantageReplay || meta.Verdict == nil || len(meta.SourceDigest) != 64 || meta.Counters["sent"] != 3 {
		t.Errorf("footer %+v", meta)
	}
}

// TestStalledServerMovesNoSend: the schedule is open loop.
func TestStalledServerMovesNoSend(t *testing.T) {
	release := make(chan struct{})
	answer := chat(5)
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/models" {
			<-release
		}
		answer(w, req)
	}), 0, 1_000, 2_000, 3_000)
	r.NoProbe = true
	go func() {
		for r.sent.Load() < 4 {
			time.Sleep(time.Millisecond)
		}
		close(release) // only once every request has left, none answered
	}()
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := rowsOf(t, path); len(rows) != 4 || s.Outcomes[schema.OutcomeOK] != 4 {
		t.Errorf("%d rows, %+v", len(rows), s)
	}
}

func TestInterruptKeepsWhatWasDone(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var asked atomic.Int64
	stuck := chat(5)
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/models" && asked.Add(1) == 2 {
			io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`+"\n\n")
			w.(http.Flusher).Flush()
			interrupt()
			<-req.Context().Done() // never answers: Grace must cut it
			return
		}
		stuck(w, req)
	}), 0, 1_000, 3_600_000_000)
	r.NoProbe, r.Grace = true, 50*time.Millisecond
	s, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Interrupted || s.Sent != 2 || s.Planned != 3 {
		t.Errorf("summary %+v", s)
	}
	rows, meta := rowsOf(t, path)
	outcomes := map[string]int{}
	for _, row := range rows {
		outcomes[row.Outcome]++
	}
	if len(rows) != 2 || outcomes[schema.OutcomeOK] != 1 || outcomes[schema.OutcomeClientAbort] != 1 || meta.Counters["planned"] != 3 {
		t.Errorf("rows end as %v, counters %v", outcomes, meta.Counters)
	}
}

func TestTargetThatRefuses(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/models" {
				io.WriteString(w, `{"data":[{"id":"m"}]}`)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for _, c := range []struct {
		h    http.Handler
		want string
	}{
		{answer(401, `{"error":{"message":"bad key","type":"auth"}}`), "answered 401 Unauthorized to POST /v1/chat/completions: bad key"},
		{answer(404, `{"error":{"message":"no such model","type":"x"}}`), "answered 404 Not Found to POST /v1/chat/completions: no such model"},
		{answer(500, ``), "answered 500 Internal Server Error to POST"},
		{http.NotFoundHandler(), "does not list its models"},
		{answer(200, `<html>`), "trial POST /v1/chat/completions ended as truncated"},
	} {
		r, path := runner(t, c.h, 0)
		_, err := r.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 0 {
			t.Errorf("%s: left %v behind", c.want, left)
		}
	}
}

func TestErrorsInTheMiddleAreRows(t *testing.T) {
	var asked atomic.Int64
	good := chat(5)
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v1/models" {
			good(w, req)
			return
		}
		switch asked.Add(1) {
		case 1:
			http.Error(w, "slow down", http.StatusTooManyRequests)
		case 2:
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`+"\n\n")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			good(w, req)
		}
	}), 0, 20_000, 40_000)
	r.NoProbe = true
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != 3 || s.Outcomes[schema.OutcomeHTTPError] != 1 || s.Outcomes[schema.OutcomeTruncated] != 1 || s.Outcomes[schema.OutcomeOK] != 1 {
		t.Errorf("%d rows, outcomes %v", len(rows), s.Outcomes)
	}
}

func TestTargetThatNeverAnswers(t *testing.T) {
	silent := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v1/models" {
			chat(1)(w, req)
			return
		}
		io.Copy(io.Discard, req.Body)
		<-req.Context().Done()
	})
	r, _ := runner(t, silent, 0)
	r.Timeout = 30 * time.Millisecond
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "did not answer a trial POST /v1/chat/completions within 30ms") {
		t.Errorf("probe: %v", err)
	}
	r, path := runner(t, silent, 0, 1000)
	r.Timeout, r.NoProbe = 30*time.Millisecond, true
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := rowsOf(t, path); len(rows) != 2 || s.Outcomes[schema.OutcomeTimeout] != 2 {
		t.Errorf("%d rows, %+v", len(rows), s)
	}
}

// TestInterruptWhileDraining comes after the last send: the run is cut all the same.
func TestInterruptWhileDraining(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v1/models" {
			chat(1)(w, req)
			return
		}
		io.Copy(io.Discard, req.Body)
		interrupt()
		<-req.Context().Done()
	}), 0)
	r.NoProbe, r.Grace = true, 20*time.Millisecond
	s, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := rowsOf(t, path); !s.Interrupted || len(rows) != 1 || rows[0].Outcome != schema.OutcomeClientAbort {
		t.Errorf("%+v, %d rows", s, len(rows))
	}
}

// badPrompt fails at the third row.
type badPrompt struct{ calls int }

func (p *badPrompt) Body(r *schema.Record) ([]byte, error) {
	if p.calls++; p.calls == 3 {
		return nil, fmt.Errorf("no words left")
	}
	return fixedPrompt{}.Body(r)
}

// TestFailedRunKeepsItsJournal and makes no file that looks complete.
func TestFailedRunKeepsItsJournal(t *testing.T) {
	r, path := runner(t, chat(5), 0, 1000, 2000)
	r.Prompt, r.NoProbe = &badPrompt{}, true
	_, err := r.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no words left") || !strings.Contains(err.Error(), "run.arrows") {
		t.Fatalf("got %v", err)
	}
	if rows, _ := rowsOf(t, schema.JournalPath(path)); len(rows) != 2 || rows[0].Outcome != schema.OutcomeOK {
		t.Errorf("the journal holds %d rows", len(rows))
	}
	if _, err := schema.Open(path); err == nil {
		t.Error("there is a file")
	}
}

// TestLostRows: a row that could not be written is counted, once: its head is none.
func TestLostRows(t *testing.T) {
	w, err := schema.Create(filepath.Join(t.TempDir(), "run.parquet"), schema.Meta{Vantage: schema.VantageReplay})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abandon()
	r := &Runner{out: w, rows: make(chan *schema.Record, 3)}
	for _, outcome := range []string{schema.OutcomeUnknown, schema.OutcomeOK, schema.OutcomeNotSent} {
		r.rows <- &schema.Record{Outcome: outcome} // which no file takes: it has no id
	}
	close(r.rows)
	lost := r.record()
	if err := lost.error(); lost.count != 2 || err == nil || !strings.Contains(err.Error(), "2 requests") {
		t.Errorf("%d lost: %v", lost.count, err)
	}
	var text strings.Builder
	if err := (&Summary{Lost: lost.count, Verdict: &schema.Verdict{}}).WriteText(&text); err != nil || !strings.Contains(text.String(), "the rows of 2 requests") {
		t.Errorf("%v\n%s", err, &text)
	}
}

func TestTallyOfChunks(t *testing.T) {
	row := &schema.Record{Outcome: schema.OutcomeOK, Dispatched: new(int64(5)),
		ChunkKind: []int8{schema.KindRole, schema.KindContent, schema.KindContent, schema.KindContent, schema.KindContent, schema.KindUsage, schema.KindContent},
		ChunkTime: []int64{10, 20, 30, 30, 30, 40, 40}, ChunkRead: []int32{0, 1, 2, 2, 2, 3, 3}}
	var got tally
	got.addChunks(row)
	if got.s.Chunks != 5 || got.s.CoalescedChunks != 3 || len(got.ttftsUS) != 1 || got.ttftsUS[0] != 15 {
		t.Errorf("%d chunks, %d coalesced, TTFT %v; want 5, 3, [15]", got.s.Chunks, got.s.CoalescedChunks, got.ttftsUS)
	}
	if shares(5, 2) != 6 || shares(6, 2) != 6 || shares(5, 0) != 5 {
		t.Error("choices share tokens wrongly")
	}
}

// TestHashesAreSaid: a run that carries its trace's block hashes says so in the
// row and in the footer.
func TestHashesAreSaid(t *testing.T) {
	r, out := runner(t, chat(2), 0)
	path := filepath.Join(t.TempDir(), "hashed.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport, Privacy: schema.RecordedHash})
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range r.Plan.Trace.Records(t.Context(), schema.Selection{}) {
		if err != nil {
			t.Fatal(err)
		}
		row.BlockHashes, row.BlockSize, row.BlockUnit, row.Recorded = []int64{1, 2}, new(int64(16)), "tokens", schema.RecordedHash
		if err := w.Put(row.Record); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r.Plan.Trace, err = schema.OpenArchive(path); err != nil {
		t.Fatal(err)
	}
	defer r.Plan.Trace.Close()
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, meta := rowsOf(t, out)
	if len(rows) != 1 || rows[0].Recorded != schema.RecordedHash || len(rows[0].BlockHashes) != 2 || meta.Privacy != schema.RecordedHash {
		t.Errorf("recorded %q, privacy %q", rows[0].Recorded, meta.Privacy)
	}
}
