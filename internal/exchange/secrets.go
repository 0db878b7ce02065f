package exchange

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"metron/schema"
)

// shortSecret is the length below which a credential is no more than a word
// that stands in for one ("EMPTY", "ollama"): it is cut from error messages only.
const shortSecret = 8

// cutMark stands where a credential stood.
const cutMark = "[credential]"

// IsSecretive reports whether the name of a header field or of a query's
// parameter is such as credentials have.
func IsSecretive(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "key", "token", "secret", "cookie", "passw", "credential", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "sig" // of a signed URL
}

// spellings are credentials in every form in which a server may say them again,
// the longest first.
func spellings(credentials []string) []string {
	var all []string
	for _, c := range credentials {
		if c == "" {
			continue
		}
		quoted, _ := json.Marshal(c) // of a string: cannot fail
		inside := string(quoted[1 : len(quoted)-1])
		all = append(all, c, inside, strings.ReplaceAll(c, "/", `\/`), url.QueryEscape(c), url.PathEscape(c))
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// cut takes credentials of a length out of a text.
func cut(text string, secrets []string, shortest int) string {
	for _, s := range secrets {
		if len(s) >= shortest && strings.Contains(text, s) {
			text = strings.ReplaceAll(text, s, cutMark)
		}
		for n := len(s) - 1; n >= shortSecret/2; n-- { // the text may have been cut amid it
			if strings.HasSuffix(text, s[:n]) {
				text = text[:len(text)-n] + cutMark
				break
			}
		}
	}
	return text
}

// cutCredentials takes the request's credentials out of whatever in a row is in
// the client's or the server's words.
func cutCredentials(r *schema.Record, secrets []string) {
	if len(secrets) == 0 {
		return
	}
	r.ErrorMessage = cut(r.ErrorMessage, secrets, 1)
	for _, text := range []*string{&r.Method, &r.Path, &r.RequestModel, &r.ResponseFormat, &r.ErrorType, &r.ResponseID,
		&r.ResponseModel, &r.ServerMetrics, &r.RequestHeaders} {
		*text = cut(*text, secrets, shortSecret)
	}
	for i := range r.FinishReasons {
		r.FinishReasons[i] = cut(r.FinishReasons[i], secrets, shortSecret)
	}
	for _, body := range []*[]byte{&r.RequestBody, &r.ResponseBody} {
		if len(*body) > 0 {
			if was := string(*body); cut(was, secrets, shortSecret) != was {
				*body = []byte(cut(was, secrets, shortSecret))
			}
		}
	}
}
