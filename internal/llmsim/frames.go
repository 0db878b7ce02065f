package llmsim

import (
	"bytes"
	"encoding/base64"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// frames is how AWS does it: messages of an event stream.
func frames() protocol {
	return protocol{
		contentType: "application/vnd.amazon.eventstream",
		failure:     func(e *apiError) []byte { return append(append([]byte(`{"message":`), quote(e.Message)...), '}') },
		broken: func(body []byte) []byte {
			return encodeFrame(nil, body, ":message-type", "exception", ":exception-type", "internalServerException", ":content-type", "application/json")
		},
	}
}

func appendFrame(b []byte, event string, payload []byte) []byte {
	return encodeFrame(b, payload, ":event-type", event, ":content-type", "application/json", ":message-type", "event")
}

func encodeFrame(b, payload []byte, headers ...string) []byte {
	m := eventstream.Message{Payload: payload}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	out := bytes.NewBuffer(b)
	if err := eventstream.NewEncoder().Encode(out, m); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// framed is another API's answer within such messages.
type framed struct {
	dialect
	wrap func(b, inner []byte) []byte
}

func (d framed) open(b []byte, c *choice) []byte { return d.wrap(b, d.dialect.open(nil, c)) }
func (d framed) tokens(b []byte, c *choice, n int) []byte {
	return d.wrap(b, d.dialect.tokens(nil, c, n))
}
func (d framed) finish(b []byte, c *choice) []byte { return d.wrap(b, d.dialect.finish(nil, c)) }
func (d framed) end(b []byte) []byte               { return d.wrap(b, d.dialect.end(nil)) }

// newInvoked is POST /model/MODEL/invoke-with-response-stream: an event of Anthropic's
// API a message, in base64.
func newInvoked(j *job) dialect {
	return framed{newAnthropic(j), func(b, inner []byte) []byte {
		for line := range bytes.Lines(inner) {
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				b = appendFrame(b, "chunk", []byte(`{"bytes":"`+base64.StdEncoding.EncodeToString(bytes.TrimSpace(data))+`"}`))
			}
		}
		return b
	}}
}

// sagemaker answers POST /endpoints/NAME/invocations and -response-stream: a
// container's chat, or TGI's API where there are inputs, in parts.
func (s *Server) sagemaker(w http.ResponseWriter, r *http.Request) {
	part := func(b, inner []byte) []byte {
		if len(inner) == 0 {
			return b
		}
		return encodeFrame(b, inner, ":event-type", "PayloadPart", ":content-type", "application/octet-stream", ":message-type", "event")
	}
	speak := newChat
	parse := func(body []byte) (p *parsed, e *apiError) {
		if p, e = s.config.parseChat(body); e != nil && e.Param == "messages" {
			speak = newTGI
			p, e = s.config.parseTGI(body)
		}
		return p, e
	}
	s.generate(parse, func(j *job) dialect { return framed{speak(j), part} }, frames())(w, r)
}
