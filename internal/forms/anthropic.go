package forms

import (
	"encoding/json"

	"metron/internal/jsonparts"
)

func anthropicOptions() optionNames {
	return optionNames{maxTokens: "max_tokens", temperature: "temperature", topP: "top_p", topK: "top_k", stop: "stop_sequences"}
}

// unbound is the bound of an answer whose length nothing is known of: the API has
// requests name one.
const unbound = "4096"

func parseAnthropic(o object, c *Conversation) {
	c.Model = o.text("model")
	stream := o.flag("stream")
	c.Stream = stream != nil && *stream
	o.drop("anthropic_version")
	c.Options = o.options(anthropicOptions())
	system := Message{Role: System}
	o.blocks(o.raw("system"), "system.", &system, c)
	if !system.empty() {
		c.Messages = append(c.Messages, system)
	}
	for _, m := range o.objects("messages") {
		one := Message{Role: m.role()}
		m.blocks(m.raw("content"), m.at+"content.", &one, c)
		if !one.empty() {
			c.Messages = append(c.Messages, one)
		}
		m.rest()
	}
	for _, t := range o.objects("tools") {
		if kind := t.text("type"); kind != "" && kind != "custom" {
			o.add("tools.type=" + kind)
			continue
		}
		c.Tools = append(c.Tools, t.tool("input_schema"))
	}
	choice := o.inner("tool_choice")
	c.Choice = o.choose(choice.text("type"), choice.text("name"), "tool_choice")
	choice.rest()
}

// blocks reads a text or a list of blocks into a message. Results of tools become
// messages of their own, and what was said before one goes first.
func (o object) blocks(raw json.RawMessage, at string, m *Message, c *Conversation) {
	if text, ok := textOf(raw); ok || raw == nil {
		m.say(text)
		return
	}
	blocks, ok := jsonparts.Elements(raw)
	if !ok {
		o.fail("%s is neither a text nor blocks", named(at))
	}
	for _, raw := range blocks {
		b := o.open(raw, at)
		switch kind := b.text("type"); kind {
		case "text":
			m.say(b.text("text"))
		case "image":
			source := b.inner("source")
			source.drop("type")
			source.show(m, Image{source.text("media_type"), source.text("data"), source.text("url")})
			source.rest()
		case "tool_use":
			m.Calls = append(m.Calls, Call{b.text("id"), b.text("name"), b.arguments(b.raw("input"))})
		case "tool_result":
			result := Message{Role: Result, CallID: b.text("tool_use_id")}
			b.blocks(b.raw("content"), at+"content.", &result, c)
			c.result(m, result)
		default:
			o.add(at + "type=" + kind)
			continue
		}
		b.rest()
	}
}

// result adds one that stands amid the parts of a message.
func (c *Conversation) result(m *Message, result Message) {
	if !m.empty() {
		c.Messages = append(c.Messages, *m)
		*m = Message{Role: m.Role}
	}
	c.Messages = append(c.Messages, result)
}

func buildAnthropic(c *Conversation, l *losses) members {
	return members{{"model", c.Model}}.anthropic(c, l).with("stream", c.Stream)
}

// anthropic is such a request but for the model and the stream.
func (m members) anthropic(c *Conversation, l *losses) members {
	system, turns := c.turns(l)
	m = m.maybe("system", system)
	m = m.with("messages", list(turns, func(turn []Message) any {
		return members{{"role", role(turn, "user", "assistant")}, {"content", anthropicContent(turn)}}
	}))
	m = m.maybe("tools", list(c.Tools, func(t Tool) any {
		return members{{"name", t.Name}}.maybe("description", t.Description).with("input_schema", t.schema())
	}))
	switch c.Choice.Mode {
	case "":
	case "one":
		m = m.with("tool_choice", members{{"type", "tool"}, {"name", c.Choice.Tool}})
	default:
		m = m.with("tool_choice", members{{"type", c.Choice.Mode}})
	}
	o := c.Options
	if o.MaxTokens == "" {
		o.MaxTokens = unbound
	}
	return m.options(anthropicOptions(), o, l)
}

// anthropicContent is a text where a turn is nothing else.
func anthropicContent(turn []Message) any {
	if m := turn[0]; len(turn) == 1 && m.Role != Result && len(m.Calls) == 0 && len(m.images()) == 0 {
		return m.text()
	}
	var blocks []any
	for _, m := range turn {
		if m.Role == Result {
			blocks = append(blocks, members{{"type", "tool_result"}, {"tool_use_id", m.CallID}}.maybe("content", list(m.Parts, anthropicPart)))
			continue
		}
		blocks = append(blocks, list(m.Parts, anthropicPart)...)
		for _, call := range m.Calls {
			blocks = append(blocks, members{{"type", "tool_use"}, {"id", call.ID}, {"name", call.Tool}, {"input", call.Arguments}})
		}
	}
	return blocks
}

func anthropicPart(p Part) any {
	switch {
	case p.Image == nil:
		return members{{"type", "text"}, {"text", p.Text}}
	case p.Image.URL != "":
		return members{{"type", "image"}, {"source", members{{"type", "url"}, {"url", p.Image.URL}}}}
	}
	return members{{"type", "image"}, {"source", members{{"type", "base64"}, {"media_type", p.Image.Type}, {"data", p.Image.Base64}}}}
}
