package replay

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// waiting is how many requests wait for a place.
func waiting(r *Runner) int {
	if !r.started.Load() {
		return 0
	}
	r.slots.mu.Lock()
	defer r.slots.mu.Unlock()
	return r.slots.waiting.Len()
}

func TestQueue(t *testing.T) {
	release := make(chan struct{})
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		<-release
		chat(2)(w, req)
	}), 0)
	r.MaxInFlight = 1 // they queue unless something else is said
	go func() {
		for waiting(r) < 2 {
			time.Sleep(time.Millisecond)
		}
		close(release)
	}()
	rows := []schema.Record{chatRow(0, nil), chatRow(1000, nil), chatRow(2000, nil)}
	s, of := replayRows(t, r, path, rows...)
	if s.Outcomes[schema.OutcomeOK] != 3 || s.Overload["queued"] != 2 || s.Verdict.Status == schema.VerdictValid {
		t.Errorf("%+v %+v", s, s.Verdict)
	}
	for i, want := range []string{"", "queued", "queued"} {
		row := of[rows[i].RecordID]
		if row.Overload != want {
			t.Errorf("row %d: overload %q, want %q", i, row.Overload, want)
		}
		if i > 0 {
			before := of[rows[i-1].RecordID]
			if row.StartTime+*row.Dispatched < before.StartTime+*before.End {
				t.Errorf("row %d left before the one before it ended", i)
			}
		}
	}
}

func TestShed(t *testing.T) {
	release := make(chan struct{})
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		<-release
		chat(2)(w, req)
	}), 0)
	r.MaxInFlight, r.Overload = 1, Shed
	go func() {
		for r.unsentCount.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		close(release)
	}()
	rows := []schema.Record{chatRow(0, nil), chatRow(1000, nil), chatRow(2000, nil)}
	s, of := replayRows(t, r, path, rows...)
	if s.Sent != 1 || s.Outcomes[schema.OutcomeNotSent] != 2 || s.Overload["shed"] != 2 || len(s.Errors) != 0 {
		t.Errorf("%+v", s)
	}
	for i, want := range []string{"", "shed", "shed"} {
		row := of[rows[i].RecordID]
		if row.Overload != want || (row.Dispatched == nil) != (i > 0) || row.StartTime != of[rows[0].RecordID].StartTime+int64(i)*1000 {
			t.Errorf("row %d: overload %q, want %q; sent %v", i, row.Overload, want, row.Dispatched)
		}
	}
}

func TestAbortOldest(t *testing.T) {
	rows := []schema.Record{chatRow(0, nil), chatRow(50_000, nil), chatRow(100_000, nil)}
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if !strings.Contains(string(body), rows[2].RecordID.String()) {
			<-req.Context().Done()
			return
		}
		chat(2)(w, req)
	}), 0)
	r.MaxInFlight, r.Overload = 1, Abort
	s, of := replayRows(t, r, path, rows...)
	if s.Overload["aborted"] != 2 || s.Outcomes[schema.OutcomeOK] != 1 || len(s.Errors) != 0 {
		t.Errorf("%+v", s)
	}
	for i, want := range []string{schema.OutcomeClientAbort, schema.OutcomeClientAbort, schema.OutcomeOK} {
		if row := of[rows[i].RecordID]; row.Outcome != want || (row.Overload == "aborted") != (i < 2) {
			t.Errorf("row %d: %s, overload %q", i, row.Outcome, row.Overload)
		}
	}
}

// endless streams tokens until the client leaves.
func endless(w http.ResponseWriter, req *http.Request) {
	io.Copy(io.Discard, req.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	for req.Context().Err() == nil {
		if _, err := io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`+"\n\n"); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(time.Millisecond)
	}
}

func TestClientsLeaveAgain(t *testing.T) {
	left := chatRow(0, func(r *schema.Record) {
		r.Outcome, r.ClientAbort, r.End = schema.OutcomeClientAbort, new(int64(40_000)), new(int64(40_000))
		r.ChunkTime, r.ChunkKind = []int64{10_000, 20_000, 30_000, 40_001}, make([]int8, 4)
	})
	for _, mode := range []Aborts{AbortsTime, AbortsTokens} {
		r, path := runner(t, http.HandlerFunc(endless), 0)
		r.Aborts = mode
		s, of := replayRows(t, r, path, left)
		row := of[left.RecordID]
		if row.Outcome != schema.OutcomeClientAbort || s.AbortsPlanned != 1 || s.AbortsReplayed != 1 || len(s.Errors) != 0 || r.failed.Load() != 0 {
			t.Errorf("%s: %s, %+v", mode, row.Outcome, s)
		}
		if row.ExpectedOutputTokens != nil {
			t.Errorf("%s: an answer that was cut short is expected to have %d tokens", mode, *row.ExpectedOutputTokens)
		}
		if mode == AbortsTime && *row.ClientAbort < 40_000 {
			t.Errorf("the client left after %d us, before the 40 ms that it stayed in the trace", *row.ClientAbort)
		}
		if mode == AbortsTokens && len(row.ChunkTime) < 3 {
			t.Errorf("the client left after %d tokens, before the 3 that it saw in the trace", len(row.ChunkTime))
		}
	}
	r, path := runner(t, chat(9), 0)
	r.Aborts = AbortsOff
	if s, _ := replayRows(t, r, path, left); s.Outcomes[schema.OutcomeOK] != 1 || s.AbortsPlanned != 0 {
		t.Errorf("off: %+v", s)
	}
}
