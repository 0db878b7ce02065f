package recipe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/internal/tokenizer"
	"metron/replay"
	"metron/schema"
	"metron/workload"
	"metron/workload/generate"
)

// TestPrompterOfFewWords: a vocabulary that lacks our words tells their average.
func TestPrompterOfFewWords(t *testing.T) {
	for name, few := range map[string]bool{"../internal/tokenizer/testdata/llama2.json": true, "cl100k_base": false} {
		of, err := tokenizer.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		made, err := Prompter(replay.Prompts{Tokenizer: of})
		if err != nil {
			t.Fatal(err)
		}
		if p := made.(*workload.Prompter); (p.Words == nil) != few || (p.PerWord > 1) != few {
			t.Errorf("%s: words %v, %v tokens a word", name, p.Words != nil, p.PerWord)
		}
	}
}

// TestDemo runs the demo on a short stretch of traffic.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	d := Demo{Dir: dir, Duration: 2 * time.Second, RatePerS: 4, Seed: 3, A: "large-gpu", B: "instant"}
	var out, progress strings.Builder
	if err := d.Run(t.Context(), &out, &progress); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"verdict of the run: ", "TTFT p50", "A large-gpu", "B instant", "fluid token rate", "run-b.parquet", "say nothing of real ones"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not print %q:\n%s", want, out.String())
		}
	}
	if progress.Len() > 0 {
		t.Errorf("progress off a terminal: %q", progress.String())
	}
	for _, name := range []string{"run-b.parquet", "plots-a/tokens_over_time.png", "plots-b/ttft_cdf.svg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Run(t.Context(), &out, &progress); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second demo in one folder: %v", err)
	}
}

func TestTrafficIsTheSeeds(t *testing.T) {
	draw := func(seed uint64) (ids []string, inputs int64) {
		last := int64(-1)
		traffic := traffic{seed, time.Minute, 10}
		err := traffic.rows(func(r *schema.Record) error {
			if err := r.Check(); err != nil {
				return err
			}
			if r.StartTime < last || r.StartTime >= time.Minute.Microseconds() {
				t.Errorf("arrival at %d us after one at %d", r.StartTime, last)
			}
			last = r.StartTime
			ids = append(ids, r.RecordID.String())
			inputs += *r.InputTokens
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids, inputs
	}
	a, inputs := draw(1)
	b, again := draw(1)
	c, _ := draw(2)
	if strings.Join(a, " ") != strings.Join(b, " ") || inputs != again {
		t.Error("one seed gives two traces")
	}
	if a[0] == c[0] {
		t.Error("two seeds give one trace")
	}
	if n := len(a); n < 450 || n > 750 { // 600 expected, six standard deviations to either side
		t.Errorf("%d arrivals in a minute at 10/s", n)
	}
}

func TestCompareShowsTheUndefinedAsADash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Put(&schema.Record{RecordID: uuid.New(), Phase: schema.PhaseMeasure, API: schema.APIChat, ChoiceCount: 1,
		TokenSource: schema.TokenSourceChunks, Outcome: schema.OutcomeHTTPError, Recorded: schema.RecordedLengths})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	nothing, err := analyze.Analyze(t.Context(), []string{path}, analyze.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := compare(&b, column{"A", nothing}, column{"B", nothing}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "TTFT p50") && strings.Join(strings.Fields(line), " ") != "TTFT p50 - - -" {
			t.Errorf("%q", line)
		}
	}
	for _, c := range []struct {
		a, b float64
		want string
	}{{100, 150, "+50.0 %"}, {100, 50, "-50.0 %"}, {0, 1, "-"}} {
		if got := change(&c.a, &c.b); got != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

// TestBenchTakesFlagsThatThereAre: a name that generate or replay lost would be left out
// without a word.
func TestBenchTakesFlagsThatThereAre(t *testing.T) {
	for _, c := range []struct {
		flags []cli.Flag
		names []string
	}{{generate.Flags(), loadNames()}, {replay.Flags(), sendNames()}} {
		if got := term.Only(c.flags, c.names...); len(got) != len(c.names) {
			t.Errorf("%d flags of %q", len(got), c.names)
		}
	}
}

// TestLoad: what is not asked for is filled in.
func TestLoad(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "poisson:rate=4 200 0s  512 128"},
		{"--rate 9.5 --duration 1m", "poisson:rate=9.5 0 1m0s  512 128"},
		{"--arrival static --requests 3 --output-lengths 7", "static 3 0s  512 7"},
		{"--lengths fixed:input=9,output=8", "poisson:rate=4 200 0s fixed:input=9,output=8  "},
	} {
		command := BenchCommand()
		command.Action = func(ctx *cli.Context) error {
			g, err := loadOf(ctx)
			if err == nil {
				if got := fmt.Sprintln(g.Arrival, g.Requests, g.Duration, g.Pair, g.Input, g.Output); strings.TrimSuffix(got, "\n") != c.want {
					t.Errorf("%q: %q, want %q", c.args, got, c.want)
				}
			}
			return err
		}
		app := &cli.App{Commands: []*cli.Command{command}, ExitErrHandler: func(*cli.Context, error) {}}
		if err := app.Run(append([]string{"metron", "bench"}, strings.Fields(c.args)...)); err != nil {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}
