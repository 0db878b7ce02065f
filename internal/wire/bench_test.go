package wire

import (
	"encoding/json"
	"fmt"
	"testing"
)

// chatChunks is a stream as vLLM and llama.cpp send it: events of about 250 bytes.
func chatChunks(n int) (all [][]byte, size int) {
	for i := range n {
		e := events(fmt.Sprintf(`{"choices":[{"finish_reason":null,"index":0,"delta":{"content":" word%d"}}],"created":1795463050,`+
			`"id":"chatcmpl-K1HK1fUFW6mJuDbeI0gc0eHkocQtLpJ8","model":"some-model-8b-instruct","system_fingerprint":"b0-de3ff81","object":"chat.completion.chunk"}`, i))
		all = append(all, e)
		size += len(e)
	}
	return all, size
}

const benchEvents = 1000

// BenchmarkDecodeChat decodes a stream of 1,000 chunks, one a read.
func BenchmarkDecodeChat(b *testing.B) {
	chunks, size := chatChunks(benchEvents)
	header := eventStream()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder(chatRequest(1), 200, header)
		for i, p := range chunks {
			d.Feed(p, int64(i), int32(i))
		}
		if r := d.Finish(); len(r.Kind) != benchEvents {
			b.Fatalf("%d events", len(r.Kind))
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDecodeChatSplit is the same with each chunk in two reads.
func BenchmarkDecodeChatSplit(b *testing.B) {
	chunks, size := chatChunks(benchEvents)
	header := eventStream()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder(chatRequest(1), 200, header)
		for i, p := range chunks {
			d.Feed(p[:100], int64(i), int32(i))
			d.Feed(p[100:], int64(i), int32(i))
		}
		d.Finish()
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkEncodingJSON is the baseline: the same chunks, framing given, into a
// struct of the fields that the decoder reads.
func BenchmarkEncodingJSON(b *testing.B) {
	chunks, size := chatChunks(benchEvents)
	type chunk struct {
		ID      string `json:"id"`
		Model   string `json:"model"`
		Choices []struct {
			Index int64 `json:"index"`
			Delta struct {
				Role      string `json:"role"`
				Content   string `json:"content"`
				Reasoning string `json:"reasoning_content"`
				Refusal   string `json:"refusal"`
				ToolCalls []struct {
					Function struct {
						Name      string `json:"name"`
						Arguments string `json:"arguments"`
					} `json:"function"`
				} `json:"tool_calls"`
			} `json:"delta"`
			FinishReason *string `json:"finish_reason"`
		} `json:"choices"`
		Usage *struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
		} `json:"usage"`
		Error json.RawMessage `json:"error"`
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range chunks {
			var c chunk
			if err := json.Unmarshal(p[len("data: "):], &c); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

// TestAllocations holds the decoder to what a stream costs whatever its length.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has a sync.Pool lose what it is given")
	}
	chunks, _ := chatChunks(benchEvents)
	header := eventStream()
	got := testing.AllocsPerRun(10, func() {
		d := NewDecoder(chatRequest(1), 200, header)
		for i, p := range chunks {
			d.Feed(p[:50], int64(i), int32(i))
			d.Feed(p[50:], int64(i), int32(i))
		}
		d.Finish()
	})
	if got > 40 {
		t.Errorf("%.0f allocations for %d events, want at most 40", got, benchEvents)
	}
}
