package analyze

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"metron/schema"
)

// Token by token, deadlines add up to what Exact counts, times and gaps to the stream.
func TestTokensAddUp(t *testing.T) {
	records := append(traffic(40, 15, 7), spoken(), record(900, 0, 4, 90_000, 170_000, 400_000))
	path := writeFile(t, "run.parquet", schema.Meta{}, records...)
	for _, policy := range Policies() {
		c := Config{TTFTDeadline: 80 * time.Millisecond, TBTDeadline: 20 * time.Millisecond, MultiToken: policy}
		scores := map[uuid.UUID]Score{}
		last := map[uuid.UUID]*TokenRow{}
		err := WriteTokens(context.Background(), []string{path}, c, func(r *TokenRow) error {
			s := scores[r.RecordID]
			if *r.OnTime != (*r.Missed == 0) {
				t.Errorf("on time %v, %d missed", *r.OnTime, *r.Missed)
			}
			if *r.OnTime {
				s.Met++
			}
			s.Missed += *r.Missed
			scores[r.RecordID] = s
			before := last[r.RecordID]
			if before == nil && (r.Token != 1 || r.GapS != r.TimeS) || before != nil && r.Token != before.Token+1 {
				t.Errorf("token %d after %+v", r.Token, before)
			}
			last[r.RecordID] = new(*r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		c.PerRequest = func(r *RequestRow) error {
			if r.DeadlinesMet == nil {
				return nil
			}
			checked++
			if s := scores[r.RecordID]; s.Met != *r.DeadlinesMet || s.Missed != *r.DeadlinesMissed {
				t.Errorf("%s, %s: %+v token by token, %d met and %d missed in all", policy, r.RecordID, s, *r.DeadlinesMet, *r.DeadlinesMissed)
			}
			return nil
		}
		if _, err := Analyze(context.Background(), []string{path}, c); err != nil {
			t.Fatal(err)
		}
		if checked < 30 {
			t.Errorf("only %d requests were checked", checked)
		}
	}
}

// A row that --trim leaves out has its tokens in the table, and they say so.
func TestTokensOfTrimmedRows(t *testing.T) {
	path := writeFile(t, "run.parquet", schema.Meta{}, ramp(10, 0)...)
	measured := map[bool]int{}
	err := WriteTokens(context.Background(), []string{path}, Config{Trim: Trim{HeadRows: 3}}, func(r *TokenRow) error {
		measured[r.Measured]++
		return nil
	})
	if err != nil || measured[true] != 2*7 || measured[false] != 2*3 {
		t.Errorf("%v, %v", measured, err)
	}
}

func TestTokenTables(t *testing.T) {
	goldenRun(t)
	if _, err := metron(t, "run.parquet", "--per-token", "tokens.csv"); err != nil {
		t.Fatal(err)
	}
	if _, err := metron(t, "run.parquet", "--per-token", "tokens.parquet"); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("tokens.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[TokenRow](filepath.Join(".", "tokens.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 || len(lines) != len(rows)+1 {
		t.Errorf("%d lines of CSV, %d rows of Parquet", len(lines), len(rows))
	}
}
