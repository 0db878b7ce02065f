package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// golden are ids that the Python libraries give; testdata/make.py made them.
type golden struct {
	Texts []string
	IDs   map[string][][]int
}

func loadGolden(t testing.TB) (g golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func open(t testing.TB, name string) *Tokenizer {
	t.Helper()
	if strings.HasSuffix(name, ".json") {
		name = filepath.Join("testdata", name)
	}
	tok, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestGolden holds the ids against those of tiktoken and tokenizers.
func TestGolden(t *testing.T) {
	g := loadGolden(t)
	for name, all := range g.IDs {
		t.Run(name, func(t *testing.T) {
			tok := open(t, name)
			if tok.Name() != name {
				t.Errorf("name %q", tok.Name())
			}
			wrong := 0
			for i, text := range g.Texts {
				got := tok.Encode(text)
				if !reflect.DeepEqual(got, all[i]) && len(got)+len(all[i]) > 0 {
					if wrong++; wrong < 5 {
						t.Errorf("%q: %v, want %v", text, got, all[i])
					}
				}
				if n := tok.Count(text); n != len(got) {
					t.Errorf("%q: counted %d, encoded %d", text, n, len(got))
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d texts", wrong, len(g.Texts))
			}
		})
	}
}

// TestStream feeds texts in fragments: what Add returns sums up to the count.
func TestStream(t *testing.T) {
	g := loadGolden(t)
	for name := range g.IDs {
		tok := open(t, name)
		rapid.Check(t, func(t *rapid.T) {
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(g.Texts), 1, 6).Draw(t, "texts"), " ")
			s, sum := tok.Stream(), 0
			for rest := []rune(text); len(rest) > 0; {
				n := rapid.IntRange(1, min(9, len(rest))).Draw(t, "n")
				grown := s.Add(string(rest[:n]))
				if grown < 0 {
					t.Fatalf("%s: grown by %d", name, grown)
				}
				sum += grown
				rest = rest[n:]
			}
			// A cut where no boundary is in sight can cost a token; what joined at
			// the very end is not set off any more.
			want, cuts := tok.Count(text), len(text)/maxTail
			if off := sum - s.debt - want; off < 0 || off > 2*cuts {
				t.Fatalf("%s: %q: %d in fragments, less %d, %d whole", name, text, sum, s.debt, want)
			}
		})
	}
}

// TestLongPieces counts what has no boundary: in time, and the same as in short.
func TestLongPieces(t *testing.T) {
	for _, name := range []string{"cl100k_base", "llama2.json"} {
		tok := open(t, name)
		for _, unit := range []string{"a", " ", "日", "!", "ab1"} {
			text := strings.Repeat(unit, 100_000)
			start := time.Now()
			n := tok.Count(text)
			s, sum := tok.Stream(), 0
			for at := 0; at < len(text); at += 300 {
				sum += s.Add(text[at:min(at+300, len(text))])
			}
			if n == 0 || n > len(text)+1 || sum < n-s.debt {
				t.Errorf("%s: %q 100,000 times: %d tokens, %d in fragments", name, unit, n, sum)
			}
			t.Logf("%s %q: %d, %d in fragments, %v", name, unit, n, sum, time.Since(start))
		}
	}
}

// TestMergeMany holds the heap against looking through all pairs.
func TestMergeMany(t *testing.T) {
	tok := open(t, "gpt2.json")
	rapid.Check(t, func(t *rapid.T) {
		piece := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "the", "in", "ing", "re", " "}), 1, 60).Draw(t, "piece"), "")
		parts := func() (all []part) {
			for i := range len(piece) {
				all = append(all, part{int32(i), int32(i + 1), tok.vocabulary[piece[i:i+1]]})
			}
			return all
		}
		many := mergeMany(piece, parts(), tok.by)
		if each := mergeFew(piece, parts(), tok.by); !reflect.DeepEqual(many, each) {
			t.Fatalf("%q: %v, want %v", piece, many, each)
		}
	})
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	files := 0
	file := func(text string) string {
		files++
		path := filepath.Join(dir, fmt.Sprint(files, ".json"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ name, want string }{
		{"cl200k_base", "is not known, and no file has that name"},
		{filepath.Join(dir, "none.json"), "no such file"},
		{file(`{`), "is no tokenizer.json"},
		{file(`{"model":{"type":"Unigram","vocab":[]}}`), `its model is "Unigram"`},
		{file(`{"model":{"type":"WordPiece","vocab":{}}}`), `its model is "WordPiece"`},
		{file(`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`), "is not of its vocabulary"},
		{file(`{"model":{"type":"BPE","vocab":{},"merges":["ab"]}}`), "is no pair"},
		{file(`{"normalizer":{"type":"Precompiled"},"model":{"type":"BPE","vocab":{},"merges":[]}}`), `its normalizer "Precompiled"`},
		{file(`{"pre_tokenizer":{"type":"Whitespace"},"model":{"type":"BPE","vocab":{},"merges":[]}}`), `its pre-tokenizer "Whitespace"`},
		{file(`{"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"("}},"model":{"type":"BPE","vocab":{},"merges":[]}}`), "pattern"},
	} {
		if _, err := Open(test.name); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"gpt2", "mistral"} {
		data, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 4000)], "a b")
	}
	f.Add([]byte(`{"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Metaspace"},"added_tokens":[{"id":1,"content":"<s>"}],`+
		`"model":{"type":"BPE","unk_token":"u","byte_fallback":true,"vocab":{"u":0,"a":1,"b":2,"ab":3},"merges":["a b"]}}`), "ab<s>cab")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tok, err := readHuggingFace(data)
		if err != nil || strings.Contains(string(data), `"Regex"`) { // a pattern can take for ever by itself
			return
		}
		if n := len(tok.Encode(text)); n != tok.Count(text) {
			t.Fatalf("%d, counted %d", n, tok.Count(text))
		}
		s := tok.Stream()
		for _, r := range text {
			s.Add(string(r))
		}
	})
}

func benchText(b *testing.B) string {
	data, err := os.ReadFile("../../docs/guide.md")
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

func BenchmarkCount(b *testing.B) {
	text := benchText(b)
	for _, name := range []string{"cl100k_base", "o200k_base", "llama3.json", "llama2.json"} {
		b.Run(name, func(b *testing.B) {
			tok := open(b, name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = tok.Count(text)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkStream counts a text in fragments of 4 bytes, about a token each.
func BenchmarkStream(b *testing.B) {
	text := benchText(b)
	for _, name := range []string{"cl100k_base", "o200k_base", "llama3.json", "llama2.json"} {
		b.Run(name, func(b *testing.B) {
			tok := open(b, name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s := tok.Stream()
				n = 0
				for at := 0; at < len(text); at += 4 {
					n += s.Add(text[at:min(at+4, len(text))])
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

func ExampleTokenizer_Count() {
	tok, err := Open("cl100k_base")
	if err != nil {
		panic(err)
	}
	fmt.Println(tok.Count("Record LLM traffic once, with the time of every token."))
	// Output: 13
}
