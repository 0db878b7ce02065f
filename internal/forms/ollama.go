package forms

import (
	"encoding/base64"
	"net/http"
	"strings"
)

func ollamaOptions() optionNames {
	return optionNames{maxTokens: "num_predict", temperature: "temperature", topP: "top_p", topK: "top_k", seed: "seed",
		frequency: "frequency_penalty", presence: "presence_penalty", repetition: "repeat_penalty", stop: "stop"}
}

// ollama takes what its two APIs share. It streams unless it is told not to.
func (c *Conversation) ollama(o object) {
	c.Model = o.text("model")
	stream := o.flag("stream")
	c.Stream = stream == nil || *stream
	o.drop("keep_alive")
	options := o.inner("options")
	c.Options = options.options(ollamaOptions())
	if strings.HasPrefix(string(c.Options.MaxTokens), "-") {
		c.Options.MaxTokens = "" // no limit
	}
	options.rest()
}

func (m members) ollama(c *Conversation, l *losses) members {
	return m.with("stream", c.Stream).maybe("options", members{}.options(ollamaOptions(), c.Options, l))
}

func parseOllamaChat(o object, c *Conversation) {
	c.ollama(o)
	for _, one := range o.objects("messages") {
		m := Message{Role: one.role(), Tool: one.text("tool_name"), CallID: one.text("tool_call_id")}
		m.say(one.text("content"))
		m.showAll(one.texts("images"))
		for _, call := range one.objects("tool_calls") {
			f := call.inner("function")
			call.drop("type")
			f.drop("index")
			m.Calls = append(m.Calls, Call{call.text("id"), f.text("name"), call.arguments(f.raw("arguments"))})
			f.rest()
			call.rest()
		}
		one.rest()
		c.Messages = append(c.Messages, m)
	}
	for _, t := range o.objects("tools") {
		t.drop("type")
		c.Tools = append(c.Tools, t.inner("function").tool("parameters"))
		t.rest()
	}
}

// showAll adds images whose types nothing but their bytes tells.
func (m *Message) showAll(images []string) {
	for _, data := range images {
		head, _ := base64.StdEncoding.DecodeString(data[:min(len(data), 64)&^3])
		kind := http.DetectContentType(head)
		if !strings.HasPrefix(kind, "image/") {
			kind = "image/png" // it is meant to be one
		}
		m.Parts = append(m.Parts, Part{Image: &Image{Type: kind, Base64: data}})
	}
}

func buildOllamaChat(c *Conversation, l *losses) members {
	m := members{{"model", c.Model}}
	m = m.with("messages", list(c.Messages, func(m Message) any {
		out := members{{"role", string(m.Role)}, {"content", m.text()}}.maybe("tool_name", m.Tool)
		out = out.maybe("images", ollamaImages(&m, l))
		return out.maybe("tool_calls", list(m.Calls, func(call Call) any {
			return members{{"function", members{{"name", call.Tool}, {"arguments", call.Arguments}}}}
		}))
	}))
	m = m.maybe("tools", list(c.Tools, func(t Tool) any { return openAITool(t) }))
	if c.Choice.Mode != "" {
		l.add("tool_choice")
	}
	return m.ollama(c, l)
}

// ollamaImages are those that stand in the request: behind the text, wherever they
// were.
func ollamaImages(m *Message, l *losses) (data []any) {
	for n, i := range m.images() {
		if m.Parts[len(m.Parts)-len(m.images())+n].Image != i {
			l.add("images.place")
		}
		if i.Base64 == "" {
			l.add("images.url")
			continue
		}
		data = append(data, i.Base64)
	}
	return data
}

func parseOllamaGenerate(o object, c *Conversation) {
	c.ollama(o)
	if system := o.text("system"); system != "" {
		c.Messages = append(c.Messages, Message{Role: System, Parts: []Part{{Text: system}}})
	}
	c.ask(o, "prompt")
	c.Messages[len(c.Messages)-1].showAll(o.texts("images"))
}

// buildOllamaGenerate has a place for the system's message and for images.
func buildOllamaGenerate(c *Conversation, l *losses) members {
	rest := *c
	m := members{{"model", c.Model}}
	if len(rest.Messages) > 1 && rest.Messages[0].Role == System {
		m, rest.Messages = m.with("system", rest.Messages[0].text()), rest.Messages[1:]
	}
	var images []any
	without := make([]Message, len(rest.Messages))
	for i, one := range rest.Messages {
		images = append(images, ollamaImages(&one, l)...)
		without[i] = Message{Role: one.Role, Calls: one.Calls}
		without[i].say(one.text())
	}
	rest.Messages = without
	return m.with("prompt", rest.prompt(l)).maybe("images", images).ollama(c, l)
}
