package capture

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/wire"
	"metron/schema"
)

func TestCheckSources(t *testing.T) {
	if err := checkSources([]string{"header:X-Session-Id", "user", "conversation", "previous_response", "prefix"}); err != nil {
		t.Error(err)
	}
	if err := checkSources([]string{"none"}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "header:", "X-Session-Id", "users", "none"} {
		if err := checkSources([]string{"user", bad}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// begin has a request's session found out.
func begin(s *sessions, startUS int64, path, body string, header http.Header) (*schema.Record, *turn) {
	said := wire.ParseRequest("POST", path, []byte(body))
	row := &schema.Record{RecordID: uuid.New(), StartTime: startUS, API: said.API, RequestModel: said.Model, End: new(int64(1_000_000))}
	return row, s.begin(row, &said, &requestHead{header: header}, wire.PromptText([]byte(body)))
}

// TestSessions tells requests apart by what their clients say.
func TestSessions(t *testing.T) {
	const chat = "/v1/chat/completions"
	by := []string{"header:X-Session-Id", "user", "header:X-Other"}
	of := func(s *sessions, body string, first, second string) string {
		header := http.Header{}
		header.Set("X-Session-Id", first)
		header.Set("X-Other", second)
		row, _ := begin(s, 5_000_000, chat, body, header)
		return row.SessionID
	}
	s := newSessions(by, time.Hour, newNames())
	a := of(s, `{"user":"u"}`, "one", "two")
	b := of(s, `{"user":"u"}`, "", "two")
	c := of(s, `{}`, "", "two")
	d := of(s, `{}`, "", "")
	again := of(s, `{"user":"v"}`, "one", "")
	if a == "" || b == "" || c == "" || d != "" || a == b || b == c || a != again {
		t.Errorf("sessions %q %q %q %q, the first again %q", a, b, c, d, again)
	}
	if strings.Contains(a+b+c, "one") || len(a) != 16 {
		t.Errorf("%q is no keyed hash", a)
	}
	if other := of(newSessions(by, time.Hour, newNames()), `{"user":"u"}`, "one", "two"); other == a {
		t.Error("two captures give one name")
	}
}

// TestPreviousResponse follows a conversation of the Responses API.
func TestPreviousResponse(t *testing.T) {
	s := newSessions([]string{"previous_response"}, time.Hour, newNames())
	turn := func(id, previous string, startUS int64) *schema.Record {
		row, next := begin(s, startUS, "/v1/responses", fmt.Sprintf(`{"previous_response_id":%q}`, previous), nil)
		row.ResponseID = id
		s.end(row, next, startUS+1_000_000)
		return row
	}
	first := turn("r1", "", 0)
	second := turn("r2", "r1", 3_000_000)
	third := turn("r3", "r2", 3_500_000)
	stranger := turn("r9", "r8", 4_000_000)
	if first.SessionID == "" || second.SessionID != first.SessionID || third.SessionID != first.SessionID || stranger.SessionID == first.SessionID {
		t.Errorf("sessions %q %q %q, another %q", first.SessionID, second.SessionID, third.SessionID, stranger.SessionID)
	}
	if second.ParentRecordID != first.RecordID || third.ParentRecordID != second.RecordID || *third.Turn != 2 || *first.Turn != 0 {
		t.Errorf("second %v after %v, third turn %d", second.ParentRecordID, first.RecordID, *third.Turn)
	}
	if *second.ThinkTime != 2_000_000 || *third.ThinkTime != 0 {
		t.Errorf("think times %d, %d us", *second.ThinkTime, *third.ThinkTime)
	}
	for i := range maxAnswers + 10 {
		turn(fmt.Sprint("x", i), "", 0)
	}
	if len(s.answers.byKey) != maxAnswers || len(s.answers.order) != maxAnswers {
		t.Errorf("%d answers remembered", len(s.answers.byKey))
	}
	if turn("late", "r2", 4_000_000).ParentRecordID != uuid.Nil {
		t.Error("an answer is remembered beyond the bound")
	}
}

// TestGrowingPrefix follows conversations whose clients say nothing of them.
func TestGrowingPrefix(t *testing.T) {
	const hour = int64(3600e6)
	ask := func(s *sessions, startUS int64, model string, messages ...string) *schema.Record {
		list := make([]string, len(messages))
		for i, m := range messages {
			list[i] = fmt.Sprintf(`{"role":"user","content":%q}`, m)
		}
		row, next := begin(s, startUS, "/v1/chat/completions", fmt.Sprintf(`{"model":%q,"messages":[%s]}`, model, strings.Join(list, ",")), nil)
		s.end(row, next, startUS+1_000_000)
		return row
	}
	s := newSessions([]string{"prefix"}, time.Hour, newNames())
	first := ask(s, 0, "m", "system", "hi")
	second := ask(s, 5_000_000, "m", "system", "hi", "hello", "more")
	third := ask(s, 9_000_000, "m", "system", "hi", "hello", "more", "yes", "and?")
	if first.SessionID == "" || *first.Turn != 0 || second.SessionID != first.SessionID || third.SessionID != first.SessionID ||
		second.ParentRecordID != first.RecordID || third.ParentRecordID != second.RecordID || *third.Turn != 2 || *second.ThinkTime != 4_000_000 {
		t.Errorf("turns %+v\n%+v\n%+v", first, second, third)
	}
	for name, other := range map[string]*schema.Record{
		"the same prompt again":        ask(s, 10_000_000, "m", "system", "hi"),
		"another model":                ask(s, 10_000_000, "n", "system", "hi", "hello", "more"),
		"another beginning":            ask(s, 10_000_000, "m", "System", "hi", "hello", "more"),
		"a message longer by a letter": ask(s, 10_000_000, "m", "system", "hi!", "hello"),
	} {
		if other.SessionID == first.SessionID || other.ParentRecordID != uuid.Nil {
			t.Errorf("%s goes on from the first", name)
		}
	}
	if late := ask(s, 9_000_000+hour+1_000_001, "m", "system", "hi", "hello", "more", "yes", "and?", "no", "so"); late.SessionID == first.SessionID {
		t.Error("a turn goes on after the window")
	}
	if row, _ := begin(s, 0, "/v1/embeddings", `{"input":["a"]}`, nil); row.SessionID != "" {
		t.Error("an embedding has a session")
	}
	if row, _ := begin(s, 0, "/v1/chat/completions", `not JSON`, nil); row.SessionID != "" {
		t.Error("a request without a prompt has a session")
	}
}

// TestParallelTurns: what was asked before the answer was there does not go on
// from it.
func TestParallelTurns(t *testing.T) {
	s := newSessions([]string{"prefix"}, time.Hour, newNames())
	_, _ = begin(s, 0, "/v1/completions", `{"prompt":"a"}`, nil)
	if row, _ := begin(s, 1, "/v1/completions", `{"prompt":"a\nb"}`, nil); row.ParentRecordID != uuid.Nil {
		t.Error("a request goes on from one that has not ended")
	}
}

// TestParallelTurnsOfOneRound: nor where the recorder takes both at once, after the end of
// the first.
func TestParallelTurnsOfOneRound(t *testing.T) {
	dir := t.TempDir()
	r, err := Recording{Dir: dir, SessionBy: []string{"prefix"}}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(prompt string) *flight {
		now := r.clock.NowUS()
		f := r.begin(now, &requestHead{method: http.MethodPost, path: "/v1/completions", header: http.Header{}}, []byte(`{"prompt":"`+prompt+`"}`))
		f.head(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, now)
		return f
	}
	end := func(f *flight) {
		f.body([]byte(`{"choices":[{"text":"x","finish_reason":"stop"}]}`), r.clock.NowUS(), 0)
		f.end(exchange.Moments{}, exchange.Ending{AtUS: r.clock.NowUS()})
	}
	first, parallel := ask("a"), ask(`a\nb`)
	end(first)
	end(ask(`a\nc`))
	end(parallel)
	eventually(t, "nothing is held", func() bool { return r.budget.held.Load() == 0 })
	r.close()
	rows, _ := archive(t, dir)
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	if rows[1].ParentRecordID != uuid.Nil {
		t.Error("a request goes on from one that had not ended")
	}
	if rows[2].ParentRecordID != rows[0].RecordID {
		t.Error("a request does not go on from one that had ended")
	}
}
