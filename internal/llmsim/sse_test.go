package llmsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// event is a server-sent event of a test's stream.
type event struct {
	Comment string `json:"-"`
	Done    bool   `json:"-"`
	ID      string
	Object  string
	Choices []struct {
		Index   int
		Text    string
		Message struct{ Role, Content string }
		Delta   struct {
			Role, Content string
		}
		Logprobs *struct {
			Content []struct {
				Token   string
				Logprob float64
				Bytes   []int
			}
			Tokens        []string
			TokenLogprobs []float64 `json:"token_logprobs"`
			TextOffset    []int     `json:"text_offset"`
		}
		FinishReason *string `json:"finish_reason"`
	}
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		TotalTokens      int `json:"total_tokens"`
		Details          struct {
			CachedTokens int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	}
	Error *struct{ Message, Type string }
}

// events reads a stream to its end, and how it ended.
func events(t *testing.T, r *http.Response) ([]event, error) {
	t.Helper()
	body, end := io.ReadAll(r.Body)
	var out []event
	for frame := range strings.SplitSeq(string(body), "\n\n") {
		var e event
		switch data, isData := strings.CutPrefix(frame, "data: "); {
		case frame == "":
			continue
		case strings.HasPrefix(frame, ": "):
			e.Comment = frame[2:]
		case !isData:
			t.Fatalf("a frame is neither data nor comment: %q", frame)
		case data == "[DONE]":
			e.Done = true
		default:
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatalf("%q: %v", data, err)
			}
		}
		out = append(out, e)
	}
	return out, end
}

// shape writes a stream down: r role, c content, f finish, u usage alone, e
// error, d done, p ping; with the choice's number where it is not 0.
func shape(all []event) string {
	var b strings.Builder
	for _, e := range all {
		switch {
		case e.Comment != "":
			b.WriteByte('p')
		case e.Done:
			b.WriteByte('d')
		case e.Error != nil:
			b.WriteByte('e')
		case len(e.Choices) == 0:
			b.WriteByte('u')
		case e.Choices[0].FinishReason != nil:
			b.WriteByte('f')
		case e.Choices[0].Delta.Role != "":
			b.WriteByte('r')
		default:
			b.WriteByte('c')
		}
		if len(e.Choices) > 0 && e.Choices[0].Index > 0 {
			b.WriteByte(byte('0' + e.Choices[0].Index))
		}
	}
	return b.String()
}
