package schema

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/apache/arrow/go/v17/arrow"
)

// Where is a conjunction of conditions on columns of one value a row. The zero
// value holds for every row.
type Where struct {
	text       []string
	conditions []condition
}

// condition compares one column.
type condition struct {
	column column
	op     string   // = != < <= > >=
	words  []string // text columns: alternatives, "*" standing for any text
	null   bool     // compared with null instead
	number float64  // number, time and bool columns (true is 1)
	us     int64    // the same of integers, exactly
}

// aliases are short names for the columns that people filter by most.
func aliases() map[string]string {
	return map[string]string{"model": "request_model", "endpoint": "path", "session": "session_id", "status": "http_status", "time": "start_time"}
}

// operators lists the longer ones first, so that "<=" is not read as "<".
func operators() []string { return []string{"!=", "<=", ">=", "=", "<", ">"} }

// ParseWhere reads conditions such as
//
//	outcome=ok  model=llama*|qwen*  endpoint!=/v1/embeddings  tenant=null
//	input_tokens>=1000  end<2s  stream=true  time>=2026-11-24T10:00:00Z
//
// several in one text parted by commas; a value that holds a comma or a bar
// stands in double quotes. Every condition must hold. The names are those of
// the columns, or model, endpoint, session, status and time for short. Null
// meets no comparison but "=null" and "!=" with a value.
func ParseWhere(texts ...string) (Where, error) {
	w := Where{}
	for _, text := range texts {
		for rest := text; ; {
			c, after, err := parseCondition(rest)
			if err != nil {
				return Where{}, fmt.Errorf("condition %q: %w", text, err)
			}
			w.conditions = append(w.conditions, c)
			if after == "" {
				break
			}
			rest = after[1:]
		}
		w.text = append(w.text, text)
	}
	return w, nil
}

// String is the text that was parsed.
func (w Where) String() string { return strings.Join(w.text, ",") }

// parseCondition reads one condition and gives what follows it.
func parseCondition(text string) (c condition, rest string, err error) {
	at := strings.IndexAny(text, "=!<>")
	if at < 0 {
		return c, "", fmt.Errorf("%q is not NAME=VALUE (or !=, <, <=, >, >=)", text)
	}
	name := strings.TrimSpace(text[:at])
	for _, op := range operators() {
		if strings.HasPrefix(text[at:], op) {
			c.op = op
			break
		}
	}
	if c.op == "" {
		return c, "", fmt.Errorf("%q is not NAME=VALUE (or !=, <, <=, >, >=)", text)
	}
	words, quoted, rest, err := parseValue(text[at+len(c.op):])
	if err != nil {
		return c, "", err
	}
	if c.column, err = filterColumn(name); err != nil {
		return c, "", err
	}
	return c, rest, c.set(words, quoted)
}

// parseValue reads a value to the next comma: words parted by bars, each of
// which may be quoted.
func parseValue(text string) (words []string, quoted bool, rest string, err error) {
	for {
		text = strings.TrimLeft(text, " ")
		if strings.HasPrefix(text, `"`) {
			word, after, ok := strings.Cut(text[1:], `"`)
			if !ok {
				return nil, false, "", fmt.Errorf("%s has no closing quote", text)
			}
			words, quoted, text = append(words, word), true, strings.TrimLeft(after, " ")
			if text != "" && text[0] != ',' && text[0] != '|' {
				return nil, false, "", fmt.Errorf("%q follows a closing quote", text)
			}
		} else {
			end := strings.IndexAny(text, ",|")
			if end < 0 {
				end = len(text)
			}
			words, text = append(words, strings.TrimSpace(text[:end])), text[end:]
		}
		if text == "" || text[0] == ',' {
			return words, quoted, text, nil
		}
		text = text[1:]
	}
}

func filterColumn(name string) (column, error) {
	if long, ok := aliases()[name]; ok {
		name = long
	}
	for _, c := range columns() {
		if c.name != name {
			continue
		}
		if c.list || c.arrow.Type.ID() == arrow.BINARY {
			return c, fmt.Errorf("column %s holds lists or content; conditions take columns of one value", name)
		}
		return c, nil
	}
	names := append(ColumnNames(), slices.Collect(maps.Keys(aliases()))...)
	return column{}, DidYouMean(fmt.Errorf("there is no column %q", name), name, names)
}

// set binds the value that the column is compared with.
func (c *condition) set(words []string, quoted bool) error {
	if len(words) == 1 && words[0] == "null" && !quoted {
		if c.op != "=" && c.op != "!=" {
			return fmt.Errorf("null can be compared by = and != only")
		}
		c.null = true
		return nil
	}
	switch kind := c.column.arrow.Type.ID(); kind {
	case arrow.STRING, arrow.FIXED_SIZE_BINARY:
		if c.op != "=" && c.op != "!=" {
			return fmt.Errorf("column %s is text, compared by = and != only", c.column.name)
		}
		if c.column.name == "outcome" {
			for _, word := range words {
				if !strings.Contains(word, "*") && !slices.Contains(Outcomes(), word) {
					return fmt.Errorf("%q is no outcome; they are %s", word, strings.Join(Outcomes(), ", "))
				}
			}
		}
		c.words = words
		return nil
	default:
		if len(words) != 1 {
			return fmt.Errorf("column %s is a number and takes one value", c.column.name)
		}
		return c.setNumber(kind, words[0])
	}
}

func (c *condition) setNumber(kind arrow.Type, word string) error {
	switch kind {
	case arrow.BOOL:
		v, err := strconv.ParseBool(word)
		if err != nil || c.op != "=" && c.op != "!=" {
			return fmt.Errorf("column %s is compared with = or != to true or false", c.column.name)
		}
		if v {
			c.number, c.us = 1, 1
		}
		return nil
	case arrow.TIMESTAMP:
		us, err := parseWallTime(word)
		c.us, c.number = us, float64(us)
		return err
	case arrow.FLOAT64:
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(v) {
			return fmt.Errorf("%q is not a number, as column %s has", word, c.column.name)
		}
		c.number = v
		return nil
	}
	if d, err := time.ParseDuration(word); err == nil && d != 0 { // times are stored as us
		c.us = d.Microseconds()
		return nil
	}
	v, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not an integer or a duration such as 150ms, as column %s has", word, c.column.name)
	}
	c.us = v
	return nil
}

// parseWallTime reads RFC 3339, or integer microseconds since the Unix epoch.
func parseWallTime(text string) (int64, error) {
	if us, err := strconv.ParseInt(text, 10, 64); err == nil {
		return us, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time such as 2026-11-24T10:00:00Z, nor microseconds since 1970", text)
	}
	return t.UnixMicro(), nil
}

// wordOf is how a text column's value is written in a condition.
func wordOf(kind arrow.Type, raw []byte) string {
	if kind == arrow.FIXED_SIZE_BINARY && len(raw) == len(uuid.UUID{}) {
		return uuid.UUID(raw).String()
	}
	return string(raw)
}

// glob reports whether text is pattern, in which "*" stands for any text.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[last])
}
