package workload

import (
	"testing"

	"metron/internal/wire"
	"metron/schema"
)

// TestForms: what is asked of each API is what wire, which reads requests for
// captures, reads in it.
func TestForms(t *testing.T) {
	n, half := new(int64(7)), new(0.5)
	for _, c := range []struct {
		api, path  string
		topK, seed bool // the API has them
	}{
		{schema.APIResponses, "/v1/responses", false, false},
		{schema.APIMessages, "/v1/messages", true, false},
		{schema.APIOllamaChat, "/api/chat", true, true},
		{schema.APIOllamaGenerate, "/api/generate", true, true},
	} {
		for _, stream := range []bool{true, false} {
			r := schema.Record{API: c.api, RequestModel: "m", Stream: stream, ChoiceCount: 1, InputTokens: new(int64(30)), OutputTokens: n,
				Temperature: half, TopP: half, TopK: n, Seed: n}
			body, err := (&Prompter{Extensions: true}).Body(&r)
			if err != nil {
				t.Fatal(err)
			}
			got := wire.ParseRequest("POST", c.path, body)
			if got.API != c.api || got.Model != "m" || got.Stream != stream || *got.MaxTokens != 7 || *got.Temperature != 0.5 || *got.TopP != 0.5 ||
				(got.TopK != nil) != c.topK || (got.Seed != nil) != c.seed {
				t.Errorf("%s: %s is read as %+v", c.api, body, got)
			}
		}
	}
	body, err := (&Prompter{}).Body(&schema.Record{API: schema.APIMessages, RequestModel: "m"})
	if err != nil || *wire.ParseRequest("POST", "/v1/messages", body).MaxTokens != unboundMessage {
		t.Errorf("%s, %v", body, err)
	}
}
