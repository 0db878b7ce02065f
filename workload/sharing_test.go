package workload_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/uuid"

	"metron/internal/llmsim"
	"metron/replay"
	"metron/schema"
	"metron/workload"
	"metron/workload/prompt"
)

// request is a line of the Mooncake traces.
type request struct {
	Timestamp int64   `json:"timestamp"` // ms
	Input     int64   `json:"input_length"`
	Output    int64   `json:"output_length"`
	Hashes    []int64 `json:"hash_ids"`
}

const blockTokens = 512 // of those hashes

// mooncake is the beginning of the public trace; nil where it is not there.
func mooncake(t *testing.T, rows int) (list []request) {
	f, err := os.Open("../../shared/traces/mooncake-conversation.jsonl")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); len(list) < rows && lines.Scan(); {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// conversations are requests like those: each goes on from an earlier one, or shares
// the first block alone.
func conversations(rows int) (list []request) {
	rng := rand.New(rand.NewPCG(1, 2))
	next := int64(1)
	for i := range rows {
		r := request{Timestamp: int64(i) * 10, Output: 1, Hashes: []int64{0}}
		if i > 0 && rng.IntN(3) > 0 {
			before := list[rng.IntN(len(list))]
			r.Hashes = append([]int64(nil), before.Hashes[:max(1, len(before.Hashes)-1)]...)
		}
		for range 1 + rng.IntN(8) {
			r.Hashes = append(r.Hashes, next)
			next++
		}
		r.Input = int64(len(r.Hashes))*blockTokens - rng.Int64N(blockTokens)
		list = append(list, r)
	}
	return list
}

// ideal is the share of prompt tokens, and of blocks, that a cache without bounds finds.
func ideal(list []request) (tokens, blocks float64) {
	known := map[int64]bool{}
	var hit, all, hitBlocks, allBlocks int64
	for _, r := range list {
		leading := 0
		for leading < len(r.Hashes) && known[r.Hashes[leading]] {
			leading++
		}
		for _, h := range r.Hashes {
			known[h] = true
		}
		hit, all = hit+min(int64(leading)*blockTokens, r.Input), all+r.Input
		hitBlocks, allBlocks = hitBlocks+int64(leading), allBlocks+int64(len(r.Hashes))
	}
	return float64(hit) / float64(all), float64(hitBlocks) / float64(allBlocks)
}

// trace writes requests as an import does, with answers of one token.
func trace(t *testing.T, api string, list []request) *schema.Archive {
	path := filepath.Join(t.TempDir(), "trace.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageImport})
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{schema.APIChat: "/v1/chat/completions", schema.APICompletions: "/v1/completions"}
	for _, r := range list {
		err := w.Put(&schema.Record{RecordID: uuid.New(), StartTime: 1_700_000_000_000_000 + r.Timestamp*1000, Phase: schema.PhaseMeasure,
			API: api, Method: "POST", Path: paths[api], Stream: true, ChoiceCount: 1, InputTokens: &r.Input, OutputTokens: new(int64(1)),
			BlockHashes: r.Hashes, BlockSize: new(int64(blockTokens)), BlockUnit: "tokens",
			TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedHash})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := schema.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// replayed sends a trace to a simulated server whose cache has no bounds, and gives its
// rows by the row that each replayed.
func replayed(t *testing.T, a *schema.Archive, p *workload.Prompter) map[uuid.UUID]*schema.Record {
	c, err := llmsim.Profile("instant")
	if err != nil {
		t.Fatal(err)
	}
	c.Engine.CacheBlocks, c.Engine.BlockTokens = -1, 16
	server, err := llmsim.Start(c, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.parquet")
	r := &replay.Runner{Plan: &replay.Plan{Trace: a, Mode: replay.ASAP, Users: 4}, Targets: []*url.URL{target}, Prompt: p,
		Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(path, m) }}
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.PromptLengthMismatch > 0 || s.Outcomes[schema.OutcomeOK] != s.Planned {
		t.Errorf("%d prompts of another length, outcomes %v, %q", s.PromptLengthMismatch, s.Outcomes, s.Prompts)
	}
	f, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[uuid.UUID]*schema.Record{}
	for row, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows[row.SourceRecordID] = row
	}
	return rows
}

// TestSharing: prompts have the trace's tokens, each of them, and a server's prefix
// cache finds in them what it would have found in the original ones. Words of the same
// number that know nothing of blocks share nothing.
func TestSharing(t *testing.T) {
	ids := prompt.IDRange(1000, 31_999)
	for _, c := range []struct {
		name   string
		list   []request
		api    string
		p      *workload.Prompter
		blocks bool
	}{
		{"chat", conversations(40), schema.APIChat, &workload.Prompter{}, true},
		{"completions by ids", conversations(40), schema.APICompletions, &workload.Prompter{TryIDs: ids}, true},
		{"without blocks", conversations(40), schema.APIChat, &workload.Prompter{}, false},
		{"Mooncake, chat", mooncake(t, 40), schema.APIChat, &workload.Prompter{}, true},
		{"Mooncake, completions by words", mooncake(t, 40), schema.APICompletions, &workload.Prompter{Seed: 7}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.list == nil {
				t.Skip("../../shared/traces/mooncake-conversation.jsonl is not there")
			}
			want, _ := ideal(c.list)
			list := c.list
			if !c.blocks {
				want, list = 0, append([]request(nil), c.list...)
				for i := range list {
					list[i].Hashes = nil
				}
			}
			a := trace(t, c.api, list)
			rows := replayed(t, a, c.p)
			var cached, all int64
			for source, err := range a.Records(t.Context(), schema.Selection{}) {
				if err != nil {
					t.Fatal(err)
				}
				row := rows[source.RecordID]
				if row == nil || row.InputTokens == nil || *row.InputTokens != *source.InputTokens {
					t.Fatalf("a prompt of %d tokens: %+v", *source.InputTokens, row)
				}
				all += *row.InputTokens
				cached += *row.CachedInputTokens
			}
			got := float64(cached) / float64(all)
			t.Logf("%d requests, %d tokens: %.2f %% from the cache, ideal %.2f %%", len(list), all, 100*got, 100*want)
			if math.Abs(got-want) > 0.01 || c.blocks && want < 0.01 {
				t.Errorf("%.2f %% of the tokens are found in the cache, want %.2f %%", 100*got, 100*want)
			}
		})
	}
}

var whole = flag.Bool("whole", false, "TestSharingOfAll takes the whole Mooncake trace")

// TestSharingOfAll puts the prompts of the trace, as they are read from their bodies,
// through the simulator's engine in its own time: the whole hour needs no server.
func TestSharingOfAll(t *testing.T) {
	rows := 60
	if *whole {
		rows = math.MaxInt
	}
	list := mooncake(t, rows)
	if list == nil {
		t.Skip("../../shared/traces/mooncake-conversation.jsonl is not there")
	}
	for _, way := range []struct {
		name   string
		p      *workload.Prompter
		blocks bool
	}{
		{"words", &workload.Prompter{Model: "m"}, true},
		{"token ids", &workload.Prompter{Model: "m", IDs: prompt.IDRange(1000, 31_999)}, true},
		{"words without blocks", &workload.Prompter{Model: "m"}, false},
	} {
		engine, err := llmsim.NewEngine(llmsim.EngineConfig{CacheBlocks: -1, BlockTokens: 16})
		if err != nil {
			t.Fatal(err)
		}
		var tokens []int64
		var all, cached, blocks, hits int64
		for i, r := range list {
			row := &schema.Record{RecordID: uuid.NewSHA1(uuid.Nil, strconv.AppendInt(nil, int64(i), 10)), API: schema.APICompletions,
				InputTokens: &r.Input, OutputTokens: &r.Output, BlockSize: new(int64(blockTokens))}
			if way.blocks {
				row.BlockHashes = r.Hashes
			}
			body, err := way.p.Body(row)
			if err != nil {
				t.Fatal(err)
			}
			if tokens = promptOf(t, body, tokens[:0]); int64(len(tokens)) != r.Input {
				t.Fatalf("%s: a prompt of %d tokens, want %d", way.name, len(tokens), r.Input)
			}
			s := &llmsim.Sequence{ArrivalUS: r.Timestamp * 1000 / 20, PromptTokens: len(tokens), OutputTokens: 1, Blocks: llmsim.BlockHashes(tokens, 16)}
			if err := engine.Submit(s); err != nil {
				t.Fatal(err)
			}
			engine.Step(s.ArrivalUS)
			all, cached = all+r.Input, cached+int64(s.CachedTokens)
			blocks += int64(len(r.Hashes))
			if r.Input-int64(s.CachedTokens) <= 16 { // but for what the cache's own blocks leave over
				hits += int64(len(r.Hashes))
			} else {
				hits += int64(s.CachedTokens) / blockTokens
			}
		}
		want, wantBlocks := ideal(list)
		t.Logf("%s: %d requests, %d tokens, each as many as in the trace; found in the cache %.2f %% of blocks, %.2f %% of tokens; ideal %.2f %%, %.2f %%",
			way.name, len(list), all, 100*float64(hits)/float64(blocks), 100*float64(cached)/float64(all), 100*wantBlocks, 100*want)
		if !way.blocks {
			want, wantBlocks = 0, 0
		}
		if math.Abs(float64(cached)/float64(all)-want) > 0.01 || math.Abs(float64(hits)/float64(blocks)-wantBlocks) > 0.01 {
			t.Errorf("%s: not what the trace shares", way.name)
		}
	}
}

// promptOf appends the simulator's tokens of a completion's prompt.
func promptOf(t *testing.T, body []byte, tokens []int64) []int64 {
	var q struct{ Prompt json.RawMessage }
	if err := json.Unmarshal(body, &q); err != nil {
		t.Fatal(err)
	}
	if q.Prompt[0] == '[' {
		if err := json.Unmarshal(q.Prompt, &tokens); err != nil {
			t.Fatal(err)
		}
		return tokens
	}
	var text string
	if err := json.Unmarshal(q.Prompt, &text); err != nil {
		t.Fatal(err)
	}
	return llmsim.AppendTokens(tokens, text)
}
