package trace

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"metron/schema"
)

// azure writes the layout of the Azure 2023 trace: seven fractional digits, no
// zone, CRLF, no newline at the end. It is lossless to the microsecond.
type azure struct {
	w     io.Writer
	begun bool
}

func newAzure(w io.Writer, _ *Export) exporter { return &azure{w: w} }

func (a *azure) put(r *schema.Record) error {
	input, output, ok := lengthsOf(r)
	if !ok {
		return errLeftOut
	}
	if !a.begun {
		a.begun = true
		if _, err := io.WriteString(a.w, "TIMESTAMP,ContextTokens,GeneratedTokens"); err != nil {
			return err
		}
	}
	at := time.UnixMicro(r.StartTime).UTC().Format("2006-01-02 15:04:05.000000")
	_, err := fmt.Fprintf(a.w, "\r\n%s0,%d,%d", at, input, output)
	return err
}

func (a *azure) close() error { return nil }

// mooncake writes the layout of the Mooncake traces.
type mooncake struct {
	out     *json.Encoder
	export  *Export
	firstUS int64
	begun   bool
}

// mooncakeBlock is the block that hash_ids stand for, tokens.
const mooncakeBlock = 512

// ownZeroUS ends the times, us since 1970, of traces that count from a zero of
// their own, as an imported Mooncake trace does: they keep it, so that the import
// of an export is the trace. Others begin at 0.
const ownZeroUS = 365 * 24 * 3600 * 1_000_000

func newMooncake(w io.Writer, e *Export) exporter {
	return &mooncake{out: json.NewEncoder(w), export: e}
}

func (m *mooncake) put(r *schema.Record) error {
	input, output, ok := lengthsOf(r)
	if !ok {
		return errLeftOut
	}
	if !m.begun {
		m.begun = true
		if r.StartTime < 0 || r.StartTime >= ownZeroUS {
			m.firstUS = r.StartTime
		}
	}
	us := r.StartTime - m.firstUS
	if us%1000 != 0 {
		m.export.lost["times cut to whole ms"]++
	}
	hashes := r.BlockHashes
	if hashes != nil && (r.BlockUnit != "tokens" || r.BlockSize == nil || *r.BlockSize != mooncakeBlock) {
		m.export.lost["hashes of blocks other than 512 tokens"]++
		hashes = nil
	}
	return m.out.Encode(struct {
		Timestamp    int64   `json:"timestamp"`
		InputLength  int64   `json:"input_length"`
		OutputLength int64   `json:"output_length"`
		HashIDs      []int64 `json:"hash_ids,omitempty"`
	}{us / 1000, input, output, hashes})
}

func (m *mooncake) close() error { return nil }

// jsonl writes every column that has a value under its own name.
type jsonl struct {
	w     io.Writer
	names []string
	line  []byte
}

func newJSONL(w io.Writer, _ *Export) exporter { return &jsonl{w: w, names: schema.ColumnNames()} }

func (j *jsonl) put(r *schema.Record) error {
	j.line = append(j.line[:0], '{')
	v := reflect.ValueOf(r).Elem()
	for i, name := range j.names {
		value, ok := jsonValue(name, v.Field(i))
		if !ok {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		if len(j.line) > 1 {
			j.line = append(j.line, ',')
		}
		j.line = append(j.line, '"')
		j.line = append(j.line, name...)
		j.line = append(append(j.line, '"', ':'), text...)
	}
	_, err := j.w.Write(append(j.line, '}', '\n'))
	return err
}

func (j *jsonl) close() error { return nil }

// jsonValue is a column as `metron import jsonl` takes it; ok is false for null.
func jsonValue(name string, v reflect.Value) (value any, ok bool) {
	switch x := v.Interface().(type) {
	case uuid.UUID:
		return x, x != uuid.UUID{}
	case string:
		return x, x != ""
	case []byte:
		if x == nil {
			return nil, false
		}
		if utf8.Valid(x) {
			return string(x), true
		}
		return map[string]string{"base64": base64.StdEncoding.EncodeToString(x)}, true
	case []int8:
		kinds := make([]string, len(x))
		for i, k := range x {
			kinds[i] = schema.Kinds()[k]
		}
		return kinds, len(x) > 0
	}
	switch v.Kind() {
	case reflect.Pointer:
		return v.Interface(), !v.IsNil()
	case reflect.Slice:
		return v.Interface(), v.Len() > 0
	}
	return v.Interface(), true
}

// formatNames lists the formats, for messages.
func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
