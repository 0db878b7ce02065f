package analyze

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"metron/analyze/linked"
	"metron/schema"
)

// windowOf adds the bins from one to another up, as the page does.
type windowOf struct {
	requests, measured, ok, input, output int64
	ttft, tbt                             linked.Counts
	ttftSum, tbtSum                       int64
	firstSend, lastEnd                    *int64
	met, missed                           int64
}

func sumBins(c *linked.Columns, from, to int) (w windowOf) {
	for i := from; i < to; i++ {
		w.requests += c.Requests[i]
		w.measured += c.Measured[i]
		w.ok += c.OK[i]
		w.input += c.Input[i]
		w.output += c.Output[i]
		w.ttftSum += c.TTFTSumUS[i]
		w.tbtSum += c.TBTSumUS[i]
		w.met += c.Met[i]
		w.missed += c.Missed[i]
		w.ttft.Merge(&c.TTFT[i])
		w.tbt.Merge(&c.TBT[i])
		if at := c.FirstSendUS[i]; at != nil && (w.firstSend == nil || *at < *w.firstSend) {
			w.firstSend = at
		}
		if at := c.LastEndUS[i]; at != nil && (w.lastEnd == nil || *at > *w.lastEnd) {
			w.lastEnd = at
		}
	}
	return w
}

// TestLinkedBinsRestateWindows: what the bins of a window add up to is what analyze says of
// the requests from its begin to its end.
func TestLinkedBinsRestateWindows(t *testing.T) {
	path := writeFile(t, "run.parquet", schema.Meta{}, traffic(600, 25, 11)...)
	whole, err := Analyze(context.Background(), []string{path}, Config{Linked: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(whole.Linked)
	if err != nil {
		t.Fatal(err)
	}
	var read Linked
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	bins := &read.Bins
	n := len(bins.Requests)
	rnd := rand.New(rand.NewPCG(1, 1))
	windows := [][2]int{{0, n}, {0, 1}, {n / 2, n/2 + 1}}
	for range 12 {
		from := rnd.IntN(n)
		windows = append(windows, [2]int{from, from + 1 + rnd.IntN(n-from)})
	}
	for _, w := range windows {
		got := sumBins(bins, w[0], w[1])
		edge := func(i int) schema.Moment {
			return schema.Offset(time.Duration((bins.First+int64(i))*bins.WidthUS) * time.Microsecond)
		}
		c := Config{Selection: schema.Selection{From: edge(w[0]), To: edge(w[1])}}
		want, err := Analyze(context.Background(), []string{path}, c)
		if err != nil {
			if got.requests > 0 {
				t.Fatalf("bins %v hold %d requests: %v", w, got.requests, err)
			}
			continue // an empty window is nothing to analyze
		}
		for _, p := range []struct {
			what      string
			got, want int64
		}{
			{"requests", got.requests, want.Requests.Total}, {"measured", got.measured, want.Requests.Measured},
			{"ok", got.ok, want.Requests.MeasuredOK}, {"input", got.input, want.Tokens.Input}, {"output", got.output, want.Tokens.Output},
			{"TTFT", got.ttft.Count(), want.Metrics.Get(keyTTFT).Count}, {"TBT", got.tbt.Count(), want.Metrics.Get(keyTBT).Count},
			{"missed", got.missed, want.Fluidity.ServiceMissed}, {"deadlines", got.met + got.missed, want.Fluidity.ServiceTotal},
		} {
			if p.got != p.want {
				t.Errorf("bins %v: %s %d, want %d", w, p.what, p.got, p.want)
			}
		}
		if want.DurationS != nil {
			if s := float64(*got.lastEnd-*got.firstSend) / usPerSecond; s != *want.DurationS {
				t.Errorf("bins %v: %v s, want %v", w, s, *want.DurationS)
			}
		}
		checkCounts(t, "TTFT", &got.ttft, got.ttftSum, &want.Metrics.Get(keyTTFT).Summary)
		checkCounts(t, "TBT", &got.tbt, got.tbtSum, &want.Metrics.Get(keyTBT).Summary)
	}
}

func checkCounts(t *testing.T, what string, got *linked.Counts, sum int64, want *Summary) {
	t.Helper()
	n := got.Count()
	if n == 0 {
		return
	}
	if mean := float64(sum) / float64(n) / usPerSecond; math.Abs(mean-*want.Mean) > 1e-9 {
		t.Errorf("%s: mean %v, want %v", what, mean, *want.Mean)
	}
	for _, p := range []struct {
		permille int64
		want     float64
	}{{500, *want.P50}, {900, *want.P90}, {990, *want.P99}} {
		rank := nearestRank(Fraction{p.permille, 1000}, n)
		if v := got.At(rank) / usPerSecond; math.Abs(v-p.want) > p.want*linked.RelativeError {
			t.Errorf("%s: percentile %d of %d is %v, want %v within %v", what, p.permille, n, v, p.want, linked.RelativeError)
		}
	}
}

// TestLinkedSeries: tokens and time in flight are those of the sections that count them
// otherwise.
func TestLinkedSeries(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		tallied(t, Config{Linked: true, origin: startUS}, records...).linked.bins.Columns() // of a clock gone mad, too
		records = slices.DeleteFunc(records, func(r schema.Record) bool { return r.StartTime < startUS-1e9 || r.StartTime > startUS+1e9 })
		whole := tallied(t, Config{Linked: true, Sections: []string{"token_rate", "concurrency"}, origin: startUS}, records...)
		bins, sections := whole.linked.bins.Columns(), whole.sections.results(whole)
		tokens, flying := int64(0), int64(0)
		for i := range bins.Tokens {
			tokens += bins.Tokens[i]
			flying += bins.InFlightUS[i]
		}
		if want := sections[1].result.(*TokenRate).Tokens; tokens != want {
			t.Errorf("%d tokens in the bins, %d in the section", tokens, want)
		}
		c := sections[0].result.(*Concurrency)
		if mean := c.Little.MeanTimeS; mean != nil && math.Abs(float64(flying)/usPerSecond-*mean*float64(c.Requests)) > 1e-3 {
			t.Errorf("%d us in flight in the bins, the section has %v s of %d requests", flying, *mean, c.Requests)
		}
	})
}

// TestTailIsTheWorst: sorting all requests finds the same ones, and a neighbour is who
// waited while one was answered.
func TestTailIsTheWorst(t *testing.T) {
	records := traffic(300, 20, 5)
	var rows []RequestRow
	r := analyze(t, Config{Linked: true, PerRequest: func(row *RequestRow) error { rows = append(rows, *row); return nil }}, records...)
	tail := &r.Linked.Tail
	rows = slices.DeleteFunc(rows, func(r RequestRow) bool { return !r.Measured || r.Outcome != schema.OutcomeOK || r.TTFTS == nil })
	value := map[string]func(*RequestRow) *float64{
		"ttft": func(r *RequestRow) *float64 { return r.TTFTS }, "longest_gap": func(r *RequestRow) *float64 { return r.TBTMaxS },
		"e2e": func(r *RequestRow) *float64 { return r.E2ELatencyS },
		"fluidity": func(r *RequestRow) *float64 {
			if r.FluidityIndex == nil {
				return nil
			}
			return new(-*r.FluidityIndex)
		},
	}
	if len(tail.By) != len(value) {
		t.Fatalf("%d measures, want %d", len(tail.By), len(value))
	}
	for _, by := range tail.By {
		of := value[by.Key]
		var all []float64
		byID := map[string]float64{}
		for i := range rows {
			if v := of(&rows[i]); v != nil {
				all = append(all, *v)
				byID[rows[i].RecordID.String()] = *v
			}
		}
		slices.Sort(all)
		slices.Reverse(all)
		if len(by.Worst) != tailKept {
			t.Fatalf("%s: %d kept", by.Key, len(by.Worst))
		}
		for rank, i := range by.Worst {
			if got := byID[tail.Requests[i].RecordID]; got != all[rank] {
				t.Errorf("%s: rank %d is %v, want %v", by.Key, rank, got, all[rank])
			}
		}
	}
	for i := range tail.Requests {
		checkTailRequest(t, &tail.Requests[i], records)
	}
}

func checkTailRequest(t *testing.T, r *TailRequest, records []schema.Record) {
	t.Helper()
	at, came := int64(0), int64(0)
	for i := 0; i < len(r.Tokens); i += 2 {
		at, came = at+r.Tokens[i], came+r.Tokens[i+1]
	}
	if at != r.E2EUS || came != *r.OutputTokens || r.Tokens[0] != r.TTFTUS {
		t.Errorf("%s: %d tokens by %d us, the first at %d; want %d by %d, the first at %d", r.RecordID, came, at, r.Tokens[0], *r.OutputTokens, r.E2EUS, r.TTFTUS)
	}
	from := startUS + r.StartUS + r.SentUS
	total := int64(0)
	for i := range records {
		o := &records[i]
		if len(o.ChunkTime) < 2 || o.RecordID.String() == r.RecordID {
			continue
		}
		if sent, first := o.StartTime+*o.Dispatched, o.StartTime+o.ChunkTime[0]; sent < from+r.E2EUS && first > from {
			total++
		}
	}
	if r.PrefillsTotal != total || int64(len(r.Prefills)) != min(total, neighboursKept) {
		t.Errorf("%s: %d prefills meanwhile, %d named, want %d", r.RecordID, r.PrefillsTotal, len(r.Prefills), total)
	}
}
