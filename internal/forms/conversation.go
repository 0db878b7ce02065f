package forms

import (
	"encoding/json"
	"fmt"
)

// Conversation is a request in no API's spelling. A prompt that is no
// conversation is one message of the user.
type Conversation struct {
	Model    string
	Stream   bool
	Messages []Message
	Tools    []Tool
	Choice   Choice
	Options  Options

	// Plain is said to OpenAI's APIs without the fields that vLLM added to them.
	Plain bool
}

// Role is who says a message.
type Role string

const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	Result    Role = "tool" // what a call of a tool gave
)

// Message is one of a conversation.
type Message struct {
	Role  Role
	Parts []Part
	Calls []Call // of the Assistant

	// Of a Result: the call that it is of, and the tool.
	CallID, Tool string
}

// Part is a text, or an image if there is one.
type Part struct {
	Text  string
	Image *Image
}

// Image is inline, with its type, or a URL.
type Image struct {
	Type   string // image/png
	Base64 string
	URL    string
}

// Call is one of a tool.
type Call struct {
	ID, Tool  string
	Arguments json.RawMessage // an object
}

// Tool is one that may be called.
type Tool struct {
	Name, Description string
	Schema            json.RawMessage // of its arguments; nil: none
}

// schema is that, for APIs that must have one.
func (t *Tool) schema() json.RawMessage {
	if t.Schema == nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	return t.Schema
}

// say adds a text.
func (m *Message) say(text string) {
	if text == "" {
		return
	}
	if n := len(m.Parts); n > 0 && m.Parts[n-1].Image == nil {
		m.Parts[n-1].Text += "\n" + text
		return
	}
	m.Parts = append(m.Parts, Part{Text: text})
}

// text is all that it says.
func (m *Message) text() string {
	var whole Message
	for _, p := range m.Parts {
		whole.say(p.Text)
	}
	if len(whole.Parts) == 0 {
		return ""
	}
	return whole.Parts[0].Text
}

func (m *Message) images() (list []*Image) {
	for _, p := range m.Parts {
		if p.Image != nil {
			list = append(list, p.Image)
		}
	}
	return list
}

func (m *Message) empty() bool { return len(m.Parts) == 0 && len(m.Calls) == 0 && m.Role != Result }

// settle gives calls and results what one API leaves out and another needs: calls
// without ids get some, results the id or the name of their tool by the call
// that they answer.
func (c *Conversation) settle() {
	number, open := 0, []Call(nil)
	for i := range c.Messages {
		m := &c.Messages[i]
		for k := range m.Calls {
			number++
			if m.Calls[k].ID == "" {
				m.Calls[k].ID = fmt.Sprintf("call_%d", number)
			}
			open = append(open, m.Calls[k])
		}
		if m.Role != Result {
			continue
		}
		for k, call := range open {
			if m.CallID == call.ID || m.CallID == "" && (m.Tool == "" || m.Tool == call.Tool) {
				m.CallID, m.Tool = call.ID, call.Tool
				open = append(open[:k:k], open[k+1:]...)
				break
			}
		}
	}
}

// turns are the messages for APIs in which the user and the assistant alternate, with
// what stands before them for the system: results are the user's, and what one says twice is
// joined. A system message amid the others goes to the user, and is named.
func (c *Conversation) turns(l *losses) (system string, turns [][]Message) {
	var before Message
	for _, m := range c.Messages {
		switch {
		case m.Role == System && len(turns) == 0:
			before.say(m.text())
			if len(m.images()) > 0 {
				l.add("images")
			}
			continue
		case m.Role == System:
			l.add("messages.role=system")
			m.Role = User
		}
		if n := len(turns); n > 0 && (turns[n-1][0].Role == Assistant) == (m.Role == Assistant) {
			turns[n-1] = append(turns[n-1], m)
		} else {
			turns = append(turns, []Message{m})
		}
	}
	return before.text(), turns
}

// role is whose a turn is.
func role(turn []Message, user, assistant string) string {
	if turn[0].Role == Assistant {
		return assistant
	}
	return user
}
