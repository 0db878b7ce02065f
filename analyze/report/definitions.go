package report

import "strings"

// definitions takes from a page of Markdown what its tables say of each key (`ttft_s`: the
// second cell), the paragraphs that begin with a name in bold and its key, and what stands
// under each heading of the third level (### stalls). The first that is said of a key holds.
func definitions(page string) map[string]string {
	out := map[string]string{}
	define := func(key, text string) {
		if text = strings.TrimSpace(text); out[key] == "" && text != "" {
			out[key] = text
		}
	}
	var headings []string
	var under strings.Builder
	for paragraph := range strings.SplitSeq(page, "\n\n") {
		if key := boldKey(strings.TrimLeft(paragraph, "\n")); key != "" {
			define(key, paragraph)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			for _, key := range headings {
				define(key, under.String())
			}
			headings, under = nil, strings.Builder{}
			if title, ok := strings.CutPrefix(line, "### "); ok {
				headings = strings.Split(strings.TrimSpace(title), ", ")
			}
			continue
		}
		under.WriteString(line)
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| `") || len(cells) < 2 {
			continue
		}
		for name := range strings.SplitSeq(cells[0], ",") {
			name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(name), "`"), "`")
			define(name, cells[1])
		}
	}
	return out
}

// boldKey is the key that a paragraph defines that begins with **`key`** or **Name** (`key`.
func boldKey(paragraph string) string {
	bold, ok := strings.CutPrefix(paragraph, "**")
	if !ok {
		return ""
	}
	name, rest, _ := strings.Cut(bold, "**")
	key, ok := strings.CutPrefix(name, "`")
	if !ok {
		if key, ok = strings.CutPrefix(rest, " (`"); !ok {
			return ""
		}
	}
	key, _, _ = strings.Cut(key, "`")
	return key
}
