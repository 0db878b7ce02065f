package forms

// Choice says whether a tool is to be called: "" leaves it to the model, else none,
// any, or the one of that Tool.
type Choice struct{ Mode, Tool string }

// choose reads one by the words that APIs have for it; named is the tool, where there is
// one. What no other API is told is lost under a name, and left to the model.
func (o object) choose(word, named, name string) Choice {
	switch {
	case word == "" && named == "", word == "auto":
		return Choice{}
	case word == "none":
		return Choice{Mode: "none"}
	case word == "any" && named == "", word == "required":
		return Choice{Mode: "any"}
	case named != "" && (word == "" || word == "any" || word == "tool" || word == "function"):
		return Choice{"one", named}
	}
	o.add(name)
	return Choice{}
}

// openAIChoice takes tool_choice, in the spellings of OpenAI's two APIs.
func (o object) openAIChoice() Choice {
	raw := o.raw("tool_choice")
	if word, ok := textOf(raw); ok || raw == nil {
		return o.choose(word, "", "tool_choice")
	}
	named := o.open(raw, "tool_choice.")
	return o.choose(named.text("type"), named.text("name")+named.inner("function").text("name"), "tool_choice")
}

// openAIChoice adds it; one is how the API names a tool.
func (m members) openAIChoice(c Choice, one func(tool string) members) members {
	switch c.Mode {
	case "any":
		return m.with("tool_choice", "required")
	case "one":
		return m.with("tool_choice", one(c.Tool))
	}
	return m.maybe("tool_choice", c.Mode)
}
