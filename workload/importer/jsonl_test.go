package importer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/internal/term"
	"metron/schema"
)

// jsonRow is a row as the object that reads back as it.
func jsonRow(r *schema.Record) map[string]any {
	row := map[string]any{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("parquet"), ",")
		field := v.Field(i)
		if field.IsZero() && (strings.Contains(options, "optional") || strings.Contains(options, "list")) {
			continue
		}
		switch x := field.Interface().(type) {
		case []byte:
			if utf8.Valid(x) {
				row[name] = string(x)
			} else {
				row[name] = map[string]string{"base64": base64.StdEncoding.EncodeToString(x)}
			}
		default:
			row[name] = x
		}
	}
	row["start_time"] = time.UnixMicro(r.StartTime).UTC().Format(time.RFC3339Nano)
	if at := time.UnixMicro(r.StartTime).UTC(); at.Year() < 0 || at.Year() > 9999 {
		row["start_time"] = r.StartTime
	}
	return row
}

func jsonText(t testing.TB, r *schema.Record) string {
	text, err := json.Marshal(jsonRow(r))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readJSONL reads a text row by row; rows that cannot be read are their errors.
func readJSONL(t testing.TB, text string) (rows []schema.Record, errs []error) {
	in, err := openInput("-", strings.NewReader(text))
	if err != nil {
		return nil, []error{err}
	}
	src, err := openJSONL(in)
	if err != nil {
		return nil, []error{err}
	}
	for {
		var r schema.Record
		var bad *badRow
		switch err := read(in, src, &r); {
		case err == io.EOF:
			return rows, errs
		case errors.As(err, &bad):
			errs = append(errs, err)
		case err != nil:
			return rows, append(errs, err)
		default:
			rows = append(rows, r)
		}
	}
}

func TestJSONLDefaults(t *testing.T) {
	for _, c := range []struct {
		line string
		want map[string]any // beside the defaults
	}{
		{`{"start_time":1700000000000000}`, nil},
		{`{"start_time":"2023-11-14T22:13:20Z"}`, nil},
		{` { "start_time" : "2023-11-15T00:13:20.0+02:00" , "session_id" : null } `, nil},
		{`{"start_time":1700000000000000,"api":"openai.completions"}`, map[string]any{"api": "openai.completions", "path": "/v1/completions"}},
		{`{"start_time":1700000000000000,"api":"other"}`, map[string]any{"api": "other", "path": ""}},
		{`{"start_time":1700000000000000,"end":5}`, map[string]any{"end": 5, "stream": false}},
		{`{"start_time":1700000000000000,"end":5,"stream":true}`, map[string]any{"end": 5}},
		{`{"start_time":1700000000000000,"end":5,"outcome":"http_error"}`, map[string]any{"end": 5, "outcome": "http_error"}},
		{`{"start_time":1700000000000000,"chunk_time":[3, 4]}`, map[string]any{"chunk_time": []int{3, 4}, "chunk_kind": []int{0, 0}, "token_source": "chunks"}},
		{`{"start_time":1700000000000000,"end":9,"output_tokens":3,"chunk_time":[3,4],"chunk_kind":["reasoning",9],"chunk_tokens":[3,0]}`,
			map[string]any{"end": 9, "output_tokens": 3, "chunk_time": []int{3, 4}, "chunk_kind": []int{1, 9}, "chunk_tokens": []int{3, 0}}},
		{`{"start_time":1700000000000000,"request_body":"hé","recorded":null}`,
			map[string]any{"request_body": "hé", "recorded": "content", "request_bytes": 3}},
		{`{"start_time":1700000000000000,"block_hashes":[-9223372036854775808,9223372036854775807],"block_size":16,"outcome":"timeout"}`,
			map[string]any{"block_hashes": []int64{-9223372036854775808, 9223372036854775807}, "block_size": 16, "recorded": "hash", "outcome": "timeout"}},
		{`{"start_time":1700000000000000,"temperature":0,"top_p":1e-1,"ignore_eos":false,"finish_reasons":["stop",""],"chunk_time":[]}`,
			map[string]any{"temperature": 0, "top_p": 0.1, "ignore_eos": false, "finish_reasons": []string{"stop", ""}}},
	} {
		rows, errs := readJSONL(t, c.line)
		if len(rows) != 1 || len(errs) > 0 {
			t.Errorf("%s: %v", c.line, errs)
			continue
		}
		want := map[string]any{"record_id": rows[0].RecordID, "start_time": "2023-11-14T22:13:20Z", "phase": "measure", "api": "openai.chat",
			"method": "POST", "path": "/v1/chat/completions", "stream": true, "choice_count": 1, "tool_count": 0, "image_count": 0,
			"request_bytes": 0, "token_source": "trace", "outcome": "ok", "recorded": "lengths"}
		for key, value := range c.want {
			want[key] = value
		}
		gotText, _ := json.Marshal(jsonRow(&rows[0]))
		if wantText, _ := json.Marshal(want); string(gotText) != string(wantText) {
			t.Errorf("%s:\n got %s\nwant %s", c.line, gotText, wantText)
		}
	}
}

func TestJSONLErrors(t *testing.T) {
	long := strings.Repeat("z", 500)
	for _, c := range []struct{ line, want string }{
		{`{}`, `key "start_time" is missing`},
		{`{"start_time":null}`, `key "start_time" is missing`},
		{`{"start_time":1.5}`, `key "start_time": "1.5" is a number; it takes RFC 3339 or an integer of microseconds`},
		{`{"start_time":"2023-11-14 22:13:20"}`, "names no zone"},
		{`{"start_time":"yesterday"}`, `key "start_time": "yesterday": not a time`},
		{`{"start_time":1,"start_time":2}`, `key "start_time" stands there twice`},
		{`{"start_time":1,"input_token":2}`, `unknown key "input_token"; did you mean "input_tokens"?`},
		{`{"start_time":1,"Outcome":"ok"}`, `did you mean "outcome"?`},
		{`{"start_time":1,"temprature":1}`, `did you mean "temperature"?`},
		{`{"start_time":1,"x":2}`, `unknown key "x"`},
		{`{"start_time":1,"` + long + `":2}`, `unknown key "zzz`},
		{`{"start_time":1,"input_tokens":"12"}`, `key "input_tokens": "\"12\"" is a string; it takes an integer`},
		{`{"start_time":1,"input_tokens":12.0}`, `key "input_tokens": "12.0" is a number; it takes an integer`},
		{`{"start_time":1,"input_tokens":9223372036854775808}`, "does not fit into 64 bits"},
		{`{"start_time":1,"input_tokens":-1}`, "input_tokens is -1"},
		{`{"start_time":1,"stream":1}`, "it takes true or false"},
		{`{"start_time":1,"top_p":"1"}`, "it takes a number"},
		{`{"start_time":1,"tenant":1}`, "it takes a string"},
		{`{"start_time":1,"finish_reasons":"stop"}`, "it takes a list of strings"},
		{`{"start_time":1,"record_id":"7"}`, `key "record_id": "7" is not a UUID`},
		{`{"start_time":1,"request_body":{"base_64":"AA=="}}`, "it takes a string or"},
		{`{"start_time":1,"request_body":{"base64":"A"}}`, "base64: illegal"},
		{`{"start_time":1,"chunk_time":5}`, "is a number; it takes a list"},
		{`{"start_time":1,"chunk_time":[1,"2"]}`, `key "chunk_time": entry 1: "\"2\"" is a string; it takes an integer`},
		{`{"start_time":1,"chunk_time":[1,null]}`, "entry 1: \"null\" is null"},
		{`{"start_time":1,"chunk_time":[[1,2]]}`, "entry 0: \"[1\" is a list"},
		{`{"start_time":1,"chunk_time":[2,1]}`, "chunk_time[1] is 1 us, before"},
		{`{"start_time":1,"chunk_time":[1],"chunk_kind":["words"]}`, `"\"words\"" is none of the kinds content, reasoning`},
		{`{"start_time":1,"chunk_time":[1],"chunk_kind":["a,b"]}`, "is none of the kinds"},
		{`{"start_time":1,"chunk_time":[1],"chunk_kind":[300]}`, "does not fit into 8 bits"},
		{`{"start_time":1,"chunk_time":[1],"chunk_kind":[11]}`, "not in 0..10"},
		{`{"start_time":1,"chunk_time":[1,2],"chunk_kind":[0]}`, "chunk_kind has 1 entries, chunk_time 2"},
		{`{"start_time":1,"chunk_time":[1,2],"chunk_tokens":[1]}`, "chunk_tokens has 1 entries, chunk_time 2"},
		{`{"start_time":1,"chunk_tokens":[1]}`, "chunk_tokens has 1 entries, chunk_time 0"},
		{`{"start_time":1,"outcome":"okay"}`, `key "outcome": "okay" is none of ok, truncated`},
		{`{"start_time":1,"outcome":"okay"}`, `did you mean "ok"?`},
		{`{"start_time":1,"phase":"warm-up"}`, `did you mean "warmup"?`},
		{`{"start_time":1,"block_unit":"token"}`, `is none of tokens, bytes; did you mean "tokens"?`},
		{`{"start_time":1}{"start_time":2}`, "more on the line than one JSON object"},
		{`{"start_time":1} x`, "more on the line than one JSON object"},
		{`[1]`, "the line is an array"},
		{`5`, `"5" is not a JSON object`},
		{`{"start_time":1`, "it ends too early"},
		{`{"start_time":01}`, "is not a JSON object: invalid character"},
		{`{"start_time":1,}`, "is not a JSON object"},
		{`hello`, `"hello" is not a JSON object: invalid character`},
	} {
		rows, errs := readJSONL(t, "\n"+c.line+"\n{\"start_time\":7}\n")
		if len(rows) != 1 || rows[0].StartTime != 7 {
			t.Errorf("%.80s: the row after it should be read, got %+v", c.line, rows)
		}
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) || !strings.HasPrefix(errs[0].Error(), "line 2: ") {
			t.Errorf("%.80s: got %v, want line 2 and %s", c.line, errs, c.want)
		}
	}
	if _, errs := readJSONL(t, `{"start_time":1,"x":2}`); !strings.Contains(term.Hint(errs[0]), "lists the keys") {
		t.Errorf("an unknown key that is near none should have a hint, got %q", term.Hint(errs[0]))
	}
}

func TestJSONLRecordIDs(t *testing.T) {
	id := uuid.New()
	line := `{"start_time":1,"input_tokens":3}` + "\n"
	m := importer(t, "jsonl", line+"\n"+line+fmt.Sprintf(`{"start_time":2,"record_id":%q}`+"\n", id)+
		fmt.Sprintf(`{"start_time":3,"record_id":%q}`+"\n", id))
	r, rows := importText(t, m)
	if len(rows) != 3 || rows[2].RecordID != id || rows[2].StartTime != 3 || r.Replaced != 1 || r.Read != 4 {
		t.Fatalf("report %+v, rows %+v", r, rows)
	}
	if rows[0].RecordID == rows[1].RecordID || rows[0].RecordID.Version() != 8 || rows[0].RecordID.Variant() != uuid.RFC4122 ||
		!strings.HasSuffix(rows[1].RecordID.String(), "-000000000002") {
		t.Errorf("equal lines have ids %v and %v", rows[0].RecordID, rows[1].RecordID)
	}
}

func TestJSONLContentIsPrivate(t *testing.T) {
	for _, c := range []struct {
		key, privacy string
		mode         os.FileMode
	}{{`"request_body":"hi"`, "content", 0o600}, {`"block_hashes":[1]`, "hash", 0o644}, {`"input_tokens":1`, "lengths", 0o644}} {
		m := importer(t, "jsonl", `{"start_time":1}`+"\n"+`{"start_time":2,`+c.key+"}\n"+`{"start_time":3}`)
		importText(t, m)
		info, err := os.Stat(m.Out)
		if err != nil {
			t.Fatal(err)
		}
		if got := meta(t, m.Out).Privacy; got != c.privacy || info.Mode().Perm() != c.mode {
			t.Errorf("%s: privacy %s, mode %v; want %s, %v", c.key, got, info.Mode().Perm(), c.privacy, c.mode)
		}
	}
}

// TestJSONLFieldsCoverTheSchema fails when a column gets a type that no reader is for.
func TestJSONLFieldsCoverTheSchema(t *testing.T) {
	fields := jsonFields()
	for _, name := range schema.ColumnNames() {
		if fields[name].read == nil {
			t.Errorf("no reader for column %s", name)
		}
	}
	if len(fields) != len(schema.ColumnNames()) {
		t.Errorf("%d fields, %d columns", len(fields), len(schema.ColumnNames()))
	}
}

// TestJSONLRoundTrip: a row written as jsonl reads back as itself.
func TestJSONLRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var want []schema.Record
		var text strings.Builder
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			r := drawRow(rt)
			line, err := json.Marshal(jsonRow(&r))
			if err != nil {
				rt.Fatal(err)
			}
			want = append(want, r)
			text.Write(line)
			text.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(rt, "end"))
		}
		got, errs := readJSONL(t, text.String())
		if len(errs) > 0 {
			rt.Fatalf("%v in\n%s", errs, text.String())
		}
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got  %+v\nwant %+v\nfrom %s", got, want, text.String())
		}
	})
}

// drawRow draws a valid row in which every column may have any value.
func drawRow(t *rapid.T) schema.Record {
	var r schema.Record
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		drawField(t, v.Type().Field(i).Name, v.Field(i))
	}
	for _, p := range []*int64{r.InputTokens, r.CachedInputTokens, r.OutputTokens, r.ReasoningTokens, r.MaxTokens} {
		if p != nil && *p < 0 {
			*p = ^*p
		}
	}
	r.RecordID = uuid.UUID(rapid.SliceOfN(rapid.ByteMin(1), 16, 16).Draw(t, "id"))
	r.Outcome = rapid.SampledFrom(schema.Outcomes()).Draw(t, "outcome")
	r.Phase, r.API, r.Method, r.Path, r.TokenSource, r.Recorded = "cooldown", "ollama.chat", "PUT", "/x", "usage", "hash"
	r.BlockUnit = rapid.SampledFrom([]string{"", "tokens", "bytes"}).Draw(t, "unit")
	r.Overload = rapid.SampledFrom([]string{"", "queued", "shed", "aborted"}).Draw(t, "overload")
	n := len(r.ChunkTime)
	slices.Sort(r.ChunkTime)
	r.ChunkKind, r.ChunkTokens, r.ChunkChoice, r.ChunkRead, r.ChunkBytes = nil, nil, nil, nil, nil
	for range n {
		r.ChunkKind = append(r.ChunkKind, rapid.Int8Range(0, schema.KindOther).Draw(t, "kind"))
	}
	if rapid.Bool().Draw(t, "known") {
		for range n {
			r.ChunkTokens = append(r.ChunkTokens, rapid.Int32Min(0).Draw(t, "tokens"))
			r.ChunkChoice = append(r.ChunkChoice, rapid.Int16().Draw(t, "choice"))
			r.ChunkRead = append(r.ChunkRead, rapid.Int32().Draw(t, "read"))
			r.ChunkBytes = append(r.ChunkBytes, rapid.Int32().Draw(t, "bytes"))
		}
	}
	return r
}

func drawField(t *rapid.T, name string, v reflect.Value) {
	switch v.Interface().(type) {
	case int64:
		v.SetInt(rapid.Int64().Draw(t, name))
	case float64:
		v.SetFloat(rapid.Float64().Draw(t, name))
	case bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case string:
		v.SetString(strings.ToValidUTF8(rapid.String().Draw(t, name), "?"))
	case uuid.UUID:
		if rapid.Bool().Draw(t, name) {
			reflect.Copy(v, reflect.ValueOf(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name)))
		}
	case []byte:
		if b := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, name); len(b) > 0 {
			v.SetBytes(b)
		}
	case []int64:
		if s := rapid.SliceOfN(rapid.Int64(), 0, 9).Draw(t, name); len(s) > 0 {
			v.Set(reflect.ValueOf(s))
		}
	case []string:
		for range rapid.IntRange(0, 3).Draw(t, name) {
			v.Set(reflect.Append(v, reflect.ValueOf(strings.ToValidUTF8(rapid.String().Draw(t, name), "?"))))
		}
	default:
		if v.Kind() == reflect.Pointer && rapid.Bool().Draw(t, name) {
			v.Set(reflect.New(v.Type().Elem()))
			drawField(t, name, v.Elem())
		}
	}
}

// FuzzJSONL: what is read, written again and read again is the same.
func FuzzJSONL(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "measurements.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f.Add(line)
	}
	f.Add(`{"start_time":1,"chunk_time":[ 1 , 2 ],"chunk_kind":["usage" , 10]}`)
	f.Add(`{"start_time":-1,"request_body":{"base64":"/w=="},"seed":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		readSource(t, openJSONL, strings.NewReader(text))
		rows, _ := readJSONL(t, text)
		for _, r := range rows {
			line, err := json.Marshal(jsonRow(&r))
			if err != nil {
				t.Fatal(err)
			}
			again, errs := readJSONL(t, string(line))
			if len(errs) > 0 || len(again) != 1 || !reflect.DeepEqual(again[0], r) {
				t.Fatalf("%s reads as\n%+v\nnot\n%+v\n%v", line, again, r, errs)
			}
		}
	})
}
