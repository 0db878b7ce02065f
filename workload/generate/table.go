package generate

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/term"
	"metron/schema"
)

// fileFamilies are the families of specs that read a file or folder.
func fileFamilies() []string { return []string{"file", "trace", "diurnal", "servegen"} }

// table is the lengths of a file's rows, in its order.
type table []tableRow

type tableRow struct{ input, output int32 }

func (r tableRow) pair() pair { return pair{int64(r.input), int64(r.output)} }

// short is the pair as a table holds it.
func (p pair) short() tableRow {
	return tableRow{int32(min(p.input, math.MaxInt32)), int32(min(p.output, math.MaxInt32))}
}

// openTable draws pairs of lengths out of a file: shuffled, each row once and then
// all of them again in another order; in the order of the file, again and again;
// or any row at any time.
func openTable(s *spec, streams streams) func() pair {
	next := openRows(s, streams)
	return func() pair { return next().pair() }
}

// openColumn draws one of the two lengths.
func openColumn(s *spec, streams streams) numbers {
	if s.flag != "--input-lengths" && s.flag != "--output-lengths" {
		s.fail("a file has lengths, and no other numbers; under --lengths it stands alone")
		return func() float64 { return 1 }
	}
	next := openRows(s, streams)
	if s.flag == "--output-lengths" {
		return func() float64 { return float64(next().output) }
	}
	return func() float64 { return float64(next().input) }
}

func openRows(s *spec, streams streams) func() tableRow {
	order := s.choice("order", "shuffle", "file", "draw")
	rows := table{{1, 1}}
	if s.err == nil {
		read := readLengthsCSV
		if s.family == "trace" {
			read = readLengthsTrace
		}
		var err error
		if rows, err = read(s.path); err == nil && len(rows) == 0 {
			err = errors.New("no row has lengths")
		}
		if err != nil {
			s.err = fmt.Errorf("%s: read %q: %w", s.flag, s.path, err)
			return func() tableRow { return tableRow{1, 1} }
		}
	}
	src := rand.New(streams.of(s.flag))
	if order == "draw" {
		return func() tableRow { return rows[src.IntN(len(rows))] }
	}
	at := 0
	return func() tableRow {
		if order == "shuffle" && at%len(rows) == 0 {
			src.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		}
		row := rows[at%len(rows)]
		at++
		return row
	}
}

// lengthColumns are what the columns with lengths are called: Etalon's, ours,
// Azure's and BurstGPT's names.
func lengthColumns() (input, output []string) {
	return []string{"num_prefill_tokens", "input_tokens", "contexttokens", "request tokens", "input_length"},
		[]string{"num_decode_tokens", "output_tokens", "generatedtokens", "response tokens", "output_length"}
}

// readLengthsCSV reads the lengths of a CSV file by the names in its header.
func readLengthsCSV(path string) (table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	find := func(names []string) int {
		return slices.IndexFunc(header, func(title string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(strings.TrimPrefix(title, "\ufeff"))))
		})
	}
	inputs, outputs := lengthColumns()
	input, output := find(inputs), find(outputs)
	if input < 0 || output < 0 {
		return nil, term.WithHint(errors.New("its header names no lengths"), "columns such as %s,%s", inputs[0], outputs[0])
	}
	var rows table
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(input)
		var lengths [2]int32
		for i, column := range []int{input, output} {
			v, err := strconv.ParseFloat(strings.TrimSpace(fields[column]), 64) // Etalon's are floats at times
			if err != nil || !(v >= 0 && v <= math.MaxInt32) {
				return nil, fmt.Errorf("line %d: %q is no length", line, fields[column])
			}
			lengths[i] = int32(math.Round(v))
		}
		rows = append(rows, tableRow{lengths[0], lengths[1]})
	}
}

// readLengthsTrace reads the lengths of a trace's rows, those that have both.
func readLengthsTrace(path string) (table, error) {
	var rows table
	err := eachRow(path, func(_ int64, p pair) {
		if p.input >= 0 && p.output >= 0 {
			rows = append(rows, p.short())
		}
	})
	return rows, err
}

// eachRow reads a trace's start times and lengths, file after file in their order.
func eachRow(path string, row func(startUS int64, p pair)) error {
	a, err := schema.OpenArchive(path)
	if err != nil {
		return err
	}
	defer a.Close()
	for batch, err := range a.Batches(context.Background(), schema.Query{Columns: []string{"start_time", "input_tokens", "output_tokens"}}) {
		if err != nil {
			return err
		}
		starts := batch.Column(0).(*array.Timestamp)
		for i := range starts.Len() {
			row(int64(starts.Value(i)), pair{lengthAt(batch.Column(1).(*array.Int64), i), lengthAt(batch.Column(2).(*array.Int64), i)})
		}
	}
	return nil
}

func lengthAt(a *array.Int64, row int) int64 {
	if a.IsNull(row) {
		return -1
	}
	return a.Value(row)
}
