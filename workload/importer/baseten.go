package importer

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"

	"metron/schema"
)

func basetenFormat() Format {
	return Format{
		Name:  "baseten",
		Usage: "Baseten-style traces, Parquet: prompts with their lengths and hashes",
		Details: "Columns: timestamp_start_unix_ms, input_tokens, output_tokens, and where they are prompt, provided_session_id\n" +
			"(else poor_man_session_id), total_hashes with block_size, request_canceled, duration_e2e_ms,\n" +
			"duration_ttft_ms, cached_tokens_reference, model_name and org_id; others are ignored. duration_ttft_ms is kept in\n" +
			"server_metrics: there are no times of tokens. Parquet is read at random, so FILE cannot be \"-\".",
		Example: "metron import baseten completions.parquet --out completions-trace.parquet",
		sniff: func(h *head) string {
			return h.because(h.parquet["timestamp_start_unix_ms"], "it is Parquet with a column timestamp_start_unix_ms")
		},
		parquet: true,
		open:    openBaseten,
	}
}

type baseten struct {
	in       *input
	ids      *rowIDs
	sessions sessions
	names    map[int]string // of columns
	groups   []parquet.RowGroup
	rows     parquet.Rows // of the group at hand
	buffer   []parquet.Row
	left     []parquet.Row
	hashes   []int64
}

func openBaseten(in *input) (_ source, err error) {
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed footers
			err = in.errorf("malformed Parquet: %v", p)
		}
	}()
	f, err := parquet.OpenFile(in.file, in.size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, in.errorf("%w", err)
	}
	b := &baseten{in: in, ids: newRowIDs("baseten", in), sessions: sessions{}, names: map[int]string{}, groups: f.RowGroups(), buffer: make([]parquet.Row, 256)}
	has := map[string]bool{}
	for i, path := range f.Schema().Columns() {
		b.names[i] = path[0]
		has[path[0]] = true
	}
	for _, name := range []string{"timestamp_start_unix_ms", "input_tokens", "output_tokens"} {
		if !has[name] {
			return nil, in.errorf("it has no column %s", name)
		}
	}
	return b, nil
}

func (b *baseten) next(r *schema.Record) (err error) {
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed pages
			err = fmt.Errorf("malformed Parquet: %v", p)
		}
	}()
	for len(b.left) == 0 {
		if b.rows == nil {
			if len(b.groups) == 0 {
				return io.EOF
			}
			b.rows, b.groups = b.groups[0].Rows(), b.groups[1:]
		}
		n, err := b.rows.ReadRows(b.buffer)
		if err != nil && err != io.EOF {
			return fmt.Errorf("after row %d: %w", b.in.rows, err)
		}
		b.left = b.buffer[:n]
		if err == io.EOF || n == 0 {
			if err := b.rows.Close(); err != nil {
				return err
			}
			b.rows = nil
		}
	}
	row := b.left[0]
	b.left = b.left[1:]
	b.in.rows++
	fillChat(r)
	r.RecordID = b.ids.id(b.in.rows, fmt.Append(nil, row))
	if err := b.fill(r, row); err != nil {
		return b.bad(err)
	}
	return nil
}

// bad is the error of the row last read.
func (b *baseten) bad(err error) error { return &badRow{fmt.Sprintf("row %d", b.in.rows), err} }

func (b *baseten) fill(r *schema.Record, row parquet.Row) error {
	var values struct{ start, input, output, cached, canceled, e2e, ttft, block *int64 }
	var prompt, session, fallback, model, org string
	b.hashes = nil
	for _, v := range row {
		if v.IsNull() {
			continue
		}
		name := b.names[v.Column()]
		switch name {
		case "prompt":
			prompt = valueText(v)
		case "provided_session_id":
			session = valueText(v)
		case "poor_man_session_id":
			fallback = valueText(v)
		case "model_name":
			model = valueText(v)
		case "org_id":
			org = valueText(v)
		case "total_hashes":
			n, err := valueCount(name, v)
			if err != nil {
				return err
			}
			b.hashes = append(b.hashes, b.in.globalHash(n))
		}
		if into, ok := map[string]**int64{"timestamp_start_unix_ms": &values.start, "input_tokens": &values.input,
			"output_tokens": &values.output, "cached_tokens_reference": &values.cached, "request_canceled": &values.canceled,
			"duration_e2e_ms": &values.e2e, "duration_ttft_ms": &values.ttft, "block_size": &values.block}[name]; ok {
			n, err := valueCount(name, v)
			if err != nil {
				return err
			}
			*into = &n
		}
	}
	if values.start == nil || values.input == nil || values.output == nil {
		return errors.New("timestamp_start_unix_ms, input_tokens or output_tokens is null")
	}
	for _, ms := range []*int64{values.start, values.e2e} {
		if ms != nil && *ms > math.MaxInt64/2000 {
			return fmt.Errorf("%d ms are %w", *ms, errTooLarge)
		}
	}
	r.StartTime, r.InputTokens, r.OutputTokens, r.CachedInputTokens = *values.start*1000, values.input, values.output, values.cached
	r.RequestModel, r.Tenant = model, org
	if values.e2e != nil {
		r.End = new(*values.e2e * 1000)
	}
	if values.ttft != nil {
		r.ServerMetrics = fmt.Sprintf(`{"ttft_ms":%d}`, *values.ttft)
	}
	if values.canceled != nil && *values.canceled != 0 {
		r.Outcome, r.ClientAbort = schema.OutcomeClientAbort, r.End
	}
	if values.block != nil && *values.block > 0 {
		setBlocks(r, b.hashes, *values.block)
	}
	if prompt != "" {
		r.API, r.Path = schema.APICompletions, "/v1/completions"
		if err := setBody(r, "prompt", prompt); err != nil {
			return err
		}
	}
	if session == "" {
		session = fallback
	}
	b.sessions.add(r, b.in.scopedName(session))
	return nil
}

// valueText is a text, or a number as one.
func valueText(v parquet.Value) string {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	return v.String()
}

// valueCount is a whole number that is not negative, of whatever type.
func valueCount(name string, v parquet.Value) (n int64, err error) {
	switch v.Kind() {
	case parquet.Int64:
		n = v.Int64()
	case parquet.Int32:
		n = int64(v.Int32())
	case parquet.Boolean:
		if v.Boolean() {
			n = 1
		}
	case parquet.Double:
		if n = int64(v.Double()); float64(n) != v.Double() {
			return 0, fmt.Errorf("%s %v is not a whole number", name, v.Double())
		}
	default:
		return 0, fmt.Errorf("%s is %s, not a whole number", name, v.Kind())
	}
	if n < 0 && name != "total_hashes" {
		return 0, fmt.Errorf("%s %d is negative", name, n)
	}
	return n, nil
}
