package analyze

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"metron/schema"
)

// mixed is traffic of two models, three tenants, some sessions and endings.
func mixed(n int, seed uint64) []schema.Record {
	records := traffic(n, 12, seed)
	for i := range records {
		r := &records[i]
		r.RequestModel = []string{"llama", "qwen"}[i%2]
		r.Tenant = []string{"", "a", "b"}[i%3]
		r.SessionID = fmt.Sprint("s", i%7)
		r.Path = "/v1/chat/completions"
		r.InputTokens = new(int64(i * i % 3000))
		if r.Outcome == schema.OutcomeOK {
			r.FinishReasons = []string{[]string{"stop", "length"}[i%5/4]}
		}
	}
	return records
}

// TestGroupsAreTheSelectedRows: a group has the numbers that its rows alone would have.
func TestGroupsAreTheSelectedRows(t *testing.T) {
	path := writeFile(t, "run.parquet", schema.Meta{}, mixed(150, 3)...)
	sum := map[string]int64{}
	for _, by := range [][]string{{"model"}, {"tenant", "model"}, {"session"}, {"outcome"}, {"endpoint", "api", "stream"}} {
		whole, err := Analyze(context.Background(), []string{path}, Config{By: by, Sections: []string{"wasted"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range whole.Groups {
			var where []string
			for _, v := range g.Key {
				name := v.Dimension
				if v.Value == "" {
					v.Value = "null"
				}
				where = append(where, name+"="+v.Value)
			}
			selection, err := schema.ParseSelection(where, "", "")
			if err != nil {
				t.Fatal(err)
			}
			alone, err := Analyze(context.Background(), []string{path}, Config{Selection: selection, Sections: []string{"wasted"}})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := toJSON(t, g.Population), toJSON(t, alone.Population); got != want {
				t.Errorf("group %v:\n%s\nalone:\n%s", g.Key, got, want)
			}
			sum[strings.Join(by, ",")] += g.Requests.Total
		}
		if sum[strings.Join(by, ",")] != whole.Requests.Total {
			t.Errorf("by %v: groups add up to %d, want %d", by, sum[strings.Join(by, ",")], whole.Requests.Total)
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDimensions(t *testing.T) {
	r := record(1, 90*60_000_000, 1, 50_000, 60_000, 70_000, 80_000)
	r.RequestModel, r.ResponseModel, r.Tenant, r.SessionID, r.Target = "m", "m-1", "t", "s", "http://a"
	r.Turn, r.HTTPStatus, r.InputTokens = new(int64(3)), new(int64(200)), new(int64(1000))
	r.FinishReasons = []string{"stop", "length", "stop"}
	r.Phase, r.ErrorType = schema.PhaseWarmup, "odd"
	want := map[string]string{"model": "m", "response_model": "m-1", "api": "openai.chat", "endpoint": "/v1/chat/completions", "target": "http://a",
		"tenant": "t", "session": "s", "turn": "3", "phase": "warmup", "outcome": "ok", "error_type": "odd", "status": "200",
		"finish_reason": "length+stop", "token_source": "usage", "stream": "true", "input_bin": "512-1023", "output_bin": "4-7",
		"second": "2026-01-02T04:34:05Z", "minute": "2026-01-02T04:34Z", "hour": "2026-01-02T04Z", "day": "2026-01-02"}
	for _, name := range DimensionNames() {
		got := analyze(t, Config{By: []string{name}}, r)
		if len(got.Groups) != 1 || got.Groups[0].Key.String() != want[name] {
			t.Errorf("by %s: %v, want %q", name, got.Groups[0].Key, want[name])
		}
		// In its own group a phase is measured.
		if n := got.Groups[0].Metrics.Get(keyTTFT).Count; (n == 1) != (name == "phase") {
			t.Errorf("by %s: %d requests in phase warmup have a TTFT", name, n)
		}
	}
	if len(want) != len(DimensionNames()) {
		t.Errorf("%d dimensions, %d expected", len(DimensionNames()), len(want))
	}
	bare := schema.Record{StartTime: startUS, API: schema.APIChat, Outcome: schema.OutcomeNotSent}
	bare.RecordID[0] = 1
	for _, name := range []string{"model", "session", "turn", "status", "finish_reason", "input_bin", "output_bin"} {
		got := analyze(t, Config{By: []string{name}}, bare)
		if text := toJSON(t, got.Groups[0].Key); text != `{"`+name+`":null}` {
			t.Errorf("by %s of an unknown: %s", name, text)
		}
	}
}

func TestGroupsInOrder(t *testing.T) {
	for _, c := range [][]string{
		{"", "0", "1", "2-3", "4-7", "8-15", "16-31", "128-255", "1024-2047"},
		{"2026-01-02T09:59Z", "2026-01-02T10:00Z", "2027-01-01T00:00Z"},
		{"", "7", "a", "b10"},
		{"99999999999999999999998", "99999999999999999999999"},
	} {
		shuffled := slices.Clone(c)
		slices.Reverse(shuffled)
		slices.SortFunc(shuffled, compareValues)
		if !slices.Equal(shuffled, c) {
			t.Errorf("%q, want %q", shuffled, c)
		}
	}
	for v, want := range map[int64][2]int64{-5: {0, 0}, 0: {0, 0}, 1: {1, 1}, 2: {2, 3}, 3: {2, 3}, 4: {4, 7}, 1 << 62: {1 << 62, 1<<63 - 1}} {
		if low, high := log2Bin(v); low != want[0] || high != want[1] {
			t.Errorf("bin of %d: %d to %d, want %v", v, low, high, want)
		}
	}
}

// tallied adds records to a tally without a file between.
func tallied(t testing.TB, c Config, records ...schema.Record) *tally {
	t.Helper()
	c = c.fill()
	p := newPass(&c, int64(len(records)))
	p.workers = p.workers[:1]
	w := p.workers[0]
	for i := range records {
		r := request{row: rowOf(&records[i]), place: int64(i)}
		r.compute(&w.tokens, &w.scorer, &c)
		w.tally.add(&r, &w.scorer)
	}
	return w.tally
}

func maybeOf(v *int64) maybe[int64] {
	if v == nil {
		return maybe[int64]{}
	}
	return just(*v)
}

func rowOf(r *schema.Record) row {
	return row{
		recordID: r.RecordID, startTime: r.StartTime, phase: r.Phase, outcome: r.Outcome, model: r.RequestModel, tokenSource: r.TokenSource,
		api: r.API, stream: r.Stream, inputTokens: maybeOf(r.InputTokens), cachedTokens: maybeOf(r.CachedInputTokens),
		outputTokens: maybeOf(r.OutputTokens), reasoning: maybeOf(r.ReasoningTokens), dispatched: maybeOf(r.Dispatched),
		wrote: maybeOf(r.Wrote), end: maybeOf(r.End), clientAbort: maybeOf(r.ClientAbort), ready: maybeOf(r.Ready),
		chunkTime: r.ChunkTime, chunkKind: r.ChunkKind, chunkTokens: r.ChunkTokens, chunkRead: r.ChunkRead, chunkChoice: r.ChunkChoice,
		labels: labels{session: r.SessionID, blockHashes: r.BlockHashes, blockSize: maybeOf(r.BlockSize), blockUnit: r.BlockUnit},
	}
}

// Ten thousand groups take some kilobytes each, and more than can be held are an
// error, whichever part saw them.
func TestManyGroups(t *testing.T) {
	one := record(1, 0, 1, 50_000, 70_000, 700_000)
	records := make([]schema.Record, 10_000)
	for i := range records {
		records[i] = one
		records[i].SessionID = fmt.Sprint(i)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := tallied(t, Config{By: []string{"session"}}, records...)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / int64(len(records)); each > 6_000 {
		t.Errorf("a group of one request takes %d bytes", each)
	}
	runtime.KeepAlive(records)
	groups := all.groups.results()
	if len(groups) != len(records) || groups[9999].Key.String() != "9999" || *groups[5].Metrics.Get(keyTBT).P99 != 0.63 {
		t.Errorf("%d groups", len(groups))
	}
	r := Result{Groups: groups, Settings: SettingsOfJSON{By: []string{"session"}}}
	var text strings.Builder
	r.groupTable(&text)
	if n := strings.Count(text.String(), "\n"); n != groupsAtTerminal+6 || !strings.Contains(text.String(), "10,000 groups") {
		t.Errorf("%d lines:\n%s", n, &text)
	}
}

// Groups with many gaps take what keeping each once takes, and little more: gaps between
// chunks that are those between tokens are not held twice.
func TestGroupsOfManyGaps(t *testing.T) {
	const gaps = 2000
	times := make([]int64, gaps+1)
	for i := range times {
		times[i] = 50_000 + int64(i)*20_000 + int64(i*i%9973)
	}
	records := make([]schema.Record, 200)
	for i := range records {
		records[i] = record(uint64(i), 0, 1, times...)
		records[i].SessionID = fmt.Sprint(i)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := tallied(t, Config{By: []string{"session"}}, records...)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / int64(len(records)); each > 6_000+5*gaps {
		t.Errorf("a group of %d gaps takes %d bytes", gaps, each)
	}
	runtime.KeepAlive(records)
	runtime.KeepAlive(all)
}

// The gaps between chunks are right wherever the first chunk of several tokens comes, and
// however parts of the rows are merged.
func TestChunkGapsOfParts(t *testing.T) {
	records := append(traffic(12, 20, 3), record(90, 0, 4, 50_000, 130_000, 260_000), record(91, 0, 1, 60_000, 61_000))
	records = append(records, traffic(9, 20, 4)...)
	var want Hist
	for i := range records {
		row := rowOf(&records[i])
		if records[i].Outcome != schema.OutcomeOK || records[i].Phase != schema.PhaseMeasure {
			continue
		}
		last := map[int16]int64{}
		for j, at := range row.chunkTime {
			if !isToken(row.chunkKind[j]) || row.chunkTokens[j] <= 0 {
				continue
			}
			if before, ok := last[row.choiceOf(j)]; ok {
				want.Add([]int64{at - before})
			}
			last[row.choiceOf(j)] = at
		}
	}
	for cut := range len(records) + 1 {
		for _, parts := range [][2][]schema.Record{{records[:cut], records[cut:]}, {records[cut:], records[:cut]}} {
			whole := tallied(t, Config{}, parts[0]...)
			whole.merge(tallied(t, Config{}, parts[1]...))
			sameSummary(t, whole.betweenChunks().Summary(Nearest, 1), want.Summary(Nearest, 1), 0)
		}
	}
}

// Each group says which percentiles its own requests do not support, and the table marks it.
func TestGroupsWarnOfFewRequests(t *testing.T) {
	records := mixed(900, 3)
	for i := range records {
		records[i].RequestModel = []string{"large", "small"}[i/800]
	}
	r := analyze(t, Config{By: []string{"model"}}, records...)
	large, small := r.Groups[0].Warnings, r.Groups[1].Warnings
	if len(large) != 1 || strings.Contains(large[0].Message, "p99 ") || !strings.Contains(large[0].Message, "p99.9 (6,636 needed)") {
		t.Errorf("large: %v", large)
	}
	if len(small) != 1 || small[0].Code != "few_requests" || !strings.Contains(small[0].Message, "p95 (130 needed), p99 (662 needed)") {
		t.Errorf("small: %v", small)
	}
	var text strings.Builder
	r.groupTable(&text)
	if got := text.String(); strings.Count(got, "*") != 2 || !strings.Contains(got, "\n* too few for a p99, which needs 662 requests\n") {
		t.Errorf("%s", got)
	}
}

func TestTooManyGroups(t *testing.T) {
	c := Config{By: []string{"session"}}.fill()
	full, half := newGroups(&c), newGroups(&c)
	for i := range maxGroups {
		full.by[fmt.Sprint(i)] = &group{}
	}
	half.by["another"] = &group{}
	if err := full.err(); err != nil {
		t.Error(err)
	}
	full.merge(half)
	if err := full.err(); err == nil || !strings.Contains(err.Error(), "group by session: more than 100,000 groups") {
		t.Errorf("merged: %v", err)
	}
	half.tooMany = false
	for i := range maxGroups {
		half.by[fmt.Sprint(i)] = &group{}
	}
	half.add(&request{}, nil)
	if half.err() == nil {
		t.Error("a row of one group more is no error")
	}
}

func TestGroupTable(t *testing.T) {
	for _, c := range []struct {
		slos []SLO
		want string
	}{{nil, "  fluidity  "}, {[]SLO{mustSLO(t, "ttft<=1s")}, "  good  "}, {[]SLO{mustSLO(t, "ttft<=1s"), mustSLO(t, "e2e<=9s"), mustSLO(t, "tpot<=9s")}, "  good 2  "}} {
		var text bytes.Buffer
		if err := analyze(t, Config{By: []string{"model"}, SLOs: c.slos}, mixed(30, 5)...).WriteText(&text); err != nil || !strings.Contains(text.String(), c.want) {
			t.Errorf("%v: no %q in\n%s", err, c.want, &text)
		}
	}
	records := mixed(40, 5)
	for i := range records {
		if records[i].RequestModel == "qwen" {
			records[i].RequestModel = "a model with a very long name and \x1b[31m in it"
		}
	}
	var text bytes.Buffer
	if err := analyze(t, Config{By: []string{"model", "input_bin"}}, records...).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"by model, input_bin: ", "\nllama, 1024-2047 ", "…"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for line := range strings.Lines(text.String()) {
		if len([]rune(line)) > textWidth+1 || strings.Contains(line, "\x1b") {
			t.Errorf("a line of %d columns: %q", len([]rune(line)), line)
		}
	}
}
