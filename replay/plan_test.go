package replay

import (
	"math/big"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/schema"
)

// traceOf writes a trace with the given arrivals, us after a fixed epoch.
func traceOf(t *testing.T, startsUS ...int64) *schema.Archive {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	for _, us := range startsUS {
		r := schema.Record{RecordID: uuid.New(), StartTime: 1_700_000_000_000_000 + us, Phase: schema.PhaseMeasure,
			API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1,
			InputTokens: new(int64(20)), OutputTokens: new(int64(5)),
			TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths}
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := schema.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func window(from, to time.Duration) (s schema.Selection) {
	if from > 0 {
		s.From = schema.Offset(from)
	}
	if to > 0 {
		s.To = schema.Offset(to)
	}
	return s
}

func TestPlan(t *testing.T) {
	trace := traceOf(t, 0, 1_000_000, 1_000_000, 2_500_001, 10_000_000)
	for _, c := range []struct {
		name     string
		from, to time.Duration
		speed    string
		want     []int64
	}{
		{"all", 0, 0, "1", []int64{0, 1_000_000, 1_000_000, 2_500_001, 10_000_000}},
		{"window", time.Second, 10 * time.Second, "1", []int64{0, 0, 1_500_001}},
		{"window begins before its first row", 500 * time.Millisecond, 3 * time.Second, "1", []int64{500_000, 500_000, 2_000_001}},
		{"twice as fast, rounded down", 0, 3 * time.Second, "2", []int64{0, 500_000, 500_000, 1_250_000}},
		{"slower", 0, 2 * time.Second, "0.1", []int64{0, 10_000_000, 10_000_000}},
		{"a third", 0, 2 * time.Second, "3", []int64{0, 333_333, 333_333}},
	} {
		speed, err := ParseSpeed(c.speed)
		if err != nil {
			t.Fatal(err)
		}
		p := Plan{Trace: trace, Selection: window(c.from, c.to), Speed: speed}
		if err := p.Measure(t.Context()); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []int64
		for s, err := range p.Sends() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s.DueUS)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: sends at %v, want %v", c.name, got, c.want)
		}
		if p.Rows() != int64(len(c.want)) || p.Duration().Microseconds() != c.want[len(c.want)-1] {
			t.Errorf("%s: %d rows over %v", c.name, p.Rows(), p.Duration())
		}
	}
}

func TestPlanWithoutRows(t *testing.T) {
	p := Plan{Trace: traceOf(t, 0, 5_000_000), Selection: window(time.Second, 2*time.Second)}
	if err := p.Measure(t.Context()); err == nil || !strings.Contains(err.Error(), "no rows from 1s to 2s; its 2 rows span 5s") {
		t.Errorf("got %v", err)
	}
	p = Plan{Trace: traceOf(t)}
	if err := p.Measure(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing to replay") {
		t.Errorf("got %v", err)
	}
}

func TestParseSpeed(t *testing.T) {
	for _, bad := range []string{"", "0", "-1", "fast", "1e-30", "NaN", "1e20"} {
		if s, err := ParseSpeed(bad); err == nil {
			t.Errorf("ParseSpeed(%q) = %v, want an error", bad, s)
		}
	}
}

// TestScaleIsExact holds scale against rational arithmetic.
func TestScaleIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Speed{rapid.Int64Range(1, 1e9).Draw(t, "num"), rapid.Int64Range(1, 1e9).Draw(t, "den")}
		us := rapid.Int64Range(0, 1<<50).Draw(t, "us")
		want := new(big.Int).Mul(big.NewInt(us), big.NewInt(s.den))
		want.Quo(want, big.NewInt(s.num))
		if !want.IsInt64() {
			want.SetInt64(1<<63 - 1)
		}
		if got := s.scale(us); got != want.Int64() {
			t.Fatalf("%d us at %v: %d, want %v", us, s, got, want)
		}
	})
}

func TestStreamedTokens(t *testing.T) {
	kinds := []int8{schema.KindRole, schema.KindContent, schema.KindReasoning, schema.KindContent, schema.KindFinish, schema.KindDone}
	for _, c := range []struct {
		row  schema.Record
		want int64 // -1: unknown
	}{
		{schema.Record{Outcome: schema.OutcomeOK, ChunkKind: kinds}, 3},
		{schema.Record{Outcome: schema.OutcomeOK, ChunkKind: kinds, ChunkTokens: []int32{0, 4, 1, 2, 0, 0}}, 7},
		{schema.Record{Outcome: schema.OutcomeClientAbort, ChunkKind: kinds}, -1},
		{schema.Record{Outcome: schema.OutcomeOK}, -1},
	} {
		got := int64(-1)
		if n := streamedTokens(&c.row); n != nil {
			got = *n
		}
		if got != c.want {
			t.Errorf("%+v: %d, want %d", c.row, got, c.want)
		}
	}
}
