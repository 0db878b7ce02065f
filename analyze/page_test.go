package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

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
	r := analyze(t, Config{Report: true, Sections: SectionNames()}, leavers(60)...)
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
	if page.Len() > 1<<20 {
		t.Errorf("the page of a million requests has %d bytes", page.Len())
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
