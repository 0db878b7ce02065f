package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"metron/schema"
)

func jsonlFormat() Format {
	return Format{
		Name:  "jsonl",
		Usage: "our own columns, one JSON object a line: for measurements of your own",
		Details: "Keys are the columns of the schema. start_time is the only one that must be there: RFC 3339, or\n" +
			"an integer of microseconds since the Unix epoch. Other times are integer microseconds after it.\n" +
			"Missing outcome: ok. Missing chunk_kind: content; kinds are names or codes. Missing chunk_tokens:\n" +
			"unknown. Missing api: openai.chat. Missing stream: true, but false for an ok row with an\n" +
			"end and no chunk_time. Missing record_id: made from the line and its number. null is as good as missing.\n" +
			"Bodies are text, or {\"base64\":\"...\"} for bytes that are none. An unknown key is an error. Keys:\n\n" +
			wrap(schema.ColumnNames(), 100),
		Example: "metron import jsonl measurements.jsonl --out measured.parquet",
		sniff: func(h *head) string {
			return h.because(h.lines && h.keys["start_time"] && h.only(schema.ColumnNames()), "it is lines of objects with start_time, and all their keys are columns of ours")
		},
		namesRows: true,
		open:      openJSONL,
	}
}

// wrap sets words on lines of at most width bytes.
func wrap(words []string, width int) string {
	var b strings.Builder
	column := 0
	for i, w := range words {
		switch {
		case i == 0:
		case column+1+len(w) > width:
			b.WriteString("\n")
			column = 0
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}

// jsonl reads objects whose keys are columns.
type jsonl struct {
	in     *input
	ids    *rowIDs
	fields map[string]jsonField
	given  map[string]bool // keys of the row at hand
}

func openJSONL(in *input) (source, error) {
	return &jsonl{in: in, ids: newRowIDs("jsonl", in), fields: jsonFields(), given: map[string]bool{}}, nil
}

func (j *jsonl) next(r *schema.Record) error {
	line, err := j.in.row()
	if err != nil {
		return err
	}
	finer, err := j.parse(line, r)
	if err == nil {
		j.fill(r)
		if r.RecordID == uuid.Nil {
			r.RecordID = j.ids.id(j.in.rows, line)
		}
		err = checkWords(r)
	}
	if err != nil {
		return j.in.bad(err)
	}
	j.in.countCut(finer)
	return nil
}

// parse reads one object's keys. Numbers go from their text to integers
// without passing through a float.
func (j *jsonl) parse(line []byte, r *schema.Record) (finer bool, err error) {
	clear(j.given)
	d := json.NewDecoder(bytes.NewReader(line))
	switch t, err := d.Token(); {
	case err != nil:
		return false, notJSON(line, err)
	case t == json.Delim('['):
		return false, errors.New("the line is an array, not an object; `jq -c '.[]'` makes lines of one")
	case t != json.Delim('{'):
		return false, fmt.Errorf("%s is not a JSON object", quote(line))
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return false, notJSON(line, err)
		}
		key := t.(string) // the decoder allows nothing else here
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return false, notJSON(line, err)
		}
		if j.given[key] {
			return false, fmt.Errorf("key %q stands there twice", key)
		}
		if string(value) == "null" {
			continue
		}
		j.given[key] = true
		if key == "start_time" {
			if r.StartTime, finer, err = startTime(value); err != nil {
				return false, fmt.Errorf("key %q: %w", key, err)
			}
			continue
		}
		f, ok := j.fields[key]
		if !ok {
			return false, unknownKey(key)
		}
		if err := f.set(r, value); err != nil {
			return false, fmt.Errorf("key %q: %w", key, err)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return false, notJSON(line, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return false, errors.New("there is more on the line than one JSON object")
	}
	if !j.given["start_time"] {
		return false, errors.New(`key "start_time" is missing; it is the one that every row needs`)
	}
	return finer, nil
}

// fill sets the columns that are always filled and were not given.
func (j *jsonl) fill(r *schema.Record) {
	var d schema.Record
	fillChat(&d)
	switch r.API {
	case "", schema.APIChat:
	case schema.APICompletions:
		d.Path = "/v1/completions"
	default:
		d.Path = ""
	}
	// Without chunks, an end says more of an answer that came in one piece.
	d.Stream = r.End == nil || len(r.ChunkTime) > 0 || r.Outcome != "" && r.Outcome != schema.OutcomeOK
	if len(r.ChunkTime) > 0 && len(r.ChunkTokens) == 0 && r.OutputTokens == nil {
		d.TokenSource = schema.TokenSourceChunks
	}
	switch {
	case len(r.RequestBody)+len(r.ResponseBody)+len(r.RequestHeaders) > 0:
		d.Recorded = schema.RecordedContent
	case len(r.BlockHashes) > 0:
		d.Recorded = schema.RecordedHash
	}
	for _, s := range []struct{ value, other *string }{
		{&r.Phase, &d.Phase}, {&r.API, &d.API}, {&r.Method, &d.Method}, {&r.Path, &d.Path},
		{&r.TokenSource, &d.TokenSource}, {&r.Outcome, &d.Outcome}, {&r.Recorded, &d.Recorded},
	} {
		if *s.value == "" {
			*s.value = *s.other
		}
	}
	if !j.given["stream"] {
		r.Stream = d.Stream
	}
	if !j.given["choice_count"] {
		r.ChoiceCount = d.ChoiceCount
	}
	if !j.given["request_bytes"] {
		r.RequestBytes = int64(len(r.RequestBody))
	}
	if !j.given["chunk_kind"] && len(r.ChunkTime) > 0 {
		r.ChunkKind = make([]int8, len(r.ChunkTime)) // KindContent is 0
	}
}

func notJSON(line []byte, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("it ends too early")
	}
	return fmt.Errorf("%s is not a JSON object: %w", quote(line), err)
}
