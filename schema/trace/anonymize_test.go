package trace

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/analyze"
	"metron/schema"
)

// texts collects every text, id and run of bytes of a value, and numbers that
// stand for content.
func texts(v reflect.Value, found map[string]bool) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		texts(v.Elem(), found)
	case v.Kind() == reflect.String:
		found[v.String()] = true
	case v.Type() == reflect.TypeFor[uuid.UUID]():
		id := v.Interface().(uuid.UUID)
		found[id.String()], found[string(id[:])] = true, true
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		found[string(v.Bytes())] = true
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), found)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			texts(v.Field(i), found)
		}
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			found[key.String()] = true
		}
	}
}

func numbers(r *schema.Record, found map[string]bool) {
	for _, n := range append(r.BlockHashes, *r.Seed) {
		found[string(binary.LittleEndian.AppendUint64(nil, uint64(n)))] = true
		found[fmt.Sprint(n)] = true
	}
}

// TestNothingIsRecognized: no text, id or hash of the input is anywhere in the
// output, in its bytes or in what is read from it, beside the words that the
// schema and everybody use; and every metric is what it was.
func TestNothingIsRecognized(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		in := filepath.Join(dir, fmt.Sprintf("in-%d.parquet", n))
		out := filepath.Join(dir, fmt.Sprintf("out-%d.parquet", n))
		var rows []schema.Record
		for range rapid.IntRange(1, 20).Draw(t, "rows") {
			rows = append(rows, fullRow(rng))
		}
		rows[0].API, rows[0].Phase = schema.APIChat, schema.PhaseMeasure // something to analyze
		rows[0].RequestBody = []byte(`{"messages":[{"role":"user","content":"` + secret(rng) + strings.Repeat("x", 200) + `"}]}`)
		if rapid.Bool().Draw(t, "no blocks") {
			rows[0].BlockHashes = nil
		}
		meta := schema.Meta{Program: secret(rng), Vantage: rapid.SampledFrom([]string{schema.VantageCapture, schema.VantageImport}).Draw(t, "vantage"),
			TimeZero: 1_600_000_000_000_000, Clock: secret(rng), Host: secret(rng), Config: json.RawMessage(`{"upstream":"` + secret(rng) + `"}`),
			Privacy: schema.RecordedContent, KeyID: secret(rng), Counters: map[string]int64{secret(rng): 3, "dropped": 4},
			SourceDigest: secret(rng), Verdict: &schema.Verdict{Status: "SUSPECT", Reasons: []string{secret(rng)}}}
		write(t, in, meta, rows...)
		a := &Anonymize{Job: Job{In: []string{in}, Out: out},
			Content: rapid.SampledFrom([]string{schema.RecordedLengths, schema.RecordedHash}).Draw(t, "content"),
			Tenants: rapid.SampledFrom([]string{Drop, Rehash}).Draw(t, "tenants"),
			Models:  rapid.SampledFrom([]string{Drop, Rehash, Keep}).Draw(t, "models"),
			Start:   time.UnixMicro(946_684_800_000_000)}
		report, err := a.Run(t.Context())
		must(t, report, err)

		seen := map[string]bool{}
		texts(reflect.ValueOf(meta), seen)
		for i := range rows {
			texts(reflect.ValueOf(rows[i]), seen)
			numbers(&rows[i], seen)
		}
		for i, name := range schema.ColumnNames() {
			for _, r := range rows {
				kept := name == "request_model" || name == "response_model"
				if schema.Words(name) != nil || kept && a.Models == Keep {
					delete(seen, reflect.ValueOf(r).Field(i).String())
				}
			}
		}
		for _, word := range []string{"", "capture", "import", "SUSPECT", "dropped", schema.RecordedContent} {
			delete(seen, word)
		}
		left := map[string]bool{}
		got, footer := read(t, out)
		texts(reflect.ValueOf(footer), left)
		left[string(footer.Config)] = true
		for i := range got {
			texts(reflect.ValueOf(got[i]), left)
			for _, hash := range got[i].BlockHashes {
				left[fmt.Sprint(hash)] = true
			}
			if got[i].Seed != nil || got[i].ChunkBytes != nil {
				t.Fatalf("row %d keeps a seed or the lengths of chunks", i)
			}
		}
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for text := range seen {
			if bytes.Contains(raw, []byte(text)) {
				t.Fatalf("%q is in the bytes of the file", text)
			}
			for value := range left {
				if strings.Contains(value, text) {
					t.Fatalf("%q is in %q", text, value)
				}
			}
		}
		if len(seen) < 20*len(rows) {
			t.Fatalf("only %d texts were looked for", len(seen))
		}
		if got[0].StartTime != a.Start.UnixMicro() || footer.TimeZero != got[0].StartTime || footer.Counters["dropped"] != 4 || footer.Verdict.Status != "SUSPECT" {
			t.Fatalf("start %d, footer %+v", got[0].StartTime, footer)
		}
		if before, after := metrics(t, in), metrics(t, out); before != after {
			t.Fatalf("metrics change:\n%s\nto\n%s", before, after)
		}
	})
}

// metrics is every number that analyze computes of a file.
func metrics(t fataler, path string) string {
	t.Helper()
	// Sections by the second of the clock are left out: another start has other seconds.
	r, err := analyze.Analyze(context.Background(), []string{path}, analyze.Config{Sections: []string{"stalls", "jitter", "concurrency", "wasted"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Files, r.Warnings = nil, nil // both name the file
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReferencesStay: ids, sessions, tenants and targets that were equal are,
// those that were not are not, and what one refers to is found.
func TestReferencesStay(t *testing.T) {
	dir := t.TempDir()
	var rows []schema.Record
	for i := range byte(6) {
		r := row(i+1, int64(i)*1_000_000)
		r.SessionID, r.Tenant, r.Target = fmt.Sprint(i/2), fmt.Sprint(i/3), "http://h"
		r.Turn = new(int64(i % 2))
		if i%2 == 1 {
			r.ParentRecordID = id(i)
		}
		rows = append(rows, r)
	}
	in := write(t, filepath.Join(dir, "in.parquet"), schema.Meta{KeyID: "k"}, rows...)
	anonymous := func(tenants string) ([]schema.Record, schema.Meta) {
		a := &Anonymize{Job: Job{In: []string{in}, Out: filepath.Join(dir, "out.parquet"), Force: true},
			Content: schema.RecordedLengths, Tenants: tenants, Models: Keep}
		r, err := a.Run(t.Context())
		must(t, r, err)
		return read(t, a.Out)
	}
	got, _ := anonymous(Rehash)
	for i, g := range got {
		if g.StartTime != rows[i].StartTime {
			t.Errorf("row %d starts at %d although starts were to be kept", i, g.StartTime)
		}
		if i%2 == 1 && g.ParentRecordID != got[i-1].RecordID || i%2 == 0 && g.ParentRecordID != (uuid.UUID{}) {
			t.Errorf("row %d: parent %v of %v", i, g.ParentRecordID, got[i-1].RecordID)
		}
		for j, h := range got {
			if (g.SessionID == h.SessionID) != (i/2 == j/2) || (g.Tenant == h.Tenant) != (i/3 == j/3) || g.Target != h.Target || g.RecordID == h.RecordID != (i == j) {
				t.Errorf("rows %d and %d: %v %v", i, j, g, h)
			}
		}
	}
	again, _ := anonymous(Rehash)
	if again[0].RecordID == got[0].RecordID || again[0].SessionID == got[0].SessionID {
		t.Error("a second run has the same names: its key was not drawn anew")
	}
	if kept, meta := anonymous(Keep); kept[0].Tenant != "0" || meta.KeyID != "k" {
		t.Errorf("--tenants keep gives %q, key %q", kept[0].Tenant, meta.KeyID)
	}
	if dropped, meta := anonymous(Drop); dropped[0].Tenant != "" || meta.KeyID != "" {
		t.Errorf("--tenants drop gives %q, key %q", dropped[0].Tenant, meta.KeyID)
	}
}

// TestCommonWordsStay: what everybody says is no secret, and a path is the API's.
func TestCommonWordsStay(t *testing.T) {
	v := &veil{Anonymize: &Anonymize{Content: schema.RecordedLengths, Models: Keep}, columns: schema.ColumnNames(), removed: map[string]int64{}}
	for _, c := range []struct {
		api, path, wantPath  string
		errorType, wantError string
		reason, wantReason   string
		status               int64
		format, wantFormat   string
		method, wantMethod   string
	}{
		{schema.APIChat, "/acme/v1/chat/completions", "/v1/chat/completions", "no_terminal", "no_terminal", "stop", "stop", 200, "json_object", "json_object", "POST", "POST"},
		{schema.APIGemini, "/v1/models/acme-7b:generateContent", "/v1beta/models/MODEL:generateContent", "Acme said no", other, "acme", other, 200, "acme", other, "ACME", ""},
		{schema.APIOllamaChat, "/ollama/api/chat", "/api/chat", "", "", "load", "load", 200, "json", "json", "POST", "POST"},
		{schema.APIOther, "/health", "/health", "", "", "", "", 200, "", "", "GET", "GET"},
		{schema.APIOther, "/acme", "/", "Too Many Requests", "Too Many Requests", "length", "length", 429, "text", "text", "", ""},
		{schema.APIOther, "", "", "Too Many Requests", other, "length", "length", 500, "text", "text", "", ""},
	} {
		r := row(1, 1)
		r.API, r.Path, r.ErrorType, r.ResponseFormat, r.Method, r.HTTPStatus = c.api, c.path, c.errorType, c.format, c.method, &c.status
		r.FinishReasons = []string{c.reason}
		if err := v.hide(&r); err != nil {
			t.Fatal(err)
		}
		if r.Path != c.wantPath || r.ErrorType != c.wantError || r.FinishReasons[0] != c.wantReason || r.ResponseFormat != c.wantFormat || r.Method != c.wantMethod {
			t.Errorf("%+v became %q %q %q %q %q", c, r.Path, r.ErrorType, r.FinishReasons, r.ResponseFormat, r.Method)
		}
	}
}

// TestPromptHashes: prompts have as many hashes in common as full blocks at
// their beginning, however their JSON is written; other keys give other hashes.
func TestPromptHashes(t *testing.T) {
	k := &key{1}
	turn := func(role, text string) string { return `{"role":"` + role + `","content":"` + text + `"}` }
	opening := turn("system", strings.Repeat("Be brief. ", 30))
	chat := func(turns ...string) []byte {
		return []byte(`{"model":"m","messages":[` + strings.Join(turns, ",") + `]}`)
	}
	common := func(a, b []int64) (n int) {
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		return n
	}
	first := k.hashPrompt(chat(opening, turn("user", "Hi")))
	next := k.hashPrompt(chat(opening, turn("user", "Hi"), turn("assistant", strings.Repeat("Hello ", 40)), turn("user", "And now?")))
	if len(first) < 4 || len(next) <= len(first) || common(first, next) != len(first) {
		t.Errorf("a conversation that goes on shares %d of %d blocks", common(first, next), len(first))
	}
	otherWise := k.hashPrompt(chat(opening, turn("user", strings.Repeat("What else? ", 20))))
	if n := common(first, otherWise); n < 3 || n == len(otherWise) {
		t.Errorf("%d of %d blocks are those of another prompt with the same beginning", n, len(otherWise))
	}
	spaced := []byte(`{"messages" : [ {"content":"` + strings.Repeat("Be brief. ", 30) + `", "role":"system"},` + turn("user", "Hi") + `], "stream":true}`)
	if !slices.Equal(first, k.hashPrompt(spaced)) {
		t.Error("the hashes depend on how the JSON is written")
	}
	if common(first, (&key{2}).hashPrompt(chat(opening))) != 0 {
		t.Error("the hashes do not depend on the key")
	}
	repeated := k.hashPrompt([]byte(`{"prompt":"` + strings.Repeat("y", 10*promptBlock) + `"}`))
	if len(repeated) != 10 || repeated[0] == repeated[1] {
		t.Errorf("%d hashes of 10 blocks, those of equal blocks %d and %d", len(repeated), repeated[0], repeated[1])
	}
	for _, body := range []string{"", "\x1f\x8b", `{"messages":[]}`, `{"prompt":"short"}`, `[1]`, `"` + strings.Repeat("z", 500) + `"`, `{"other":"` + strings.Repeat("z", 500) + `"}`} {
		if h := k.hashPrompt([]byte(body)); h != nil {
			t.Errorf("%.20q has %d hashes", body, len(h))
		}
	}
}

// TestSharedPrefixesStay: on a public trace with block hashes, equal blocks
// stay equal and others differ.
func TestSharedPrefixesStay(t *testing.T) {
	f, err := os.Open("../../../shared/traces/mooncake-conversation.jsonl")
	if err != nil {
		t.Skip("the public traces are not here")
	}
	defer f.Close()
	var rows []schema.Record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(rows) < 1000 {
		var line struct {
			Timestamp int64
			Input     int64   `json:"input_length"`
			Output    int64   `json:"output_length"`
			HashIDs   []int64 `json:"hash_ids"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		r := row(0, 1+line.Timestamp*1000)
		r.RecordID = uuid.New()
		r.InputTokens, r.OutputTokens, r.BlockHashes, r.Recorded = &line.Input, &line.Output, line.HashIDs, schema.RecordedHash
		r.BlockSize, r.BlockUnit = new(int64(512)), "tokens"
		rows = append(rows, r)
	}
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.parquet"), schema.Meta{Privacy: schema.RecordedHash}, rows...)
	a := &Anonymize{Job: Job{In: []string{in}, Out: filepath.Join(dir, "out.parquet")}, Content: schema.RecordedHash, Tenants: Drop, Models: Keep}
	report, err := a.Run(t.Context())
	must(t, report, err)
	before, _ := read(t, in)
	after, meta := read(t, a.Out)
	forth, back := map[int64]int64{}, map[int64]int64{}
	for i := range before {
		if len(before[i].BlockHashes) != len(after[i].BlockHashes) || *after[i].BlockSize != 512 || after[i].BlockUnit != "tokens" {
			t.Fatalf("row %d has %d blocks after %d", i, len(after[i].BlockHashes), len(before[i].BlockHashes))
		}
		for j, hash := range before[i].BlockHashes {
			now := after[i].BlockHashes[j]
			if was, ok := forth[hash]; ok && was != now {
				t.Fatalf("block %d became %d and %d", hash, was, now)
			}
			if from, ok := back[now]; ok && from != hash {
				t.Fatalf("blocks %d and %d both became %d", from, hash, now)
			}
			forth[hash], back[now] = now, hash
		}
	}
	if len(forth) < 1000 || meta.Privacy != schema.RecordedHash {
		t.Errorf("%d blocks, privacy %s", len(forth), meta.Privacy)
	}
	lengths := &Anonymize{Job: Job{In: []string{in}, Out: a.Out, Force: true}, Content: schema.RecordedLengths, Tenants: Drop, Models: Keep}
	report, err = lengths.Run(t.Context())
	if must(t, report, err); report.Removed["block_hashes"] != int64(len(rows)) {
		t.Errorf("removed %v", report.Removed)
	}
}
