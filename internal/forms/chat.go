package forms

import (
	"encoding/json"
	"strings"

	"metron/internal/jsonparts"
)

func openAIOptions() optionNames {
	return optionNames{maxTokens: "max_tokens", temperature: "temperature", topP: "top_p", seed: "seed",
		frequency: "frequency_penalty", presence: "presence_penalty", choices: "n", stop: "stop"}
}

// vLLMOptions are OpenAI's, and those that vLLM added.
func vLLMOptions() optionNames {
	n := openAIOptions()
	n.minTokens, n.topK, n.repetition, n.ignoreEOS = "min_tokens", "top_k", "repetition_penalty", "ignore_eos"
	return n
}

// openAI takes what chat and completions share.
func (c *Conversation) openAI(o object) {
	c.Model = o.text("model")
	stream := o.flag("stream")
	c.Stream = stream != nil && *stream
	newer := o.number("max_completion_tokens")
	c.Options = o.options(vLLMOptions())
	if newer != "" {
		c.Options.MaxTokens = newer
	}
	if each := o.inner("stream_options").flag("continuous_usage_stats"); each != nil {
		c.Options.EachUsage = *each
	}
}

// openAI adds what they share after the prompt.
func (m members) openAI(c *Conversation, l *losses) members {
	m = m.with("stream", c.Stream)
	if c.Stream { // a stream says its counts only when asked
		usage := members{{"include_usage", true}}
		switch {
		case c.Options.EachUsage && c.Plain:
			l.add("stream_options.continuous_usage_stats")
		case c.Options.EachUsage:
			usage = usage.with("continuous_usage_stats", true)
		}
		m = m.with("stream_options", usage)
	}
	if c.Plain {
		return m.options(openAIOptions(), c.Options, l)
	}
	return m.options(vLLMOptions(), c.Options, l)
}

func parseChat(o object, c *Conversation) {
	c.openAI(o)
	for _, m := range o.objects("messages") {
		c.Messages = append(c.Messages, parseOpenAIMessage(m))
	}
	for _, t := range o.objects("tools") {
		if kind := t.text("type"); kind != "function" {
			o.add("tools.type=" + kind)
			continue
		}
		c.Tools = append(c.Tools, t.inner("function").tool("parameters"))
		t.rest()
	}
	c.Choice = o.openAIChoice()
}

// tool takes one that is described in an object.
func (o object) tool(schema string) Tool {
	t := Tool{o.text("name"), o.text("description"), compact(o.raw(schema))}
	o.rest()
	return t
}

func parseOpenAIMessage(o object) Message {
	m := Message{Role: o.role(), CallID: o.text("tool_call_id")}
	o.content(o.raw("content"), &m)
	for _, call := range o.objects("tool_calls") {
		f := call.inner("function")
		call.drop("type", "index")
		m.Calls = append(m.Calls, Call{call.text("id"), f.text("name"), call.arguments(json.RawMessage(f.text("arguments")))})
		f.rest()
		call.rest()
	}
	o.rest()
	return m
}

// role takes it; the developer's is the system's.
func (o object) role() Role {
	switch name := o.text("role"); name {
	case "system", "developer":
		return System
	case "user", "assistant", "tool":
		return Role(name)
	default:
		o.fail("%srole is %q", o.at, name)
		return User
	}
}

// content reads a text, or parts in the spellings of OpenAI's two APIs.
func (o object) content(raw json.RawMessage, m *Message) {
	if text, ok := textOf(raw); ok || raw == nil {
		m.say(text)
		return
	}
	parts, ok := jsonparts.Elements(raw)
	if !ok {
		o.fail("%scontent is neither a text nor parts", o.at)
	}
	for _, raw := range parts {
		part := o.open(raw, o.at+"content.")
		switch kind := part.text("type"); kind {
		case "text", "input_text", "output_text", "refusal":
			m.say(part.text("text") + part.text("refusal"))
			part.rest()
		case "image_url":
			url := part.inner("image_url")
			url.show(m, imageOf(url.text("url")))
			url.rest()
			part.rest()
		case "input_image":
			part.show(m, imageOf(part.text("image_url")))
			part.rest()
		default:
			o.add(o.at + "content.type=" + kind)
		}
	}
}

// imageOf reads a URL, which may hold the image itself.
func imageOf(url string) Image {
	if data, ok := strings.CutPrefix(url, "data:"); ok {
		if kind, content, ok := strings.Cut(data, ";base64,"); ok {
			return Image{Type: kind, Base64: content}
		}
	}
	return Image{URL: url}
}

// url is the reverse.
func (i *Image) url() string {
	if i.URL != "" {
		return i.URL
	}
	return "data:" + i.Type + ";base64," + i.Base64
}

func buildChat(c *Conversation, l *losses) members {
	return members{{"model", c.Model}}.chat(c, l)
}

// chat is such a request but for the model.
func (m members) chat(c *Conversation, l *losses) members {
	m = m.with("messages", list(c.Messages, func(m Message) any { return openAIMessage(m, l) }))
	m = m.maybe("tools", list(c.Tools, func(t Tool) any { return openAITool(t) }))
	m = m.openAIChoice(c.Choice, func(tool string) members {
		return members{{"type", "function"}, {"function", members{{"name", tool}}}}
	})
	return m.openAI(c, l)
}

func openAITool(t Tool) members {
	f := members{{"name", t.Name}}.maybe("description", t.Description).maybe("parameters", t.Schema)
	return members{{"type", "function"}, {"function", f}}
}

func openAIMessage(m Message, l *losses) members {
	out := members{{"role", string(m.Role)}}.maybe("tool_call_id", m.CallID)
	switch {
	case m.Role == Result:
		m.plain(l)
		out = out.with("content", m.text())
	case len(m.images()) > 0:
		out = out.with("content", list(m.Parts, func(p Part) any {
			if p.Image != nil {
				return members{{"type", "image_url"}, {"image_url", members{{"url", p.Image.url()}}}}
			}
			return members{{"type", "text"}, {"text", p.Text}}
		}))
	case len(m.Parts) == 0 && len(m.Calls) > 0:
		out = out.with("content", nil)
	default:
		out = out.with("content", m.text())
	}
	return out.maybe("tool_calls", list(m.Calls, func(call Call) any {
		return members{{"id", call.ID}, {"type", "function"}, {"function", members{{"name", call.Tool}, {"arguments", string(call.Arguments)}}}}
	}))
}
