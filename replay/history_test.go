package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// talker makes bodies that say what they go on from.
type talker struct{ fixedPrompt }

func (talker) Conversation(turns []*schema.Record, answers []string) ([]byte, error) {
	var lengths []string
	for _, r := range turns[:len(turns)-1] {
		lengths = append(lengths, fmt.Sprint(*r.OutputTokens))
	}
	said, err := json.Marshal(fmt.Sprintf("%s after %s (%s)", turns[len(turns)-1].RequestModel, strings.Join(answers[:len(answers)-1], "+"), strings.Join(lengths, "+")))
	return fmt.Appendf(nil, `{"model":"m","stream":true,"messages":[{"role":"user","content":%s}]}`, said), err
}

// echo answers with what it was asked, in two pieces, and 7 tokens; a question with
// "broken" in it is not answered to the end, and of one with "quiet" no tokens are told.
func echo(said chan<- string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Messages []struct{ Content string } }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &q) // one without messages is a test's failure below
		text := q.Messages[0].Content
		said <- text
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"<", text + ">"} {
			piece, _ := json.Marshal(piece)
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", piece)
			w.(http.Flusher).Flush()
		}
		if strings.Contains(string(body), "broken") {
			panic(http.ErrAbortHandler)
		}
		if strings.Contains(string(body), "quiet") {
			io.WriteString(w, "data: [DONE]\n\n")
			return
		}
		io.WriteString(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n")
	}
}

// TestHistory: a turn goes on from what the target answered, or from lengths alone.
func TestHistory(t *testing.T) {
	named := func(r schema.Record, model string) schema.Record {
		r.RequestModel = model
		return r
	}
	rows := []schema.Record{named(turnRow(0, "a", 0), "one"), named(turnRow(1_000, "b", 0), "alone"), named(turnRow(2_000, "a", 0), "two"), named(turnRow(3_000, "a", 0), "three")}
	broken := []schema.Record{named(turnRow(0, "a", 0), "one"), named(turnRow(2_000, "a", 0), "broken"), named(turnRow(3_000, "a", 0), "three")}
	quiet := []schema.Record{named(turnRow(0, "a", 0), "quiet"), named(turnRow(2_000, "a", 0), "two")}
	thought := []schema.Record{turnRow(0, "a", 0), named(turnRow(2_000, "a", 0), "two"), named(turnRow(3_000, "a", 0), "three")}
	thought[0].ReasoningTokens, thought[1].ChoiceCount = new(int64(3)), 2
	content := []schema.Record{turnRow(0, "a", 0), named(turnRow(2_000, "a", 0), "two")}
	content[0].Recorded, content[0].RequestBody = schema.RecordedContent, []byte(`{"model":"one","stream":true,"messages":[{"role":"user","content":"q"}]}`)
	content[0].ResponseBody = []byte("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"said \"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"then\"}}]}\n\ndata: [DONE]\n\n")
	for _, c := range []struct {
		mode    Mode
		history History
		rows    []schema.Record
		want    []string
		lacking int64
	}{
		{Session, HistoryLive, rows, []string{"hello", "two after <hello> (7)", "three after <hello>+<two after <hello> (7)> (7+7)"}, 0},
		{Closed, HistoryLive, rows, []string{"hello", "two after <hello> (7)", "three after <hello>+<two after <hello> (7)> (7+7)"}, 0},
		{Session, HistorySynthetic, rows, []string{"hello", "two after  (5)", "three after + (5+5)"}, 0},
		{Session, HistorySynthetic, thought, []string{"hello", "two after  (2)", "three after + (2+2)"}, 0},
		{Closed, HistoryRecorded, rows, []string{"hello", "two after  (5)", "three after + (5+5)"}, 2},
		{Closed, HistoryRecorded, content, []string{"q", "two after said then (5)"}, 0},
		{Session, HistoryRecorded, content, []string{"q", "two after said then (5)"}, 0},
		{Session, "", rows, []string{"hello", "hello", "hello"}, 0},
		{Session, HistoryLive, broken, []string{"hello", "broken after <hello> (7)", "three after <hello>+ (7+5)"}, 1},
		{Session, HistoryLive, quiet, []string{"hello", "two after <hello> (2)"}, 0},
	} {
		said := make(chan string, len(c.rows))
		r, path := runner(t, echo(said))
		for i := range c.rows {
			c.rows[i].BlockHashes, c.rows[i].BlockSize, c.rows[i].BlockUnit = []int64{1, int64(i)}, new(int64(4)), "tokens"
		}
		r.Plan.Trace, r.Plan.Mode, r.Plan.Users = traceOfRows(t, c.rows...), c.mode, 1
		if c.mode == Session {
			r.Plan.Users = 0
		}
		r.Prompt, r.History, r.NoProbe = talker{}, c.history, true
		s, err := r.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.HistoryLacking != c.lacking {
			t.Errorf("%s, %s: %d turns lack an answer, want %d", c.mode, c.history, s.HistoryLacking, c.lacking)
		}
		sent, _ := rowsOf(t, path)
		for _, row := range sent {
			// What goes on from other turns shares what they said, not the trace's blocks.
			if alone := row.ParentRecordID == uuid.Nil || c.history == ""; alone != (len(row.BlockHashes) > 0) || alone != (row.BlockSize != nil) {
				t.Errorf("%s, %s: a row has the blocks %v", c.mode, c.history, row.BlockHashes)
			}
		}
		close(said)
		heard := map[string]int{}
		for text := range said {
			heard[text]++
		}
		for _, text := range c.want {
			if heard[text] == 0 {
				t.Errorf("%s, %s: nobody said %q, but %v", c.mode, c.history, text, heard)
			}
			heard[text]--
		}
		if n := r.history.Load(); n != 0 {
			t.Errorf("%s, %s: %d bytes of answers are still held", c.mode, c.history, n)
		}
	}
}

// TestHistoryIsBounded: beyond its room no answer is kept, and turns go on from made-up
// ones.
func TestHistoryIsBounded(t *testing.T) {
	var held atomic.Int64
	a := &answer{talk: &talk{held: &held}}
	a.hear("one")
	held.Add(maxHistory)
	a.hear("two")
	held.Add(-maxHistory)
	a.hear("three")
	if string(a.text) != "one" || !a.lost || held.Load() != 3 {
		t.Errorf("%q, lost %v, %d held", a.text, a.lost, held.Load())
	}
	a.talk.end()
	late := &answer{talk: a.talk}
	late.hear("a turn that nobody follows")
	if new(spoken).take(late); held.Load() != 0 {
		t.Errorf("%d held of a session that is over", held.Load())
	}
}

// TestInterruptedConversation: turns that wait when the run ends are rows that were not
// sent, whose bodies ask for no answer that still comes, and nothing stays held.
func TestInterruptedConversation(t *testing.T) {
	arrived, release := make(chan struct{}, 2), make(chan struct{})
	said := make(chan string, 2)
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		arrived <- struct{}{}
		<-release
		echo(said)(w, q)
	}))
	r.Plan.Trace, r.Plan.Mode = traceOfRows(t, turnRow(0, "a", 0), turnRow(1_000, "a", 0), turnRow(1_000, "a", 0), turnRow(2_000, "b", 0)), Session
	r.Prompt, r.History, r.NoProbe, r.Grace = speechless{}, HistoryLive, true, time.Minute
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		<-arrived
		<-arrived // that of b: the turns before it in the schedule wait for their predecessors
		stop()
		for until := time.Now().Add(10 * time.Second); r.unsentCount.Load() < 2 && time.Now().Before(until); time.Sleep(time.Millisecond) {
		}
		close(release)
	}()
	s, err := r.Run(ctx)
	if err != nil || !s.Interrupted || s.Outcomes[schema.OutcomeNotSent] != 2 || r.history.Load() != 0 {
		t.Fatalf("%+v, %v, %d bytes held", s, err, r.history.Load())
	}
	if rows, _ := rowsOf(t, path); len(rows) != 4 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestLateBodyThatCannotBeMade ends the run.
func TestLateBodyThatCannotBeMade(t *testing.T) {
	said := make(chan string, 9)
	r, _ := runner(t, echo(said))
	r.Plan.Trace, r.Plan.Mode = traceOfRows(t, turnRow(0, "a", 0), turnRow(1_000, "a", 0), turnRow(time.Hour.Microseconds(), "a", 0)), Session
	r.Prompt, r.History, r.NoProbe = speechless{}, HistoryLive, true
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "speechless") {
		t.Errorf("got %v", err)
	}
}

type speechless struct{ fixedPrompt }

func (speechless) Conversation([]*schema.Record, []string) ([]byte, error) {
	return nil, fmt.Errorf("speechless")
}

// TestPutAnswers: only what was answered in this run is put in, and no other byte
// changes.
func TestPutAnswers(t *testing.T) {
	first := &spoken{messages: 2, answer: `one "live" answer`}
	for _, c := range []struct {
		name, body, want string
		before           *spoken
	}{
		{"an answer", `{"model":"m", "messages" : [ {"role":"system","content":"s"},{"role":"user","content":"q"} , {"role":"assistant", "content" : "old","x":1},{"role":"user","content":"more"}],"n":1}`,
			`{"model":"m", "messages" : [ {"role":"system","content":"s"},{"role":"user","content":"q"} , {"role":"assistant", "content" : "one \"live\" answer","x":1},{"role":"user","content":"more"}],"n":1}`, first},
		{"two", `{"messages":[1,2,{"content":"a","role":"assistant"},3,{"role":"assistant","content":"b"}]}`,
			`{"messages":[1,2,{"content":"one \"live\" answer","role":"assistant"},3,{"role":"assistant","content":"two"}]}`, &spoken{before: first, messages: 4, answer: "two"}},
		{"the other failed", `{"messages":[1,2,{"content":"a","role":"assistant"},3,{"role":"assistant","content":"b"}]}`,
			`{"messages":[1,2,{"content":"one \"live\" answer","role":"assistant"},3,{"role":"assistant","content":"b"}]}`, &spoken{before: first, messages: 4}},
		{"a call of a tool", `{"messages":[1,2,{"role":"assistant","content":null,"tool_calls":[]}]}`, `{"messages":[1,2,{"role":"assistant","content":null,"tool_calls":[]}]}`, first},
		{"another history", `{"messages":[1,2,{"role":"user","content":"q"}]}`, `{"messages":[1,2,{"role":"user","content":"q"}]}`, first},
		{"fewer messages", `{"messages":[]}`, `{"messages":[]}`, first},
		{"no messages", `{"messages":"none"}`, `{"messages":"none"}`, first},
		{"no object", `[1]`, `[1]`, first},
	} {
		if got := string(putAnswers([]byte(c.body), c.before)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// FuzzPutAnswers: a body that is JSON stays JSON, and without answers itself.
func FuzzPutAnswers(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"assistant","content":"a"}, {"a":[{}]}]}`), "b", 0)
	f.Add([]byte(`{"messages":[ ] ,"messages":{}}`), "\x00", 1)
	f.Fuzz(func(t *testing.T, body []byte, answer string, at int) {
		got := putAnswers(body, &spoken{messages: at, answer: answer})
		if json.Valid(body) && !json.Valid(got) {
			t.Fatalf("%q became %q", body, got)
		}
		if same := putAnswers(body, nil); string(same) != string(body) {
			t.Fatalf("%q became %q", body, same)
		}
	})
}

// TestHistoryOfRecordedBodies: a recorded conversation goes on from what the target
// answers, or as it was recorded.
func TestHistoryOfRecordedBodies(t *testing.T) {
	turn := func(us int64, body string) schema.Record {
		r := turnRow(us, "a", 0)
		r.RequestBody, r.Recorded = []byte(body), schema.RecordedContent
		return r
	}
	rows := []schema.Record{
		turn(0, `{"model":"m","stream":true,"messages":[{"role":"user","content":"q"}]}`),
		turn(1_000, `{"model":"m","stream":true,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"then"},{"role":"user","content":"more"}]}`),
	}
	for history, want := range map[History]string{HistoryLive: "now", HistoryRecorded: "then", "": "then"} {
		bodies := make(chan string, 2)
		r, _ := runner(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			body, _ := io.ReadAll(q.Body)
			bodies <- string(body)
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"now\"}}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n")
		}))
		r.Plan.Trace, r.Plan.Mode, r.History, r.NoProbe = traceOfRows(t, rows...), Session, history, true
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-bodies
		if got := <-bodies; !strings.Contains(got, `"assistant","content":"`+want+`"`) {
			t.Errorf("%q: %s", history, got)
		}
	}
}
