package forms

import (
	"strings"

	"metron/internal/jsonparts"
)

func geminiOptions() optionNames {
	return optionNames{maxTokens: "maxOutputTokens", temperature: "temperature", topP: "topP", topK: "topK", seed: "seed",
		frequency: "frequencyPenalty", presence: "presencePenalty", choices: "candidateCount", stop: "stopSequences"}
}

func parseGemini(o object, c *Conversation) {
	o.snake = true
	o.drop("model")
	system := Message{Role: System}
	instruction := o.inner("systemInstruction")
	instruction.drop("role")
	for _, p := range instruction.objects("parts") {
		p.part(&system, c)
	}
	instruction.rest()
	if !system.empty() {
		c.Messages = append(c.Messages, system)
	}
	for _, content := range o.objects("contents") {
		m := Message{Role: User}
		if content.text("role") == "model" {
			m.Role = Assistant
		}
		for _, p := range content.objects("parts") {
			p.part(&m, c)
		}
		if !m.empty() {
			c.Messages = append(c.Messages, m)
		}
		content.rest()
	}
	for _, t := range o.objects("tools") {
		for _, f := range t.objects("functionDeclarations") {
			schema := f.raw("parametersJsonSchema")
			tool := f.tool("parameters")
			if schema != nil {
				tool.Schema = compact(schema)
			}
			c.Tools = append(c.Tools, tool)
		}
		t.rest()
	}
	o.geminiChoice(c)
	config := o.inner("generationConfig")
	c.Options = config.options(geminiOptions())
	config.rest()
}

func (o object) geminiChoice(c *Conversation) {
	config := o.inner("toolConfig")
	calling := config.inner("functionCallingConfig")
	named, names := "", calling.texts("allowedFunctionNames")
	switch len(names) {
	case 0:
	case 1:
		named = names[0]
	default:
		o.add(calling.at + "allowedFunctionNames")
	}
	c.Choice = o.choose(strings.ToLower(calling.text("mode")), named, calling.at+"mode")
	calling.rest()
	config.rest()
}

// part reads one of a message; a tool's result becomes a message of its own.
func (o object) part(m *Message, c *Conversation) {
	if thought := o.flag("thought"); thought != nil && *thought {
		o.add(o.at + "thought")
		return
	}
	o.drop("thoughtSignature")
	m.say(o.text("text"))
	if inline := o.inner("inlineData"); inline.fields != nil {
		inline.show(m, Image{Type: inline.text("mimeType"), Base64: inline.text("data")})
		inline.rest()
	}
	if file := o.inner("fileData"); file.fields != nil {
		file.show(m, Image{Type: file.text("mimeType"), URL: file.text("fileUri")})
		file.rest()
	}
	if call := o.inner("functionCall"); call.fields != nil {
		m.Calls = append(m.Calls, Call{call.text("id"), call.text("name"), call.arguments(call.raw("args"))})
		call.rest()
	}
	if r := o.inner("functionResponse"); r.fields != nil {
		result := Message{Role: Result, CallID: r.text("id"), Tool: r.text("name")}
		result.say(r.output())
		r.rest()
		c.result(m, result)
	}
	o.rest()
}

// output is what a tool gave: the text under that name, or else the whole object.
func (o object) output() string {
	raw := o.raw("response")
	if list, _, ok := jsonparts.Members(raw); ok && len(list) == 1 && list[0].Name == "output" {
		if text, ok := textOf(raw[list[0].Begin:list[0].End]); ok {
			return text
		}
	}
	return string(compact(raw))
}

func buildGemini(c *Conversation, l *losses) members {
	system, turns := c.turns(l)
	m := members{}
	if system != "" {
		m = m.with("systemInstruction", members{{"parts", []any{members{{"text", system}}}}})
	}
	m = m.with("contents", list(turns, func(turn []Message) any {
		return members{{"role", role(turn, "user", "model")}, {"parts", geminiParts(turn, l)}}
	}))
	if len(c.Tools) > 0 {
		declared := list(c.Tools, func(t Tool) any {
			return members{{"name", t.Name}}.maybe("description", t.Description).maybe("parametersJsonSchema", t.Schema)
		})
		m = m.with("tools", []any{members{{"functionDeclarations", declared}}})
	}
	if mode := c.Choice.Mode; mode != "" {
		calling := members{{"mode", strings.ToUpper(mode)}}
		if mode == "one" {
			calling = members{{"mode", "ANY"}, {"allowedFunctionNames", []string{c.Choice.Tool}}}
		}
		m = m.with("toolConfig", members{{"functionCallingConfig", calling}})
	}
	return m.maybe("generationConfig", members{}.options(geminiOptions(), c.Options, l))
}

func geminiParts(turn []Message, l *losses) (parts []any) {
	for _, m := range turn {
		if m.Role == Result {
			m.plain(l)
			response := members{{"output", m.text()}}
			parts = append(parts, members{{"functionResponse", members{{"name", m.Tool}, {"response", response}}}})
			continue
		}
		for _, p := range m.Parts {
			switch {
			case p.Image == nil:
				parts = append(parts, members{{"text", p.Text}})
			case p.Image.URL != "":
				parts = append(parts, members{{"fileData", members{}.maybe("mimeType", p.Image.Type).with("fileUri", p.Image.URL)}})
			default:
				parts = append(parts, members{{"inlineData", members{{"mimeType", p.Image.Type}, {"data", p.Image.Base64}}}})
			}
		}
		for _, call := range m.Calls {
			parts = append(parts, members{{"functionCall", members{{"name", call.Tool}, {"args", call.Arguments}}}})
		}
	}
	return parts
}
