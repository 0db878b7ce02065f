package forms

import (
	"strings"

	"metron/internal/jsonparts"
)

// parseCompletions reads a prompt as a message of the user.
func parseCompletions(o object, c *Conversation) {
	c.openAI(o)
	c.ask(o, "prompt")
}

func buildCompletions(c *Conversation, l *losses) members {
	return members{{"model", c.Model}, {"prompt", c.prompt(l)}}.openAI(c, l)
}

// ask takes a prompt.
func (c *Conversation) ask(o object, name string) {
	raw := o.raw(name)
	prompts, _ := jsonparts.Elements(raw)
	if len(prompts) == 1 {
		raw = prompts[0]
	}
	text, ok := textOf(raw)
	switch {
	case raw == nil:
		o.fail("there is no %s%s", o.at, name)
	case len(prompts) > 1 && prompts[0][0] == '"':
		o.fail("%s%s is several prompts", o.at, name)
	case !ok:
		o.fail("%s%s is token ids", o.at, name)
	}
	m := Message{Role: User}
	m.say(text)
	c.Messages = append(c.Messages, m)
}

// prompt is the conversation as one text, for APIs without messages: each begins
// with who says it, unless there is but one, and tools and images have no place.
func (c *Conversation) prompt(l *losses) string {
	c.noTools(l)
	if len(c.Messages) == 1 && c.Messages[0].Role == User {
		c.Messages[0].plain(l)
		return c.Messages[0].text()
	}
	l.add("messages.role")
	var b strings.Builder
	for _, m := range c.Messages {
		m.plain(l)
		name := string(m.Role)
		b.WriteString(strings.ToUpper(name[:1]) + name[1:] + ": " + m.text() + "\n\n")
	}
	return b.String() + "Assistant:"
}

// noTools names those that there are.
func (c *Conversation) noTools(l *losses) {
	if len(c.Tools) > 0 {
		l.add("tools")
	}
	if c.Choice.Mode != "" {
		l.add("tool_choice")
	}
}

// plain names what is not text in a message.
func (m *Message) plain(l *losses) {
	if len(m.images()) > 0 {
		l.add("images")
	}
	if len(m.Calls) > 0 {
		l.add("messages.tool_calls")
	}
}
