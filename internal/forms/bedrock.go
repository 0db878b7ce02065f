package forms

import "strings"

func converseOptions() optionNames {
	return optionNames{maxTokens: "maxTokens", temperature: "temperature", topP: "topP", stop: "stopSequences"}
}

func parseConverse(o object, c *Conversation) {
	system := Message{Role: System}
	for _, block := range o.objects("system") {
		block.block(&system, c)
	}
	if !system.empty() {
		c.Messages = append(c.Messages, system)
	}
	for _, m := range o.objects("messages") {
		one := Message{Role: m.role()}
		for _, block := range m.objects("content") {
			block.block(&one, c)
		}
		if !one.empty() {
			c.Messages = append(c.Messages, one)
		}
		m.rest()
	}
	tools := o.inner("toolConfig")
	for _, t := range tools.objects("tools") {
		spec := t.inner("toolSpec")
		if spec.fields != nil {
			schema := spec.inner("inputSchema")
			tool := spec.tool("")
			tool.Schema = compact(schema.raw("json"))
			schema.rest()
			c.Tools = append(c.Tools, tool)
		}
		t.rest()
	}
	choice := tools.inner("toolChoice")
	choice.drop("auto")
	if choice.raw("any") != nil {
		c.Choice.Mode = "any"
	}
	if named := choice.inner("tool"); named.fields != nil {
		c.Choice = Choice{"one", named.text("name")}
	}
	choice.rest()
	tools.rest()
	config := o.inner("inferenceConfig")
	c.Options = config.options(converseOptions())
	config.rest()
}

// block reads one of a message; a tool's result becomes a message of its own.
func (o object) block(m *Message, c *Conversation) {
	m.say(o.text("text"))
	if image := o.inner("image"); image.fields != nil {
		source := image.inner("source")
		if data := source.text("bytes"); data != "" {
			image.show(m, Image{Type: "image/" + image.text("format"), Base64: data})
		}
		source.rest()
		image.rest()
	}
	if call := o.inner("toolUse"); call.fields != nil {
		m.Calls = append(m.Calls, Call{call.text("toolUseId"), call.text("name"), call.arguments(call.raw("input"))})
		call.rest()
	}
	if r := o.inner("toolResult"); r.fields != nil {
		result := Message{Role: Result, CallID: r.text("toolUseId")}
		for _, block := range r.objects("content") {
			if value := block.raw("json"); value != nil {
				result.say(string(compact(value)))
			}
			block.block(&result, c)
		}
		r.drop("status")
		r.rest()
		c.result(m, result)
	}
	o.rest()
}

func buildConverse(c *Conversation, l *losses) members {
	system, turns := c.turns(l)
	m := members{}
	if system != "" {
		m = m.with("system", []any{members{{"text", system}}})
	}
	m = m.with("messages", list(turns, func(turn []Message) any {
		return members{{"role", role(turn, "user", "assistant")}, {"content", converseBlocks(turn, l)}}
	}))
	m = m.maybe("inferenceConfig", members{}.options(converseOptions(), c.Options, l))
	return m.maybe("toolConfig", converseTools(c, l))
}

func converseTools(c *Conversation, l *losses) members {
	m := members{}.maybe("tools", list(c.Tools, func(t Tool) any {
		spec := members{{"name", t.Name}}.maybe("description", t.Description).with("inputSchema", members{{"json", t.schema()}})
		return members{{"toolSpec", spec}}
	}))
	switch c.Choice.Mode {
	case "":
	case "any":
		m = m.with("toolChoice", members{{"any", members{}}})
	case "one":
		m = m.with("toolChoice", members{{"tool", members{{"name", c.Choice.Tool}}}})
	default:
		l.add("tool_choice")
	}
	return m
}

func converseBlocks(turn []Message, l *losses) []any {
	blocks := []any{}
	for _, m := range turn {
		if m.Role == Result {
			result := members{{"toolUseId", m.CallID}, {"content", converseParts(m.Parts, l)}}
			blocks = append(blocks, members{{"toolResult", result}})
			continue
		}
		blocks = append(blocks, converseParts(m.Parts, l)...)
		for _, call := range m.Calls {
			blocks = append(blocks, members{{"toolUse", members{{"toolUseId", call.ID}, {"name", call.Tool}, {"input", call.Arguments}}}})
		}
	}
	return blocks
}

func converseParts(parts []Part, l *losses) []any {
	blocks := []any{}
	for _, p := range parts {
		switch {
		case p.Image == nil:
			blocks = append(blocks, members{{"text", p.Text}})
		case p.Image.Base64 == "":
			l.add("images.url")
		default:
			image := members{{"format", strings.TrimPrefix(p.Image.Type, "image/")}, {"source", members{{"bytes", p.Image.Base64}}}}
			blocks = append(blocks, members{{"image", image}})
		}
	}
	return blocks
}

// buildInvoke is what Anthropic's models are invoked with.
func buildInvoke(c *Conversation, l *losses) members {
	return members{{"anthropic_version", "bedrock-2023-05-31"}}.anthropic(c, l)
}
