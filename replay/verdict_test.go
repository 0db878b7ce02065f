package replay

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"metron/internal/term"
	"metron/internal/trend"
	"metron/schema"
)

// atEvery are requests due one after the other, with these lags.
func atEvery(us int64, lags []int64) []sent {
	var sends []sent
	for i, lag := range lags {
		sends = append(sends, sent{int64(i) * us, lag})
	}
	return sends
}

// lags are n of them, the i-th as f says.
func lags(n int, f func(i int64) int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = f(int64(i))
	}
	return out
}

func always(us int64, n int) []int64 { return lags(n, func(int64) int64 { return us }) }

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name        string
		lags, ttfts []int64
		lost        int64
		want        string
		because     string
	}{
		{"on time", always(900, 100), always(200_000, 100), 0, schema.VerdictValid, ""},
		{"at the limit", always(1_000, 100), always(100_000, 100), 0, schema.VerdictValid, ""},
		{"beside a fast target", always(900, 100), always(80_000, 100), 0, schema.VerdictSuspect, "over 1 % of the median TTFT, 80.0 ms"},
		{"late", always(1_001, 100), always(500_000, 100), 0, schema.VerdictSuspect, "p99 send lag is 1.00 ms, over 1.00 ms"},
		{"at the second limit", always(10_000, 100), always(9_000_000, 100), 0, schema.VerdictSuspect, "10.0 ms"},
		{"too late", always(10_001, 100), always(9_000_000, 100), 0, schema.VerdictInvalid, "requests left too late"},
		{"one late in 200 is beyond the p99", append(always(100, 199), 50_000), always(200_000, 200), 0, schema.VerdictValid, ""},
		{"nothing sent", nil, nil, 0, schema.VerdictInvalid, "no request reached the target"},
		{"no answer", always(100, 100), nil, 0, schema.VerdictValid, ""},
		{"lost", always(100, 100), always(200_000, 100), 3, schema.VerdictInvalid, "due and never sent: 3"},
		{"drifts below the limit", lags(1000, func(i int64) int64 { return i * 990 / 999 }), always(200_000, 9), 0, schema.VerdictValid, ""},
		{"drifts", lags(1000, func(i int64) int64 { return i * 3 }), always(900_000, 9), 0, schema.VerdictSuspect, "drifted by 3.00 ms, 1.00 ms or more"},
		{"drifts back", lags(1000, func(i int64) int64 { return 3000 - i*3 }), always(900_000, 9), 0, schema.VerdictSuspect, "drifted by -3.00 ms"},
		{"drifts far", lags(1000, func(i int64) int64 { return i * 12 }), always(9_000_000, 9), 0, schema.VerdictInvalid, "drifted by 12.0 ms, 10.0 ms or more"},
	} {
		v := judge(evidence{atEvery(1000, c.lags), c.ttfts, c.lost})
		if v.Status != c.want || !strings.Contains(strings.Join(v.Reasons, "; "), c.because) || (len(v.Reasons) == 0) != (c.want == schema.VerdictValid) {
			t.Errorf("%s: %s %q, want %s because %q", c.name, v.Status, v.Reasons, c.want, c.because)
		}
	}
}

func TestDrift(t *testing.T) {
	for _, c := range []struct {
		name string
		lags []int64
		want int64
		ok   bool
	}{
		{"of nothing", nil, 0, false},
		{"of too few", always(5, trend.Fewest-1), 0, false},
		{"of as few as can be", lags(trend.Fewest, func(i int64) int64 { return 10 * i }), 190, true},
		{"steady", always(250, 500), 0, true},
		{"a chain of sleeps", lags(5000, func(i int64) int64 { return 600 * i }), 600 * 4999, true},
		{"late first dials are none", lags(1000, func(i int64) int64 { return 100 + max(0, 50-i)*1000 }), 0, true},
		{"a stall in the middle is none", lags(1000, func(i int64) int64 { return map[bool]int64{true: 80_000, false: 70}[i > 400 && i < 520] }), 0, true},
	} {
		got, ok := drift(atEvery(1000, c.lags))
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %d us, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	if _, ok := drift(atEvery(0, always(9, 100))); ok {
		t.Error("requests of one moment have a drift")
	}
}

func TestGapErrors(t *testing.T) {
	got := gapErrors(atEvery(1000, []int64{10, 40, 40, 15}))
	if !slices.Equal(got, []int64{0, 25, 30}) || gapErrors(nil) != nil || gapErrors(atEvery(1, []int64{7})) != nil {
		t.Errorf("gap errors %v, want [0 25 30], and none of fewer than two", got)
	}
}

// TestStepsAddUp: however long the run, there are few steps, nothing is lost
// between them, and each send is in the step of its due moment.
func TestStepsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const zeroUS = 5_000_000
		var s steps
		var sends []sent
		var shed int64
		longest := rapid.SampledFrom([]int64{1, 119, 120, 121, 5_000, 1_000_000}).Draw(t, "seconds")
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			atUS := rapid.Int64Range(0, longest*1e6).Draw(t, "at")
			var did period
			if rapid.Bool().Draw(t, "sent") {
				sends = append(sends, sent{zeroUS + atUS, rapid.Int64Range(0, 3000).Draw(t, "lag")})
			} else {
				did.counts.Shed, shed = 1, shed+1
			}
			s.at(atUS, did)
		}
		var v schema.Verdict
		s.describe(&v, inOrder(sends), zeroUS)
		var requests, gone, late int64
		for i, one := range v.Steps {
			requests, gone, late = requests+one.Requests, gone+one.Shed, late+one.Late
			within := int64(0)
			for _, r := range sends {
				if (r.dueUS-zeroUS)/(v.StepS*1e6) == int64(i) {
					within++
				}
			}
			if one.Requests != within || (one.SendLag == nil) != (within == 0) {
				t.Fatalf("step %d of %d s has %+v, and %d requests were due in it", i, v.StepS, one, within)
			}
		}
		if len(v.Steps) > mostSteps || requests != int64(len(sends)) || gone != shed || v.Whole.Requests != requests || v.Whole.Shed != shed || v.Whole.Late != late {
			t.Fatalf("%d steps of %d s with %d requests and %d shed, want %d and %d; whole %+v", len(v.Steps), v.StepS, requests, gone, len(sends), shed, v.Whole)
		}
		if text, err := json.Marshal(v); err != nil || len(text) > 64<<10 {
			t.Fatalf("the footer takes %d bytes of it, %v", len(text), err)
		}
	})
}

func TestHistogram(t *testing.T) {
	edges := []float64{math.Inf(-1), 0, 1e-6, 5e-6, 1e-3, math.Inf(1)}
	h := histogram{edges, []uint64{0, 50, 48, 1, 1}}
	if got := h.spread(); *got != (schema.Spread{P50US: 1, P99US: 1000, MaxUS: 1000}) {
		t.Errorf("spread %+v", got)
	}
	later := histogram{edges, []uint64{0, 50, 50, 1, 1}}
	if d := later.since(h); d.total() != 2 || d.spread().MaxUS != 5 || later.since(later).spread() != nil {
		t.Errorf("since: %+v", d)
	}
	if d := h.since(histogram{}); d.total() != 100 {
		t.Errorf("since nothing: %+v", d)
	}
	var sum histogram
	sum.add(h)
	sum.add(h)
	if sum.total() != 200 || h.total() != 100 {
		t.Errorf("sum %+v of %+v", sum, h)
	}
}

// TestLoad: what this process does shows.
func TestLoad(t *testing.T) {
	var mu sync.Mutex
	var got load
	stop := watchLoad(func(_ time.Time, l load) {
		mu.Lock()
		defer mu.Unlock()
		got.add(l)
	})
	x := 0.0
	for before, tries := cpuUS(), 0; cpuUS()-before < 20_000 && tries < 1e7; tries++ {
		x += math.Sqrt(float64(tries))
	}
	stop()
	var s schema.Sender
	got.fill(&s)
	if got.wallUS <= 0 || got.cpuUS < 20_000 || s.CPUCores <= 0 || x == 0 {
		t.Errorf("%d us of CPU in %d us: %+v", got.cpuUS, got.wallUS, s)
	}
}

// TestStatus is the exit status of each kind of end.
func TestStatus(t *testing.T) {
	ok := map[string]int64{schema.OutcomeOK: 1}
	invalid, suspect := &schema.Verdict{Status: schema.VerdictInvalid}, &schema.Verdict{Status: schema.VerdictSuspect}
	for _, c := range []struct {
		name  string
		s     Summary
		allow bool
		want  int
	}{
		{"suspect", Summary{Outcomes: ok, Verdict: suspect}, false, 0},
		{"invalid", Summary{Outcomes: ok, Verdict: invalid}, false, term.ExitInvalid},
		{"invalid, allowed", Summary{Outcomes: ok, Verdict: invalid}, true, 0},
		{"nothing succeeded", Summary{Verdict: invalid}, true, 1},
		{"interrupted", Summary{Outcomes: ok, Verdict: suspect, Interrupted: true}, true, 1},
		{"stopped", Summary{Outcomes: ok, Verdict: suspect, StoppedOnErrors: 2}, true, 1},
	} {
		got := 0
		if err := Status(&c.s, c.allow); err != nil {
			got = term.ExitCode(err)
		}
		if got != c.want {
			t.Errorf("%s: exit status %d, want %d", c.name, got, c.want)
		}
	}
}

// TestStallMovesNoSend: a server that answers nothing for five seconds of a run
// changes no send time, and the time to first token from the schedule shows the stall.
func TestStallMovesNoSend(t *testing.T) {
	const stall = 5 * time.Second
	begin := sync.OnceValue(time.Now)
	answer := chat(3)
	var starts []int64
	for i := range int64(50) {
		starts = append(starts, i*50_000) // 2.5 s of arrivals, all of them within the stall
	}
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/models" {
			time.Sleep(time.Until(begin().Add(stall)))
		}
		answer(w, req)
	}), starts...)
	r.NoProbe = true
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != len(starts) || s.Outcomes[schema.OutcomeOK] != int64(len(starts)) {
		t.Fatalf("%d rows, %+v", len(rows), s)
	}
	for i, row := range rows {
		if got := row.StartTime - rows[0].StartTime; got != starts[i] {
			t.Errorf("row %d is due %d us after the first, want %d", i, got, starts[i])
		}
		// Every request left while the first one was still without an answer.
		if *row.Wrote+row.StartTime >= rows[0].StartTime+*rows[0].Headers {
			t.Errorf("row %d left only when the stall was over", i)
		}
		// The stall began after the first request was due; 1 ms is for two readings of the clock.
		if left := stall.Microseconds() - starts[i] - 1_000; row.ChunkTime[0] < left {
			t.Errorf("row %d: first token %d us after its due moment, want at least %d", i, row.ChunkTime[0], left)
		}
	}
	if v := s.Verdict; v.DriftUS == nil || v.Whole.Requests != int64(len(starts)) || len(v.Steps) < 5 || v.Steps[0].Requests != 20 || v.Steps[4].Requests != 0 {
		t.Errorf("verdict %+v", v)
	}
}
