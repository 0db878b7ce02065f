package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

func azureFormat() Format {
	return Format{
		Name:  "azure",
		Usage: "Azure LLM inference traces, CSV of 2023 and later",
		Details: "Columns are found by name in the header: TIMESTAMP, ContextTokens, GeneratedTokens and, where it is,\n" +
			"NumImages; others are ignored. Times without a zone are UTC; digits below a microsecond are cut\n" +
			"off and counted.",
		Example: "metron import azure azure-2023-conv.csv --out conv.parquet",
		open:    openAzure,
	}
}

// azure reads rows like "2023-11-16 18:17:03.9799600,4808,10".
type azure struct {
	in     *input
	ids    *rowIDs
	fields [][]byte
	width  int // columns of the header

	stamp, context, generated, images int // columns; images is -1 when absent

	inputTokens, outputTokens int64 // the row's, which its pointers share
}

func openAzure(in *input) (source, error) {
	a := &azure{in: in, ids: newRowIDs("azure")}
	header, err := in.line()
	if err == io.EOF {
		return nil, in.errorf("it has no header line; fetch it again")
	} else if err != nil {
		return nil, in.errorf("read the header: %w", err)
	}
	names, err := splitCSV(nil, header)
	if err != nil {
		return nil, in.errorf("line 1: %w", err)
	}
	a.width = len(names)
	for _, c := range []struct {
		name  string
		index *int
		must  bool
	}{
		{"TIMESTAMP", &a.stamp, true}, {"ContextTokens", &a.context, true}, {"GeneratedTokens", &a.generated, true},
		{"NumImages", &a.images, false},
	} {
		*c.index = -1
		for i, name := range names {
			if strings.EqualFold(string(bytes.TrimSpace(name)), c.name) {
				*c.index = i
			}
		}
		if *c.index < 0 && c.must {
			return nil, term.WithHint(in.errorf("line 1: the header %s has no column %s", quote(header), c.name),
				"an Azure trace begins with TIMESTAMP,ContextTokens,GeneratedTokens; `metron import --help` lists the other formats")
		}
	}
	return a, nil
}

func (a *azure) next(r *schema.Record) error {
	line, err := a.in.line()
	for err == nil && len(line) == 0 {
		line, err = a.in.line()
	}
	var bad *badRow
	if errors.As(err, &bad) {
		a.in.rows++
	}
	if err != nil {
		return err
	}
	a.in.rows++
	fillChat(r)
	r.RecordID = a.ids.id(a.in.rows, line)
	if err := a.parse(line, r); err != nil {
		return &badRow{a.in.n, err}
	}
	return nil
}

func (a *azure) parse(line []byte, r *schema.Record) (err error) {
	if a.fields, err = splitCSV(a.fields[:0], line); err != nil {
		return err
	}
	if len(a.fields) != a.width {
		return fmt.Errorf("%s has %d columns, the header %d", quote(line), len(a.fields), a.width)
	}
	at, err := parseStamp(a.fields[a.stamp])
	if err != nil {
		return fmt.Errorf("TIMESTAMP %s: %w", quote(a.fields[a.stamp]), err)
	}
	r.StartTime = at.us
	if a.inputTokens, err = count("ContextTokens", a.fields[a.context]); err != nil {
		return err
	}
	if a.outputTokens, err = count("GeneratedTokens", a.fields[a.generated]); err != nil {
		return err
	}
	if a.images >= 0 {
		if r.ImageCount, err = count("NumImages", a.fields[a.images]); err != nil {
			return err
		}
	}
	if at.finer {
		a.in.subMicros++
	}
	r.InputTokens, r.OutputTokens = &a.inputTokens, &a.outputTokens
	return nil
}

// count reads a whole number that is not negative.
func count(name string, text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %s is not a whole number", name, quote(text))
	case n < 0:
		return 0, fmt.Errorf("%s %d is negative", name, n)
	}
	return n, nil
}

// splitCSV appends the fields of one line to fields. They share its memory
// unless it has quotes.
func splitCSV(fields [][]byte, line []byte) ([][]byte, error) {
	if bytes.IndexByte(line, '"') >= 0 {
		texts, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil {
			return nil, fmt.Errorf("%s is not a line of CSV: %w", quote(line), err)
		}
		for _, text := range texts {
			fields = append(fields, []byte(text))
		}
		return fields, nil
	}
	for {
		field, rest, more := bytes.Cut(line, []byte{','})
		fields = append(fields, field)
		if !more {
			return fields, nil
		}
		line = rest
	}
}

// quote is what a source said, short enough for a message of one line.
func quote(text []byte) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
