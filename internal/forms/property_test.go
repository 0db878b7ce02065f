package forms

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// draw is a conversation that goes well: the user and the assistant alternate, and
// each call has its result.
func draw(t *rapid.T) *Conversation {
	simple := rapid.Bool().Draw(t, "simple") // has a place in every form
	may := func(what string) bool { return !simple && rapid.IntRange(0, 2).Draw(t, what) == 0 }
	text := func() string { return rapid.StringN(1, 12, -1).Draw(t, "text") }
	number := func(what string, values ...string) json.Number {
		if simple {
			return ""
		}
		return json.Number(rapid.SampledFrom(append(values, "", "")).Draw(t, what))
	}
	c := &Conversation{Model: "m-" + rapid.StringMatching(`[a-z0-9.]{1,6}`).Draw(t, "model"), Stream: rapid.Bool().Draw(t, "stream")}
	if may("system") {
		c.Messages = append(c.Messages, Message{Role: System, Parts: []Part{{Text: text()}}})
	}
	tools, images, calls := may("tools"), may("images"), 0
	for n := rapid.IntRange(0, 2).Draw(t, "turns"); ; n-- {
		if simple {
			n = 0
		}
		ask := Message{Role: User, Parts: []Part{{Text: text()}}}
		if images && may("image") {
			ask.Parts = append(ask.Parts, Part{Image: &Image{Type: "image/png", Base64: pixel}})
		}
		c.Messages = append(c.Messages, ask)
		if n == 0 {
			break
		}
		answer := Message{Role: Assistant}
		if !tools || may("said") {
			answer.Parts = []Part{{Text: text()}}
		}
		var results []Message
		for len(answer.Parts)+len(answer.Calls) == 0 || tools && may("another") {
			calls++
			call := Call{"call_" + string(rune('0'+calls)), rapid.SampledFrom([]string{"f", "g"}).Draw(t, "tool"), json.RawMessage(`{"a":[1,"<b>"]}`)}
			answer.Calls = append(answer.Calls, call)
			results = append(results, Message{Role: Result, CallID: call.ID, Tool: call.Tool, Parts: []Part{{Text: text()}}})
			if calls == 9 {
				tools = false
			}
		}
		c.Messages = append(append(c.Messages, answer), results...)
	}
	if tools {
		c.Tools = []Tool{{"f", text(), json.RawMessage(`{"type":"object"}`)}, {Name: "g", Schema: json.RawMessage(`{"x":"&"}`)}}
		c.Choice = rapid.SampledFrom([]Choice{{}, {Mode: "any"}, {Mode: "none"}, {"one", "g"}}).Draw(t, "choice")
	}
	c.Options = Options{MaxTokens: json.Number(rapid.SampledFrom([]string{"1", "900"}).Draw(t, "max")), Temperature: number("temperature", "0", "0.5", "1e-1"),
		TopP: number("top_p", "0.5"), TopK: number("top_k", "3"), Seed: number("seed", "-12345678901234567890"),
		Frequency: number("frequency", "0.5"), Presence: number("presence", "-1"), Repetition: number("repetition", "1.1"),
		MinTokens: number("min", "1"), Choices: number("n", "2")}
	if may("stop") {
		c.Options.Stop = []string{text(), text()}
	}
	if may("ignore_eos") {
		c.Options.IgnoreEOS = new(true)
	}
	return c
}

// TestBuildThenParse: what a form has a place for is read back as it was; and
// whatever was left out, what is read back is built alike.
func TestBuildThenParse(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			whole := 0
			rapid.Check(t, func(t *rapid.T) {
				f, c := Form(name), draw(t)
				body, lost := Build(f, c)
				path := f.Path(c.Model, c.Stream)
				got, unread, err := Parse(f, path, body)
				if err != nil || len(unread) > 0 {
					t.Fatalf("%s: %v, unread %v", body, err, unread)
				}
				again, _ := Build(f, got)
				if string(again) != string(body) {
					t.Fatalf("%s becomes\n%s", body, again)
				}
				if f == "tgi.generate" || f == SageMakerTGI {
					if c.Options.Temperature == "0" { // nothing is drawn
						c.Options.TopP, c.Options.TopK = "", ""
					}
				}
				if !f.NeedsModel() {
					c.Model = ""
				}
				if f == SageMakerTGI || f.NeedsModel() {
					got.Model = c.Model // the path's, checked by TestWireReadsIt
				}
				if len(lost) == 0 {
					whole++
					if !reflect.DeepEqual(got, c) {
						t.Fatalf("%s is read as\n%+v, want\n%+v", body, got, c)
					}
				}
			})
			if whole == 0 {
				t.Error("no conversation had a place for everything")
			}
		})
	}
}

// TestEveryPair: what was built in one form can be sent in any other, and says the
// same where neither has left anything out.
func TestEveryPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		from := Form(rapid.SampledFrom(Names()).Draw(t, "from"))
		to := Form(rapid.SampledFrom(Names()).Draw(t, "to"))
		body, lost := Build(from, c)
		read, _, err := Parse(from, from.Path(c.Model, c.Stream), body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		read.Model = c.Model
		direct, lostDirect := Build(to, c)
		by, lostBy := Build(to, read)
		if len(lost) == 0 && read.Options.Temperature == c.Options.Temperature && read.Options.TopP == c.Options.TopP && read.Options.TopK == c.Options.TopK &&
			(string(direct) != string(by) || !reflect.DeepEqual(lostDirect, lostBy)) {
			t.Fatalf("from %s:\n%s %v\nwant\n%s %v", from, by, lostBy, direct, lostDirect)
		}
	})
}

// FuzzParse: no body stops it; what can be read can be sent in every form.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		body, _ := Build(Form(name), everything())
		f.Add(name, body)
	}
	f.Add("openai.completions", []byte(`{"prompt":[[1],"a"]}`))
	f.Add("openai.responses", []byte(`{"input":"a","tool_choice":{"type":"x"}}`))
	f.Add("gemini.generate", []byte(`{"contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}]}`))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		c, _, err := Parse(Form(name), "/", body)
		if err != nil {
			return
		}
		for _, to := range Names() {
			built, _ := Build(Form(to), c)
			if !json.Valid(built) {
				t.Fatalf("%s from %s %q: %q", to, name, body, built)
			}
			_, unread, err := Parse(Form(to), "/", built)
			if err != nil && err.Error() != "it says nothing" || len(unread) > 0 {
				t.Fatalf("%s from %s %q: %v, %q in %s", to, name, body, err, unread, built)
			}
		}
	})
}
