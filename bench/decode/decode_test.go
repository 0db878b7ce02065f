// Package decode times how the events of a chat stream are read: by metron's
// decoder, and by encoding/json into the struct of the official SDK. It is a
// module of its own, so that the SDK is none of the product's dependencies.
package decode

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"

	"metron/internal/wire"
)

// events is a stream as vLLM and llama.cpp send it: chunks of 250 bytes.
func events(n int) (all [][]byte) {
	for i := range n {
		all = append(all, fmt.Appendf(nil, `data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":" word%d"}}],"created":1795463050,`+
			`"id":"chatcmpl-K1HK1fUFW6mJuDbeI0gc0eHkocQtLpJ8","model":"some-model-8b-instruct","system_fingerprint":"b0-de3ff81","object":"chat.completion.chunk"}`+"\n\n", i))
	}
	return all
}

const n = 1000

func report(b *testing.B, chunks [][]byte) {
	b.SetBytes(int64(len(bytes.Join(chunks, nil))))
	b.ReportAllocs()
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkMetron reads events into the chunk columns, one a socket read.
func BenchmarkMetron(b *testing.B) {
	chunks := events(n)
	req := wire.ParseRequest("POST", "/v1/chat/completions", []byte(`{"stream":true}`))
	header := http.Header{"Content-Type": {"text/event-stream"}}
	for b.Loop() {
		d := wire.NewDecoder(req, 200, header)
		for i, p := range chunks {
			d.Feed(p, int64(i), int32(i))
		}
		if r := d.Finish(); len(r.Kind) != n {
			b.Fatalf("%d events", len(r.Kind))
		}
	}
	report(b, chunks)
}

// each splits the stream as the SDKs do, by lines, and gives out the data.
func each(b *testing.B, body []byte, do func(data []byte)) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	seen := 0
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
			do(data)
			seen++
		}
	}
	if seen != n {
		b.Fatalf("%d events", seen)
	}
}

// BenchmarkSDK has encoding/json read each event into the SDK's struct.
func BenchmarkSDK(b *testing.B) {
	chunks := events(n)
	body := bytes.Join(chunks, nil)
	for b.Loop() {
		each(b, body, func(data []byte) {
			var chunk openai.ChatCompletionChunk
			if err := json.Unmarshal(data, &chunk); err != nil || chunk.Choices[0].Delta.Content == "" {
				b.Fatal(err)
			}
		})
	}
	report(b, chunks)
}

// plain is the smallest struct that one would write by hand for the same columns.
type plain struct {
	ID      string `json:"id"`
	Model   string `json:"model"`
	Choices []struct {
		Index        int    `json:"index"`
		FinishReason string `json:"finish_reason"`
		Delta        struct {
			Role      string `json:"role"`
			Content   string `json:"content"`
			Reasoning string `json:"reasoning_content"`
			Refusal   string `json:"refusal"`
			ToolCalls []struct {
				Function struct{ Name, Arguments string } `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
	} `json:"choices"`
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
}

// BenchmarkPlainStruct has encoding/json read each event into that one.
func BenchmarkPlainStruct(b *testing.B) {
	chunks := events(n)
	body := bytes.Join(chunks, nil)
	for b.Loop() {
		each(b, body, func(data []byte) {
			var chunk plain
			if err := json.Unmarshal(data, &chunk); err != nil || chunk.Choices[0].Delta.Content == "" {
				b.Fatal(err)
			}
		})
	}
	report(b, chunks)
}
