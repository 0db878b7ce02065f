package report_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"metron/analyze"
	"metron/internal/browsertest"
	"metron/internal/term"
	"metron/schema"
)

// openWindows brushes the linked charts and opens the tail of a small run.
func openWindows(t *testing.T, browser *browsertest.Browser) {
	dir := t.TempDir()
	run := writeRun(t, filepath.Join(dir, "run.parquet"), 3, 1)
	result := mustAnalyze(t, run, analyze.Config{Report: true})
	page := browser.Open(t, file(t, dir, "report.html", result.Document("metron analyze run.parquet")), 1280, 800)
	page.Wait(`document.querySelectorAll("#time canvas").length === 5 && document.querySelectorAll("#tail canvas").length === 1`)

	t.Run("a brush restates the numbers", func(t *testing.T) {
		page.Drag("#time .u-over", 0.21, 0.5, 0.63, 0.5)
		restated(t, page, run)
		page.Drag("#time .chart:last-of-type .u-over", 0.9, 0.5, 0.55, 0.5) // to the left, on another chart
		restated(t, page, run)
	})
	t.Run("a click ends the window", func(t *testing.T) {
		page.Drag("#time .u-over", 0.05, 0.5, 0.05, 0.5)
		page.Wait(`metron.page.window.get() === null`)
	})
	t.Run("keys brush, too", func(t *testing.T) {
		page.Eval(`document.querySelector("#time input[type=range]").focus()`, nil)
		for range 5 {
			page.Press(kb.ArrowRight)
		}
		page.Wait(`metron.page.window.get() !== null`)
		restated(t, page, run)
		page.Press(kb.Escape)
		page.Wait(`metron.page.window.get() === null && document.querySelector("#time .window-ends button").disabled`)
	})
	t.Run("a row of the tail opens its request", func(t *testing.T) {
		page.Wait(`/^The \d+ worst requests/.test(document.querySelector("#tail .note").textContent)`) // drawn a frame after the window ended
		page.Eval(`document.querySelectorAll("#tail .choices button")[3].click(); document.querySelector("#tail .worst button").focus()`, nil)
		page.Press(kb.Enter)
		by := result.Linked.Tail.By[3]
		shows(t, page, result.Linked.Tail.Requests[by.Worst[0]].RecordID)
	})
	t.Run("a point of the tail opens its request", func(t *testing.T) {
		var at struct{ X, Y float64 }
		page.Eval(`(() => { // where the pointer would hit something, well inside
			const over = document.querySelector("#tail .u-over"), box = over.getBoundingClientRect();
			const hit = (x, y) => {
				over.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
				return over.classList.contains("hit");
			};
			for (let x = 0.02; x < 1; x += 0.02) for (let y = 0.95; y > 0; y -= 0.02) {
				if (hit(x, y) && hit(x + 0.01, y) && hit(x - 0.01, y) && hit(x, y + 0.02) && hit(x, y - 0.02)) return { x, y };
			}
		})()`, &at)
		page.Eval(`document.querySelector("#tail .request").replaceChildren()`, nil)
		page.Drag("#tail .u-over", at.X, at.Y, at.X, at.Y)
		page.Wait(`document.querySelectorAll("#tail .request canvas").length > 0 && document.querySelectorAll("#tail .worst [aria-pressed=true]").length === 1`)
	})
	quiet(t, page)
}

// shows: the request is open, its tokens are drawn and its prefills listed.
func shows(t *testing.T, page *browsertest.Page, id string) {
	t.Helper()
	page.Wait(fmt.Sprintf(`document.querySelector("#tail .request h3").textContent.includes(%q) && document.querySelectorAll("#tail .request canvas").length === 2`, id))
}

// restated: the numbers on the page are those of the window's requests: counts and means
// exactly, percentiles between the bounds that stand beside them.
func restated(t *testing.T, page *browsertest.Page, run string) {
	t.Helper()
	page.Wait(`metron.page.window.get() !== null`)
	var window struct{ From, To float64 }
	page.Eval(`metron.page.window.get()`, &window)
	second := func(s float64) schema.Moment { return schema.Offset(time.Duration(s*1e6+0.5) * time.Microsecond) }
	want := mustAnalyze(t, run, analyze.Config{Selection: schema.Selection{From: second(window.From), To: second(window.To)}})
	texts := map[string]string{}
	page.Eval(`Object.fromEntries([...document.querySelectorAll("#time .side tbody tr")].map((r) => [r.children[0].textContent, r.children[1].firstChild.textContent]))`, &texts)
	for name, w := range map[string]string{
		"Requests started": term.Count(want.Requests.Total), "Requests/s": term.Number(*want.Throughput.RequestsPerS),
		"Output tok/s": term.Number(*want.Throughput.OutputTokensPerS), "All tok/s": term.Number(*want.Throughput.TotalTokensPerS),
		"TTFT mean": term.Seconds(*want.Metrics.Get("ttft_s").Mean), "TBT mean": term.Seconds(*want.Metrics.Get("tbt_s").Mean),
		"E2E mean": term.Seconds(*want.Metrics.Get("e2e_latency_s").Mean),
	} {
		if texts[name] != w {
			t.Errorf("%v to %v s: %s is %q on the page, %q to analyze", window.From, window.To, name, texts[name], w)
		}
	}
	var got map[string][]struct{ Value, Low, High float64 }
	page.Eval(`(() => {
		const w = metron.page.run.get().windows, [i, j] = metron.windows.range(w, metron.page.window.get()), sums = metron.windows.of(w, i, j);
		return Object.fromEntries(["ttft", "tbt"].map((k) => [k, [500, 900, 990].map((p) => metron.windows.quantile(w, sums[k], p))]));
	})()`, &got)
	for _, key := range []string{"ttft", "tbt"} {
		m := want.Metrics.Get(key + "_s")
		for k, exact := range []float64{*m.P50, *m.P90, *m.P99} {
			if q := got[key][k]; exact < q.Low-1e-9 || exact > q.High+1e-9 || q.Value < q.Low || q.Value > q.High {
				t.Errorf("%v to %v s: a percentile of %s is %+v on the page, %v to analyze", window.From, window.To, key, q, exact)
			}
		}
	}
}
