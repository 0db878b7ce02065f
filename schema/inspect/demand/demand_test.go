package demand

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/schema"
)

var update = flag.Bool("update", false, "rewrite the golden text")

// measure writes rows to files, and measures those.
func measure(t testing.TB, selection schema.Selection, files ...[]schema.Record) (*Workload, error) {
	t.Helper()
	var paths []string
	for i, rows := range files {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("part-%d.parquet", i))
		w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
		if err != nil {
			t.Fatal(err)
		}
		for n := range rows {
			r := &rows[n]
			r.RecordID = uuid.UUID{0: byte(i + 1), 14: byte(n >> 8), 15: byte(n), 6: 0x80, 8: 0x80}
			r.Phase, r.API, r.Method, r.Path, r.ChoiceCount = schema.PhaseMeasure, schema.APIChat, "POST", "/", 1
			r.TokenSource, r.Outcome, r.Recorded = schema.TokenSourceTrace, schema.OutcomeOK, schema.RecordedHash
			if err := w.Put(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	a, err := schema.OpenArchive(paths...)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	return Measure(t.Context(), a, selection)
}

// chats are 40 sessions, whose turns share what was said before.
func chats() []schema.Record {
	var rows []schema.Record
	for session := range int64(40) {
		hashes := []int64{1, 2}
		for turn := range session%4 + 1 {
			hashes = append(hashes, 1000*(session+1)+2*turn, 1000*(session+1)+2*turn+1)
			r := schema.Record{StartTime: 1_000_000_000_000_000 + session*777_000 + turn*9_000_000, SessionID: fmt.Sprint("s", session), Turn: new(turn),
				InputTokens: new(int64(16*len(hashes)) - 5), OutputTokens: new(10 + session), BlockHashes: slices.Clone(hashes), BlockSize: new(int64(16)), BlockUnit: "tokens"}
			if turn > 0 {
				r.ThinkTime = new(2_000_000 + turn*1500)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func TestText(t *testing.T) {
	w, err := measure(t, schema.Selection{}, chats())
	if err != nil {
		t.Fatal(err)
	}
	w.Name = "chats.parquet"
	var b bytes.Buffer
	if err := w.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/chats.txt"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%v; got\n%s", err, &b)
	}
}

// TestNumbers: 10 sessions of each of 1 to 4 turns, counted by hand.
func TestNumbers(t *testing.T) {
	rows := chats()
	for range 2 { // turns after the first that do not say how long was thought
		i := slices.IndexFunc(rows, func(r schema.Record) bool { return r.ThinkTime != nil })
		rows[i].ThinkTime = nil
	}
	w, err := measure(t, schema.Selection{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if w.Rows != 100 || w.Sessions.Count != 40 || w.Sessions.Alone != 0 || *w.Sessions.Turns.Mean != 2.5 || *w.Sessions.Turns.Max != 4 || *w.Sessions.Turns.P50 != 2 {
		t.Errorf("%d rows, %+v", w.Rows, w.Sessions)
	}
	if d := w.Sessions.ThinkS; d.Count != 58 || d.Unknown != 2 || *d.Max != 2.004 {
		t.Errorf("think %+v", d)
	}
	// A prompt of n turns has 2+2n blocks. Each is new once: 2 shared, 2 a row.
	r := w.Reuse
	if r.Blocks != 100*2+2*(40*1+30*2+20*3+10*4) || r.Distinct != 2+200 || r.Tokens != 16*r.Blocks-5*100 {
		t.Errorf("%+v", r)
	}
	most := r.Unbounded()
	if most.CacheBlocks != 202 || most.Blocks != float64(r.Blocks-202)/float64(r.Blocks) {
		t.Errorf("%+v", most)
	}
	// Of the session's own: all of the turn before, whose last block is full in what follows.
	if own := float64(2*(30*2+20*3+10*4)) / float64(r.Blocks); math.Abs(most.OwnBlocks-own) > 1e-12 {
		t.Errorf("own share %v, want %v", most.OwnBlocks, own)
	}
}

// TestArrivals: steps add up to all rows, wherever they are.
func TestArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a arrivals
		us, n, ties := rapid.Int64Range(-1e15, 1e15).Draw(t, "first"), int64(0), int64(0)
		var all []int64
		for i, gap := range rapid.SliceOfN(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1e6), rapid.Int64Range(0, 1e12)), 1, 100).Draw(t, "gaps") {
			us += gap
			if i > 0 && gap == 0 {
				ties++
			}
			n++
			a.add(us)
			all = append(all, us)
		}
		got := a.finish()
		counted := make([]int64, len(got.PerStep))
		for _, us := range all {
			counted[(us-all[0])/int64(math.Round(got.StepS*1e6))]++
		}
		if !slices.Equal(counted, got.PerStep) || len(got.PerStep) > mostSteps || got.Ties != ties {
			t.Fatalf("%v in steps of %v s, counted %v; %d ties, counted %d", got.PerStep, got.StepS, counted, got.Ties, ties)
		}
	})
	for i, step := range steps()[1:] {
		if step%steps()[i] != 0 {
			t.Errorf("a step of %d us is no multiple of %d", step, steps()[i])
		}
	}
}

func TestDistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(0, 500), 1, 300).Draw(t, "values")
		v := values{scale: 0.5}
		for _, x := range list {
			v.add(x)
		}
		d := v.distribution()
		slices.Sort(list)
		at := func(percent int) float64 { return float64(list[(len(list)*percent+99)/100-1]) / 2 }
		if *d.P50 != at(50) || *d.P90 != at(90) || *d.P99 != at(99) || *d.Max != at(100) || d.Count != int64(len(list)) {
			t.Fatalf("%+v of %v", d, list)
		}
		for _, p := range d.CDF {
			n := 0
			for _, x := range list {
				if float64(x)/2 <= p.Value {
					n++
				}
			}
			if p.Share != float64(n)/float64(len(list)) {
				t.Fatalf("%v at or below %v, counted %d of %d", p.Share, p.Value, n, len(list))
			}
		}
		if last := d.CDF[len(d.CDF)-1]; last.Share != 1 || len(d.CDF) > 300 {
			t.Fatalf("ends with %v", last)
		}
	})
}

func TestSeveralFiles(t *testing.T) {
	rows := chats()
	slices.SortStableFunc(rows, func(a, b schema.Record) int { return int(a.StartTime - b.StartTime) })
	whole, err := measure(t, schema.Selection{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := measure(t, schema.Selection{}, rows[60:], rows[:60]) // in the order of their times, not of their names
	if err != nil {
		t.Fatal(err)
	}
	whole.Name, parts.Name = "", ""
	one, _ := json.Marshal(whole)
	two, _ := json.Marshal(parts)
	if !bytes.Equal(one, two) {
		t.Errorf("in one file\n%s\nin two\n%s", one, two)
	}
	if _, err := measure(t, schema.Selection{}, rows[:60], rows[40:]); err == nil || !strings.Contains(err.Error(), "not in one order") {
		t.Errorf("files that overlap: %v", err)
	}
	selection, err := schema.ParseSelection(nil, "", "1s")
	if err != nil {
		t.Fatal(err)
	}
	if some, err := measure(t, selection, rows[60:], rows[:60]); err != nil || some.Rows != 2 || some.Selection == "" {
		t.Errorf("the first second has %+v, %v", some, err)
	}
}

// TestPoor: what is not there is left out, and nothing is divided by it.
func TestPoor(t *testing.T) {
	for name, rows := range map[string][]schema.Record{
		"one":  {{StartTime: 5}},
		"ties": {{StartTime: 5}, {StartTime: 5}, {StartTime: 5}},
		"bytes": {{StartTime: 5, BlockHashes: []int64{1}, BlockSize: new(int64(256)), BlockUnit: "bytes"},
			{StartTime: 6, BlockHashes: []int64{1}, BlockSize: new(int64(256)), BlockUnit: "bytes"},
			{StartTime: 7, BlockHashes: []int64{1}, BlockSize: new(int64(16)), BlockUnit: "tokens"}},
	} {
		w, err := measure(t, schema.Selection{}, rows)
		if err != nil {
			t.Fatal(err)
		}
		var text, b bytes.Buffer
		if err := errors.Join(w.WriteText(&text), w.WriteJSON(&b)); err != nil || strings.Contains(text.String(), "NaN") || w.Sessions != nil {
			t.Errorf("%s: %v\n%s", name, err, &text)
		}
		if (w.Reuse != nil) != (name == "bytes") {
			t.Errorf("%s: %+v", name, w.Reuse)
		} else if w.Reuse != nil && (w.Reuse.LeftOut != 1 || w.Reuse.Unbounded().Blocks != 0.5 || w.Reuse.Unbounded().Tokens != nil) {
			t.Errorf("%s: %+v", name, w.Reuse)
		}
	}
}

// TestMooncake: the published trace's ideal shares.
func TestMooncake(t *testing.T) {
	f, err := os.Open("../../../../shared/traces/mooncake-conversation.jsonl")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the public trace is not here: shared/traces/mooncake-conversation.jsonl")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []schema.Record
	for d := json.NewDecoder(f); ; {
		var row struct {
			Timestamp    int64   `json:"timestamp"`
			InputLength  int64   `json:"input_length"`
			OutputLength int64   `json:"output_length"`
			HashIDs      []int64 `json:"hash_ids"`
		}
		if err := d.Decode(&row); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, schema.Record{StartTime: row.Timestamp * 1000, InputTokens: &row.InputLength, OutputTokens: &row.OutputLength,
			BlockHashes: row.HashIDs, BlockSize: new(int64(512)), BlockUnit: "tokens"})
	}
	w, err := measure(t, schema.Selection{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	most := w.Reuse.Unbounded()
	if blocks, tokens := fmt.Sprintf("%.1f", 100*most.Blocks), fmt.Sprintf("%.1f", 100**most.Tokens); blocks != "36.6" || tokens != "37.4" {
		t.Errorf("%s %% of blocks, %s %% of tokens", blocks, tokens)
	}
	if w.Rows != 12_031 || w.Arrivals.Ties != 12_031-1_180 {
		t.Errorf("%d rows, %d ties", w.Rows, w.Arrivals.Ties)
	}
}
