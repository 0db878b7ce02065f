package replay

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
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
	http    *http.Server
	serving sync.WaitGroup
}

func startNull() (*nullServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("null server: %w", err)
	}
	s := &nullServer{
		target: &url.URL{Scheme: "http", Host: l.Addr().String()},
		http:   &http.Server{Handler: http.HandlerFunc(answerNull), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)},
	}
	s.serving.Go(func() { s.http.Serve(l) }) // always ErrServerClosed: close ends it
	return s, nil
}

func (s *nullServer) close() {
	s.http.Close()
	s.serving.Wait()
}

func answerNull(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		io.WriteString(w, `{"data":[{"id":"null"}]}`)
		return
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	a := nullAnswerTo(req.URL.Path)
	w.Header().Set("Content-Type", a.contentType)
	flush := http.NewResponseController(w)
	for i := range nullTokens {
		text := a.token
		if i == nullTokens-1 {
			text += a.end
		}
		if _, err := io.WriteString(w, text); err != nil || flush.Flush() != nil {
			return
		}
	}
}

// nullAnswer is a stream of an API: the event of a token, and what ends it.
type nullAnswer struct{ contentType, token, end string }

// nullAnswerTo knows the APIs by their paths; others are answered like a chat.
func nullAnswerTo(path string) nullAnswer {
	const stream, lines, frames = "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"
	openAI := fmt.Sprintf(`data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":%d}}`+"\n\ndata: [DONE]\n\n", nullTokens)
	ollama := fmt.Sprintf(`"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":%d}`+"\n", nullTokens)
	switch {
	case strings.HasSuffix(path, "/responses"):
		return nullAnswer{stream, `data: {"type":"response.output_text.delta","output_index":0,"delta":"a"}` + "\n\n",
			fmt.Sprintf(`data: {"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":%d}}}`+"\n\n", nullTokens)}
	case strings.HasSuffix(path, "/v1/messages"):
		return nullAnswer{stream, `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}` + "\n\n",
			fmt.Sprintf(`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1,"output_tokens":%d}}`+"\n\n"+
				`data: {"type":"message_stop"}`+"\n\n", nullTokens)}
	case strings.HasSuffix(path, "/api/chat"):
		return nullAnswer{lines, `{"message":{"role":"assistant","content":"a"},"done":false}` + "\n", `{"message":{"role":"assistant","content":""},` + ollama}
	case strings.HasSuffix(path, "/api/generate"):
		return nullAnswer{lines, `{"response":"a","done":false}` + "\n", `{"response":"",` + ollama}
	case strings.HasSuffix(path, "/generate_stream"):
		return nullAnswer{stream, `data:{"token":{"id":1,"text":"a","special":false},"generated_text":null}` + "\n\n",
			fmt.Sprintf(`data:{"token":{"id":2,"text":"","special":true},"generated_text":"a","details":{"finish_reason":"eos_token","generated_tokens":%d,"input_length":1}}`+"\n\n", nullTokens)}
	case strings.HasSuffix(path, ":streamGenerateContent"):
		return nullAnswer{stream, `data: {"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}]}` + "\n\n",
			fmt.Sprintf(`data: {"candidates":[{"content":{"parts":[],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":%d}}`+"\n\n", nullTokens)}
	case strings.HasSuffix(path, "/converse-stream"):
		return nullAnswer{frames, frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"a"}}`),
			frame("messageStop", `{"stopReason":"end_turn"}`) + frame("metadata", fmt.Sprintf(`{"usage":{"inputTokens":1,"outputTokens":%d,"totalTokens":%d}}`, nullTokens, nullTokens+1))}
	case strings.HasSuffix(path, "/invoke-with-response-stream"):
		return nullAnswer{frames, chunkFrame(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`),
			chunkFrame(fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1,"output_tokens":%d}}`, nullTokens)) +
				chunkFrame(`{"type":"message_stop"}`)}
	case strings.HasSuffix(path, "/invocations-response-stream"):
		chat := nullAnswerTo("")
		return nullAnswer{frames, frame("PayloadPart", chat.token), frame("PayloadPart", chat.end)}
	case strings.HasSuffix(path, "/completions") && !strings.HasSuffix(path, "/chat/completions"):
		return nullAnswer{stream, `data: {"choices":[{"index":0,"text":"a"}]}` + "\n\n", `data: {"choices":[{"index":0,"text":"","finish_reason":"stop"}]}` + "\n\n" + openAI}
	}
	return nullAnswer{stream, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}` + "\n\n",
		`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" + openAI}
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
