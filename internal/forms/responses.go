package forms

import (
	"encoding/json"

	"metron/internal/jsonparts"
)

func responsesOptions() optionNames {
	return optionNames{maxTokens: "max_output_tokens", temperature: "temperature", topP: "top_p"}
}

func parseResponses(o object, c *Conversation) {
	c.Model = o.text("model")
	stream := o.flag("stream")
	c.Stream = stream != nil && *stream
	c.Options = o.options(responsesOptions())
	if text := o.text("instructions"); text != "" {
		c.Messages = append(c.Messages, Message{Role: System, Parts: []Part{{Text: text}}})
	}
	raw := o.raw("input")
	items, isList := jsonparts.Elements(raw)
	text, isText := textOf(raw)
	switch {
	case raw == nil:
		o.fail("there is no input")
	case isText:
		m := Message{Role: User}
		m.say(text)
		c.Messages = append(c.Messages, m)
	case !isList:
		o.fail("input is neither a text nor a list")
	}
	for _, raw := range items {
		c.addItem(o.open(raw, "input."))
	}
	for _, t := range o.objects("tools") {
		if kind := t.text("type"); kind != "function" {
			o.add("tools.type=" + kind)
			continue
		}
		c.Tools = append(c.Tools, t.tool("parameters"))
	}
	c.Choice = o.openAIChoice()
}

// addItem adds one of the input. A call belongs to the answer before it.
func (c *Conversation) addItem(o object) {
	o.drop("id", "status")
	switch kind := o.text("type"); kind {
	case "", "message":
		m := Message{Role: o.role()}
		o.content(o.raw("content"), &m)
		c.Messages = append(c.Messages, m)
	case "function_call":
		call := Call{o.text("call_id"), o.text("name"), o.arguments(json.RawMessage(o.text("arguments")))}
		if n := len(c.Messages); n == 0 || c.Messages[n-1].Role != Assistant {
			c.Messages = append(c.Messages, Message{Role: Assistant})
		}
		last := &c.Messages[len(c.Messages)-1]
		last.Calls = append(last.Calls, call)
	case "function_call_output":
		m := Message{Role: Result, CallID: o.text("call_id")}
		o.content(o.raw("output"), &m)
		c.Messages = append(c.Messages, m)
	default:
		o.add("input.type=" + kind)
		return
	}
	o.rest()
}

func buildResponses(c *Conversation, l *losses) members {
	m := members{{"model", c.Model}}
	messages := c.Messages
	if len(messages) > 0 && messages[0].Role == System && len(messages[0].images()) == 0 {
		m, messages = m.maybe("instructions", messages[0].text()), messages[1:]
	}
	if len(messages) == 1 && messages[0].Role == User && len(messages[0].images()) == 0 {
		m = m.with("input", messages[0].text())
	} else {
		items := []any{}
		for _, one := range messages {
			items = appendItems(items, one, l)
		}
		m = m.with("input", items)
	}
	m = m.maybe("tools", list(c.Tools, func(t Tool) any {
		return members{{"type", "function"}, {"name", t.Name}}.maybe("description", t.Description).maybe("parameters", t.Schema)
	}))
	m = m.openAIChoice(c.Choice, func(tool string) members { return members{{"type", "function"}, {"name", tool}} })
	return m.with("stream", c.Stream).options(responsesOptions(), c.Options, l)
}

func appendItems(items []any, m Message, l *losses) []any {
	if m.Role == Result {
		m.plain(l)
		return append(items, members{{"type", "function_call_output"}, {"call_id", m.CallID}, {"output", m.text()}})
	}
	if len(m.Parts) > 0 || len(m.Calls) == 0 {
		var content any = m.text()
		if len(m.images()) > 0 {
			content = list(m.Parts, func(p Part) any {
				if p.Image != nil {
					return members{{"type", "input_image"}, {"image_url", p.Image.url()}}
				}
				return members{{"type", "input_text"}, {"text", p.Text}}
			})
		}
		items = append(items, members{{"role", string(m.Role)}, {"content", content}})
	}
	for _, call := range m.Calls {
		items = append(items, members{{"type", "function_call"}, {"call_id", call.ID}, {"name", call.Tool}, {"arguments", string(call.Arguments)}})
	}
	return items
}
