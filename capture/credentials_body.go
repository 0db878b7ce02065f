package capture

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/internal/jsonparts"
)

const (
	// leastInBody is the length below which a text in a body is no credential
	// but a word that stands in for one.
	leastInBody = 8

	// longestURL is one with a token of a session in it; what is longer is text.
	longestURL = 16 << 10

	// maxInBody and maxBytesInBody bound the texts that one body makes the recorder look for.
	maxInBody, maxBytesInBody = 1000, 64 << 10
)

// bodyCredentials are those in a request's body: for tools that the server is to call
// (Responses' tools[].authorization and .headers, Anthropic's mcp_servers[].authorization_token,
// and their like), and those in URLs, which grant access to an image or a tool.
// false: the body is no JSON object, or has too many, so that it cannot be cleaned.
func bodyCredentials(body []byte) (all []string, ok bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || !json.Valid(body) {
		return nil, false
	}
	found, size := map[string]bool{}, 0
	tooMany := func() bool { return len(found) > maxInBody || size > maxBytesInBody }
	jsonparts.Walk(body, place{}, place.under, func(at place, quoted []byte) {
		named := !at.prompt && (isCredential(at.name) || at.inside && exchange.IsSecretive(at.name))
		if tooMany() || !named && !mayBeURL(quoted) {
			return
		}
		text := jsonparts.Text(quoted)
		some := urlCredentials(text)
		if named && len(text) >= leastInBody {
			some = append(some, secretsIn(text)...)
			some = append(some, string(quoted[1:len(quoted)-1])) // in the client's own spelling
		}
		for _, s := range some {
			if len(s) >= leastInBody && !found[s] {
				found[s] = true
				size += len(s)
			}
		}
	})
	return slices.Sorted(maps.Keys(found)), !tooMany()
}

// place is where in a body a string stands.
type place struct {
	name   string // of the innermost member that it belongs to
	deep   bool   // that is not one of the body itself
	prompt bool   // among words of a prompt, whatever they are called
	inside bool   // in header fields, or in what says who one is
}

func (p place) under(name string) place {
	if !p.deep {
		return place{name: name, deep: true, prompt: slices.Contains([]string{"messages", "input", "inputs", "contents", "prompt",
			"system", "systemInstruction", "system_instruction", "instructions"}, name)}
	}
	if !p.prompt && !p.inside {
		outer := plainName(p.name)
		p.inside = strings.HasSuffix(outer, "headers") || outer == "auth" || outer == "authentication"
	}
	p.name = name
	return p
}

// isCredential reports whether a field's name in a body is such as credentials have. It
// is narrower than IsSecretive: bodies have token counts, keys of caches and tokens
// that begin and end texts.
func isCredential(name string) bool {
	name = plainName(name)
	if slices.Contains([]string{"stoptoken", "endtoken", "starttoken", "eostoken", "bostoken", "padtoken", "unktoken", "septoken", "clstoken",
		"masktoken", "imagetoken", "nexttoken", "pagetoken", "nextpagetoken", "continuationtoken"}, name) {
		return false
	}
	return name == "auth" || slices.ContainsFunc([]string{"authorization", "bearer", "token", "secret", "password", "passwd", "pwd", "passphrase", "credential", "credentials",
		"apikey", "accesskey", "accesskeyid", "secretkey", "privatekey", "signingkey", "subscriptionkey", "accountkey", "masterkey",
		"connectionstring", "assertion", "cookie", "jwt"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// plainName is a name however its words are joined.
func plainName(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "_", ""), "-", ""))
}

// grants reports whether a name in a URL's query is that of what grants access. Search
// words and authors are none.
func grants(name string) bool {
	plain := plainName(name)
	return isCredential(name) || plain == "key" || plain == "sig" || strings.HasSuffix(plain, "signature")
}

// mayBeURL reports whether a quoted text can be a URL as a whole, without looking
// at what it says: most texts are long, or have a space.
func mayBeURL(quoted []byte) bool {
	return len(quoted) <= longestURL && bytes.IndexByte(quoted, ' ') < 0 && bytes.IndexByte(quoted, ':') >= 0
}

// urlCredentials are those in a text that is a URL: who one is there, and the values of
// its query and its fragment that are called secret. It is taken apart by hand: what
// a strict reader refuses may be a credential all the same.
func urlCredentials(text string) (found []string) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || strings.HasPrefix(scheme, "data:") || strings.ContainsAny(text, " \t\r\n") {
		return nil
	}
	authority := rest
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		authority = rest[:end]
	}
	if at := strings.LastIndexByte(authority, '@'); at > 0 {
		user := authority[:at]
		name, password, _ := strings.Cut(user, ":")
		found = append(found, user)
		switch plain, err := url.PathUnescape(password); {
		case password == "":
			found = append(found, name)
		case !exchange.IsSecretive(password): // else it is the word of an example, and may stand elsewhere
			if found = append(found, password); err == nil {
				found = append(found, plain)
			}
		}
	}
	for pair := range strings.FieldsFuncSeq(rest, func(r rune) bool { return strings.ContainsRune("?&;#", r) }) {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if grants(name) {
			found = append(found, value)
			if plain, err := url.QueryUnescape(value); err == nil {
				found = append(found, plain)
			}
		}
	}
	return found
}
