package replay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// chatRow is a row of a trace, us after the epoch; edit changes it.
func chatRow(us int64, edit func(*schema.Record)) schema.Record {
	r := schema.Record{RecordID: uuid.New(), StartTime: epochUS + us, Phase: schema.PhaseMeasure,
		API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1, RequestModel: "m",
		InputTokens: new(int64(20)), OutputTokens: new(int64(5)),
		TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths}
	if edit != nil {
		edit(&r)
	}
	return r
}

// turnRow is a turn of a session, some time to think after the one before it.
func turnRow(us int64, session string, think time.Duration) schema.Record {
	return chatRow(us, func(r *schema.Record) { r.SessionID, r.ThinkTime = session, new(think.Microseconds()) })
}

func traceOfRows(t *testing.T, rows ...schema.Record) *schema.Archive {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
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
	a, err := schema.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// lengthPrompt asks for whatever the row asks for.
type lengthPrompt struct{}

func (lengthPrompt) Body(r *schema.Record) ([]byte, error) {
	return fmt.Appendf(nil, `{"model":"m","stream":true,"messages":[{"role":"user","content":%q}]}`, r.RecordID), nil
}

// replayRows replays rows and returns the run's, by the row that each replayed.
func replayRows(t *testing.T, r *Runner, path string, rows ...schema.Record) (*Summary, map[uuid.UUID]*schema.Record) {
	t.Helper()
	r.Plan.Trace, r.NoProbe, r.Prompt = traceOfRows(t, rows...), true, lengthPrompt{}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	s, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	of := map[uuid.UUID]*schema.Record{}
	got, _ := rowsOf(t, path)
	for _, row := range got {
		of[row.SourceRecordID] = row
	}
	if len(of) != len(rows) || len(got) != len(rows) {
		t.Fatalf("%d rows of %d requests, want %d", len(got), len(of), len(rows))
	}
	return s, of
}

func TestTurnsWaitForTheirPredecessor(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		release := make(chan struct{})
		var asked atomic.Int64
		r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if asked.Add(1) == 1 {
				<-release
				if status != http.StatusOK {
					http.Error(w, "broken", status)
					return
				}
			}
			chat(3)(w, req)
		}), 0)
		first, second, third := turnRow(0, "s", 0), turnRow(1_000, "s", 20*time.Millisecond), turnRow(2_000, "s", 0)
		alone := chatRow(3_000, nil)
		r.Plan.Mode = Session
		go func() {
			for asked.Load() < 2 { // the first turn, and the row of no session: nobody holds that one back
				time.Sleep(time.Millisecond)
			}
			close(release)
		}()
		s, of := replayRows(t, r, path, first, second, third, alone)
		one, two, three := of[first.RecordID], of[second.RecordID], of[third.RecordID]
		if one.Ready != nil || of[alone.RecordID].Ready != nil || two.Ready == nil || three.Ready == nil {
			t.Fatalf("ready is %v, %v, %v", one.Ready, two.Ready, three.Ready)
		}
		if got, want := two.StartTime+*two.Ready, one.StartTime+*one.End+20_000; got != want {
			t.Errorf("the second turn is ready at %d, want the end of the first and 20 ms to think, %d", got, want)
		}
		if *two.Dispatched < *two.Ready || three.StartTime+*three.Dispatched < two.StartTime+*two.End {
			t.Errorf("sent %d us after its start, ready %d us", *two.Dispatched, *two.Ready)
		}
		if two.ParentRecordID != one.RecordID || three.ParentRecordID != two.RecordID || *two.ThinkTime != 20_000 || *three.ThinkTime != 0 {
			t.Errorf("parents %s, %s; think times %d, %d", two.ParentRecordID, three.ParentRecordID, *two.ThinkTime, *three.ThinkTime)
		}
		if two.StartTime-one.StartTime != 1_000 || s.TurnsHeld != 2 || s.Outcomes[schema.OutcomeOK] < 3 {
			t.Errorf("start %d us after the first; %+v", two.StartTime-one.StartTime, s)
		}
		// Lag is counted from when a turn could leave, not from its place in the schedule.
		if lag := float64(s.Verdict.SendLagMaxUS) / 1e6; lag >= s.LongestHoldS {
			t.Errorf("send lag %v s holds the wait of %v s", lag, s.LongestHoldS)
		}
	}
}

// TestInterruptedTurn: one whose predecessor never ended has a row all the same.
func TestInterruptedTurn(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		<-req.Context().Done()
	}), 0)
	r.Plan.Trace, r.Plan.Mode, r.NoProbe, r.Prompt = traceOfRows(t, turnRow(0, "s", 0), turnRow(0, "s", 0), chatRow(1000, nil)), Session, true, lengthPrompt{}
	r.Grace = 10 * time.Millisecond
	go func() {
		for r.sent.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		interrupt()
	}()
	s, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if !s.Interrupted || len(rows) != 3 || s.Sent != 2 || s.Outcomes[schema.OutcomeNotSent] != 1 || s.Outcomes[schema.OutcomeClientAbort] != 2 {
		t.Errorf("%+v, %d rows", s, len(rows))
	}
}

// watch counts how many requests are in a handler at once.
type watch struct {
	mu        sync.Mutex
	now, most int
	answer    http.Handler
}

func (w *watch) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	w.mu.Lock()
	w.now++
	w.most = max(w.most, w.now)
	w.mu.Unlock()
	time.Sleep(2 * time.Millisecond)
	w.mu.Lock()
	w.now-- // before the answer, whose end may bring the next request
	w.mu.Unlock()
	w.answer.ServeHTTP(rw, req)
}

func TestUsers(t *testing.T) {
	var rows []schema.Record
	for i := range int64(30) {
		if i%3 == 0 {
			rows = append(rows, chatRow(i*3_600_000_000, nil))
			continue
		}
		rows = append(rows, turnRow(i*3_600_000_000, string('a'+rune(i%4)), time.Millisecond))
	}
	for _, c := range []struct {
		mode Mode
		most int
	}{{Closed, 3}, {ASAP, 5}} {
		w := &watch{answer: chat(2)}
		r, path := runner(t, w, 0)
		r.Plan.Mode, r.Plan.Users = c.mode, c.most
		r.Plan.Warmup, r.Plan.Cooldown = Extent{Requests: 4}, Extent{Requests: 2}
		s, of := replayRows(t, r, path, rows...)
		if s.Outcomes[schema.OutcomeOK] != 30 || w.most > c.most {
			t.Errorf("%s: %v, %d at once", c.mode, s.Outcomes, w.most)
		}
		phases := map[string]int{}
		ended := map[string]int64{}
		for _, source := range rows { // in the order of each session's turns
			row := of[source.RecordID]
			phases[row.Phase]++
			if c.mode == Closed && row.SessionID != "" {
				if before, ok := ended[row.SessionID]; ok && (row.StartTime < before+1_000 || row.Ready == nil || *row.Ready != 0) {
					t.Errorf("a turn starts %d us after the end of the one before it, ready %v", row.StartTime-before, row.Ready)
				}
				ended[row.SessionID] = row.StartTime + *row.End
			}
		}
		if phases[schema.PhaseWarmup] != 4 || phases[schema.PhaseCooldown] != 2 {
			t.Errorf("%s: phases %v", c.mode, phases)
		}
	}
}

// TestStartAt: the schedule begins at the wall time that was asked for, and one
// that is past is an error.
func TestStartAt(t *testing.T) {
	trace := traceOfRows(t, chatRow(0, nil), chatRow(5000, nil))
	for lead := time.Duration(0); ; lead = 2*lead + 50*time.Millisecond { // a busy machine takes its time to get ready
		r, path := runner(t, chat(1), 0)
		r.Plan.Trace, r.NoProbe, r.Prompt = trace, true, lengthPrompt{}
		r.StartAt = time.Now().Add(lead).Truncate(time.Microsecond)
		_, err := r.Run(t.Context())
		if err != nil && strings.Contains(err.Error(), "passed while") && lead < time.Minute {
			continue
		}
		if err != nil || lead == 0 {
			t.Fatalf("with %v to go: %v", lead, err)
		}
		rows, _ := rowsOf(t, path)
		if len(rows) != 2 || rows[0].StartTime != r.StartAt.UnixMicro() || rows[1].StartTime != rows[0].StartTime+5000 {
			t.Errorf("%d rows, the first at %d, want %d", len(rows), rows[0].StartTime, r.StartAt.UnixMicro())
		}
		return
	}
}

func TestLoopedRun(t *testing.T) {
	r, path := runner(t, chat(1), 0)
	r.Plan.Trace, r.Plan.Loop, r.Plan.SamePrompts = traceOfRows(t, turnRow(0, "s", 0), turnRow(1000, "s", 0)), Loop{Times: 3}, true
	r.NoProbe, r.Prompt = true, lengthPrompt{}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	ids, sessions, loops := map[uuid.UUID]bool{}, map[string]bool{}, map[int64]int{}
	for _, row := range rows {
		ids[row.RecordID], sessions[row.SessionID] = true, true
		loops[*row.Loop]++
	}
	if len(rows) != 6 || len(ids) != 6 || len(sessions) != 3 || loops[1] != 2 || loops[3] != 2 {
		t.Errorf("%d rows, %d ids, sessions %v, loops %v", len(rows), len(ids), sessions, loops)
	}
}

func TestDetach(t *testing.T) {
	body := []byte("text")
	r := chatRow(0, func(r *schema.Record) { r.SessionID, r.RequestBody, r.BlockHashes = "s", body, []int64{1, 2} })
	want := r
	want.RequestBody = []byte("text")
	detach(&r)
	body[0] = 'n' // what the batch's memory becomes is no matter
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got %+v, want %+v", r, want)
	}
}
