package replay

import (
	"encoding/json"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/schema"
)

// headerOf is that of a row's request: what the capture kept, then what was
// asked for. Credentials are never taken from a trace, nor what belongs to the
// connection, nor what one API says to itself where another is spoken.
func (c *Changes) headerOf(row *schema.Record, translated bool) http.Header {
	h := http.Header{}
	var recorded map[string][]string
	if json.Unmarshal([]byte(row.RequestHeaders), &recorded) == nil {
		for name, values := range recorded {
			name = textproto.CanonicalMIMEHeaderKey(name)
			if !exchange.IsSecretive(name) && !ofConnection(name) && !(translated && ofAPI(name)) {
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

// ofAPI reports whether a header field is of one API, or of its answers' form.
func ofAPI(name string) bool {
	return name == "Accept" || name == "Content-Type" || slices.ContainsFunc([]string{"Anthropic-", "Openai-", "X-Goog-", "X-Amz", "X-Stainless-"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// authorize adds the key where the API looks for it. Google's cloud takes tokens for
// the APIs of others, too.
func authorize(h http.Header, api, path, key string) {
	cloud := strings.Contains(path, "/publishers/")
	switch {
	case key == "":
	case api == schema.APIMessages && !cloud:
		h.Set("X-Api-Key", key)
	case api == schema.APIGemini && !cloud:
		h.Set("X-Goog-Api-Key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
	if api == schema.APIMessages && h.Get("Anthropic-Version") == "" && !cloud {
		h.Set("Anthropic-Version", "2023-06-01") // that API refuses a request without one
	}
}
