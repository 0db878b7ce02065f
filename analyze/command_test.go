package analyze

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// metron runs `metron analyze` with args and returns what it printed.
func metron(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout bytes.Buffer
	commands := []*cli.Command{Command()}
	app := &cli.App{Name: "metron", Commands: commands, Writer: &stdout, ErrWriter: io.Discard, ExitErrHandler: func(*cli.Context, error) {}}
	err := app.RunContext(context.Background(), term.FlagsFirst(commands, append([]string{"metron", "analyze"}, args...)))
	return stdout.String(), err
}

// goldenRun is a small run with every kind of row, of whole numbers only.
func goldenRun(t *testing.T) string {
	t.Helper()
	steady := func(id uint64, start, first, gap int64, n int) schema.Record {
		var times []int64
		for i := range int64(n) {
			times = append(times, first+gap*i)
		}
		return record(id, start, 1, times...)
	}
	burst := record(4, 3_000_000, 4, 90_000, 170_000, 250_000)
	failed := record(5, 3_500_000, 1)
	failed.Outcome, failed.OutputTokens, failed.ErrorType = schema.OutcomeHTTPError, nil, "overloaded"
	whole := steady(6, 4_000_000, 100_000, 0, 0)
	whole.Stream, whole.End, whole.OutputTokens = false, new(int64(400_000)), new(int64(8))
	whole.ChunkTime, whole.ChunkKind, whole.ChunkTokens, whole.ChunkRead = nil, nil, nil, nil
	late := steady(7, 4_500_000, 310_000, 20_000, 5)
	late.ChunkTokens, late.TokenSource, late.OutputTokens = nil, schema.TokenSourceChunks, nil
	warmup := steady(8, 0, 900_000, 10_000, 3)
	warmup.Phase = schema.PhaseWarmup
	meta := schema.Meta{Verdict: &schema.Verdict{Status: "SUSPECT", Reasons: []string{"send lag p99 6.2 ms"}, SendLagP99US: 6200}}
	path := writeFile(t, "run.parquet", meta, warmup, workedExample(), steady(2, 1_000_000, 60_000, 25_000, 12),
		steady(3, 2_000_000, 95_000, 49_000, 2), burst, failed, whole, late)
	t.Chdir(filepath.Dir(path))
	return "run.parquet"
}

func golden(t *testing.T, name, got string, testdata string) {
	t.Helper()
	path := filepath.Join(testdata, name)
	if *update {
		if err := os.MkdirAll(testdata, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it):\n%s", name, got)
	}
}

func TestGolden(t *testing.T) {
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	run := goldenRun(t)
	for name, args := range map[string][]string{
		"run.txt":        {run},
		"run.json":       {run, "--json"},
		"sections.txt":   {run, "--sections", "all", "--by", "outcome,output_bin"},
		"run_etalon.txt": {run, "--fluidity", "etalon", "--multi-token", "spread", "--percentile", "linear", "--tbt-deadline", "25ms"},
	} {
		got, err := metron(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got, testdata)
		for line := range strings.Lines(got) {
			if n := len([]rune(line)); strings.HasSuffix(name, ".txt") && n > textWidth+1 {
				t.Errorf("%s: a line of %d columns: %s", name, n, line)
			}
		}
	}
	if _, err := metron(t, run, "--per-request", "requests.csv"); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("requests.csv")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "requests.csv", string(table), testdata)
}

// The keys of the JSON are a contract with everyone who reads it.
func TestJSONKeys(t *testing.T) {
	out, err := metron(t, goldenRun(t), "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	summary := []string{"count", "mean", "stddev", "min", "max", "p50", "p75", "p90", "p95", "p99", "p99_9"}
	want := map[string][]string{
		"":         {"schema_version", "requests", "duration_s", "metrics", "throughput", "fluidity", "settings"},
		"requests": {"total", "ok", "outcomes"},
		"metrics": {"ttft_s", "tbt_s", "tpot_s", "normalized_latency_s", "e2e_latency_s", "scheduled_ttft_s", "send_lag_s", "input_tokens",
			"output_tokens", "output_throughput_tokens_per_s", "fluidity_index", "deadline_miss_rate", "min_tbt_deadline_s"},
		"throughput": {"requests_per_s", "output_tokens_per_s", "total_tokens_per_s"},
		"fluidity": {"ttft_deadline_s", "tbt_deadline_s", "target_miss_rate", "service_missed", "service_total", "service_miss_rate",
			"fluid_token_rate_per_s", "tpot_rate_per_s", "tbt_p99_rate_per_s"},
	}
	for section, keys := range want {
		object := got
		if section != "" {
			object = got[section].(map[string]any)
		}
		for _, key := range keys {
			if _, ok := object[key]; !ok {
				t.Errorf("%q has no key %q", section, key)
			}
		}
		if section != "metrics" {
			continue
		}
		for name, metric := range object {
			for _, key := range summary {
				if _, ok := metric.(map[string]any)[key]; !ok {
					t.Errorf("metric %s has no key %q", name, key)
				}
			}
		}
	}
}

// A wrong command line ends before any file is opened: there is none.
func TestUsageErrors(t *testing.T) {
	for name, args := range map[string][]string{
		"no file":          {},
		"ttft-deadline":    {"absent.parquet", "--ttft-deadline", "0s"},
		"tbt-deadline":     {"absent.parquet", "--tbt-deadline", "-5ms"},
		"whole number":     {"absent.parquet", "--tbt-deadline", "1500ns"},
		"target-miss-rate": {"absent.parquet", "--target-miss-rate", "10%"},
		"fluidity":         {"absent.parquet", "--fluidity", "float"},
		"multi-token":      {"absent.parquet", "--multi-token", "even"},
		"percentile":       {"absent.parquet", "--percentile", "median"},
		"per-request":      {"absent.parquet", "--per-request", "table.xlsx"},
		"format":           {"absent.parquet", "--format", "yaml"},
		"per-token":        {"absent.parquet", "--per-token", "table"},
		"dialect":          {"absent.parquet", "--dialect", "vlm"},
		"group by":         {"absent.parquet", "--by", "model,colour"},
		"sections":         {"absent.parquet", "--sections", "stalls,colour"},
		"--format csv":     {"absent.parquet", "--json", "--format", "csv"},
		"both write":       {"absent.parquet", "--per-request", "a.csv", "--per-token", "./a.csv"},
		"--attainment":     {"absent.parquet", "--attainment", "0.99"},
	} {
		_, err := metron(t, args...)
		if term.ExitCode(err) != term.ExitUsage || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: exit status %d, %v", name, term.ExitCode(err), err)
		}
	}
}

func TestFailuresLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("foreign.parquet", []byte("not a trace"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"absent.parquet", "foreign.parquet"} {
		out, err := metron(t, file, "--per-request", "table.csv", "--out", "plots")
		if term.ExitCode(err) != term.ExitFailure || !strings.Contains(err.Error(), file) || out != "" {
			t.Errorf("%s: exit status %d, %v, printed %q", file, term.ExitCode(err), err, out)
		}
	}
	// A table that cannot be is no reason to read everything first.
	for _, flag := range []string{"--per-request", "--per-token"} {
		if _, err := metron(t, "absent.parquet", flag, filepath.Join("absent", "table.csv")); err == nil || !strings.Contains(err.Error(), "table.csv") {
			t.Errorf("%s: %v", flag, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOutWritesPlots(t *testing.T) {
	// Few kinds make sense of one whole answer: drawing pixels takes long.
	whole := record(1, 0, 1)
	whole.Stream, whole.End = false, new(int64(500_000))
	run := writeFile(t, "whole.parquet", schema.Meta{Vantage: schema.VantageReplay}, whole)
	t.Chdir(t.TempDir())
	before := time.Now().Add(-time.Hour)
	if err := os.Mkdir("plots", 0o755); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join("plots", "e2e_cdf.png")
	if err := os.WriteFile(old, []byte("an older picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if _, err := metron(t, run, "--out", "plots", "--report", "page.html", "--json"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("plots")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		if info, err := f.Info(); err != nil || info.Size() < 2000 {
			t.Errorf("%s: %d bytes, %v", f.Name(), info.Size(), err)
		}
	}
	if _, err := os.Stat("page.html"); err != nil {
		t.Error(err)
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "e2e_cdf.png e2e_cdf.svg") || !strings.Contains(got, "report.html") || strings.Contains(got, "ttft_cdf") || strings.Contains(got, ".e2e") {
		t.Errorf("files %s, want those of the latency and the page, nothing of a first token, and nothing left behind", got)
	}
}
