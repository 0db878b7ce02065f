package importer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"metron/internal/term"
)

// AutoFormat is the format of files that tell theirs themselves.
func AutoFormat() Format {
	return Format{
		Name:  "auto",
		Usage: "any of them, told by what is in the file",
		Details: "The first 64 KiB decide, never the name of the file; what was decided, and why, is printed. A file that could be\n" +
			"of two formats is an error that lists them. All FILEs are of the format of the first one.",
		Example: "metron import auto mooncake-conversation.jsonl --out trace.parquet",
		Takes:   []string{"epoch", "block-size", "session-starts", "think-time"},
	}
}

// Detect tells the format of a file that is open, and why it is that.
func detect(in *input) (f Format, why string, err error) {
	text, err := in.lines.r.Peek(headBytes)
	if err != nil && err != io.EOF {
		return f, "", in.errorf("%w", err)
	}
	h := newHead(text)
	if in.parquet {
		if h, err = parquetHead(in); err != nil {
			return f, "", in.errorf("%w", err)
		}
	}
	var candidates []string
	for _, x := range Formats() {
		if reason := x.sniff(h); reason != "" && x.parquet == in.parquet {
			f, why = x, reason
			candidates = append(candidates, fmt.Sprintf("%s (%s)", x.Name, reason))
		}
	}
	switch {
	case len(candidates) == 0:
		return f, "", term.WithHint(in.errorf("its format is none that is known; it begins with %s", quote(h.first)), "`metron import --help` lists the formats")
	case len(candidates) > 1:
		return f, "", term.WithHint(in.errorf("it could be %s", strings.Join(candidates, " or ")), "name the format instead of auto")
	}
	return f, why, nil
}

// parquetHead looks at the columns of a Parquet file.
func parquetHead(in *input) (h *head, err error) {
	defer func() {
		if p := recover(); p != nil { // parquet-go panics on some malformed footers
			err = fmt.Errorf("malformed Parquet: %v", p)
		}
	}()
	if in.file == nil {
		return nil, errors.New("it is Parquet, which is read at random; name the file instead of -")
	}
	p, err := parquet.OpenFile(in.file, in.size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, err
	}
	h = &head{first: []byte("PAR1"), parquet: map[string]bool{}}
	for _, path := range p.Schema().Columns() {
		h.parquet[path[0]] = true
	}
	if h.parquet["record_id"] && h.parquet["start_time"] {
		return nil, term.WithHint(errors.New("it is a trace of metron's already"), "`metron inspect` says what is in it")
	}
	return h, nil
}
