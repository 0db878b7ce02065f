package capture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/schema"
)

func TestCheckSources(t *testing.T) {
	if err := checkSources([]string{"header:X-Session-Id", "user", "conversation", "previous_response"}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "header:", "X-Session-Id", "users"} {
		if err := checkSources([]string{"user", bad}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// TestSessions tells requests apart by what their clients say.
func TestSessions(t *testing.T) {
	begin := func(s sessions, path, body string, headers ...string) *schema.Record {
		row := &schema.Record{RecordID: uuid.New(), StartTime: 5_000_000}
		x := exchange.Begin(row, exchange.Request{Method: "POST", Path: path, Body: []byte(body)})
		s.begin(row, x, headers)
		return row
	}
	const chat = "/v1/chat/completions"
	s := newSessions([]string{"header:X-Session-Id", "user", "header:X-Other"}, newNames())
	if fmt.Sprint(s.headers) != "[X-Session-Id X-Other]" {
		t.Fatalf("headers %v", s.headers)
	}
	a := begin(s, chat, `{"user":"u"}`, "one", "two").SessionID
	b := begin(s, chat, `{"user":"u"}`, "", "two").SessionID
	c := begin(s, chat, `{}`, "", "two").SessionID
	d := begin(s, chat, `{}`, "", "").SessionID
	again := begin(s, chat, `{"user":"v"}`, "one", "").SessionID
	if a == "" || b == "" || c == "" || d != "" || a == b || b == c || a != again {
		t.Errorf("sessions %q %q %q %q, the first again %q", a, b, c, d, again)
	}
	if strings.Contains(a+b+c, "one") || len(a) != 16 {
		t.Errorf("%q is no keyed hash", a)
	}
	if other := begin(newSessions(s.by, newNames()), chat, `{"user":"u"}`, "one", "two").SessionID; other == a {
		t.Error("two captures give one name")
	}
}

// TestPreviousResponse follows a conversation of the Responses API.
func TestPreviousResponse(t *testing.T) {
	s := newSessions([]string{"previous_response"}, newNames())
	turn := func(id, previous string, startUS int64) *schema.Record {
		row := &schema.Record{RecordID: uuid.New(), StartTime: startUS}
		x := exchange.Begin(row, exchange.Request{Method: "POST", Path: "/v1/responses", Body: fmt.Appendf(nil, `{"previous_response_id":%q}`, previous)})
		s.begin(row, x, nil)
		row.ResponseID, row.End = id, new(int64(1_000_000))
		s.end(row)
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
	if len(s.answers) != maxAnswers || len(s.order) != maxAnswers {
		t.Errorf("%d answers remembered", len(s.answers))
	}
}
