package capture

import (
	"encoding/json"
	"metron/internal/exchange"
	"slices"
	"strings"
)

// bodyCredentials are those that APIs take in a request's body, for tools that the
// server is to call: Responses' tools[].authorization and .headers, Anthropic's
// mcp_servers[].authorization_token, and their like.
func bodyCredentials(body []byte) (found []string) {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	for name, raw := range request {
		if slices.Contains([]string{"messages", "input", "contents", "prompt", "system", "instructions"}, name) {
			continue // words of a prompt, whatever they are called
		}
		var value any
		if json.Unmarshal(raw, &value) == nil {
			found = appendSecrets(found, name, value, false)
		}
	}
	return found
}

// appendSecrets walks through a value; inside says that it stands in header fields.
func appendSecrets(found []string, name string, value any, inside bool) []string {
	switch value := value.(type) {
	case string:
		plain := strings.ReplaceAll(strings.ToLower(name), "-", "_")
		if slices.Contains([]string{"authorization", "authorization_token", "api_key", "apikey", "x_api_key", "access_token", "auth_token"}, plain) ||
			inside && exchange.IsSecretive(name) {
			found = append(found, secretsIn(value)...)
		}
	case []any:
		for _, one := range value {
			found = appendSecrets(found, name, one, inside)
		}
	case map[string]any:
		for inner, one := range value {
			found = appendSecrets(found, inner, one, inside || strings.EqualFold(name, "headers"))
		}
	}
	return found
}
