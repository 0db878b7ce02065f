package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/analyze/report"
	"metron/internal/browsertest"
	"metron/internal/term"
)

// openAsked runs the command that stands under the sliders, of pages that were asked for with
// much and with nothing: it says what the page does.
func openAsked(t *testing.T, browser *browsertest.Browser) {
	dir := t.TempDir()
	run := writeRun(t, filepath.Join(dir, "a user's run.parquet"), 4, 1)
	model := filepath.Join(dir, "prefill.json")
	if err := os.WriteFile(model, []byte(`{"format":"metron-prefill","version":1,"source":"a hand","curve":{"constant_us":20000,"per_token_us":10},"min_tokens":1,"max_tokens":4000}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"bare": nil,
		"much": {"--prefill-model", model, "--prefill-slack", "30ms", "--tbt-deadline", "22ms", "--slo", "ttft<=1s", "--percentile", "linear", "--fluidity", "docs",
			"--multi-token", "chunk", "--where", "model=m", "--from", "100ms", "--to", "1h", "--trim", "3"},
	} {
		path := filepath.Join(dir, name+".html")
		metron(t, append([]string{"metron", "analyze", run, "--report", path}, args...)...)
		page := browser.Open(t, "file://"+path, 1280, 800)
		var grid report.Grid
		page.Eval(`metron.page.run.get().grid`, &grid)
		var got struct {
			Good, Judged, Missed, Deadlines int64
			Command                         string
		}
		page.Eval(fmt.Sprintf(`(() => {
			metron.page.question.set({ ttft: %d, tbt: %d, miss: %d, percentile: 0 });
			const a = metron.answer(metron.page.run.get().grid, metron.page.question.get());
			return { ...a, Command: [...document.querySelectorAll("#ask .note code")].at(-1).textContent };
		})()`, len(grid.TTFTUS)/5, len(grid.TBTUS)*2/5, len(grid.Miss)/2), &got)
		words, err := exec.Command("sh", "-c", `printf '%s\n' `+got.Command).Output()
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Fluidity struct {
				Missed int64 `json:"service_missed"`
				Total  int64 `json:"service_total"`
			}
			Sections struct {
				SLO []struct{ Good, Requests int64 }
			}
		}
		text := metron(t, append(strings.Split(strings.TrimSpace(string(words)), "\n"), "--json")...)
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if slo := want.Sections.SLO; len(slo) != 1 || slo[0].Good != got.Good || slo[0].Requests != got.Judged || want.Fluidity.Missed != got.Missed || want.Fluidity.Total != got.Deadlines {
			t.Errorf("%s: the page says %+v, the command %+v", name, got, want)
		}
		if got.Good == 0 || got.Good == got.Judged {
			t.Errorf("%s: the question is none: %+v", name, got)
		}
		quiet(t, page)
	}
}

// metron runs `metron analyze`.
func metron(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	commands := []*cli.Command{analyze.Command()}
	app := &cli.App{Name: "metron", Commands: commands, Writer: &out, ErrWriter: io.Discard, ExitErrHandler: func(*cli.Context, error) {}}
	if err := app.RunContext(t.Context(), term.FlagsFirst(commands, args)); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return out.String()
}
