package replay

import (
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/schema"
)

// Changes are what is sent otherwise than it was recorded. The zero value is
// nothing: a recorded body goes byte for byte.
type Changes struct {
	// Model is asked for instead of every recorded model, but for those that
	// Models maps to others.
	Model  string
	Models map[string]string

	// Fields are set in the top level of each body; the rest of it stays.
	Fields []Field

	// Header is sent with every request, in place of recorded fields of those names.
	Header http.Header

	// Stream asks for a stream where the recorded request did not.
	Stream bool
}

// message is what goes to a target.
type message struct {
	target *url.URL
	header http.Header
	body   []byte
}

// model is that which a row is sent to.
func (c *Changes) model(recorded string) string {
	if to, ok := c.Models[recorded]; ok {
		return to
	}
	if c.Model != "" {
		return c.Model
	}
	return recorded
}

// edit makes a recorded body the one that is sent. The row is as recorded.
func (c *Changes) edit(row *schema.Record) []byte {
	body, fields := row.RequestBody, slices.Clip(c.Fields)
	set := func(f Field) {
		if !slices.ContainsFunc(c.Fields, func(asked Field) bool { return asked.Name == f.Name }) {
			fields = append(fields, f)
		}
	}
	if m := c.model(row.RequestModel); m != row.RequestModel && (namesModel(row.API) || hasField(body, "model")) {
		set(textField("model", m))
	}
	if c.Stream && !row.Stream && streamable(row.API) {
		set(Field{"stream", json.RawMessage("true")})
		if row.API == schema.APIChat || row.API == schema.APICompletions { // a stream says its counts only when asked
			set(Field{"stream_options", json.RawMessage(`{"include_usage":true}`)})
		}
	}
	return setFields(body, fields)
}

// streamable reports whether a request of the API asks for a stream in a field
// of its body; the other APIs have another path for it.
func streamable(api string) bool {
	switch api {
	case schema.APIChat, schema.APICompletions, schema.APIResponses, schema.APIMessages, schema.APIOllamaChat, schema.APIOllamaGenerate:
		return true
	}
	return false
}

// namesModel reports whether the body names the model.
func namesModel(api string) bool { return streamable(api) || api == schema.APIEmbeddings }

// headerOf is that of a row's request: what the capture kept, then what was
// asked for. Credentials are never taken from a trace, nor what belongs to the
// connection.
func (c *Changes) headerOf(row *schema.Record) http.Header {
	h := http.Header{}
	var recorded map[string][]string
	if json.Unmarshal([]byte(row.RequestHeaders), &recorded) == nil {
		for name, values := range recorded {
			name = textproto.CanonicalMIMEHeaderKey(name)
			if !exchange.IsSecretive(name) && !ofConnection(name) {
				h[name] = values
			}
		}
	}
	for name, values := range c.Header {
		h[name] = values
	}
	return h
}

// ofConnection reports whether a header field is the client's own to write.
func ofConnection(name string) bool {
	switch name {
	case "Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect":
		return true
	}
	return strings.HasPrefix(name, "Proxy-")
}

// authorize adds the key where the API looks for it.
func authorize(h http.Header, api, key string) {
	switch {
	case key == "":
	case api == schema.APIMessages:
		h.Set("X-Api-Key", key)
	case api == schema.APIGemini:
		h.Set("X-Goog-Api-Key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
	if api == schema.APIMessages && h.Get("Anthropic-Version") == "" {
		h.Set("Anthropic-Version", "2023-06-01") // that API refuses a request without one
	}
}
