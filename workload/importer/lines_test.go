package importer

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func readLines(r io.Reader, limit int) (out []string, bad int, err error) {
	l := lines{r: bufio.NewReaderSize(r, 16), max: limit}
	for {
		line, err := l.line()
		var b *badRow
		switch {
		case err == io.EOF:
			return out, bad, nil
		case errors.As(err, &b):
			bad++
			out = append(out, "(bad)")
		case err != nil:
			return out, bad, err
		default:
			out = append(out, string(line))
		}
		if l.n != int64(len(out)) {
			return out, bad, errors.New("line numbers went wrong")
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{"a\n", []string{"a"}},
		{"a\r\nb", []string{"a", "b"}},
		{"a\r\r\n\n\r\nb\r", []string{"a\r", "", "", "b\r"}},
		{"\n", []string{""}},
		{"\r\n", []string{""}},
		{long + "\nb\n", []string{long, "b"}},
		{long + "x\nb\n", []string{"(bad)", "b"}},
		{long + "\r\n" + long, []string{long, long}},
		{"a\n" + strings.Repeat("y", 1000), []string{"a", "(bad)"}},
		{strings.Repeat("y", 1000) + "\r\nb", []string{"(bad)", "b"}},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
			got, _, err := readLines(r, 100)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%.20q: %.60q, %v; want %.60q", c.text, got, err, c.want)
			}
		}
	}
	if _, _, err := readLines(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc\n"))), 100); err != iotest.ErrTimeout {
		t.Errorf("a read error should come through, got %v", err)
	}
}
