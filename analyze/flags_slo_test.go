package analyze

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"metron/internal/term"
)

// The whole path from the command line, with every kind of row.
func TestGoldenSLO(t *testing.T) {
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	run := goldenRun(t)
	model := `{"format":"metron-prefill","version":1,"source":"a hand","curve":{"constant_us":20000,"per_token_us":100},"min_tokens":1,"max_tokens":99}`
	if err := os.WriteFile("prefill.json", []byte(model), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := metron(t, run, "--prefill-model", "prefill.json", "--prefill-slack", "70ms", "--sections", "qoe,smooth_goodput",
		"--slo", "ttft<=100ms,tbt[p90]<=80ms,fluidity>=0.9", "--slo", "etalon:deadline/50ms,attainment=0.5", "--slo", "tbt.p99<=1s,e2e<=1s")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "run_slo.txt", got, testdata)
	if got, err = metron(t, run, "--slo", "ttft<=100ms,ttft.p99<=1s", "--json"); err != nil {
		t.Fatal(err)
	}
	begin, end := strings.Index(got, `    "slo": [`), strings.Index(got, `  "warnings"`)
	if begin < 0 || end < begin {
		t.Fatalf("no slo in\n%s", got)
	}
	golden(t, "run_slo.json", got[begin:end], testdata)
}

// A wrong command line says so before any file is opened: there is none.
func TestSLOUsageErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"at character 5":                     {"--slo", "ttft<1s"},
		"no prefill model":                   {"--slo", "etalon:deadline"},
		"--attainment":                       {"--attainment", "90%"},
		"--prefill \"guess\"":                {"--prefill", "guess"},
		"want one of them":                   {"--prefill", "estimate", "--prefill-model", "model.json"},
		"--prefill-slack needs":              {"--prefill-slack", "1s"},
		"--prefill-slack 0s":                 {"--prefill-slack", "0s"},
		"--ttft-deadline and":                {"--ttft-deadline", "1s", "--prefill", "estimate"},
		"--qoe-pace -1ms":                    {"--qoe-pace", "-1ms"},
		"--smooth-weight 0":                  {"--smooth-weight", "0"},
		"whole number of microseconds, at l": {"--smooth-pace", "1ns"},
	} {
		_, err := metron(t, append([]string{"absent.parquet"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
		if status := term.ExitCode(err); status != term.ExitUsage && args[0] != "--slo" { // the program gives a flag's own error its status
			t.Errorf("%v: exit status %d", args, status)
		}
	}
	if _, err := metron(t, "absent.parquet", "--prefill-model", "absent.json"); err == nil || !strings.Contains(err.Error(), "absent.json") {
		t.Error(err)
	}
}
