package analyze

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"

	"metron/schema"
)

// The three formats hold the same rows, in the order of the file, and the undefined
// is empty in one and null in the others.
func TestPerRequestFormatsAgree(t *testing.T) {
	records := traffic(60, 12, 5)
	dir := t.TempDir()
	path := writeFile(t, "run.parquet", schema.Meta{}, records...)
	names := map[string]string{}
	for _, ext := range TableFormats() {
		names[ext] = filepath.Join(dir, "requests"+ext)
		if _, err := metron(t, path, "--per-request", names[ext]); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(names[".csv"])
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header, lines := lines[0], lines[1:]
	if !slices.Equal(header, columnsOf[RequestRow]()) || len(lines) != len(records) {
		t.Fatalf("%d lines under %v", len(lines), header)
	}
	raw, err = os.ReadFile(names[".jsonl"])
	if err != nil {
		t.Fatal(err)
	}
	objects := json.NewDecoder(bytes.NewReader(raw))
	rows, err := parquet.ReadFile[RequestRow](names[".parquet"])
	if err != nil || len(rows) != len(records) {
		t.Fatalf("%d Parquet rows, %v", len(rows), err)
	}
	empty := 0
	for i, line := range lines {
		var object map[string]any
		if err := objects.Decode(&object); err != nil {
			t.Fatal(err)
		}
		if line[0] != records[i].RecordID.String() {
			t.Errorf("line %d is of %s, want %s", i+1, line[0], records[i].RecordID)
		}
		values := cells(&rows[i])
		for j, name := range header {
			value, ok := object[name]
			if !ok || (line[j] == "") != (value == nil) || (value == nil) != (values[j] == nil) {
				t.Errorf("line %d, %s: %q in CSV, %v in jsonl, %v in Parquet", i+1, name, line[j], value, values[j])
				continue
			}
			if value == nil {
				empty++
				continue
			}
			if number, isNumber := value.(float64); isNumber {
				if parsed, err := strconv.ParseFloat(line[j], 64); err != nil || parsed != number {
					t.Errorf("line %d, %s: %q in CSV, %v in jsonl", i+1, name, line[j], number)
				}
			}
		}
	}
	if empty == 0 {
		t.Error("no value was undefined: the test says nothing about those")
	}
}

// The table adds up to the summary.
func TestPerRequestAddsUp(t *testing.T) {
	records := traffic(80, 20, 9)
	var rows []RequestRow
	c := Config{PerRequest: func(r *RequestRow) error { rows = append(rows, *r); return nil }}
	result := analyze(t, c, records...)
	var index, minimum Samples
	var score Score
	for _, r := range rows {
		if r.Outcome != schema.OutcomeOK || r.Phase != schema.PhaseMeasure || r.FluidityIndex == nil {
			continue
		}
		index.Add(*r.FluidityIndex)
		score = score.Add(Score{*r.DeadlinesMet, *r.DeadlinesMissed})
		if *r.MinTBTDeadlineAttainable {
			minimum.Add(*r.MinTBTDeadlineS)
		}
	}
	sameSummary(t, index.Summary(Nearest, 1), result.Metrics.Get("fluidity_index").Summary, 1e-12)
	if score.Missed != result.Fluidity.ServiceMissed || score.Total() != result.Fluidity.ServiceTotal {
		t.Errorf("rows %+v, result %+v", score, result.Fluidity)
	}
	if m := result.Metrics.Get(keyMinDeadline); minimum.Count() != m.Count-*m.Unattainable {
		t.Errorf("%d attainable rows, result %d of %d", minimum.Count(), m.Count-*m.Unattainable, m.Count)
	}
}

func TestTableIsAbandonedWhole(t *testing.T) {
	dir := t.TempDir()
	table, err := CreateTable[RequestRow](filepath.Join(dir, "requests.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Put(&RequestRow{Outcome: schema.OutcomeOK}); err != nil {
		t.Fatal(err)
	}
	table.Abandon()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
