package capacity

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/internal/llmsim"
	"metron/recipe/capacity/search"
	"metron/replay"
	"metron/schema"
	"metron/workload"
)

func prompters(p replay.Prompts) (replay.Prompter, error) {
	return &workload.Prompter{Extensions: p.Extensions, Seed: p.Seed}, nil
}

// startSim starts a server that takes four requests at a time.
func startSim(t *testing.T) string {
	s, err := llmsim.Start(llmsim.Config{Model: "m", Engine: llmsim.EngineConfig{MaxBatch: 4, Cost: llmsim.Cost{PrefillUS: 1000, DecodeUS: 2000}}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.URL()
}

// openBench reads a command line.
func openBench(t *testing.T, dir string, args ...string) *bench {
	c, err := parse(append([]string{"--allow-invalid", "--no-probe", "--warm=0", "--cool-down=0s", "--settle=100ms", "--min-requests=30",
		"--from-rate=20", "--slo=ttft.p90<=1s"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(t.Context(), c, c.Args().Slice(), dir, prompters, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.load.close() })
	return b
}

func generatedLoad(url string) []string {
	return []string{"--target=" + url, "--model=m", "--arrival=poisson:rate=1", "--lengths=fixed:input=20,output=4"}
}

// trace writes rows that start every 100 ms.
func trace(t *testing.T, rows int) string {
	path := filepath.Join(t.TempDir(), "load.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageGenerate})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		err = errors.Join(err, w.Put(&schema.Record{RecordID: uuid.New(), StartTime: int64(i) * 100_000, Phase: schema.PhaseMeasure,
			API: schema.APIChat, ChoiceCount: 1, Stream: true, InputTokens: new(int64(20)), OutputTokens: new(int64(4)),
			TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths}))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// short is a run of 30 requests, of which 20 are measured.
func short(seed uint64) search.Plan {
	return search.Plan{Rate: 100, Requests: 20, WarmupS: 0.06, CooldownS: 0.04, Seed: seed}
}

func show(*replay.Runner) {}

// TestRunIsKept: with what it was made for in its footer, and found again by its key alone.
func TestRunIsKept(t *testing.T) {
	url, dir := startSim(t), t.TempDir()
	b := openBench(t, dir, generatedLoad(url)...)
	for seed := range uint64(2) {
		path, err := b.make(t.Context(), short(seed), show)
		if err != nil {
			t.Fatal(err)
		}
		r, err := openRun(path)
		if err != nil {
			t.Fatal(err)
		}
		if r.plan() != short(seed) || !r.complete(r.meta) || r.Key != b.key {
			t.Errorf("seed %d: %+v", seed, r)
		}
		phases := map[string]int{}
		a, err := schema.OpenArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range a.Records(t.Context(), schema.Selection{}) {
			if err != nil {
				t.Fatal(err)
			}
			phases[row.Phase]++
		}
		a.Close()
		if all := phases[schema.PhaseWarmup] + phases[schema.PhaseMeasure] + phases[schema.PhaseCooldown]; all != 30 || phases[schema.PhaseMeasure] < 10 || phases[schema.PhaseWarmup] < 1 {
			t.Errorf("phases %v", phases)
		}
	}
	again, err := b.make(t.Context(), short(0), show)
	if err != nil || !exists(again) {
		t.Errorf("a run of a seed that was: %q, %v", again, err)
	}
	for _, w := range []struct {
		args []string
		runs int
	}{
		{nil, 3},
		{[]string{"--slo=tbt.p99<=1ms", "--precision=50%", "--seed=9"}, 3}, // another question of the same runs
		{[]string{"--label=other"}, 0},
		{[]string{"--body=n=1"}, 0},
		{[]string{"--header=X-A: 1"}, 0},
		{[]string{"--output-lengths=4", "--input-lengths=21", "--lengths="}, 0},
	} {
		runs, err := b.store.of(openBench(t, dir, append(generatedLoad(url), w.args...)...).key)
		if err != nil || len(runs) != w.runs {
			t.Errorf("%v: %d runs, %v; want %d", w.args, len(runs), err, w.runs)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.parquet")); len(left) > 0 {
		t.Errorf("%v is left of the workload", left)
	}
}

// TestPromptsAreNew: a run that is made again, in whatever folder, finds nothing of itself in the
// target's cache.
func TestPromptsAreNew(t *testing.T) {
	url, seeds := startSim(t), map[any]bool{}
	for range 3 {
		path, err := openBench(t, t.TempDir(), generatedLoad(url)...).make(t.Context(), short(1), show)
		if err != nil {
			t.Fatal(err)
		}
		r, err := openRun(path)
		if err != nil {
			t.Fatal(err)
		}
		var settings map[string]any
		if err := json.Unmarshal(r.meta.Config, &settings); err != nil {
			t.Fatal(err)
		}
		seeds[settings["prompt_seed"]] = true
	}
	if len(seeds) != 3 || seeds[nil] {
		t.Errorf("the prompt seeds of three runs: %v", seeds)
	}
}

// TestOfflineAsksWhatBelongsTogether: runs of one trace at several rates, but not those whose
// requests were others, or were sent otherwise.
func TestOfflineAsksWhatBelongsTogether(t *testing.T) {
	dir := t.TempDir()
	run := func(name, config string, sent int64) string {
		path := filepath.Join(dir, name+".parquet")
		m := schema.Meta{Vantage: schema.VantageReplay, SourceDigest: "d", Config: json.RawMessage(config),
			Counters: map[string]int64{"planned": 2, "sent": sent}, Verdict: &schema.Verdict{Status: schema.VerdictValid}}
		if name == "invalid" {
			m.Verdict.Status = schema.VerdictInvalid
		}
		w, err := schema.Create(path, m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			err = errors.Join(err, w.Put(&schema.Record{RecordID: uuid.New(), StartTime: int64(i) * 1e6, Phase: schema.PhaseMeasure, API: schema.APIChat, ChoiceCount: 1,
				TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeTimeout, Recorded: schema.RecordedLengths}))
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	slow := run("slow", `{"target":"a","trace":["t.parquet"],"mode":"open","rate":"1","prompt_seed":7}`, 2)
	fast := run("fast", `{"target":"a","trace":["u.parquet"],"mode":"open","speed":"2x","prompt_seed":8}`, 2)
	shorter := run("shorter", `{"target":"a","trace":["t.parquet"],"mode":"open","output_tokens":1}`, 2)
	other := run("other", `{"target":"b","trace":["t.parquet"],"mode":"open"}`, 2)
	closed := run("closed", `{"target":"a","trace":["t.parquet"],"mode":"closed"}`, 2)
	cut := run("cut", `{"target":"a","trace":["t.parquet"],"mode":"open"}`, 1)
	invalid := run("invalid", `{"target":"a","trace":["t.parquet"],"mode":"open"}`, 2)
	for _, w := range []struct {
		files []string
		cells int
		err   string
	}{
		{[]string{slow, fast}, 1, ""},
		{[]string{slow, shorter, fast, other}, 3, ""},
		{[]string{slow, cut, invalid}, 1, ""},
		{[]string{cut, invalid}, 0, "no run can be asked: of 2 files 1 were cut off and 1 are INVALID"},
		{[]string{slow, closed}, 0, "mode closed"},
	} {
		c, err := parse([]string{"--slo=ttft.p90<=1s", "--offline"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := offline(t.Context(), c, w.files)
		if w.err != "" {
			if err == nil || !strings.Contains(err.Error(), w.err) {
				t.Errorf("%v: %v, want %q", w.files, err, w.err)
			}
			continue
		}
		if err != nil || len(r.Cells) != w.cells {
			t.Errorf("%v: %+v, %v, want %d cells", w.files, r, err, w.cells)
			continue
		}
		names := map[string]bool{}
		for _, cell := range r.Cells {
			names[cell.Build+" "+cell.Workload] = true
		}
		if len(names) != w.cells {
			t.Errorf("%v: the cells are %v", w.files, names)
		}
	}
}

// TestRunIsCutOff: by the person, or by a crash; it is set aside, and made again.
func TestRunIsCutOff(t *testing.T) {
	dir := t.TempDir()
	b := openBench(t, dir, "--target="+startSim(t), "--model=m", trace(t, 2000))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, err := b.make(ctx, search.Plan{Rate: 40, Requests: 2000, Seed: 1}, func(r *replay.Runner) {
		go func() {
			for r.Live().Done == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			stop()
		}()
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	crashed := stamp{Build: b.build, Workload: b.name, Key: b.key, Rate: 3, Seed: 5}
	w, err := schema.Create(filepath.Join(b.store.runs(), crashed.name()), schema.Meta{Vantage: schema.VantageReplay, Config: crashed.footer(map[string]any{})})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Put(&schema.Record{RecordID: uuid.New(), Phase: schema.PhaseMeasure, API: schema.APIChat, ChoiceCount: 1,
		TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeUnknown, Recorded: schema.RecordedLengths})
	if err := errors.Join(err, w.Keep()); err != nil {
		t.Fatal(err)
	}
	if err := b.store.open(); err != nil {
		t.Fatal(err)
	}
	runs, err := b.store.list()
	if err != nil || len(runs) != 0 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
	torn, err := os.ReadDir(b.store.torn())
	if err != nil || len(torn) != 2 {
		t.Errorf("set aside: %v, %v", torn, err)
	}
}

// TestStretches: runs shorter than the trace send stretches of it, from places that lie all
// over it, at the rate that was asked for; a longer one sends it several times.
func TestStretches(t *testing.T) {
	b := openBench(t, t.TempDir(), "--target=http://127.0.0.1:1", trace(t, 1000))
	fill := func(p search.Plan) *replay.Plan {
		r, err := replay.FromFlags(b.flags)
		if err != nil {
			t.Fatal(err)
		}
		done, err := b.load.fill(t.Context(), r.Plan, stamp{Rate: p.Rate, Requests: p.Requests, WarmupS: p.WarmupS, Seed: p.Seed})
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		if r.Plan.Rate, err = replay.ParseMeanRate(number(p.Rate)); err != nil {
			t.Fatal(err)
		}
		if err := r.Plan.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.Plan
	}
	var from []string
	for seed := range uint64(40) {
		p := fill(search.Plan{Rate: 4, Requests: 100, Seed: seed})
		if p.Rows() != 100 || p.Duration() != 24750*time.Millisecond {
			t.Fatalf("seed %d: %d rows in %v", seed, p.Rows(), p.Duration())
		}
		from = append(from, p.Selection.String())
	}
	slices.Sort(from)
	if n := len(slices.Compact(from)); n < 35 {
		t.Errorf("40 runs begin at %d places", n)
	}
	if p := fill(search.Plan{Rate: 4, Requests: 2500}); p.Rows() != 2500 {
		t.Errorf("of 2500 requests %d are sent", p.Rows())
	}
}

// TestNothingAnswered: a run without one good answer ends the search, whatever its rate.
func TestNothingAnswered(t *testing.T) {
	b := openBench(t, t.TempDir(), "--target="+startSim(t), "--model=other", trace(t, 40))
	_, err := b.make(t.Context(), short(1), show)
	runs, listErr := b.store.list()
	if err == nil || !strings.Contains(err.Error(), "no request succeeded: 30 x http_error") || len(runs) > 0 || listErr != nil {
		t.Errorf("%v; %d runs, %v", err, len(runs), listErr)
	}
}

// TestHunt: a search keeps its runs, one for another SLO makes none where those say enough,
// and one that was cut short goes on.
func TestHunt(t *testing.T) {
	dir := t.TempDir()
	url := startSim(t)
	hunt := func(args ...string) Cell {
		b := openBench(t, dir, append(append(generatedLoad(url), "--label=sim", "--settle=10ms", "--min-requests=400", "--from-rate=400", "--max-rate=800"), args...)...)
		if err := b.read(t.Context()); err != nil {
			t.Fatal(err)
		}
		cell, err := b.hunt(t.Context(), 1, io.Discard) // the first SLO is openBench's
		if err != nil {
			t.Fatal(err)
		}
		return cell
	}
	files := func() int {
		paths, err := filepath.Glob(filepath.Join(dir, "runs", "*.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		return len(paths)
	}
	c := hunt("--slo=ttft.p90<=1h", "--max-runs=1")
	if c.Ended != search.OutOfRuns || c.New != 1 || files() != 1 {
		t.Errorf("one run: ended %q, %d new, %d files", c.Ended, c.New, files())
	}
	c = hunt("--slo=ttft.p90<=1h")
	if c.Ended != search.AboveMax || c.New != 1 || c.Runs != 2 || files() != 2 {
		t.Errorf("it went on: ended %q, %d new of %d, %d files", c.Ended, c.New, c.Runs, files())
	}
	c = hunt("--slo=ttft_tpot,ttft.p90<=1h,tpot.p90<=1h")
	if c.Ended != search.AboveMax || c.New != 0 || c.Runs != 2 || len(c.Each) != 2 || !c.Each[0].Stored || files() != 2 {
		t.Errorf("another SLO: ended %q, %d new of %d, %d files", c.Ended, c.New, c.Runs, files())
	}
	r := Result{Cells: []Cell{c}}
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"result.json", "plots/capacity.png", "plots/ttft-sim-poisson-rate-1-ttft_tpot-ttft.p90--1h-tpot.p90--1h.svg"} {
		if !exists(filepath.Join(dir, name)) {
			t.Errorf("%s is not there", name)
		}
	}
}
