package analyze

import (
	"math"
	"slices"
	"testing"

	"metron/analyze/linked"
	"metron/analyze/plot"
	"metron/schema"
)

// dataOf is what a kind draws of some rows.
func dataOf[T plot.Data](t *testing.T, c Config, name string, rows ...schema.Record) T {
	t.Helper()
	c.Drawing.Kinds = []string{name}
	r := analyze(t, c, rows...)
	for _, k := range figureKinds() {
		if k.name == name {
			data, why := k.draw(figureRun{r, r.gathered[name]})
			if why != "" {
				t.Fatal(why)
			}
			return data.(T)
		}
	}
	t.Fatal("no such kind")
	panic("")
}

// busyRows are requests of every phase, one of which failed and one was never sent.
func busyRows() []schema.Record {
	var rows []schema.Record
	for i := range 50 {
		at := 50_000 + int64(i%7)*30_000
		times := []int64{at}
		for j := range 20 {
			at += 20_000 + int64(i*j%11)*1000
			times = append(times, at)
		}
		r := record(uint64(i+1), int64(i)*100_000+int64(i*i%13)*7000, 1, times...)
		r.Dispatched = new(int64(i % 3 * 100))
		switch {
		case i < 5:
			r.Phase = schema.PhaseWarmup
		case i >= 45:
			r.Phase = schema.PhaseCooldown
		case i == 20:
			r.Outcome = schema.OutcomeTruncated
		case i == 30:
			r = schema.Record{RecordID: r.RecordID, StartTime: r.StartTime, Phase: r.Phase, API: r.API, Method: r.Method, Path: r.Path, Stream: true,
				ChoiceCount: 1, Outcome: schema.OutcomeNotSent, Recorded: r.Recorded, TokenSource: r.TokenSource}
		}
		rows = append(rows, r)
	}
	return rows
}

// The timeline adds up: its arrivals, tokens, errors and the area below the requests in flight are
// those of the rows.
func TestRunTimelineAddsUp(t *testing.T) {
	rows := busyRows()
	verdict := &schema.Verdict{Status: schema.VerdictSuspect, StepS: 1, Steps: []schema.Sender{{}, {SendLag: &schema.Spread{P99US: 1500}}, {SendLag: &schema.Spread{P99US: 900}},
		{SendLag: &schema.Spread{P99US: 20_000}}}}
	path := writeFile(t, "run.parquet", schema.Meta{Verdict: verdict}, rows...)
	r, err := Analyze(t.Context(), []string{path}, Config{Drawing: Drawing{Kinds: []string{"run_timeline"}}})
	if err != nil {
		t.Fatal(err)
	}
	data, why := runFigure(figureRun{r, r.gathered["run_timeline"]})
	if why != "" {
		t.Fatal(why)
	}
	p := data.(plot.RunTimeline)
	sum := func(values []float64) (s float64) {
		for _, v := range values {
			s += v * p.StepS
		}
		return s
	}
	var tokens, busyS, failed float64
	for i := range rows {
		if rows[i].Outcome != schema.OutcomeOK {
			failed++
		}
		if rows[i].Outcome != schema.OutcomeNotSent {
			tokens += float64(len(rows[i].ChunkTime) - 1) // the last one is done
			busyS += float64(*rows[i].End-*rows[i].Dispatched) / usPerSecond
		}
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"arrivals", sum(p.Arrivals), float64(len(rows))}, {"tokens", sum(p.Tokens), tokens}, {"in flight", sum(p.InFlight), busyS}, {"errors", sum(p.Errors), failed}} {
		if math.Abs(c.got-c.want) > 1e-9*c.want {
			t.Errorf("%s add up to %v, want %v", c.name, c.got, c.want)
		}
	}
	if n := len(p.Arrivals); n < runBins/2 || n > runBins || len(p.TTFTP50) != n || len(p.TTFTP99) != n {
		t.Errorf("%d bins", n)
	}
	worst := 0.0
	for i, v := range p.TTFTP99 {
		if !math.IsNaN(v) {
			worst = max(worst, v)
		}
		if p.TTFTP50[i] > v {
			t.Errorf("bin %d: p50 %v, p99 %v", i, p.TTFTP50[i], v)
		}
	}
	if math.Abs(worst-0.23) > 1e-9 {
		t.Errorf("the worst TTFT is %v", worst)
	}
	at := func(i int) float64 { return float64(rows[i].StartTime-rows[0].StartTime) / usPerSecond }
	want := []plot.Shade{{FromS: 0, ToS: at(5), Kind: plot.ShadeLeftOut}, {FromS: at(44), ToS: at(49), Kind: plot.ShadeLeftOut},
		{FromS: 1, ToS: 2, Kind: plot.ShadeSuspect}, {FromS: 3, ToS: 4, Kind: plot.ShadeInvalid}}
	if !slices.Equal(p.Shades, want) {
		t.Errorf("shades %v, want %v", p.Shades, want)
	}
}

// A request may be sent, and end, before it was due: an import says so.
func TestRunTimelineOfEarlySends(t *testing.T) {
	early := record(1, 0, 1, 100_000, 500_000)
	early.Ready = new(int64(1_000_000))
	p := dataOf[plot.RunTimeline](t, Config{}, "run_timeline", early)
	busyS := 0.0
	for _, v := range p.InFlight {
		busyS += v * p.StepS
	}
	if math.Abs(busyS-0.5) > 1e-9 {
		t.Errorf("in flight for %v s, want 0.5", busyS)
	}
}

// The heat map counts every gap above 0 of those that TBT pools, in the row of its length.
func TestHeatMapCounts(t *testing.T) {
	rows := busyRows()
	rows[10].ChunkTime[3] = rows[10].ChunkTime[2] // a gap of 0
	h := dataOf[plot.HeatMap](t, Config{}, "tbt_heatmap", rows...)
	counted := int64(0)
	for _, bin := range h.Counts {
		counted += total(bin)
	}
	want := int64(0)
	for i := range rows {
		if rows[i].Outcome == schema.OutcomeOK && rows[i].Phase == schema.PhaseMeasure {
			want += 20
		}
	}
	if counted != want-1 {
		t.Errorf("%d gaps counted, want %d", counted, want-1)
	}
	for row := range len(h.Edges) - 1 {
		n := int64(0)
		for _, bin := range h.Counts {
			n += bin[row]
		}
		within := int64(0)
		for i := range rows {
			if rows[i].Outcome != schema.OutcomeOK || rows[i].Phase != schema.PhaseMeasure {
				continue
			}
			for j := 1; j < 21; j++ {
				if s := float64(rows[i].ChunkTime[j]-rows[i].ChunkTime[j-1]) / usPerSecond; s >= h.Edges[row] && s < h.Edges[row+1] {
					within++
				}
			}
		}
		if n != within {
			t.Errorf("row %d counts %d gaps, want %d", row, n, within)
		}
	}
}

// The percentile of a bin is within 1.6 % of the exact one.
func TestBucketQuantile(t *testing.T) {
	var sorted []int64
	counts := make([]int64, gapBuckets)
	for _, g := range benchGaps(5000) {
		sorted = append(sorted, g)
		counts[min(linked.BucketOf(g), gapBuckets-1)]++
	}
	slices.Sort(sorted)
	for _, q := range []Fraction{{1, 2}, {99, 100}} {
		want := float64(sorted[nearestRank(q, 5000)]) / usPerSecond
		if got := bucketQuantile(counts, q); math.Abs(got-want) > 0.016*want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if got := bucketQuantile(make([]int64, gapBuckets), Fraction{1, 2}); !math.IsNaN(got) {
		t.Errorf("of nothing %v", got)
	}
}

func TestDensest(t *testing.T) {
	var places []lanePlace
	for i, due := range []int64{0, 100, 90, 95, 300, 301, 400} {
		places = append(places, lanePlace{due: due, place: int64(i)})
	}
	for n, want := range map[int][]int64{1: {0}, 2: {300, 301}, 3: {90, 95, 100}, 9: {0, 90, 95, 100, 300, 301, 400}} {
		var got []int64
		for _, one := range densest(slices.Clone(places), n) {
			got = append(got, one.due)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

// A lane is the request's life: when it was due, left, answered, and where its reader waits.
func TestLane(t *testing.T) {
	first := record(1, 0, 1, 40_000, 80_000, 400_000, 410_000)
	first.Dispatched = new(int64(5000))
	failed := record(2, 10_000, 1)
	failed.Outcome, failed.OutputTokens, failed.End = schema.OutcomeTransportError, nil, new(int64(7000))
	w := dataOf[plot.SwimLanes](t, Config{}, "swim_lanes", first, failed)
	got := w.Lanes[0]
	// Due: 105, 155, 205 ms, and 50 ms after the token at 400 ms.
	if want := [][2]float64{{0.205, 0.4}}; got.DueS != 0 || got.SentS != 0.005 || got.EndS != 0.41 || got.Outcome != "" || !math.IsNaN(got.ServedS) ||
		!slices.Equal(got.Tokens, []float64{0.04, 0.08, 0.4, 0.41}) || !slices.Equal(got.Waits, want) {
		t.Errorf("%+v", got)
	}
	if got := w.Lanes[1]; got.DueS != 0.01 || got.EndS != 0.017 || got.Outcome != schema.OutcomeTransportError || len(got.Tokens) != 0 {
		t.Errorf("%+v", got)
	}
}

// Where the figure tries what the section "slo" tries, both say the same.
func TestTightnessAgrees(t *testing.T) {
	rows := busyRows()
	slo, err := ParseSLO("ttft<=120ms,tbt[p90]<=26ms")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{SLOs: []SLO{slo}, Sections: []string{}}
	curve := dataOf[plot.Tightness](t, c, "goodput_tightness", rows...).Curves[0]
	compared := 0
	for _, p := range analyze(t, c, rows...).SLOs()[0].Tightness {
		for i, scale := range curve.Scales {
			if scale == p.Scale {
				compared++
				if curve.Shares[i] != *p.Attainment || curve.PerS[i] != *p.GoodRequestsPerS {
					t.Errorf("at %v: %v and %v, want %v and %v", scale, curve.Shares[i], curve.PerS[i], *p.Attainment, *p.GoodRequestsPerS)
				}
			}
		}
	}
	if compared < 8 {
		t.Errorf("%d points are common", compared)
	}
	asked := dataOf[plot.Tightness](t, Config{}, "goodput_tightness", rows...).Curves
	if len(asked) != 1 || asked[0].Name != "fluidity>=0.9" {
		t.Errorf("by itself it judges %+v", asked)
	}
}
