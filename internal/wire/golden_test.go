package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden rows anew")
	flag.Parse()
	os.Exit(m.Run())
}

// TestTranscripts decodes every recording of a real server, read by read as it
// arrived, and compares with the rows kept in testdata.
func TestTranscripts(t *testing.T) {
	for _, tr := range loadTranscripts(t) {
		t.Run(tr.name, func(t *testing.T) {
			got := row(t, tr.req, tr.decode())
			path := filepath.Join("testdata", "rows", strings.ReplaceAll(tr.name, "/", "-")+".json")
			if update() {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := mustRead(t, path); !bytes.Equal(got, want) {
				t.Errorf("decoded:\n%s\n%s has:\n%s", got, path, want)
			}
		})
	}
}

// row writes what is known of an exchange, a field a line.
func row(t *testing.T, parts ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	sep := "{\n"
	for _, part := range parts {
		v := reflect.ValueOf(part)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				continue
			}
			text, err := json.Marshal(v.Field(i).Interface())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s%q: %s", sep, v.Type().Name()+"."+v.Type().Field(i).Name, text)
			sep = ",\n"
		}
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// TestTranscriptTimes holds the stamps and sizes against those that the recorder
// itself took.
func TestTranscriptTimes(t *testing.T) {
	for _, tr := range loadTranscripts(t) {
		events := tr.recordedEvents(t)
		if events == nil {
			continue
		}
		got := tr.decode()
		whole := 0
		for _, e := range events {
			if !e.Complete {
				continue
			}
			if whole < len(got.Time) && (got.Time[whole] != e.AtUS || int(got.Bytes[whole]) != len(e.Raw)) {
				t.Errorf("%s: event %d at %d us of %d bytes, recorded at %d us, %d bytes",
					tr.name, whole, got.Time[whole], got.Bytes[whole], e.AtUS, len(e.Raw))
			}
			whole++
		}
		if whole != len(got.Time) {
			t.Errorf("%s: %d events, recorded %d", tr.name, len(got.Time), whole)
		}
	}
}

// TestTranscriptEnds says in one table what each recording has to come to,
// apart from the goldens, which -update would rewrite.
func TestTranscriptEnds(t *testing.T) {
	ends := map[string]struct {
		terminal, failed, opaque bool
		content                  int // events that carry tokens
		pings                    int
		output                   int64 // -1: not told
	}{
		"llama-server/abort-rst":           {content: 4, output: -1},
		"llama-server/chat-contusage":      {terminal: true, content: 8, output: 8},
		"llama-server/chat-logprobs":       {terminal: true, content: 6, output: -1},
		"llama-server/chat-n2":             {terminal: true, content: 12, output: 6},
		"llama-server/chat-nonstream":      {terminal: true, output: 24},
		"llama-server/chat-tools-required": {terminal: true, content: 28, output: 120},
		"llama-server/chat-usage":          {terminal: true, content: 24, output: 24},
		"llama-server/cmpl-usage":          {terminal: true, content: 16, output: 16},
		"llama-server/err-badjson":         {terminal: true, failed: true, output: -1},
		"llama-server/err-ctxlong":         {terminal: true, failed: true, output: -1},
		"llama-server/messages":            {terminal: true, content: 16, output: 16},
		"llama-server/ping12-9":            {terminal: true, content: 148, output: 150},
		"llama-server/responses":           {terminal: true, content: 16, output: 16},
		"llama-server/server-sigkill":      {content: 140, output: -1},
		"llama-server/server-sigterm":      {content: 130, pings: 1, output: -1},
		"llama-server/stall-prefill":       {terminal: true, content: 10, pings: 2, output: 10},
		"ollama/api-chat-ndjson":           {terminal: true, content: 10, output: 12},
		"ollama/chat-usage":                {terminal: true, content: 23, output: 24},
		"ollama/err-badmodel":              {terminal: true, failed: true, output: -1},
		"ollama/messages":                  {terminal: true, content: 12, output: 16},
		"ollama/responses":                 {terminal: true, content: 16, output: 16},
		"ollama/runner-sigkill":            {content: 126, output: -1},
	}
	for _, tr := range loadTranscripts(t) {
		want, known := ends[tr.name]
		if !known {
			t.Errorf("%s: not in the table of this test", tr.name)
			continue
		}
		got := tr.decode()
		content, pings := 0, 0
		for _, k := range got.Kind {
			if isContent(k) {
				content++
			}
			if k == Ping {
				pings++
			}
		}
		output := int64(-1)
		if got.OutputTokens != nil {
			output = *got.OutputTokens
		}
		if got.Terminal != want.terminal || got.Failed != want.failed || got.Opaque != want.opaque ||
			content != want.content || pings != want.pings || output != want.output {
			t.Errorf("%s: terminal %v failed %v opaque %v, %d content events, %d pings, %d tokens told; want %+v",
				tr.name, got.Terminal, got.Failed, got.Opaque, content, pings, output, want)
		}
	}
}

// TestTranscriptSplits cuts the bodies at every offset and at random: the rows stay
// the same but for the stamps.
func TestTranscriptSplits(t *testing.T) {
	for _, tr := range loadTranscripts(t) {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			want := unstamped(decodeAt(tr.req, tr.status, tr.header, tr.body))
			same := func(cuts ...int) {
				t.Helper()
				if got := unstamped(decodeAt(tr.req, tr.status, tr.header, tr.body, cuts...)); !reflect.DeepEqual(got, want) {
					t.Fatalf("cut at %v: %+v, whole %+v", cuts, got, want)
				}
			}
			every := make([]int, len(tr.body))
			for i := range every {
				every[i] = i
				if !raceDetector || i%23 == 0 { // the data of one goroutine: no race to find
					same(i)
				}
			}
			same(every...)
			random := rand.New(rand.NewPCG(4, uint64(len(tr.body))))
			for range 20 {
				var cuts []int
				for at := 0; at < len(tr.body); at += 1 + random.IntN(300) {
					cuts = append(cuts, at)
				}
				same(cuts...)
			}
		})
	}
}
