package workload

import (
	"testing"

	"metron/internal/forms"
	"metron/internal/wire"
	"metron/schema"
)

// TestForms: what is asked of each API is what wire, which reads requests for
// captures, reads in it.
func TestForms(t *testing.T) {
	n, half := new(int64(7)), new(0.5)
	for _, name := range forms.Names() {
		f := forms.Form(name)
		for _, stream := range []bool{true, false} {
			r := schema.Record{API: name, RequestModel: "m", Stream: stream, ChoiceCount: 1, InputTokens: new(int64(30)), OutputTokens: n,
				Temperature: half, TopP: half, TopK: n, Seed: n}
			body, err := (&Prompter{Extensions: true}).Body(&r)
			if err != nil {
				t.Fatal(err)
			}
			got := wire.ParseRequest("POST", f.Path("m", stream), body)
			if got.API != f.API() || f.NeedsModel() && got.Model != "m" || got.Stream != stream || *got.MaxTokens != 7 || *got.Temperature != 0.5 || *got.TopP != 0.5 {
				t.Errorf("%s: %s is read as %+v", name, body, got)
			}
		}
	}
	body, err := (&Prompter{}).Body(&schema.Record{API: schema.APIMessages, RequestModel: "m"})
	if err != nil || *wire.ParseRequest("POST", "/v1/messages", body).MaxTokens != 4096 {
		t.Errorf("%s, %v", body, err)
	}
}
