package replay

import (
	"fmt"
	"strings"
	"testing"

	"metron/internal/alarm"
	"metron/schema"
)

func TestParseTimer(t *testing.T) {
	for text, want := range map[string]bool{"cheap": true, "precise": alarm.Exact, "": false, "x": false} {
		if got, err := ParseTimer(text); (err == nil) != want || want && string(got) != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got := Timer("").orDefault(); (got == TimerPrecise) != alarm.Exact {
		t.Errorf("the default is %q", got)
	}
}

// TestTimers: with either, every request is sent, none before its moment; several
// of one moment, too. The run says which it was.
func TestTimers(t *testing.T) {
	starts := []int64{0, 0, 0, 500, 1_000, 10_000, 10_050, 40_000}
	for _, timer := range []Timer{TimerCheap, Timer("").orDefault()} {
		r, path := runner(t, chat(2), starts...)
		r.Timer = timer
		s, err := r.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, meta := rowsOf(t, path)
		for i, row := range rows {
			if row.StartTime-rows[0].StartTime != starts[i] || *row.Dispatched < 0 {
				t.Errorf("%s: row %d is due %d us after the first and dispatched %d us later", timer, i, row.StartTime-rows[0].StartTime, *row.Dispatched)
			}
		}
		if s.Outcomes[schema.OutcomeOK] != int64(len(starts)) || len(rows) != len(starts) {
			t.Errorf("%s: %d rows, %+v", timer, len(rows), s)
		}
		var text strings.Builder
		if err := s.WriteText(&text); err != nil || meta.Verdict.Timer != string(timer) || !strings.Contains(text.String(), fmt.Sprintf("%s timer; ", timer)) {
			t.Errorf("%s: the footer says %q, the summary\n%s", timer, meta.Verdict.Timer, &text)
		}
	}
}
