package replay

import (
	"bytes"
	"encoding/json"

	"metron/internal/jsonparts"
	"metron/schema"
)

// hasMessages reports whether a recorded body of the API is a list of messages.
func hasMessages(row *schema.Record) bool {
	switch row.API {
	case schema.APIChat, schema.APIMessages, schema.APIOllamaChat:
		return row.RequestBody != nil
	}
	return false
}

// span is where a value stands in a body.
type span struct{ begin, end int }

// messagesOf gives those of a body, none of one without.
func messagesOf(body []byte) (list []span) {
	fields, _, _ := members(body)
	for _, m := range fields {
		if m.Name != "messages" {
			continue
		}
		list = nil
		at := m.Begin
		elements, _ := jsonparts.Elements(body[m.Begin:m.End])
		for _, e := range elements {
			at += bytes.Index(body[at:m.End], e) // spaces and a comma before it
			list = append(list, span{at, at + len(e)})
			at += len(e)
		}
	}
	return list
}

// putAnswers puts what the target answered into a recorded body, in the place of what
// was answered then: behind the messages of each turn before it. Calls of tools and answers
// in parts stay, and so does every other byte.
func putAnswers(body []byte, before *spoken) []byte {
	list := messagesOf(body)
	answers := map[int]string{}
	for ; before != nil; before = before.before {
		if before.answer != "" && before.messages > 0 {
			answers[before.messages] = before.answer
		}
	}
	var out bytes.Buffer
	from := 0
	for i, m := range list {
		answer, ok := answers[i]
		if !ok {
			continue
		}
		role, content, found := "", span{}, false
		fields, _, _ := members(body[m.begin:m.end])
		for _, f := range fields {
			at := span{m.begin + f.Begin, m.begin + f.End}
			switch f.Name {
			case "role":
				_ = json.Unmarshal(body[at.begin:at.end], &role) // what is no text is no role
			case "content":
				content, found = at, body[at.begin] == '"'
			}
		}
		if role == "assistant" && found {
			quoted, _ := json.Marshal(answer) // of a string: cannot fail
			out.Write(body[from:content.begin])
			out.Write(quoted)
			from = content.end
		}
	}
	out.Write(body[from:])
	return out.Bytes()
}
