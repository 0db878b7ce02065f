package capture

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"metron/internal/exchange"
)

// requestHead is what the recorder needs of a request beside its body. header
// must not change any more.
type requestHead struct {
	method, path, query string
	header              http.Header
	partial             bool // the body is longer than what is there of it
}

// headOf takes it from a request, on the path: nothing is parsed or copied.
func headOf(r *http.Request) *requestHead {
	return &requestHead{method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, header: r.Header}
}

// tenantFields are the header fields, and then the parameters of a query, that
// say who asks, the surest first.
func tenantFields() (header, query []string) {
	return []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key"},
		[]string{"key", "api_key", "api-key", "access_token", "token", "X-Amz-Credential"}
}

// credentials are what must not be recorded, and what tells one tenant from
// another; "": the request carries none.
func (h *requestHead) credentials() (tenant string, all []string) {
	query, _ := url.ParseQuery(h.query) // what of it can be read
	inHeader, inQuery := tenantFields()
	for _, name := range inHeader {
		if v := h.header.Get(name); v != "" && tenant == "" {
			tenant = keyOf(v)
		}
	}
	for _, name := range inQuery {
		if v := query.Get(name); v != "" && tenant == "" {
			tenant = keyOf(v)
		}
	}
	for _, fields := range []map[string][]string{h.header, query} {
		for name, values := range fields {
			if exchange.IsSecretive(name) {
				for _, v := range values {
					all = append(all, secretsIn(v)...)
				}
			}
		}
	}
	slices.Sort(all)
	return tenant, slices.Compact(all)
}

// keyOf is the part of a credential that does not change from request to request.
func keyOf(value string) string {
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		scheme, rest = "", value
	}
	if _, id, found := strings.Cut(rest, "Credential="); found && strings.HasPrefix(scheme, "AWS4-") { // what is signed differs each time
		rest = id
	}
	if id, _, ok := strings.Cut(rest, "/"); ok && (strings.HasPrefix(scheme, "AWS4-") || strings.HasPrefix(id, "AKIA") || strings.HasPrefix(id, "ASIA")) {
		return id
	}
	return rest
}

// secretsIn are a value and the parts of it that are secrets by themselves: what
// follows a scheme, the values of a list, a password.
func secretsIn(value string) []string {
	found := []string{value}
	scheme, rest, ok := strings.Cut(value, " ")
	if ok {
		found = append(found, rest)
	}
	if plain, err := base64.StdEncoding.DecodeString(rest); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		found = append(found, string(plain), password)
	}
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" ,;", r) }) {
		if _, v, ok := strings.Cut(part, "="); ok && v != "" {
			found = append(found, strings.Trim(v, `"`))
			if id, _, ok := strings.Cut(v, "/"); ok {
				found = append(found, id)
			}
		}
	}
	return found
}
