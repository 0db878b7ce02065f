package workload_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
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

// ideal is the share of prompt tokens that a cache without bounds finds.
func ideal(list []request) float64 {
	known := map[int64]bool{}
	var hit, all int64
	for _, r := range list {
		shared, leading := int64(0), true
		for _, h := range r.Hashes {
			if leading = leading && known[h]; leading {
				shared += blockTokens
			}
			known[h] = true
		}
		hit += min(shared, r.Input)
		all += r.Input
	}
	return float64(hit) / float64(all)
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
		{"chat", conversations(120), schema.APIChat, &workload.Prompter{}, true},
		{"completions by ids", conversations(120), schema.APICompletions, &workload.Prompter{TryIDs: ids}, true},
		{"without blocks", conversations(120), schema.APIChat, &workload.Prompter{}, false},
		{"Mooncake, chat", mooncake(t, 150), schema.APIChat, &workload.Prompter{}, true},
		{"Mooncake, completions by words", mooncake(t, 150), schema.APICompletions, &workload.Prompter{Seed: 7}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.list == nil {
				t.Skip("../../shared/traces/mooncake-conversation.jsonl is not there")
			}
			want, list := ideal(c.list), c.list
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
			if math.Abs(got-want) > 0.01 || c.blocks && want < 0.04 {
				t.Errorf("%.2f %% of the tokens are found in the cache, want %.2f %%", 100*got, 100*want)
			}
		})
	}
}
