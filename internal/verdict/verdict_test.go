package verdict

import (
	"fmt"
	"strings"
	"testing"

	"metron/schema"
)

func TestLines(t *testing.T) {
	lag := func(p99 int64) schema.Sender {
		return schema.Sender{Requests: 1, SendLag: &schema.Spread{P50US: 1, P99US: p99, MaxUS: p99}}
	}
	long := make([]schema.Sender, 100)
	for i := range long {
		long[i] = lag(100)
	}
	long[51] = lag(800)
	for _, c := range []struct {
		name string
		v    schema.Verdict
		want string
	}{
		{"of an older program", schema.Verdict{SendLagP50US: 80, SendLagP99US: 900, SendLagMaxUS: 2500}, "send lag: p50 80.0 µs, p99 900 µs, max 2.50 ms"},
		{"all there is", schema.Verdict{SendLagP50US: 80, SendLagP99US: 900, SendLagMaxUS: 2500, DriftUS: new(int64(-12)), StepS: 1,
			Steps: []schema.Sender{{}, lag(0), lag(400), {}, lag(800), {}},
			Timer: "precise", Whole: &schema.Sender{Requests: 9, Late: 2, Shed: 1, GapError: &schema.Spread{P50US: 5, P99US: 60, MaxUS: 700}, CPUCores: 0.25,
				SchedLatency: &schema.Spread{P50US: 4, P99US: 50, MaxUS: 600}, GCPauses: 3, GCPauseMaxUS: 90}},
			`send lag: p50 80.0 µs, p99 900 µs, max 2.50 ms, drift -12.0 µs
: ··▄·█ p99 of each 1 s, highest at 4 s
: 2 of 10 sent more than 1 ms late, 1 not sent
send gaps: off by p50 5.00 µs, p99 60.0 µs, max 700 µs
sender: precise timer; 0.25 cores; goroutines waited p50 4.00 µs, p99 50.0 µs, max 600 µs to run; 3 GC pauses of at most 90.0 µs`},
		{"a long run", schema.Verdict{StepS: 4, Steps: long}, `send lag: p50 0, p99 0, max 0
: ` + strings.Repeat("▁", 17) + "█" + strings.Repeat("▁", 16) + " p99 of each 12 s, highest at 204 s"},
		{"of one step", schema.Verdict{StepS: 1, Steps: long[:1], Whole: &schema.Sender{}}, "send lag: p50 0, p99 0, max 0\nsender: 0 cores"},
	} {
		var lines []string
		for _, l := range Lines(&c.v) {
			lines = append(lines, fmt.Sprintf("%s: %s", l[0], l[1]))
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
