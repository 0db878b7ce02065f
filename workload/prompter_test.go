package workload

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/internal/llmsim"
	"metron/schema"
)

// countTokens counts words, each of which is a token.
func countTokens(text string) int { return len(strings.Fields(text)) }

// body is what a server reads of a request.
type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
	Continuous   bool `json:"continuous_usage_stats"`
}

type body struct {
	Model       string
	Messages    []struct{ Role, Content string }
	Prompt      string
	Stream      *bool
	Options     *streamOptions `json:"stream_options"`
	N           *int64
	MaxTokens   *int64 `json:"max_tokens"`
	MinTokens   *int64 `json:"min_tokens"`
	IgnoreEOS   *bool  `json:"ignore_eos"`
	Temperature *float64
	TopP        *float64 `json:"top_p"`
	TopK        *int64   `json:"top_k"`
	Seed        *int64
}

func makeBody(t fataler, p *Prompter, r schema.Record) body {
	text, err := p.Body(&r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	var b body
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}

type fataler interface{ Fatalf(string, ...any) }

func (b body) text(t fataler) string {
	switch {
	case len(b.Messages) == 0:
		return b.Prompt
	case len(b.Messages) > 1 || b.Messages[0].Role != "user" || b.Prompt != "":
		t.Fatalf("want one user message, got %+v", b)
	}
	return b.Messages[0].Content
}

// request is a row like an import's.
func request(n byte, input, output int64) schema.Record {
	r := schema.Record{RecordID: uuid.UUID{15: n}, InputTokens: &input, OutputTokens: &output, RequestModel: `a "model"`}
	fillChat(&r)
	return r
}

func TestBodyOptions(t *testing.T) {
	yes, one := new(true), new(int64(1))
	usage, continuous := &streamOptions{IncludeUsage: true}, &streamOptions{true, true}
	for _, c := range []struct {
		name     string
		extended bool
		model    string
		edit     func(r *schema.Record)
		want     body // without its prompt
	}{
		{name: "as recorded", want: body{Model: `a "model"`, Stream: yes, Options: usage, MaxTokens: new(int64(9))}},
		{name: "another model", model: "b", want: body{Model: "b", Stream: yes, Options: usage, MaxTokens: new(int64(9))}},
		{name: "extensions", extended: true, want: body{Model: `a "model"`, Stream: yes, Options: continuous, MaxTokens: new(int64(9)), MinTokens: new(int64(9)), IgnoreEOS: yes}},
		{name: "not streamed", edit: func(r *schema.Record) { r.Stream = false }, want: body{Model: `a "model"`, Stream: new(false), MaxTokens: new(int64(9))}},
		{name: "nothing came", extended: true, edit: func(r *schema.Record) { r.OutputTokens = new(int64(0)) },
			want: body{Model: `a "model"`, Stream: yes, Options: continuous, MaxTokens: one, MinTokens: one, IgnoreEOS: yes}},
		{name: "output unknown", extended: true, edit: func(r *schema.Record) { r.OutputTokens = nil }, want: body{Model: `a "model"`, Stream: yes, Options: continuous}},
		{name: "only a limit known", extended: true, edit: func(r *schema.Record) { r.OutputTokens, r.MaxTokens = nil, new(int64(77)) },
			want: body{Model: `a "model"`, Stream: yes, Options: continuous, MaxTokens: new(int64(77))}},
		{name: "choices share the output", extended: true, edit: func(r *schema.Record) { r.ChoiceCount = 4 },
			want: body{Model: `a "model"`, Stream: yes, Options: continuous, N: new(int64(4)), MaxTokens: new(int64(3)), MinTokens: new(int64(3)), IgnoreEOS: yes}},
		{name: "sampling", edit: func(r *schema.Record) {
			r.Temperature, r.TopP, r.TopK, r.Seed = new(0.0), new(0.95), new(int64(40)), new(int64(-3))
		}, want: body{Model: `a "model"`, Stream: yes, Options: usage, MaxTokens: new(int64(9)), Temperature: new(0.0), TopP: new(0.95), Seed: new(int64(-3))}},
		{name: "what vLLM was asked", edit: func(r *schema.Record) {
			r.OutputTokens, r.TopK, r.MinTokens, r.IgnoreEOS = nil, new(int64(40)), new(int64(5)), yes
		}, want: body{Model: `a "model"`, Stream: yes, Options: usage}},
		{name: "what it was asked, of another", extended: true, edit: func(r *schema.Record) {
			r.OutputTokens, r.TopK, r.MinTokens, r.IgnoreEOS = nil, new(int64(40)), new(int64(5)), yes
		}, want: body{Model: `a "model"`, Stream: yes, Options: continuous, TopK: new(int64(40)), MinTokens: new(int64(5)), IgnoreEOS: yes}},
		{name: "completions", edit: func(r *schema.Record) { r.API = schema.APICompletions },
			want: body{Model: `a "model"`, Stream: yes, Options: usage, MaxTokens: new(int64(9))}},
	} {
		r := request(1, 50, 9)
		if c.edit != nil {
			c.edit(&r)
		}
		got := makeBody(t, &Prompter{Model: c.model, Extensions: c.extended}, r)
		if (got.Prompt != "") != (r.API == schema.APICompletions) || got.text(t) == "" {
			t.Errorf("%s: the prompt stands in the wrong place: %+v", c.name, got)
		}
		got.Prompt, got.Messages = "", nil
		if !reflect.DeepEqual(got, c.want) {
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(c.want)
			t.Errorf("%s:\n got %s\nwant %s", c.name, a, b)
		}
	}
}

func TestBodyErrors(t *testing.T) {
	for _, c := range []struct {
		edit func(r *schema.Record)
		want string
	}{
		{func(r *schema.Record) { r.API = "embeddings" }, `api "embeddings"`},
		{func(r *schema.Record) { r.RequestModel = "" }, "no model"},
		{func(r *schema.Record) { r.InputTokens = new(int64(math.MaxInt64)) }, "more than the 16777216"},
	} {
		r := request(1, 50, 9)
		c.edit(&r)
		if _, err := new(Prompter).Body(&r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestPromptLength: every prompt has the recorded length, less the template's.
func TestPromptLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := rapid.Int64Range(0, 3000).Draw(t, "input")
		r := request(rapid.Byte().Draw(t, "id"), input, 1)
		p := &Prompter{Seed: rapid.Uint64().Draw(t, "seed")}
		want := input - DefaultTemplateTokens
		if rapid.Bool().Draw(t, "completions") {
			r.API, want = schema.APICompletions, input
		}
		if rapid.Bool().Draw(t, "hashes") {
			r.BlockHashes = rapid.SliceOfN(rapid.Int64(), 1, 40).Draw(t, "hashes")
			r.BlockSize = new(rapid.Int64Range(0, 200).Draw(t, "size"))
			r.BlockUnit = rapid.SampledFrom([]string{"", "tokens", "bytes"}).Draw(t, "unit")
		}
		text := makeBody(t, p, r).text(t)
		if got := int64(countTokens(text)); got != max(1, want) {
			t.Fatalf("input %d: %d tokens, want %d in %q", input, got, want, text)
		}
		if again := makeBody(t, &Prompter{Seed: p.Seed}, r).text(t); again != text {
			t.Fatalf("the same row gave %q and %q", text, again)
		}
	})
}

// TestSimulatorAgrees: what the simulator counts, template included, is what
// was recorded.
func TestSimulatorAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := rapid.Int64Range(DefaultTemplateTokens+1, 5000).Draw(t, "input")
		r := request(rapid.Byte().Draw(t, "id"), input, 1)
		if rapid.Bool().Draw(t, "hashes") {
			r.BlockHashes, r.BlockSize = rapid.SliceOfN(rapid.Int64(), 1, 40).Draw(t, "hashes"), new(rapid.Int64Range(1, 200).Draw(t, "size"))
		}
		text := makeBody(t, &Prompter{Seed: rapid.Uint64().Draw(t, "seed")}, r).text(t)
		if got := int64(llmsim.CountTokens(text) + llmsim.MessageTokens + llmsim.RequestTokens); got != input {
			t.Fatalf("%d tokens, want %d, in %q", got, input, text)
		}
	})
}

// TestPromptIsPinned: the same seed gives the same text on every machine and
// in every version, or stored runs stop being repeatable.
func TestPromptIsPinned(t *testing.T) {
	r := request(7, 15, 1)
	const want = "away fall able ship body lift deep bell"
	if got := makeBody(t, &Prompter{Seed: 42}, r).text(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPromptsDifferWithinTheirFirstWords covers rows that follow each other, as
// an import makes them, and another seed for the same rows.
func TestPromptsDifferWithinTheirFirstWords(t *testing.T) {
	first := map[string]int{}
	for i := range 20_000 {
		r := request(0, 30, 1)
		r.RecordID = uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i/2))
		opener := makeBody(t, &Prompter{Seed: uint64(i % 2)}, r).text(t)[:39]
		if before, seen := first[opener]; seen {
			t.Fatalf("prompts %d and %d both begin with %q", before, i, opener)
		}
		first[opener] = i
	}
}

// TestBlocksShareText: prompts agree exactly as far as their leading hashes do.
func TestBlocksShareText(t *testing.T) {
	const size = 16
	prompt := func(n byte, input int64, hashes ...int64) string {
		r := request(n, input, 1)
		r.API, r.BlockHashes, r.BlockSize = schema.APICompletions, hashes, new(int64(size))
		return makeBody(t, &Prompter{}, r).text(t)
	}
	shared := func(a, b string) int { // tokens from the start
		n := 0
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		return countTokens(a[:n])
	}
	a := prompt(1, 4*size, 10, 11, 12, 13)
	for _, c := range []struct {
		name     string
		other    string
		from, to int // a cut inside a number may look like one token more
	}{
		{"all but the last block", prompt(2, 4*size, 10, 11, 12, 99), 3 * size, 3*size + 2},
		{"the first block", prompt(3, 4*size, 10, 98, 12, 13), size, size + 2},
		{"nothing", prompt(4, 4*size, 97, 11, 12, 13), 0, 2},
		{"all of a shorter prompt", prompt(5, 3*size+5, 10, 11, 12, 13), 3*size + 5, 3*size + 5},
		{"blocks, then tails of their own", prompt(6, 5*size, 10, 11, 12, 13), 4 * size, 4 * size},
		{"the same hashes in another order", prompt(7, 4*size, 13, 12, 11, 10), 0, 2},
	} {
		if got := shared(a, c.other); got < c.from || got > c.to {
			t.Errorf("%s: %d tokens are shared, want %d to %d", c.name, got, c.from, c.to)
		}
	}
	x, y := prompt(8, 3*size, 10, 11), prompt(9, 3*size, 10, 11)
	if got := shared(x, y); got < 2*size || got > 2*size+2 {
		t.Errorf("tails of two rows: %d tokens are shared, want %d", got, 2*size)
	}
}

func TestGuessedLengths(t *testing.T) {
	var p Prompter
	for _, c := range []struct {
		edit   func(r *schema.Record)
		tokens int
	}{
		{func(r *schema.Record) { r.RequestBytes = 400 }, 50},
		{func(r *schema.Record) { r.InputTokens, r.RequestBytes = nil, 400 }, 100},
		{func(r *schema.Record) { r.InputTokens, r.RequestBytes = nil, 3 }, 1},
		{func(r *schema.Record) { r.InputTokens = nil }, DefaultPromptTokens},
		{func(r *schema.Record) {
			r.InputTokens, r.BlockHashes, r.BlockSize = nil, []int64{1, 2, 3}, new(int64(16))
		}, 48},
		{func(r *schema.Record) { r.InputTokens, r.BlockHashes = nil, []int64{1, 2, 3} }, DefaultPromptTokens},
	} {
		r := request(1, 50, 9)
		r.API = schema.APICompletions
		c.edit(&r)
		if got := countTokens(makeBody(t, &p, r).text(t)); got != c.tokens {
			t.Errorf("%d tokens, want %d", got, c.tokens)
		}
	}
}

// TestBodyAllocations: a body's allocations do not grow with its words. It
// takes 37; the race detector makes pools forget, for some more.
func TestBodyAllocations(t *testing.T) {
	r := request(1, 100_000, 9)
	p := &Prompter{Extensions: true}
	if n := testing.AllocsPerRun(20, func() { p.Body(&r) }); n > 43 {
		t.Errorf("%v allocations a body", n)
	}
}

func BenchmarkBody(b *testing.B) {
	r := request(1, 1155, 211) // Azure's means
	p := &Prompter{Extensions: true}
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		text, err := p.Body(&r)
		if err != nil {
			b.Fatal(err)
		}
		size = len(text)
	}
	b.SetBytes(int64(size))
}
