package exchange

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a server puts into a row beside an answer's text are names and figures.
// Where no content may be kept anything else in their place is not taken: it may
// say what the prompt or the answer said.

// isLabel reports whether a word is such as programs give each other: ids, names
// of models, reasons, classes of errors.
func isLabel(word string) bool {
	return len(word) <= 128 && strings.IndexFunc(word, func(r rune) bool {
		return r >= utf8.RuneSelf || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.:/", r))
	}) < 0
}

func labelOr(word, instead string) string {
	if isLabel(word) {
		return word
	}
	return instead
}

// kindOf is the class of an error, if a server's word for it is one, or that of
// its status.
func kindOf(word string, status *int64) string {
	if status != nil && word == http.StatusText(int(*status)) {
		return word
	}
	return labelOr(word, "error")
}

// figures are the numbers in what a server tells of its own work; "" if there are
// none.
func figures(metrics string) string {
	if metrics == "" {
		return ""
	}
	d := json.NewDecoder(strings.NewReader(metrics))
	d.UseNumber()
	var told map[string]any
	if d.Decode(&told) != nil {
		return ""
	}
	kept := map[string]any{}
	for name, value := range told {
		if text, ok := value.(string); ok && name == "server_timing" {
			value = durations(text)
		} else {
			value = numbers(value)
		}
		if value != nil {
			kept[name] = value
		}
	}
	if len(kept) == 0 {
		return ""
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(kept) // what was decoded can be encoded
	return strings.TrimSpace(out.String())
}

// numbers are those in a value; nil if there are none.
func numbers(value any) any {
	switch value := value.(type) {
	case json.Number, bool:
		return value
	case map[string]any:
		kept := map[string]any{}
		for name, inner := range value {
			if inner = numbers(inner); inner != nil && isLabel(name) {
				kept[name] = inner
			}
		}
		if len(kept) > 0 {
			return kept
		}
	case []any:
		var kept []any
		for _, inner := range value {
			if inner = numbers(inner); inner != nil {
				kept = append(kept, inner)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}

// durations are the metrics of Server-Timing header fields without what describes
// them; nil if there are none.
func durations(timing string) any {
	var kept []string
	for metric := range strings.SplitSeq(timing, ",") {
		name, parameters, _ := strings.Cut(metric, ";")
		if name = strings.TrimSpace(name); name == "" || !isLabel(name) {
			continue
		}
		for p := range strings.SplitSeq(parameters, ";") {
			if p = strings.TrimSpace(p); strings.HasPrefix(p, "dur=") && isLabel(p[len("dur="):]) {
				name += ";" + p
			}
		}
		kept = append(kept, name)
	}
	if kept == nil {
		return nil
	}
	return strings.Join(kept, ", ")
}
