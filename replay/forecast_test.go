package replay

import (
	"fmt"
	"strings"
	"testing"

	"metron/schema"
)

func TestForecast(t *testing.T) {
	long := func(r *schema.Record) { r.End, r.OutputTokens = new(int64(10_000_000)), nil }
	for _, c := range []struct {
		name string
		plan Plan
		want Forecast
		text []string
	}{
		{"open", Plan{Mode: Open}, Forecast{Requests: 4, Sessions: 1, Alone: 2, PeakRate: 2, PeakInFlight: 3, ScheduleS: 4, TakesS: 13, DurationsRecorded: 2, DurationsGuessed: 2, OutputTokensUnknown: 2, PromptTokens: 80},
			[]string{"2 in the busiest second", "1, and 2 requests of none", "2 answers take as long as recorded, 2 are guessed", "and those of 2 requests"}},
		{"closed", Plan{Mode: Closed, Users: 2}, Forecast{Requests: 4, Sessions: 1, Alone: 2, PeakInFlight: 2, TakesS: 10.127, DurationsRecorded: 2, DurationsGuessed: 2, OutputTokensUnknown: 2, PromptTokens: 80},
			[]string{"about 2 at most"}},
	} {
		p := c.plan
		p.Trace = traceOfRows(t, turnRow(0, "s", 0), chatRow(500_000, long), chatRow(3_000_000, long), turnRow(4_000_000, "s", 0))
		if err := p.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := p.Forecast(t.Context(), 8)
		if err != nil {
			t.Fatal(err)
		}
		w := c.want
		if got.Requests != w.Requests || got.Sessions != w.Sessions || got.Alone != w.Alone || got.PeakRate != w.PeakRate || got.PeakInFlight != w.PeakInFlight || got.ScheduleS != w.ScheduleS ||
			got.TakesS != w.TakesS || got.DurationsRecorded != w.DurationsRecorded || got.DurationsGuessed != w.DurationsGuessed || got.OutputTokensUnknown != w.OutputTokensUnknown || got.PromptTokens != w.PromptTokens {
			t.Errorf("%s: %+v", c.name, got)
		}
		if sum := fmt.Sprint(got.PerBucket); c.plan.Mode == Open && sum != "[2 0 0 0 0 1 0 1]" {
			t.Errorf("%s: buckets %s", c.name, sum)
		}
		var b strings.Builder
		if err := got.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.text {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %q is not in\n%s", c.name, want, b.String())
			}
		}
	}
}
