package exchange

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"metron/internal/wire"
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
		switch {
		case c == "":
		case strings.IndexFunc(c, isSpelledOtherwise) < 0:
			all = append(all, c)
		default:
			all = append(all, c, strings.ReplaceAll(c, "/", `\/`), url.QueryEscape(c), url.PathEscape(c))
			all = append(all, inJSON(c)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// isSpelledOtherwise reports whether some form spells a character in another way.
func isSpelledOtherwise(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' || r == '~')
}

// inJSON are a text's forms in the JSON of writers that escape more than they must:
// Go escapes <>&, Gson = and ' as well, .NET not = but + and in capital digits,
// Python what is no ASCII, PHP that and the slash. The last has all in one.
func inJSON(text string) (all []string) {
	const none, goes, gsons, nets, every = "", "<>&", "<>&='", "<>&'+`\"", "<>&='+`\"/"
	var done []string
	beyond := strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0
	for _, set := range []string{none, goes, gsons, nets, every} {
		escaped := strings.Map(func(r rune) rune {
			if strings.ContainsRune(text, r) {
				return r
			}
			return -1
		}, set)
		if slices.Contains(done, escaped) {
			continue // most have few of them
		}
		done = append(done, escaped)
		for _, digits := range []string{`\u%04x`, `\u%04X`} {
			ascii := inJSONOf(text, escaped, digits, utf8.RuneSelf-1)
			all = append(all, ascii, strings.ReplaceAll(ascii, "/", `\/`))
			if beyond {
				all = append(all, inJSONOf(text, escaped, digits, utf8.MaxRune))
			} else if escaped == "" {
				break // there are no digits
			}
		}
	}
	return all
}

// inJSONOf spells a text with some characters escaped, and all beyond the last of some.
func inJSONOf(text, escaped, digits string, last rune) string {
	var b strings.Builder
	b.Grow(2 * len(text))
	for _, r := range text {
		if !isSpelledOtherwise(r) {
			b.WriteByte(byte(r))
			continue
		}
		short := strings.IndexRune("\b\f\n\r\t\"\\", r)
		switch {
		case r > last || strings.ContainsRune(escaped, r) || r < ' ' && short < 0:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, digits, unit)
			}
		case short >= 0:
			b.WriteByte('\\')
			b.WriteByte(`bfnrt"\`[short])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cut takes credentials of a length out of a text.
func cut(text string, secrets []string, shortest int) string {
	for _, s := range secrets {
		if len(s) >= shortest && strings.Contains(text, s) {
			text = strings.ReplaceAll(text, s, cutMark)
		}
	}
	return text
}

// cutEnd takes the beginning of a credential out of the end of a text that was cut amid it.
func cutEnd(text string, secrets []string) string {
	for _, s := range secrets {
		for n := len(s) - 1; n >= shortSecret/2; n-- {
			if strings.HasSuffix(text, s[:n]) {
				return text[:len(text)-n] + cutMark
			}
		}
	}
	return text
}

// cutBounded takes credentials out of a text that was cut to a bound, if it was longer.
func cutBounded(text string, secrets []string, shortest, bound int) string {
	whole := len(text) <= bound-utf8.UTFMax // else a rune may have been left out for want of room
	if text = cut(text, secrets, shortest); whole {
		return text
	}
	return cutEnd(text, secrets)
}

// cutCredentials takes the request's credentials out of whatever in a row is in
// the client's or the server's words, but for the bodies. torn says that the answer ended
// before its end.
func cutCredentials(r *schema.Record, secrets []string, torn bool) {
	if len(secrets) == 0 {
		return
	}
	r.ErrorMessage = cutBounded(r.ErrorMessage, secrets, 1, wire.MaxMessage)
	if torn {
		r.ErrorMessage = cutEnd(r.ErrorMessage, secrets)
	}
	for _, text := range []*string{&r.RequestModel, &r.ResponseFormat, &r.ErrorType, &r.ResponseID, &r.ResponseModel} {
		*text = cutBounded(*text, secrets, shortSecret, wire.MaxLabel)
	}
	for i := range r.FinishReasons {
		r.FinishReasons[i] = cutBounded(r.FinishReasons[i], secrets, shortSecret, wire.MaxLabel)
	}
	for _, text := range []*string{&r.Method, &r.Path, &r.RequestHeaders} {
		*text = cut(*text, secrets, shortSecret)
	}
	const afterTiming = `"}` // Server-Timing stands last, and has that bound
	metrics, timed := strings.CutSuffix(r.ServerMetrics, afterTiming)
	if metrics = cutBounded(metrics, secrets, shortSecret, wire.MaxMessage); timed {
		metrics += afterTiming
	}
	r.ServerMetrics = metrics
}

// ofBodies takes credentials out of bodies in one pass, however many there are;
// nil: there are none.
func ofBodies(secrets []string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets { // where two begin alike the longest is found
		if len(s) >= shortSecret {
			pairs = append(pairs, s, cutMark)
		}
	}
	if pairs == nil {
		return nil
	}
	return strings.NewReplacer(pairs...)
}

// cleaned is a body without credentials; it is the same one where it has none.
func (x *Exchange) cleaned(body []byte) []byte {
	if x.inBodies == nil || len(body) == 0 {
		return body
	}
	was := string(body)
	if is := x.inBodies.Replace(was); is != was {
		return []byte(is)
	}
	return body
}

// cleanedEnd is a body that was broken off, without the beginning of a credential there.
func (x *Exchange) cleanedEnd(body []byte) []byte {
	if len(x.secrets) == 0 || len(body) == 0 {
		return body
	}
	from := max(0, len(body)-len(x.secrets[0])) // the longest
	return append(body[:from:from], cutEnd(string(body[from:]), x.secrets)...)
}
