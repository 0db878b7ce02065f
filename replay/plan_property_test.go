package replay

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/schema"
)

// rowAt is a row of a made-up trace.
type rowAt struct {
	us      int64
	session string
}

// traceIn writes the rows, in turn, to as many files.
func traceIn(t *testing.T, files int, rows []rowAt) *schema.Archive {
	dir := t.TempDir()
	var names []string
	for f := range files {
		path := filepath.Join(dir, fmt.Sprintf("part-%d.parquet", f))
		w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if i%files != f && files > 1 {
				continue
			}
			r := schema.Record{RecordID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), StartTime: epochUS + row.us, SessionID: row.session, Phase: schema.PhaseMeasure,
				API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1,
				InputTokens: new(int64(20)), OutputTokens: new(int64(5)), BlockHashes: []int64{1, int64(i)}, BlockSize: new(int64(10)), BlockUnit: "tokens",
				TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedHash}
			if err := w.Put(&r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, path)
	}
	a, err := schema.OpenArchive(names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// someTraces are of one to three files.
func someTraces(t *testing.T) (traces []*schema.Archive) {
	for i := range 15 {
		traces = append(traces, traceIn(t, 1+i%3, rapid.Custom(drawRows).Example(i)))
	}
	return traces
}

const epochUS = 1_700_000_000_000_000

// drawRows gives arrivals in order, with ties, gaps and sessions.
func drawRows(t *rapid.T) (rows []rowAt) {
	us := int64(0)
	for range rapid.IntRange(1, 40).Draw(t, "rows") {
		us += rapid.SampledFrom([]int64{0, 1, 999, 250_000, 1_000_000, 7_300_001}).Draw(t, "gap")
		rows = append(rows, rowAt{us, rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"}).Draw(t, "session")})
	}
	return rows
}

// drawPlan gives any combination of flags.
func drawPlan(t *rapid.T) Plan {
	var p Plan
	if rapid.Bool().Draw(t, "windowed") {
		p.Selection = window(rapid.SampledFrom([]time.Duration{0, 500 * time.Millisecond}).Draw(t, "from"),
			rapid.SampledFrom([]time.Duration{0, 4 * time.Second, time.Minute}).Draw(t, "to"))
	}
	if rapid.Bool().Draw(t, "filtered") {
		p.Selection.Where, _ = schema.ParseWhere("session_id!=a")
	}
	p.Sample = rapid.SampledFrom([]Share{0, 0, 0.5, 1}).Draw(t, "sample")
	p.SampleSeed = rapid.Uint64Range(0, 3).Draw(t, "seed")
	p.Limit = rapid.SampledFrom([]int64{0, 0, 1, 7}).Draw(t, "limit")
	p.MaxIdleGap = rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, time.Second}).Draw(t, "max-idle-gap")
	p.Loop = rapid.SampledFrom([]Loop{{}, {Times: 1}, {Times: 3}, {For: 5 * time.Second}}).Draw(t, "loop")
	p.SamePrompts = rapid.Bool().Draw(t, "same-prompts")
	switch rapid.IntRange(0, 3).Draw(t, "pace") {
	case 1:
		p.Speed, _ = ParseSpeed(rapid.SampledFrom([]string{"2", "0.3", "7"}).Draw(t, "speed"))
	case 2:
		p.Rate, _ = ParseMeanRate(rapid.SampledFrom([]string{"5", "0.7"}).Draw(t, "rate"))
	case 3:
		p.Rate, _ = ParsePeakRate(rapid.SampledFrom([]string{"1", "3"}).Draw(t, "peak"))
	}
	p.Mode = rapid.SampledFrom([]Mode{"", Session}).Draw(t, "mode")
	switch rapid.IntRange(0, 2).Draw(t, "phases") {
	case 1:
		p.Warmup, p.Cooldown = Extent{Requests: 2}, Extent{Requests: 1}
	case 2:
		p.Warmup, p.Cooldown = Extent{Time: 300 * time.Millisecond}, Extent{Time: time.Second}
	}
	return p
}

// said is all that a send is, as text: of two plans, what must be equal.
func said(t interface{ Fatal(...any) }, p *Plan) (sends []string) {
	for s, err := range p.Sends() {
		if err != nil {
			t.Fatal(err)
		}
		sends = append(sends, fmt.Sprintf("%020d pass %d %s %s as %s session %q blocks %v", s.DueUS, s.Pass, s.Phase, s.Source, s.Row.RecordID, s.Row.SessionID, s.Row.BlockHashes))
	}
	return sends
}

// TestShardsAreOneReplay: for any flags, the shards together send what one
// machine would, at the same times, and no session is in two of them.
func TestShardsAreOneReplay(t *testing.T) {
	traces := someTraces(t)
	rapid.Check(t, func(t *rapid.T) {
		whole := drawPlan(t)
		whole.Trace = rapid.SampledFrom(traces).Draw(t, "trace")
		if err := whole.Measure(context.Background()); err != nil {
			t.Skip(err)
		}
		if whole.passes > 12 {
			t.Skip("many passes of a few microseconds")
		}
		want := said(t, &whole)
		if int64(len(want)) != whole.Rows() || int64(len(want)) != whole.whole {
			t.Fatalf("%d rows measured, %d sent", whole.Rows(), len(want))
		}
		var got []string
		home := map[string]int{}
		count := rapid.IntRange(1, 4).Draw(t, "shards")
		last := time.Duration(0)
		for i := 1; i <= count; i++ {
			part := whole
			part.Shard = Shard{i, count}
			if err := part.Measure(context.Background()); err != nil {
				if strings.Contains(err.Error(), "has none of") {
					continue
				}
				t.Fatal(err)
			}
			mine := said(t, &part)
			if int64(len(mine)) != part.Rows() {
				t.Fatalf("shard %v: %d rows measured, %d sent", part.Shard, part.Rows(), len(mine))
			}
			last = max(last, part.Duration())
			got = append(got, mine...)
			for s, err := range part.Sends() {
				if err != nil {
					t.Fatal(err)
				}
				if other, ok := home[s.Row.SessionID]; ok && other != i && s.Row.SessionID != "" {
					t.Fatalf("session %q is in shards %d and %d", s.Row.SessionID, other, i)
				}
				home[s.Row.SessionID] = i
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("shards send\n%s\none machine\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if last != whole.Duration() {
			t.Fatalf("shards last %v, one machine %v", last, whole.Duration())
		}
	})
}

// TestRates: a mean rate is kept over the length of the schedule, a peak rate
// reached and not passed, at the seams of passes neither, and gaps keep their proportions.
func TestRates(t *testing.T) {
	traces := someTraces(t)
	rapid.Check(t, func(t *rapid.T) {
		trace := rapid.SampledFrom(traces).Draw(t, "trace")
		peak := rapid.Int64Range(1, 5).Draw(t, "peak")
		p := Plan{Trace: trace, Loop: Loop{Times: rapid.Int64Range(1, 3).Draw(t, "passes")}}
		p.Rate, _ = ParsePeakRate(fmt.Sprint(peak))
		if err := p.Measure(context.Background()); err != nil {
			t.Skip(err)
		}
		var due []int64
		for s, err := range p.Sends() {
			if err != nil {
				t.Fatal(err)
			}
			due = append(due, s.DueUS)
		}
		shortest := int64(1 << 62)
		for i := peak; i < int64(len(due)); i++ {
			shortest = min(shortest, due[i]-due[i-peak])
		}
		if shortest < 999_999 || shortest > 1_000_001 { // rounded down to a microsecond at both ends
			t.Fatalf("%d requests follow each other within %d us, want a second", peak+1, shortest)
		}
		p.Rate, _ = ParseMeanRate("3.7")
		if err := p.Measure(context.Background()); err != nil {
			t.Fatal(err)
		}
		length := p.speed.scale(p.periodUS * p.passes)
		if got := float64(p.Rows()) / float64(length) * 1e6; got < 3.69 || got > 3.71 {
			t.Fatalf("%d requests in %d us are %v/s", p.Rows(), length, got)
		}
	})
}
