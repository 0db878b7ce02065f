package report_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/analyze"
	"metron/analyze/compare"
	"metron/analyze/report"
	"metron/internal/browsertest"
	"metron/internal/term"
	"metron/schema"
)

// hostile is the name of a file and of a model that would be markup if anything let it.
const hostile = `<img src=x onerror=alert(1)>&'"`

// TestPages opens pages of small runs in Chromium.
func TestPages(t *testing.T) {
	browser := browsertest.Start(t)
	t.Run("run", func(t *testing.T) { openRun(t, browser) })
	t.Run("asked", func(t *testing.T) { openAsked(t, browser) })
	t.Run("windows", func(t *testing.T) { openWindows(t, browser) })
	t.Run("comparison", func(t *testing.T) { openComparison(t, browser) })
}

func openRun(t *testing.T, browser *browsertest.Browser) {
	dir := t.TempDir()
	run := writeRun(t, filepath.Join(dir, hostile+".parquet"), 1, 1)
	config := analyze.Config{Report: true, By: []string{"model"}, Sections: analyze.SectionNames(),
		SLOs: []analyze.SLO{mustSLO(t, "ttft<=80ms,tbt[p90]<=30ms")}}
	result := mustAnalyze(t, run, config)
	page := browser.Open(t, file(t, dir, "report.html", result.Document("metron analyze "+hostile)), 1280, 800)

	t.Run("every part is drawn", func(t *testing.T) {
		var got []string
		page.Eval(`[...document.querySelectorAll("main > section")].filter((s) => s.innerText.length > s.querySelector("h2").innerText.length + 20).map((s) => s.id)`, &got)
		if want := []string{"summary", "ask", "groups", "analyses", "validity", "definitions", "settings"}; !contains(got, want) {
			t.Errorf("the parts are %q, want among them %q", got, want)
		}
		var charts int
		page.Wait(`document.querySelectorAll("#ask canvas").length === 2 && document.querySelectorAll("#validity canvas").length === 1`)
		page.Eval(`document.querySelectorAll("img, iframe, object").length`, &charts)
		if charts != 0 {
			t.Errorf("%d elements were made of text", charts)
		}
		var commands []string
		page.Eval(`[...document.querySelectorAll("#settings pre")].map((e) => e.textContent)`, &commands)
		if want := "metron trace export perfetto '" + strings.ReplaceAll(run, "'", `'\''`) + "' --out timeline.json"; len(commands) != 2 || commands[1] != want {
			t.Errorf("the commands are %q, want %q", commands, want)
		}
		var title string
		page.Eval(`document.querySelector(".run-name").textContent`, &title)
		if title != hostile+".parquet" {
			t.Errorf("the run is called %q", title)
		}
	})
	t.Run("sliders give the numbers of analyze", func(t *testing.T) { moveSliders(t, page, run, config) })
	t.Run("numbers look as at the terminal", func(t *testing.T) { compareFormats(t, page) })
	t.Run("it fits", func(t *testing.T) {
		for _, width := range []int64{360, 1280, 3840} {
			page.Resize(width, 900)
			page.Wait(fmt.Sprintf("innerWidth === %d", width))
			var over int
			page.Eval(`document.documentElement.scrollWidth - innerWidth`, &over)
			if over > 0 {
				t.Errorf("at %d pixels %d lie outside", width, over)
			}
		}
	})
	t.Run("keys", func(t *testing.T) {
		for _, want := range []string{"light", "dark", ""} {
			page.Press("t")
			page.Wait(fmt.Sprintf(`(document.documentElement.dataset.theme ?? "") === %q`, want))
		}
		page.Press("j")
		page.Wait(`document.activeElement.tagName === "H2"`)
	})
	quiet(t, page)
	var ready float64
	page.Eval("metron.ready", &ready)
	t.Logf("drawn %.0f ms after the page began to load", ready)
}

// moveSliders asks the page and analyze the same questions.
func moveSliders(t *testing.T, page *browsertest.Page, run string, config analyze.Config) {
	var grid report.Grid
	page.Eval(`metron.page.run.get().grid`, &grid)
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 6 {
		p := report.Point{TTFT: rnd.IntN(len(grid.TTFTUS)), TBT: rnd.IntN(len(grid.TBTUS)), Miss: slices.Index(grid.Miss, 100), Percentile: slices.Index(grid.Percentile, 990)}
		text := map[string]string{}
		page.Eval(fmt.Sprintf(`(() => {
			for (const [id, v] of Object.entries({ ttft: %d, tbt: %d, miss: %d, percentile: %d })) {
				const input = document.getElementById("ask-" + id);
				input.value = v;
				input.dispatchEvent(new Event("input"));
			}
			return Object.fromEntries([...document.querySelectorAll("[id^=answer-]")].map((e) => [e.id.slice(7), e.textContent]));
		})()`, p.TTFT, p.TBT, p.Miss, p.Percentile), &text)
		c := config
		c.Report, c.Plots, c.By, c.Sections = false, true, nil, []string{}
		c.TTFTDeadline, c.TBTDeadline = time.Duration(grid.TTFTUS[p.TTFT])*time.Microsecond, time.Duration(grid.TBTUS[p.TBT])*time.Microsecond
		c.SLOs = []analyze.SLO{mustSLO(t, "miss_rate<=0.1")}
		r := mustAnalyze(t, run, c)
		slo := r.SLOs()[0]
		want := map[string]string{
			"attainment": fmt.Sprintf("%.2f %%", 100**slo.Attainment),
			"goodput":    term.Number(*slo.GoodRequestsPerS) + " req/s",
			"missed":     fmt.Sprintf("%.2f %%", 100**r.Fluidity.ServiceMissRate),
			"fluidity":   fmt.Sprintf("≥ %.3f", 1-math.Ceil(*r.Metrics.Get("deadline_miss_rate").P99*1000-1e-9)/1000),
			"fluid-rate": term.Number(*r.Fluidity.FluidTokenRate) + " tok/s",
		}
		for id, w := range want {
			if text[id] != w {
				t.Errorf("TTFT %v, TBT %v: %s is %q on the page, %q to analyze", c.TTFTDeadline, c.TBTDeadline, id, text[id], w)
			}
		}
		if ms := grid.TBTUS[p.TBT] / 1000; ms*1000 == grid.TBTUS[p.TBT] && ms <= 100 {
			if w := fmt.Sprintf("%.1f %%", math.Floor(r.Curve[ms-1].Acceptance*1000+1e-9)/10); text["acceptance"] != w {
				t.Errorf("TBT %d ms: acceptance is %q on the page, %q to analyze", ms, text["acceptance"], w)
			}
		}
	}
}

func compareFormats(t *testing.T, page *browsertest.Page) {
	values := []float64{0, 1e-6, 12e-6, 0.00099949, 0.0009996, 0.0123, 0.1, 0.99949, 0.9996, 1.005, 9.996, 59.94, 99.96, 119.9, 120, 3725, 7199, 7200, 90061, -0.5,
		1.125, 1.375, 10.25, 10.75, 100.5, 101.5, -1.125, 4.35, 1.005, // in the middle, and as good as
		0.03125, 0.0625, 0.00048828125, 0.000030517578125, 0.0001, 1e-7, 1.5e-10, 2.5e-12, -0.0009765625, -1234.5}
	given, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var seconds, numbers, thousands, shares []string
	page.Eval(fmt.Sprintf(`%s.map(metron.format.seconds)`, given), &seconds)
	page.Eval(fmt.Sprintf(`%s.map(metron.format.number)`, given), &numbers)
	page.Eval(fmt.Sprintf(`%s.map((v) => metron.format.number(v * 1000))`, given), &thousands)
	page.Eval(fmt.Sprintf(`%s.map(metron.format.share)`, given), &shares)
	for i, v := range values {
		if seconds[i] != term.Seconds(v) {
			t.Errorf("%v s is %q, want %q", v, seconds[i], term.Seconds(v))
		}
		if numbers[i] != term.Number(v) {
			t.Errorf("%v is %q, want %q", v, numbers[i], term.Number(v))
		}
		if thousands[i] != term.Number(v*1000) {
			t.Errorf("%v is %q, want %q", v*1000, thousands[i], term.Number(v*1000))
		}
		if want := fmt.Sprintf("%.3f", v); shares[i] != want {
			t.Errorf("the share %v is %q, want %q", v, shares[i], want)
		}
	}
}

// openComparison opens two runs beside each other, and looks at the second.
func openComparison(t *testing.T, browser *browsertest.Browser) {
	dir := t.TempDir()
	a, b := writeRun(t, filepath.Join(dir, "a.parquet"), 1, 1), writeRun(t, filepath.Join(dir, "b.parquet"), 2, 1.3)
	gates, err := compare.ParseGates("ttft.p99>+5%,ttft.p99>+1ms,error_rate>+0.5,tbt.p95>+1%")
	if err != nil {
		t.Fatal(err)
	}
	out, err := compare.Compare(context.Background(), a, []string{b}, compare.Config{Analyze: analyze.Config{Report: true}, Gates: gates, Worst: 3})
	if err != nil {
		t.Fatal(err)
	}
	page := browser.Open(t, file(t, dir, "report.html", out.Document("metron compare a.parquet b.parquet")), 1280, 800)
	var verdicts int
	page.Eval(`document.querySelectorAll("#compare .worse, #compare .fail").length`, &verdicts)
	if verdicts < 3 {
		t.Errorf("%d numbers are worse, of a run whose every gap is longer", verdicts)
	}
	var shown []string
	page.Eval(`[...document.querySelector("#compare table").querySelectorAll("tbody tr")].map((tr) => tr.children[3].textContent)`, &shown)
	var want []string
	for _, g := range out.Gates {
		_, text, _ := strings.Cut(g.String(), " is at ")
		want = append(want, text)
	}
	if !slices.Equal(shown, want) || !strings.HasSuffix(want[1], " ms") {
		t.Errorf("the gates are at %q, want %q", shown, want)
	}
	var stats []string
	page.Eval(`[...document.querySelectorAll("#compare tbody tr")].map((tr) => tr.children[1].textContent)`, &stats)
	if !slices.Contains(stats, "p95") {
		t.Errorf("a gate asks for p95, and there are %q", stats)
	}
	var before, after string
	page.Eval(`document.querySelector("#summary .headline").textContent`, &before)
	page.Eval(`const s = document.querySelector("#bar select"); s.value = 1; s.dispatchEvent(new Event("change"))`, nil)
	page.Eval(`document.querySelector("#summary .headline").textContent`, &after)
	if before == after || !strings.Contains(after, "b.parquet") {
		t.Errorf("the second run's headline is %q", after)
	}
	var goodput []string
	page.Eval(`[...document.querySelectorAll("#ask tbody tr")].map((tr) => tr.children[2].textContent)`, &goodput)
	if len(goodput) != 2 || goodput[0] == goodput[1] {
		t.Errorf("the goodput of the runs is %q, want one each", goodput)
	}
	quiet(t, page)
}

// quiet: the page complained of nothing, and asked for itself alone.
func quiet(t *testing.T, page *browsertest.Page) {
	t.Helper()
	if p := page.Problems(); len(p) > 0 {
		t.Errorf("the page complains: %q", p)
	}
	if r := page.Requests(); len(r) != 1 {
		t.Errorf("the page asked for %q, want itself alone", r)
	}
}

// file writes a page, and returns its address. A page of a small run is small.
func file(t *testing.T, dir, name string, d *report.Document) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := report.WriteFile(path, d); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > 1<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if bytes.Contains(page, []byte(hostile)) {
		t.Error("a name stands in the page as markup")
	}
	return "file://" + path
}

func mustAnalyze(t *testing.T, path string, c analyze.Config) *analyze.Result {
	t.Helper()
	r, err := analyze.Analyze(context.Background(), []string{path}, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustSLO(t *testing.T, text string) analyze.SLO {
	t.Helper()
	s, err := analyze.ParseSLO(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// writeRun writes a replay of 60 requests, some of which failed, whose gaps are so many
// times as long.
func writeRun(t *testing.T, path string, seed uint64, slower float64) string {
	t.Helper()
	verdict := &schema.Verdict{Status: schema.VerdictSuspect, Reasons: []string{hostile}, SendLagP50US: 100, SendLagP99US: 900, SendLagMaxUS: 1000, StepS: 1}
	for i := range int64(5) {
		verdict.Steps = append(verdict.Steps, schema.Sender{Requests: 12, SendLag: &schema.Spread{P50US: 90 + i, P99US: 800 + i, MaxUS: 1000}})
	}
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay, Verdict: verdict})
	if err != nil {
		t.Fatal(err)
	}
	lengths, times := rand.New(rand.NewPCG(9, 9)), rand.New(rand.NewPCG(seed, 9))
	for i := range int64(60) {
		r := schema.Record{StartTime: 1767323045_000_000 + i*80_000, Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions",
			RequestModel: []string{"m", hostile}[i%2], Stream: true, ChoiceCount: 1, TokenSource: schema.TokenSourceUsage, Outcome: schema.OutcomeOK,
			Recorded: schema.RecordedLengths, InputTokens: new(lengths.Int64N(2000)), Dispatched: new(int64(0)), Wrote: new(int64(30)), HTTPStatus: new(int64(200))}
		binary.BigEndian.PutUint64(r.RecordID[:], seed)
		binary.BigEndian.PutUint64(r.RecordID[8:], uint64(i)+1)
		r.SourceRecordID = uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i))
		at := int64(slower * 50_000 * math.Exp(0.4*times.NormFloat64()))
		for range 5 + lengths.IntN(40) {
			r.ChunkTime, r.ChunkKind = append(r.ChunkTime, at), append(r.ChunkKind, schema.KindContent)
			r.ChunkTokens, r.ChunkRead = append(r.ChunkTokens, 1), append(r.ChunkRead, int32(len(r.ChunkRead)))
			at += int64(slower * 20_000 * math.Exp(0.6*times.NormFloat64()))
		}
		r.OutputTokens, r.End = new(int64(len(r.ChunkTime))), new(at)
		if i%20 == 7 {
			r.Outcome, r.HTTPStatus = schema.OutcomeHTTPError, new(int64(503))
			r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead, r.OutputTokens = nil, nil, nil, nil, nil
		}
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains reports whether want is in got, in its order.
func contains(got, want []string) bool {
	at := 0
	for _, g := range got {
		if at < len(want) && g == want[at] {
			at++
		}
	}
	return at == len(want)
}
