package view

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"metron/analyze"
	"metron/internal/browsertest"
	"metron/internal/term"
	"metron/schema"
)

// TestLivePage: in a browser, a window's numbers are those of the files, exactly; and where
// the files changed, the page says so and keeps its estimates.
func TestLivePage(t *testing.T) {
	browser := browsertest.Start(t)
	path := writeRun(t)
	s, err := serverOf(t.Context(), asked{paths: []string{path}, config: analyze.Config{Report: true}, command: "metron view run.parquet"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler("localhost"))
	defer server.Close()
	page := browser.Open(t, server.URL+"/", 1280, 800)

	page.Eval(`metron.page.window.set({ from: 1, to: 3 })`, nil)
	page.Wait(`document.querySelector("#time [data-exact]") !== null`)
	want, err := analyze.Analyze(context.Background(), []string{path}, analyze.Config{Linked: true,
		Selection: schema.Selection{From: schema.Offset(time.Second), To: schema.Offset(3 * time.Second)}})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	page.Eval(`Object.fromEntries([...document.querySelectorAll("#time .side tbody tr")].map((r) => [r.children[0].textContent, r.children[1].textContent]))`, &texts)
	ttft, tbt := want.Metrics.Get("ttft_s"), want.Metrics.Get("tbt_s")
	for name, w := range map[string]string{
		"Requests started": term.Count(want.Requests.Total), "Output tok/s": term.Number(*want.Throughput.OutputTokensPerS),
		"TTFT p50": term.Seconds(*ttft.P50), "TTFT p99": term.Seconds(*ttft.P99), "TBT p90": term.Seconds(*tbt.P90), "TBT p99": term.Seconds(*tbt.P99),
	} {
		if texts[name] != w {
			t.Errorf("%s is %q on the page, %q to analyze", name, texts[name], w)
		}
	}
	asksAgain := func(change string) (asks bool) {
		page.Eval(`(() => { metron.page.question.set({ ...metron.page.question.get(), `+change+` }); return document.querySelector("#time [data-exact]") === null; })()`, &asks)
		return asks
	}
	if asksAgain("miss: 0, percentile: 0") {
		t.Error("it asks the files again for what no number of the window depends on")
	}
	if !asksAgain("tbt: 0") {
		t.Error("another deadline changes nothing")
	}
	page.Wait(`document.querySelector("#time [data-exact]") !== null`)
	worst := want.Linked.Tail
	page.Wait(`/^The \d+ worst by TTFT of those that started/.test(document.querySelector("#tail .note").textContent)`)
	page.Eval(`document.querySelector("#tail .worst button").click()`, nil)
	page.Wait(fmt.Sprintf(`document.querySelector("#tail .request h3").textContent.includes(%q)`, worst.Requests[worst.By[0].Worst[0]].RecordID))

	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	page.Eval(`metron.page.window.set({ from: 2, to: 4 })`, nil)
	page.Wait(`document.querySelector("#time .side .note").textContent.includes("changed after the page was made")`)
	if p := page.Problems(); len(p) > 0 {
		t.Errorf("the page complains: %q", p)
	}
	for _, r := range page.Requests() {
		if r[:min(len(r), len(server.URL))] != server.URL {
			t.Errorf("the page asked for %s", r)
		}
	}
}

// writeRun writes 100 requests in 5 seconds.
func writeRun(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range int64(100) {
		r := schema.Record{StartTime: 1767323045_000_000 + i*50_000, Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions",
			RequestModel: "m", Stream: true, ChoiceCount: 1, TokenSource: schema.TokenSourceUsage, Outcome: schema.OutcomeOK,
			Recorded: schema.RecordedLengths, InputTokens: new(rnd.Int64N(2000)), Dispatched: new(int64(0)), Wrote: new(int64(30)), HTTPStatus: new(int64(200))}
		binary.BigEndian.PutUint64(r.RecordID[:], uint64(i+1)<<40)
		at := int64(60_000 * math.Exp(0.5*rnd.NormFloat64()))
		for j := range 5 + rnd.IntN(30) {
			r.ChunkTime, r.ChunkKind = append(r.ChunkTime, at), append(r.ChunkKind, schema.KindContent)
			r.ChunkTokens, r.ChunkRead = append(r.ChunkTokens, 1), append(r.ChunkRead, int32(j))
			at += int64(20_000 * math.Exp(0.5*rnd.NormFloat64()))
		}
		r.OutputTokens, r.End = new(int64(len(r.ChunkTime))), new(at)
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
