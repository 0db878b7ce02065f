package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"metron/analyze/linked"
	"metron/analyze/report"
	"metron/schema"
)

// TestPageHasTheLargestGroups: a page says how many groups there are, and holds so many
// that its size is bounded.
func TestPageHasTheLargestGroups(t *testing.T) {
	var records []schema.Record
	for i := range groupsOnPage + 30 {
		for range 1 + i%2 {
			r := record(uint64(len(records)), int64(len(records))*1000, 1, 50_000, 70_000)
			r.SessionID = fmt.Sprint("session ", i)
			records = append(records, r)
		}
	}
	r := analyze(t, Config{By: []string{"session"}, Report: true}, records...)
	run := r.Run()
	held := run.Result.(*Result).Groups
	if run.Groups != groupsOnPage+30 || len(held) != groupsOnPage || len(r.Groups) != groupsOnPage+30 {
		t.Errorf("%d groups of %d on the page, %d in the result", len(held), run.Groups, len(r.Groups))
	}
	large := 0
	for _, g := range held {
		if g.Requests.Total == 2 {
			large++
		}
	}
	if large != (groupsOnPage+30)/2 {
		t.Errorf("%d groups of two requests on the page, of %d", large, (groupsOnPage+30)/2)
	}
}

// TestPageOfMillions: all that grows with a run is the length of its numbers, so the page of
// any run stays small.
func TestPageOfMillions(t *testing.T) {
	records := leavers(3 * (groupsOnPage + 30))
	for i := range records {
		records[i].SessionID = fmt.Sprint("session ", i/3)
	}
	r := analyze(t, Config{Report: true, By: []string{"session"}, Sections: SectionNames()}, records...)
	r.Linked.Bins, r.Linked.Tail = fullBins(), fullTail(&r.Linked.Tail)
	run := r.Run()
	g := *run.Grid
	fill := func(by [][][]int64, n int64) {
		for _, row := range by {
			for _, point := range row {
				for i := range point {
					point[i] = n
				}
			}
		}
	}
	fill(g.Good, 1_000_000)
	fill(g.GoodTokens, 1_000_000_000)
	fill(g.Gone, 1_000_000)
	fill(g.MissRate, 1000)
	var page bytes.Buffer
	if err := report.Write(&page, r.Document("metron analyze run.parquet")); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 3<<20 {
		t.Errorf("the page of millions of requests has %d bytes", page.Len())
	}
}

// fullBins are as many bins as there can be, in each of which TTFT and TBT spread over a factor
// of a thousand, with thousands of values in a bucket.
func fullBins() linked.Columns {
	const second = 1_000_000
	bins := linked.NewBins(0)
	bins.Fly(0, 512*second-1)
	for i := range int64(512) {
		b := bins.At(i * second)
		for v := 1000.0; v < second; v *= 1.015 {
			b.TTFT.Add(10 * int64(v))
			b.TBT.Add(int64(v))
		}
		for range 11 {
			b.TTFT.Merge(&b.TTFT)
			b.TBT.Merge(&b.TBT)
		}
		b.Requests, b.Measured, b.OK, b.Met, b.Missed = 10_000, 10_000, 9_990, 5_000_000, 12_345
		b.Input, b.Output, b.Tokens, b.TTFTSum, b.TBTSum, b.E2ESum = 20_000_000, 5_000_000, 5_000_000, 1e10, 1e11, 1e11
	}
	return bins.Columns()
}

// fullTail are other worst requests by each measure, each with as many tokens and neighbours as
// are shown.
func fullTail(of *LinkedTail) LinkedTail {
	out := LinkedTail{}
	for _, by := range of.By {
		by.Worst = nil
		for range tailKept {
			r := of.Requests[0]
			r.Tokens, r.Prefills = nil, nil
			for i := range int64(tailTokenLimit) {
				r.Tokens = append(r.Tokens, 123_456+i, 8)
			}
			for range neighboursKept {
				r.Prefills = append(r.Prefills, Neighbour{RecordID: r.RecordID[:8], SentUS: 1_234_567, FirstUS: 2_345_678, InputTokens: new(int64(12_345))})
			}
			by.Worst = append(by.Worst, len(out.Requests))
			out.Requests = append(out.Requests, r)
		}
		out.By = append(out.By, by)
	}
	return out
}

// TestPageOfFilesThatOverlap: they have no workload to speak of, and all else.
func TestPageOfFilesThatOverlap(t *testing.T) {
	a := writeFile(t, "a.parquet", schema.Meta{}, record(1, 0, 1, 50_000, 70_000), record(2, 2_000_000, 1, 50_000, 70_000))
	b := writeFile(t, "b.parquet", schema.Meta{}, record(3, 1_000_000, 1, 50_000, 70_000))
	r, err := Analyze(t.Context(), []string{a, b}, Config{Report: true})
	if err != nil {
		t.Fatal(err)
	}
	if run := r.Run(); run.Workload != nil || run.Windows == nil {
		t.Errorf("the workload is %v", run.Workload)
	}
}

// TestPageSaysWhatJSONSays: the page holds the result under the keys that are the contract.
func TestPageSaysWhatJSONSays(t *testing.T) {
	r := analyze(t, Config{Report: true}, leavers(30)...)
	held, err := json.Marshal(r.Run().Result)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(held) != string(whole) {
		t.Errorf("the page has %s, JSON %s", held, whole)
	}
}

// TestEveryMetricIsDefined: the docs have the words for each metric and section of the page.
func TestEveryMetricIsDefined(t *testing.T) {
	r := analyze(t, Config{Report: true, Sections: SectionNames(), Dialects: Dialects(), SLOs: []SLO{mustSLO(t, "ttft<=1s")}}, leavers(30)...)
	var page bytes.Buffer
	if err := report.Write(&page, r.Document("")); err != nil {
		t.Fatal(err)
	}
	_, text, _ := bytes.Cut(page.Bytes(), []byte(`id="document">`))
	text, _, _ = bytes.Cut(text, []byte("</script>"))
	var d report.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, m := range d.Runs[0].Metrics {
		if d.Definitions[m.Key] == "" {
			t.Errorf("docs/metrics.md does not define %s", m.Key)
		}
	}
	for _, s := range r.Sections {
		if d.Definitions[s.Name] == "" && s.Name != "slo" && s.Name != "dialects" {
			t.Errorf("docs/metrics.md does not define %s", s.Name)
		}
	}
}
