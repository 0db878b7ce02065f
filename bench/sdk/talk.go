// Command sdk talks to a server through OpenAI's Go SDK, as talk.mjs does through
// those of npm, and prints the same lines.
//
//	go run . BASE_URL LOG
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sdk BASE_URL LOG")
		os.Exit(2)
	}
	log, err := os.OpenFile(os.Args[2], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	check(err)
	defer log.Close()
	client := openai.NewClient(option.WithBaseURL(os.Args[1]+"/v1"), option.WithAPIKey("sk-not-a-secret"),
		option.WithMaxRetries(0), option.WithHTTPClient(&http.Client{Transport: logged{log, new(int)}}))
	chat(client)
	response(client)
	fail(client)
	leave(client)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func say(name string, said any, row map[string]any) {
	b, err := json.Marshal(map[string]any{"name": "go, " + name, "said": said, "row": row})
	check(err)
	fmt.Println(string(b))
}

const model = "metron-sim"

func ask() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, MaxTokens: openai.Int(24),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is the weather in Paris?")}}
}

func parameters() map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{"text": map[string]any{"type": "string"}}}
}

func isCall(name, arguments string) {
	var a struct{ Text string }
	check(json.Unmarshal([]byte(arguments), &a))
	if name != "weather" || a.Text == "" {
		panic(name + arguments)
	}
}

func chat(client openai.Client) {
	q := ask()
	q.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(context.Background(), q)
	var whole openai.ChatCompletionAccumulator
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	check(stream.Err())
	text := whole.Choices[0].Message.Content
	say("chat, streamed", []any{text, whole.Usage.CompletionTokens, whole.Choices[0].FinishReason},
		map[string]any{"api": "openai.chat", "outcome": "ok", "stream": true, "output_tokens": 24, "contents": 24})

	one, err := client.Chat.Completions.New(context.Background(), ask())
	check(err)
	if one.Choices[0].Message.Content != text {
		panic("another answer when not streamed")
	}
	say("chat", text, map[string]any{"api": "openai.chat", "outcome": "ok", "stream": false, "output_tokens": 24})

	q = ask()
	q.MaxTokens = openai.Int(4000)
	q.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: parameters()})}
	q.ToolChoice.OfAuto = openai.String("required")
	stream = client.Chat.Completions.NewStreaming(context.Background(), q)
	whole = openai.ChatCompletionAccumulator{}
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	check(stream.Err())
	call := whole.Choices[0].Message.ToolCalls[0].Function
	isCall(call.Name, call.Arguments)
	say("chat, a tool streamed", call.Arguments, map[string]any{"api": "openai.chat", "outcome": "ok", "stream": true, "kind": "tool"})
}

func response(client openai.Client) {
	q := responses.ResponseNewParams{Model: model, MaxOutputTokens: openai.Int(16),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("What is the weather?")}}
	stream := client.Responses.NewStreaming(context.Background(), q)
	text, final := "", ""
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text += e.Delta
		case responses.ResponseIncompleteEvent:
			final = e.Response.OutputText()
		}
	}
	check(stream.Err())
	if text == "" || final != text {
		panic("the deltas are not the text: " + text + "; " + final)
	}
	say("responses, streamed", text, map[string]any{"api": "openai.responses", "outcome": "ok", "stream": true, "output_tokens": 16, "contents": 16})

	one, err := client.Responses.New(context.Background(), q)
	check(err)
	say("responses", one.OutputText(), map[string]any{"api": "openai.responses", "outcome": "ok", "stream": false, "output_tokens": 16})
}

func fail(client openai.Client) {
	q := ask()
	q.Model = "none"
	_, err := client.Chat.Completions.New(context.Background(), q)
	var e *openai.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound {
		panic(err)
	}
	say("chat, no such model", e.Message, map[string]any{"api": "openai.chat", "outcome": "http_error"})
}

func leave(client openai.Client) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	q := ask()
	q.MaxTokens = openai.Int(4000)
	stream := client.Chat.Completions.NewStreaming(ctx, q)
	for range 5 {
		if !stream.Next() {
			panic(stream.Err())
		}
	}
	cancel()
	for stream.Next() {
	}
	stream.Close()
	say("chat, left", errors.Is(stream.Err(), context.Canceled), map[string]any{"api": "openai.chat", "outcome": "client_abort", "stream": true})
}

// logged writes what passes to a log, in the form of tap.mjs.
type logged struct {
	to io.Writer
	n  *int // requests so far; one goes at a time
}

func (l logged) next() int { *l.n++; return *l.n - 1 }

func (l logged) RoundTrip(r *http.Request) (*http.Response, error) {
	var request []byte
	if r.Body != nil {
		var err error
		if request, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(request))
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	entry := map[string]any{"n": l.next(), "method": r.Method, "url": r.URL.Path, "status": resp.StatusCode, "request": fmt.Sprintf("%x", sha256.Sum256(request))}
	resp.Body = &loggedBody{ReadCloser: resp.Body, hash: sha256.New(), entry: entry, to: l.to}
	return resp, nil
}

type loggedBody struct {
	io.ReadCloser
	hash  hash.Hash
	entry map[string]any
	to    io.Writer
	ended bool
}

func (b *loggedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.hash.Write(p[:n])
	if err == io.EOF {
		b.ended = true
	}
	return n, err
}

func (b *loggedBody) Close() error {
	if !b.ended { // readers of JSON stop at its end
		if _, err := io.Copy(io.Discard, io.TeeReader(b.ReadCloser, b.hash)); err != nil {
			b.entry["cut"] = true
		}
	}
	b.entry["response"] = fmt.Sprintf("%x", b.hash.Sum(nil))
	err := b.ReadCloser.Close()
	return errors.Join(err, json.NewEncoder(b.to).Encode(b.entry))
}
