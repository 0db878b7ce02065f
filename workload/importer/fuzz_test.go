package importer

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parquet-go/parquet-go"
)

// FuzzFormats: whatever the text, each format's reader gives rows that are
// valid, counts what it began, and does not mind where the reads fall.
func FuzzFormats(f *testing.F) {
	formats := Formats()
	for i, format := range formats {
		names, err := filepath.Glob("testdata/" + format.Name + "*")
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err != nil {
				f.Fatal(err)
			} else if !strings.HasSuffix(name, ".golden") {
				f.Add(uint8(i), string(text))
			}
		}
	}
	f.Add(uint8(2), `{"timestamp":-1e3,"session_id":"a","text_input":"\ud800"}`+"\n"+`{"session_id":"a","delay":9223372036854775807}`)
	f.Add(uint8(4), `{"id":"a","block_size":1,"requests":[{"type":"subagent","t":1e12,"requests":[{"t":1e12,"in":1,"out":0}]}]}`)
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		format := formats[int(which)%len(formats)]
		if format.parquet {
			return
		}
		open := func(in *input) (source, error) {
			in.options = Options{starts: &starts{given: "0.5/s", perS: 0.5}}
			return format.open(in)
		}
		whole := fmt.Sprint(readSource(t, open, strings.NewReader(text)))
		split := fmt.Sprint(readSource(t, open, iotest.OneByteReader(strings.NewReader(text))))
		if whole != split {
			t.Fatalf("%s: read whole: %s\nread byte by byte: %s", format.Name, whole, split)
		}
		if _, _, err := detect(&input{lines: lines{r: bufio.NewReaderSize(strings.NewReader(text), headBytes)}}); err != nil && err.Error() == "" {
			t.Fatal("an empty error")
		}
	})
}

func FuzzBaseten(f *testing.F) {
	path := filepath.Join(f.TempDir(), "b.parquet")
	if err := parquet.WriteFile(path, []basetenSample{{Start: 1, Prompt: "Hello", Input: 20, Output: 3, Session: new("s"), Hashes: []int64{5, 6}, Block: new(int32(16))}}); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := openInput(path, nil)
		if err != nil || !in.parquet {
			return
		}
		defer in.Close()
		src, err := openBaseten(in)
		if err == nil {
			drain(t, in, src)
		}
	})
}
