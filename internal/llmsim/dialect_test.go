package llmsim

import (
	"testing"

	"pgregory.net/rapid"
)

func openJob(c Config, tokens int, options parsed) *job {
	options.prompts, options.maxTokens, options.ignoreEOS = [][]int64{{1, 2, 3}}, tokens, true
	options.n = max(1, options.n)
	return c.newJob(&options, 1, 1_700_000_000)
}

// TestStepsMayFlushTogether: however the steps fall on the handler's turns, a
// choice's tokens come once each and in order.
func TestStepsMayFlushTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := testConfig()
		c.TokensPerChunk = rapid.IntRange(1, 5).Draw(t, "tokens per chunk")
		n := rapid.IntRange(1, 40).Draw(t, "tokens")
		j := openJob(c, n, parsed{n: rapid.IntRange(1, 3).Draw(t, "choices")})
		a := &answer{server: &Server{config: c}, job: j, dialect: recorder{}}
		var got []byte
		for over := false; !over; {
			made := false
			for _, choice := range j.choices {
				left := n - int(choice.emitted.Load())
				step := rapid.IntRange(0, left).Draw(t, "made")
				choice.emitted.Add(int64(step))
				made = made || step > 0 || left == 0
			}
			if !made {
				j.choices[0].emitted.Store(int64(n))
			}
			got, _, over = a.drain(got)
		}
		opens, finishes, ends := 0, 0, 0
		for _, b := range got {
			switch b {
			case 'o':
				opens++
			case 'f':
				finishes++
			case 'e':
				ends++
			}
		}
		if opens != len(j.choices) || finishes != len(j.choices) || ends != 1 || got[len(got)-1] != 'e' {
			t.Fatalf("%d opens, %d finishes for %d choices, %d ends: %s", opens, finishes, len(j.choices), ends, got)
		}
		chunks := (n + c.TokensPerChunk - 1) / c.TokensPerChunk * len(j.choices)
		if events := len(got) - opens - finishes - ends; events != chunks {
			t.Fatalf("%d token events, want %d: %s", events, chunks, got)
		}
		for _, choice := range j.choices {
			if choice.sent != n {
				t.Fatalf("choice %d sent %d of %d tokens", choice.index, choice.sent, n)
			}
		}
	})
}

// recorder is a dialect of one byte an event.
type recorder struct{}

func (recorder) open(b []byte, _ *choice) []byte   { return append(b, 'o') }
func (recorder) finish(b []byte, _ *choice) []byte { return append(b, 'f') }
func (recorder) end(b []byte) []byte               { return append(b, 'e') }
func (recorder) whole(b []byte) []byte             { return b }
func (recorder) tokens(b []byte, c *choice, n int) []byte {
	c.sent += n
	return append(b, byte('0'+n))
}

func TestChunksAllocateNothing(t *testing.T) {
	for name, speak := range map[string]func(*job) dialect{"chat": newChat, "text": newText, "ollama": newOllama} {
		j := openJob(testConfig(), 500, parsed{continuousUsage: true})
		d, c := speak(j), j.choices[0]
		buf := make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(100, func() { buf = d.tokens(buf[:0], c, 1) }); n != 0 {
			t.Errorf("%s: %v allocations a chunk", name, n)
		}
	}
}

func BenchmarkChunk(b *testing.B) {
	j := openJob(testConfig(), 500, parsed{})
	d, c := newChat(j), j.choices[0]
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = d.tokens(buf[:0], c, 1)
	}
	b.SetBytes(int64(len(buf)))
}
