package generate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/internal/burstiness"
	"metron/internal/term"
	"metron/schema"
)

var update = flag.Bool("update", false, "rewrite the golden digests")

// rowsOf makes the rows of a trace, in the order of time, without the file.
func rowsOf(t testing.TB, g *Generator) ([]schema.Record, *maker) {
	t.Helper()
	m, arrivals, err := g.open()
	if err != nil {
		t.Fatal(err)
	}
	var rows []schema.Record
	err = g.fill(t.Context(), m, arrivals, func(r *schema.Record) error {
		if err := r.Check(); err != nil {
			return err
		}
		row := *r
		for _, value := range []**int64{&row.Turn, &row.ThinkTime, &row.InputTokens, &row.OutputTokens, &row.BlockSize, &row.ClientAbort, &row.MaxTokens, &row.MinTokens} {
			if *value != nil {
				*value = new(**value)
			}
		}
		row.BlockHashes = slices.Clone(row.BlockHashes)
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(rows, func(a, b schema.Record) int { return cmp.Compare(a.StartTime, b.StartTime) })
	return rows, m
}

// write makes the file and reads it back.
func write(t testing.TB, g *Generator) ([]schema.Record, *Report) {
	t.Helper()
	g.Out = filepath.Join(t.TempDir(), "trace.parquet")
	r, err := g.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := schema.OpenArchive(g.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var rows []schema.Record
	for row, err := range a.Records(t.Context(), schema.Selection{}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *row.Record)
	}
	return rows, r
}

// TestFile: the rows that are made are those of the file, byte for byte the same
// when it is made again, and the report is that of the file.
func TestFile(t *testing.T) {
	g := goldens()["sessions"]
	rows, r := write(t, g)
	want, m := rowsOf(t, g)
	if !reflect.DeepEqual(rows, want) {
		t.Error("the file has other rows than were made")
	}
	if r.Rows != 300 || r.InputTokens.Count != 300 || *r.AskedRate != 1 || *r.AskedCV != 1 || !maps.Equal(r.Counters, m.counters()) {
		t.Errorf("%+v", r)
	}
	var gaps burstiness.Gaps
	for _, row := range want {
		if *row.Turn == 0 {
			gaps.Add(row.StartTime)
		}
	}
	if cv, _ := gaps.CV(); *r.CV != cv || *r.Rate != float64(gaps.N())*1e6/gapsSpan(want) {
		t.Errorf("rate %v and CV %v of sessions, want CV %v", *r.Rate, *r.CV, cv)
	}
	first, err := os.ReadFile(g.Out)
	if err != nil {
		t.Fatal(err)
	}
	write(t, g)
	if again, err := os.ReadFile(g.Out); err != nil || !bytes.Equal(first, again) {
		t.Errorf("made again the file differs (%v)", err)
	}
}

// gapsSpan is the time from the first session to the last.
func gapsSpan(rows []schema.Record) float64 {
	var starts []int64
	for _, r := range rows {
		if *r.Turn == 0 {
			starts = append(starts, r.StartTime)
		}
	}
	return float64(slices.Max(starts) - slices.Min(starts))
}

// TestGolden: the same seed gives the same rows, today and on every machine.
func TestGolden(t *testing.T) {
	digests := map[string]string{}
	for name, g := range goldens() {
		t.Run(name, func(t *testing.T) {
			rows, _ := rowsOf(t, g)
			h := sha256.New()
			e := json.NewEncoder(h)
			for _, r := range rows {
				if err := e.Encode(r); err != nil {
					t.Fatal(err)
				}
			}
			digests[name] = hex.EncodeToString(h.Sum(nil))
		})
	}
	const path = "testdata/golden.json"
	if *update {
		b, err := json.MarshalIndent(digests, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for name, digest := range digests {
		if want[name] != digest {
			t.Errorf("%s: the rows have digest %s, want %s: other rows for the same seed", name, digest, want[name])
		}
	}
}

// goldens have every family and every kind of structure among them.
func goldens() map[string]*Generator {
	with := func(arrival string, change func(g *Generator)) *Generator {
		g := &Generator{Arrival: arrival, Requests: 300, Seed: 42, Lengths: Lengths{Input: "lognormal:median=300,sigma=1", Output: "geometric:mean=80"}}
		change(g)
		return g
	}
	return map[string]*Generator{
		"static":  with("static", func(g *Generator) { g.Lengths = Lengths{Pair: "fixed:input=512,output=128"} }),
		"poisson": with("poisson:rate=5", func(g *Generator) { g.AbortShare, g.AbortAfter = 0.1, "exponential:mean=5s" }),
		"gamma": with("gamma:rate=5,cv=2", func(g *Generator) {
			g.Lengths = Lengths{Pair: "zipf:theta=0.6,min=16,max=2048,scramble", Ratio: 20, MaxTotal: 1500}
		}),
		"weibull": with("weibull:rate=5,shape=0.7", func(g *Generator) {
			g.Lengths = Lengths{Input: "normal:mean=500,std=200", Output: "uniform:min=1,max=300", MaxInput: 700, OverMax: OverRedraw}
		}),
		"onoff":    with("onoff:rate=20,on=5s,off=10s,random", func(g *Generator) { g.Models, g.Tenants = "a=3,b=1", "x,y" }),
		"diurnal":  with("diurnal:testdata/curve.csv,cv=2,repeat", func(g *Generator) { g.Lengths = Lengths{Pair: "file:testdata/lengths.csv"} }),
		"servegen": with("servegen:testdata/servegen", func(g *Generator) { g.Requests, g.Lengths = 0, Lengths{} }),
		"sessions": with("poisson:rate=1", func(g *Generator) {
			g.Structure = Structure{Turns: "geometric:mean=4", Think: "lognormal:median=10s,sigma=1", SystemPrompt: "count=3,tokens=500,share=0.7,theta=1", MaxContext: 4000}
		}),
		"tree": with("constant:rate=3", func(g *Generator) { g.HitShare, g.Block, g.Models = 0.5, 16, "a,b" }),
	}
}

// TestFieldsAreIndependent: asking for one more field changes no other.
func TestFieldsAreIndependent(t *testing.T) {
	base := func() *Generator {
		return &Generator{Arrival: "poisson:rate=5", Requests: 200, Seed: 1, Lengths: Lengths{Input: "lognormal:median=300,sigma=1", Output: "exponential:mean=90"}}
	}
	want, _ := rowsOf(t, base())
	for name, change := range map[string]func(g *Generator){
		"models":  func(g *Generator) { g.Models = "a=2,b" },
		"tenants": func(g *Generator) { g.Tenants = "a=2,b" },
		"aborts":  func(g *Generator) { g.AbortShare, g.AbortAfter = 0.3, "5s" },
		"tree":    func(g *Generator) { g.HitShare = 0.3 },
	} {
		g := base()
		change(g)
		rows, _ := rowsOf(t, g)
		for i, r := range rows {
			if w := want[i]; r.RecordID != w.RecordID || r.StartTime != w.StartTime || *r.InputTokens != *w.InputTokens || *r.OutputTokens != *w.OutputTokens {
				t.Errorf("%s: row %d begins at %d with %d and %d tokens, without it at %d with %d and %d", name, i, r.StartTime, *r.InputTokens,
					*r.OutputTokens, w.StartTime, *w.InputTokens, *w.OutputTokens)
				break
			}
		}
	}
	// One distribution more or less is drawn, and the other stays.
	g := base()
	g.Output = "7"
	rows, _ := rowsOf(t, g)
	for i := range rows {
		if *rows[i].InputTokens != *want[i].InputTokens || *rows[i].OutputTokens != 7 {
			t.Fatalf("row %d has %d input tokens, %d with other outputs", i, *want[i].InputTokens, *rows[i].InputTokens)
		}
	}
	g = base()
	g.Seed = 2
	if rows, _ := rowsOf(t, g); rows[0].StartTime == want[0].StartTime || rows[0].RecordID == want[0].RecordID {
		t.Error("another seed gives the same rows")
	}
}

// TestWhoeverLeavesAskedForALength: what it saw is no length to ask for, so the one that
// was drawn stands where a request says its own.
func TestWhoeverLeavesAskedForALength(t *testing.T) {
	rows, m := rowsOf(t, &Generator{Arrival: "constant:rate=5", Requests: 50, AbortShare: 0.5, AbortAfter: "2s", Lengths: Lengths{Pair: "fixed:input=9,output=70"}})
	if m.aborted == 0 || m.aborted == m.rows {
		t.Fatalf("%d of %d left", m.aborted, m.rows)
	}
	for i, r := range rows {
		left := r.Outcome == schema.OutcomeClientAbort
		if asked := r.MaxTokens != nil && r.MinTokens != nil && r.IgnoreEOS != nil; asked != left || left && (*r.MaxTokens != 70 || *r.MinTokens != 70 || !*r.IgnoreEOS) {
			t.Errorf("row %d: left %v, and asked for %v to %v tokens, past the end %v", i, left, r.MinTokens, r.MaxTokens, r.IgnoreEOS)
		}
	}
}

func TestTimes(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rows, _ := rowsOf(t, &Generator{Arrival: "constant:rate=3", Requests: 4, Start: start, Lengths: Lengths{Pair: "fixed:input=1,output=1"}})
	for i, want := range []int64{0, 333_333, 666_667, 1_000_000} {
		if got := rows[i].StartTime - start.UnixMicro(); got != want {
			t.Errorf("tick %d at %d us, want %d", i, got, want)
		}
	}
	rows, _ = rowsOf(t, &Generator{Arrival: "constant:rate=10", Duration: time.Second, Lengths: Lengths{Pair: "fixed:input=1,output=1"}})
	if len(rows) != 10 || rows[0].StartTime != DefaultStart().UnixMicro() {
		t.Errorf("%d rows in a second at 10 a second, from %v", len(rows), time.UnixMicro(rows[0].StartTime))
	}
}

// TestRefusals: what cannot be meant is a usage error before anything is written.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(g *Generator)
	}{
		{"--arrival is missing", func(g *Generator) { g.Arrival = "" }},
		{`"posson" is none of static, constant, poisson`, func(g *Generator) { g.Arrival = "posson:rate=5" }},
		{"rate is missing", func(g *Generator) { g.Arrival = "poisson" }},
		{`poisson takes no "cv"`, func(g *Generator) { g.Arrival = "poisson:rate=5,cv=2" }},
		{"rate is 0, and must be from 1e-06 to 100000", func(g *Generator) { g.Arrival = "poisson:rate=0" }},
		{`rate is "fast", not a number`, func(g *Generator) { g.Arrival = "poisson:rate=fast" }},
		{"rate is 1e+06, and must be from 1e-06 to 100000", func(g *Generator) { g.Arrival = "poisson:rate=1e6" }},
		{"cv is 1e+155, and must be", func(g *Generator) { g.Arrival = "gamma:rate=5,cv=1e155" }},
		{"cv is 1e-170, and", func(g *Generator) { g.Arrival = "gamma:rate=5,cv=1e-170" }},
		{"shape is 0.005, and must be from 0.1 to 1000", func(g *Generator) { g.Arrival = "weibull:rate=5,shape=0.005" }},
		{"cv is 101, and must be from 0.001 to 100", func(g *Generator) { g.Arrival = "diurnal:testdata/curve.csv,cv=101" }},
		{"hardly one burst", func(g *Generator) { g.Arrival = "onoff:rate=1,on=1us,off=1s" }},
		{"sigma is 1e+200, and must be 1e+15 or less", func(g *Generator) { g.Lengths = Lengths{Input: "lognormal:median=5,sigma=1e200", Output: "5"} }},
		{"--pd-ratio, --scale-input", func(g *Generator) { g.Ratio = math.NaN() }},
		{"--pd-ratio, --scale-input", func(g *Generator) { g.ScaleInput = math.Inf(1) }},
		{"there is no maximum", func(g *Generator) { g.OverMax = OverRedraw }},
		{"--block is of hashes", func(g *Generator) { g.Block = 16 }},
		{"is not key=value", func(g *Generator) { g.Arrival = "poisson:rate=5,rate=6" }},
		{"names no file", func(g *Generator) { g.Arrival = "diurnal" }},
		{`"5" is no process`, func(g *Generator) { g.Arrival = "5" }},
		{"never end", func(g *Generator) { g.Requests = 0 }},
		{"static has no duration", func(g *Generator) { g.Arrival, g.Requests, g.Duration = "static", 0, time.Hour }},
		{"--lengths is missing", func(g *Generator) { g.Lengths = Lengths{} }},
		{"--lengths stands for both", func(g *Generator) { g.Input = "5" }},
		{"--output-lengths is missing", func(g *Generator) { g.Lengths = Lengths{Input: "5"} }},
		{"--pd-ratio parts them", func(g *Generator) { g.Lengths = Lengths{Pair: "uniform:min=2,max=9"} }},
		{"here both are given", func(g *Generator) { g.Ratio = 3 }},
		{"max is 1, and must be 2 or more", func(g *Generator) { g.Lengths = Lengths{Pair: "uniform:min=2,max=1", Ratio: 2} }},
		{"neither clip nor redraw", func(g *Generator) { g.OverMax = "cut" }},
		{"of 10000 draws", func(g *Generator) { g.MaxInput, g.OverMax = 5, OverRedraw }},
		{"no such file", func(g *Generator) { g.Lengths = Lengths{Pair: "file:missing.csv"} }},
		{"its header names no lengths", func(g *Generator) { g.Lengths = Lengths{Pair: "file:testdata/curve.csv"} }},
		{"a file has lengths", func(g *Generator) { g.Turns = "file:testdata/lengths.csv" }},
		{"--abort-share and --abort-after", func(g *Generator) { g.AbortShare = 0.5 }},
		{"not a share", func(g *Generator) { g.AbortShare, g.AbortAfter = 2, "5s" }},
		{"without --system-prompt", func(g *Generator) { g.HitShare, g.SystemPrompt = 0.5, "tokens=5" }},
		{"tokens is missing", func(g *Generator) { g.SystemPrompt = "count=2" }},
		{"are of sessions", func(g *Generator) { g.Think = "5s" }},
		{`"=3" is not a name and a weight`, func(g *Generator) { g.Models = "a,=3" }},
		{"no chunk-N-trace.csv", func(g *Generator) { g.Arrival, g.Requests = "servegen:testdata", 0 }},
		{"no first so many", func(g *Generator) { g.Arrival = "servegen:testdata/servegen" }},
		{"lengths of their own", func(g *Generator) {
			g.Arrival, g.Requests, g.Lengths, g.Turns = "servegen:testdata/servegen", 0, Lengths{}, "3"
		}},
		{"cannot be drawn again", func(g *Generator) {
			g.Arrival, g.Requests, g.Lengths = "servegen:testdata/servegen", 0, Lengths{OverMax: OverRedraw, MaxInput: 5}
		}},
		{"no request arrives", func(g *Generator) { g.Arrival, g.Duration = "poisson:rate=0.001", time.Second }},
	} {
		g := &Generator{Arrival: "poisson:rate=5", Requests: 10, Out: filepath.Join(t.TempDir(), "x.parquet"), Lengths: Lengths{Pair: "fixed:input=9,output=9"}}
		c.change(g)
		_, err := g.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", c.says, err)
			continue
		}
		if made, _ := filepath.Glob(filepath.Join(filepath.Dir(g.Out), "*")); len(made) > 0 {
			t.Errorf("%s: %v was left", c.says, made)
		}
	}
	g := &Generator{Arrival: "poisson:rate=5,cv=2"}
	if _, err := g.Run(t.Context()); term.ExitCode(err) != term.ExitUsage {
		t.Errorf("%v has exit status %d", err, term.ExitCode(err))
	}
}

// TestOutIsNotRead: a file that is read is not replaced.
func TestOutIsNotRead(t *testing.T) {
	first := &Generator{Arrival: "poisson:rate=5", Requests: 3, Lengths: Lengths{Pair: "fixed:input=9,output=9"}}
	write(t, first)
	before, err := os.ReadFile(first.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*Generator{
		{Arrival: "trace:" + first.Out}, {Arrival: "trace:" + filepath.Dir(first.Out)},
		{Arrival: "poisson:rate=5", Requests: 3, Lengths: Lengths{Pair: "trace:" + first.Out + ",order=file"}},
		{Arrival: "poisson:rate=5", Requests: 3, Lengths: Lengths{Input: "trace:" + first.Out, Output: "5"}},
	} {
		g.Out = first.Out
		if _, err := g.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is one of the files to read") {
			t.Errorf("%s %s: %v", g.Arrival, g.Pair, err)
		}
	}
	if after, err := os.ReadFile(first.Out); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the trace that was read is another one (%v)", err)
	}
}

// TestLatestTime: times that a trace cannot hold are an error, not other times.
func TestLatestTime(t *testing.T) {
	g := &Generator{Arrival: "static", Requests: 2, Lengths: Lengths{Pair: "fixed:input=9,output=9"}}
	m, _, err := g.open()
	if err != nil {
		t.Fatal(err)
	}
	late := process{next: func() (arrival, bool) { return arrival{us: latestUS + 1}, true }}
	err = g.fill(t.Context(), m, late, func(*schema.Record) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "thousands of years") {
		t.Error(err)
	}
}

// TestArrivalsEnd: where they do before so many were made, the report says so.
func TestArrivalsEnd(t *testing.T) {
	_, r := write(t, &Generator{Arrival: "constant:rate=2", Requests: 9, Duration: 2 * time.Second, Lengths: Lengths{Pair: "fixed:input=9,output=9"}})
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || r.Rows != 4 || !strings.Contains(text.String(), "9 were asked for; the arrivals end before") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// BenchmarkGenerate makes rows of three kinds.
func BenchmarkGenerate(b *testing.B) {
	const rows = 100_000
	for name, change := range map[string]func(*Generator){
		"plain":    func(*Generator) {},
		"sessions": func(g *Generator) { g.Turns, g.Think = "geometric:mean=4", "exponential:mean=10s" },
		"tree":     func(g *Generator) { g.HitShare = 0.4 },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g := &Generator{Arrival: "poisson:rate=50", Requests: rows, Out: filepath.Join(b.TempDir(), "x.parquet"),
					Lengths: Lengths{Input: "lognormal:median=500,sigma=1", Output: "lognormal:median=120,sigma=0.8"}}
				change(g)
				if _, err := g.Run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
