package analyze

import (
	"bytes"
	"encoding/csv"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// grouped is a result with groups whose names need escaping.
func grouped(t *testing.T) *Result {
	t.Helper()
	records := traffic(60, 10, 9)
	for i := range records {
		records[i].RequestModel = []string{`a "quoted"|model`, "org/b *c*", ""}[i%3]
	}
	return analyze(t, Config{By: []string{"model"}}, records...)
}

func write(t *testing.T, r *Result, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCSVHasEveryNumber(t *testing.T) {
	r := grouped(t)
	lines, err := csv.NewReader(strings.NewReader(write(t, r, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 4*len(r.Population.numbers()); len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	if !slices.Equal(lines[0], []string{"model", "metric", "stat", "value", "ci95_low", "ci95_high", "unit"}) {
		t.Errorf("header %v", lines[0])
	}
	got := map[[3]string]string{}
	for _, line := range lines[1:] {
		key := [3]string(line[:3])
		if _, twice := got[key]; twice {
			t.Errorf("%q stands there twice", key)
		}
		got[key] = line[3]
	}
	check := func(group string, p *Population) {
		for _, n := range p.numbers() {
			if v, ok := got[[3]string{group, n.metric, n.stat}]; !ok || v != plain(n.value) {
				t.Errorf("%q %s %s is %q, want %q", group, n.metric, n.stat, v, plain(n.value))
			}
		}
		if v := got[[3]string{group, keyTTFT, "p99"}]; v != strconv.FormatFloat(*p.Metrics.Get(keyTTFT).P99, 'g', -1, 64) {
			t.Errorf("%q: ttft p99 is %s", group, v)
		}
	}
	check("", &r.Population)
	for i := range r.Groups {
		name := r.Groups[i].Key[0].Value
		if name == "" {
			name = "-" // nothing is all rows
		}
		check(name, &r.Groups[i].Population)
	}
}

// A reader of the format finds the numbers, groups and labels whole.
func TestOpenMetricsIsRead(t *testing.T) {
	r := grouped(t)
	text := write(t, r, "openmetrics")
	if !strings.HasSuffix(text, "\n# EOF\n") {
		t.Error("no end mark")
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ttft := families["metron_ttft_seconds"]
	if ttft == nil || len(ttft.GetMetric()) != 4 {
		t.Fatalf("TTFT: %v", ttft)
	}
	var models []string
	for _, m := range ttft.GetMetric() {
		if len(m.GetLabel()) == 0 {
			for _, q := range m.GetSummary().GetQuantile() {
				if q.GetQuantile() == 0.99 && q.GetValue() != *r.Metrics.Get(keyTTFT).P99 {
					t.Errorf("p99 is %v", q.GetValue())
				}
			}
			if got := m.GetSummary(); int64(got.GetSampleCount()) != r.Metrics.Get(keyTTFT).Count || len(got.GetQuantile()) != 6 {
				t.Errorf("summary of all: %v", got)
			}
			continue
		}
		models = append(models, m.GetLabel()[0].GetValue())
	}
	if slices.Sort(models); !slices.Equal(models, []string{"-", `a "quoted"|model`, "org/b *c*"}) {
		t.Errorf("models %q", models)
	}
	if g := families["metron_request_throughput_per_s"]; g == nil || math.Abs(g.GetMetric()[0].GetGauge().GetValue()-*r.Throughput.RequestsPerS) > 1e-9 {
		t.Errorf("throughput: %v", g)
	}
}

func TestGoBenchLines(t *testing.T) {
	form := regexp.MustCompile(`^Benchmark\S+ [0-9]+( [0-9.e+-]+ [a-z0-9_.-]+)+$`)
	lines := strings.Split(strings.TrimSpace(write(t, grouped(t), "gobench")), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "# ") {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	for _, line := range lines[1:] {
		if !form.MatchString(line) {
			t.Errorf("not a benchmark: %.200s", line)
		}
	}
	if !strings.Contains(lines[1], " ttft.p99-sec ") {
		t.Errorf("no p99 of TTFT in %.200s", lines[1])
	}
}

func TestMarkdownTables(t *testing.T) {
	cells := 0
	for line := range strings.SplitSeq(write(t, grouped(t), "markdown"), "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells++
		if n := strings.Count(line, "|") - strings.Count(line, `\|`); n != 8 {
			t.Errorf("%d bars in %q", n, line)
		}
	}
	if want := 4 * (2 + len(metrics())); cells != want {
		t.Errorf("%d lines of tables, want %d", cells, want)
	}
}
