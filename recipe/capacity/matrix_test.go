package capacity

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/internal/term"
)

const goodMatrix = `targets:
  - label: small
    url: http://127.0.0.1:8000
    start: serve --port 8000
    ready: http://127.0.0.1:8000/health
    stop: pkill serve
    flags: {model: m, prefill-model: small.json}
  - url: http://127.0.0.1:8001
workloads:
  - name: chat
    trace: chat.parquet
    flags:
      to: 10m
  - name: even
    flags: {arrival: "poisson:rate=1", lengths: "fixed:input=100,output=10"}
slos: [tbt_ttft, {joint: "ttft<=1s,tbt[p99]<=50ms"}]
flags:
  'from-rate': 2.5
  precision: 5%
  body: [a=1, b=2]
  allow-invalid: true
ready_within: '90s'
`

func writeMatrix(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "matrix.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMatrix(t *testing.T) {
	g, err := readGrid(writeMatrix(t, goodMatrix))
	if err != nil {
		t.Fatal(err)
	}
	if g.Targets[1].Label != "127.0.0.1:8001" || g.ReadyWithin.or(time.Minute) != 90*time.Second || g.StopWithin.or(time.Minute) != time.Minute {
		t.Errorf("%+v", g)
	}
	if g.SLOs[0] != (goal{"tbt_ttft", "tbt_ttft"}) || g.SLOs[1] != (goal{"joint", "ttft<=1s,tbt[p99]<=50ms"}) {
		t.Errorf("SLOs %v", g.SLOs)
	}
	c, err := parse(g.args(&g.Targets[0], &g.Workloads[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got := term.Texts(c, "body"); !slices.Equal(got, []string{"a=1", "b=2"}) {
		t.Errorf("body %q", got)
	}
	for flag, want := range map[string]string{"prefill-model": "small.json", "to": "10m", "precision": "5%", "label": "small", "workload": "chat"} {
		if got := c.String(flag); got != want {
			t.Errorf("--%s %q, want %q", flag, got, want)
		}
	}
	if !c.Bool("allow-invalid") || c.Float64("from-rate") != 2.5 {
		t.Errorf("allow-invalid %v, from-rate %v", c.Bool("allow-invalid"), c.Float64("from-rate"))
	}
}

// TestMatrixSaysTheLine: what is wrong in a matrix is named with its place, and is a wrong
// command line.
func TestMatrixSaysTheLine(t *testing.T) {
	for _, w := range []struct{ from, to, want string }{
		{"    stop:", "    halt:", `matrix.yaml:6: unknown field "halt"`},
		{"model: m,", "modell: m,", `matrix.yaml:7: unknown flag "modell"`},
		{"  'from-rate': 2.5", "  from-rate: fast", `matrix.yaml:18: flag from-rate: `},
		{"  'from-rate': 2.5", "  slo: deadline", "matrix.yaml:18: the matrix itself says slo"},
		{"  body: [a=1, b=2]", "  body: {a: 1}", "matrix.yaml:20: flag body: want a value"},
		{"ready_within: '90s'", "ready_within: soon", `matrix.yaml:22: "soon" is no duration`},
		{"ttft<=1s", "tft<=1s", `matrix.yaml:16: SLO "tft<=1s,tbt[p99]<=50ms": at character 1: no metric "tft"`},
		{"{joint", "{a: b, joint", "matrix.yaml:16: want an SLO"},
		{"slos: [tbt_ttft, {joint: \"ttft<=1s,tbt[p99]<=50ms\"}]\n", "", "want targets, workloads and slos"},
		{"    url: http://127.0.0.1:8000\n", "", `target 1: url "" is no URL`},
		{"name: even", "name: chat", "two workloads are chat"},
		{"- url: http://127.0.0.1:8001", "- {url: 'http://127.0.0.1:8001', label: small}", "two targets are small"},
		{"targets:", "targets: [", "matrix.yaml:"},
	} {
		text := strings.Replace(goodMatrix, w.from, w.to, 1)
		if text == goodMatrix {
			t.Fatalf("%q is not in the matrix", w.from)
		}
		_, err := readGrid(writeMatrix(t, text))
		if err == nil || !strings.Contains(err.Error(), w.want) || strings.Contains(err.Error(), "\n") || term.ExitCode(err) != term.ExitUsage {
			t.Errorf("%q for %q: %v (exit %d), want %q", w.to, w.from, err, term.ExitCode(err), w.want)
		}
	}
}
