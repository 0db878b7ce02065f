package replay

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// nullTokens is how long every answer of the null server is.
const nullTokens = 16

// nullServer answers every request at once with the same few tokens, a write each,
// as real servers send them. It is the target that leaves nothing to blame but
// this machine, so it does as little as an HTTP server can. It is of this process,
// so that its share of the machine is small and the same everywhere.
type nullServer struct {
	target  *url.URL
	answers []nullAnswer
	http    *http.Server
	serving sync.WaitGroup
}

func startNull() (*nullServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("null server: %w", err)
	}
	s := &nullServer{target: &url.URL{Scheme: "http", Host: l.Addr().String()}, answers: nullAnswers()}
	s.http = &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.serving.Go(func() { s.http.Serve(l) }) // always ErrServerClosed: close ends it
	return s, nil
}

func (s *nullServer) close() {
	s.http.Close()
	s.serving.Wait()
}

func (s *nullServer) answer(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		io.WriteString(w, `{"data":[{"id":"null"}]}`)
		return
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	a := s.answerTo(req.URL.Path)
	w.Header().Set("Content-Type", a.contentType)
	flush := http.NewResponseController(w)
	for i := range nullTokens {
		text := a.token
		if i == nullTokens-1 {
			text = a.last
		}
		if _, err := io.WriteString(w, text); err != nil || flush.Flush() != nil {
			return
		}
	}
}

// answerTo knows the APIs by their paths; others are answered like a chat, the last one.
func (s *nullServer) answerTo(path string) *nullAnswer {
	i := slices.IndexFunc(s.answers, func(a nullAnswer) bool { return strings.HasSuffix(path, a.path) })
	return &s.answers[i]
}

// nullAnswer is a stream of an API: the event of a token, and the last one with what ends
// the stream.
type nullAnswer struct{ path, contentType, token, last string }

func nullAnswers() (list []nullAnswer) {
	const stream, lines, frames = "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"
	data := func(event string) string { return "data: " + event + "\n\n" }
	n := func(event string) string { return strings.ReplaceAll(event, "TOKENS", strconv.Itoa(nullTokens)) }
	add := func(path, contentType, token, end string) {
		list = append(list, nullAnswer{path, contentType, token, token + n(end)})
	}
	usage := data(`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":TOKENS}}`) + data("[DONE]")
	done := `"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":TOKENS}` + "\n"
	chat, chatEnd := data(`{"choices":[{"index":0,"delta":{"content":"a"}}]}`), data(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)+usage
	messages := []string{`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`,
		n(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1,"output_tokens":TOKENS}}`), `{"type":"message_stop"}`}

	add("/responses", stream, data(`{"type":"response.output_text.delta","output_index":0,"delta":"a"}`),
		data(`{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":TOKENS}}}`))
	add("/v1/messages", stream, data(messages[0]), data(messages[1])+data(messages[2]))
	add("/api/chat", lines, `{"message":{"role":"assistant","content":"a"},"done":false}`+"\n", `{"message":{"role":"assistant","content":""},`+done)
	add("/api/generate", lines, `{"response":"a","done":false}`+"\n", `{"response":"",`+done)
	add("/generate_stream", stream, data(`{"token":{"id":1,"text":"a","special":false},"generated_text":null}`),
		data(`{"token":{"id":2,"text":"","special":true},"generated_text":"a","details":{"finish_reason":"eos_token","generated_tokens":TOKENS,"input_length":1}}`))
	add(":streamGenerateContent", stream, data(`{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}]}`),
		data(`{"candidates":[{"content":{"parts":[],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":TOKENS}}`))
	add("/converse-stream", frames, frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"a"}}`),
		frame("messageStop", `{"stopReason":"end_turn"}`)+frame("metadata", n(`{"usage":{"inputTokens":1,"outputTokens":TOKENS}}`)))
	add("/invoke-with-response-stream", frames, chunkFrame(messages[0]), chunkFrame(messages[1])+chunkFrame(messages[2]))
	add("/invocations-response-stream", frames, frame("PayloadPart", chat), frame("PayloadPart", n(chatEnd)))
	add("/chat/completions", stream, chat, chatEnd)
	add("/completions", stream, data(`{"choices":[{"index":0,"text":"a"}]}`), data(`{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}`)+usage)
	add("", stream, chat, chatEnd)
	return list
}

// frame is a message of AWS's event streams.
func frame(event, payload string) string {
	m := eventstream.Message{Payload: []byte(payload)}
	m.Headers.Set(":message-type", eventstream.StringValue("event"))
	m.Headers.Set(":event-type", eventstream.StringValue(event))
	var b strings.Builder
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.String()
}

// chunkFrame is one with an event of the model's own API.
func chunkFrame(event string) string {
	return frame("chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(event))+`"}`)
}
