package replay

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"metron/internal/forms"
	"metron/schema"
	"metron/workload"
	"metron/workload/prompt"
)

// TestNullServer: its answers are whole ones in every API that it speaks.
func TestNullServer(t *testing.T) {
	server, err := startNull()
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	var rows []schema.Record
	for _, name := range forms.Names() {
		f := forms.Form(name)
		rows = append(rows, chatRow(0, func(r *schema.Record) {
			r.API, r.Path, r.Recorded, r.RequestBody = f.API(), f.Path("m", true), schema.RecordedContent, []byte(`{"model":"m","stream":true}`)
		}))
	}
	r, path := runner(t, nil)
	r.Targets = []*url.URL{server.target}
	_, of := replayRows(t, r, path, rows...)
	for _, row := range of {
		if row.Outcome != schema.OutcomeOK || row.OutputTokens == nil || *row.OutputTokens != nullTokens || len(row.ChunkTime) < nullTokens {
			t.Errorf("%s: %s %s, %d chunks, tokens %v", row.API, row.Outcome, row.ErrorType, len(row.ChunkTime), row.OutputTokens)
		}
	}
	if len(of) != len(rows) {
		t.Errorf("%d rows, want %d", len(of), len(rows))
	}
}

func TestCalibrate(t *testing.T) {
	var starts []int64
	for i := range int64(40) {
		starts = append(starts, i*20_000)
	}
	r := &Runner{Plan: &Plan{Trace: traceOf(t, starts...)}, Prompt: fixedPrompt{}}
	var watched int
	c, err := r.Calibrate(t.Context(), 200*time.Millisecond, func(*Runner) { watched++ })
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		times, requests int64
		speed           string
		cut             bool
	}{{1, 10, "1", true}, {2, 20, "2", true}, {5, 40, "5", false}} {
		got := c.Runs[i]
		if got.Times != want.times || got.Requests != want.requests || got.OK != want.requests || got.Speed != want.speed || got.Cut != want.cut {
			t.Errorf("run %d is %+v, want %+v", i, got, want)
		}
		if got.Verdict.Whole.Requests != want.requests || strings.Contains(strings.Join(got.Verdict.Reasons, " "), "TTFT") || got.TokenRate <= got.RequestRate {
			t.Errorf("run %d: %+v, %+v", i, got, got.Verdict)
		}
	}
	if len(c.Runs) != 3 || watched != 3 {
		t.Errorf("%d runs, %d watched, want 3", len(c.Runs), watched)
	}
}

// TestCalibrateAsAsked: the null server's counts say nothing of prompts, so that those by
// ids are sent all the same; and conversations go on.
func TestCalibrateAsAsked(t *testing.T) {
	rows := []schema.Record{turnRow(0, "a", 0), turnRow(1_000, "a", 0)}
	for i := range rows {
		rows[i].API, rows[i].Path = schema.APICompletions, "/v1/completions"
	}
	said := &overheard{Prompter: workload.Prompter{IDs: prompt.IDRange(1000, 31_999)}}
	r := &Runner{Plan: &Plan{Trace: traceOfRows(t, rows...), Mode: Session}, Prompt: said, History: HistorySynthetic}
	c, err := r.Calibrate(t.Context(), time.Second, func(*Runner) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Runs) != 3 || c.Runs[2].OK != 2 || said.conversations != 3 {
		t.Errorf("%+v, %d conversations", c, said.conversations)
	}
}

// overheard counts conversations.
type overheard struct {
	workload.Prompter
	conversations int
}

func (o *overheard) Conversation(turns []*schema.Record, answers []string) ([]byte, error) {
	o.conversations++
	return o.Prompter.Conversation(turns, answers)
}

// TestCalibrationPlan: the plan is scaled from the speed that its own flags ask
// for, and only one that is longer than asked is cut.
func TestCalibrationPlan(t *testing.T) {
	starts := []int64{0, 1e6, 2e6, 3e6}
	rate, err := ParseMeanRate("2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		plan   Plan
		times  int64
		length time.Duration
		rows   int64
		endUS  int64
		cut    bool
	}{
		{"as it is", Plan{}, 1, time.Minute, 4, 3e6, false},
		{"faster", Plan{}, 5, time.Minute, 4, 600_000, false},
		{"cut", Plan{}, 1, 2500 * time.Millisecond, 3, 2e6, true},
		{"of a rate", Plan{Rate: rate}, 2, time.Minute, 4, 750_000, false},
		{"of loops", Plan{Loop: Loop{Times: 3}}, 1, 6 * time.Second, 6, 5e6, true},
		{"of loops that fit", Plan{Loop: Loop{Times: 3}}, 1, time.Minute, 12, 11e6, false},
		{"of a loop's time", Plan{Loop: Loop{For: 5 * time.Second}}, 1, time.Minute, 5, 4e6, false},
		{"without warm-up", Plan{Warmup: Extent{Requests: 3}}, 1, 1500 * time.Millisecond, 2, 1e6, true},
	} {
		c.plan.Trace = traceOf(t, starts...)
		got, cut, err := c.plan.calibration(t.Context(), c.times, c.length)
		if err != nil || got.rows != c.rows || got.endUS != c.endUS || cut != c.cut {
			t.Errorf("%s: %d rows until %d us, cut %v, %v; want %d until %d, %v", c.name, got.rows, got.endUS, cut, err, c.rows, c.endUS, c.cut)
		}
	}
	closed := &Runner{Plan: &Plan{Mode: Closed, Users: 1}}
	if _, err := closed.Calibrate(t.Context(), time.Second, nil); err == nil {
		t.Error("a plan without a schedule is calibrated")
	}
}
