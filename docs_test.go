package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// TestDocsCommandsParse: every metron command line of the docs names a
// subcommand and flags that there are, with values that they take.
func TestDocsCommandsParse(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commandLine := regexp.MustCompile(`(?m)^(?:metron|go run \.) ((?:'[^'\n]*'|[^&|;>#'\n])*)`)
	word := regexp.MustCompile(`'[^']*'|[^\s']+`)
	found := 0
	for _, page := range append(pages, "README.md") {
		for _, block := range shellBlocks(t, page) {
			block = strings.ReplaceAll(block, "\\\n", " ")
			for _, line := range commandLine.FindAllStringSubmatch(block, -1) {
				found++
				args := []string{"metron"}
				for _, arg := range word.FindAllString(line[1], -1) {
					args = append(args, strings.Trim(arg, "'"))
				}
				if err := parse(args); err != nil {
					t.Errorf("%s: %s: %v", page, strings.TrimSpace(line[0]), err)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("%d command lines found: the pattern has gone blind", found)
	}
}

// parse reads a command line as run does, and does nothing.
func parse(args []string) error {
	app := &cli.App{Commands: idle(commands()), Writer: io.Discard, ErrWriter: io.Discard, HideVersion: true,
		ExitErrHandler: func(*cli.Context, error) {}, Action: unknown}
	return app.Run(term.FlagsFirst(app.Commands, args))
}

func unknown(c *cli.Context) error { return fmt.Errorf("no command %q", c.Args().First()) }

func idle(list []*cli.Command) []*cli.Command {
	for _, c := range list {
		c.Action = func(*cli.Context) error { return nil }
		if len(c.Subcommands) > 0 {
			acts := len(c.Flags) > 0 // without a subcommand, too
			c.Action = func(c *cli.Context) error {
				if acts && !c.Args().Present() {
					return nil
				}
				return unknown(c)
			}
		}
		idle(c.Subcommands)
	}
	return list
}

// TestDocsCommandsRun runs the pages whose blocks work one after the other, in
// an empty folder with a public trace cut short. Blocks that ask for a server
// elsewhere are left out, and the demo, which has tests of its own.
func TestDocsCommandsRun(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the docs' commands need %s: %v", tool, err)
		}
	}
	for _, page := range []string{"docs/guide.md", "docs/metrics.md", "docs/schema.md"} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			script := strings.Builder{}
			script.WriteString("set -e\ntrap 'kill $started 2>/dev/null || :' EXIT\n")
			for _, block := range shellBlocks(t, page) {
				if !strings.Contains(block, "metron demo") && !strings.Contains(block, "example.com") {
					script.WriteString(block)
				}
			}
			// A busy machine may make a run INVALID, which is not what is tested here.
			own := strings.NewReplacer("metron replay ", "metron replay --allow-invalid ", "metron bench --t", "metron bench --allow-invalid --t",
				"127.0.0.1:8000", freeAddress(t), "127.0.0.1:8001", freeAddress(t), "127.0.0.1:9000", freeAddress(t), "127.0.0.1:9001", freeAddress(t),
				"=$!", `=$! started="$started $!"`)
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
			defer stop()
			c := exec.CommandContext(ctx, "sh", "-c", own.Replace(script.String()))
			c.Dir, c.WaitDelay = t.TempDir(), 10*time.Second
			writeShortTrace(t, filepath.Join(c.Dir, "azure-2023-conv.csv"))
			if output, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// writeShortTrace writes two seconds of arrivals, and two more half an hour later.
func writeShortTrace(t *testing.T, path string) {
	var b strings.Builder
	b.WriteString("TIMESTAMP,ContextTokens,GeneratedTokens\r\n")
	begin := time.Date(2023, 11, 16, 18, 15, 46, 0, time.UTC)
	for i := range 40 {
		at := begin.Add(time.Duration(i%20)*100*time.Millisecond + time.Duration(i/20)*30*time.Minute)
		fmt.Fprintf(&b, "%s,%d,%d\r\n", at.Format("2006-01-02 15:04:05.0000000"), 20+7*i, 3+i%9)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestMetricsAreDocumented: docs/metrics.md names every key that analyze prints,
// and every column of its per-request table.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	model := `{"format":"metron-prefill","version":1,"curve":{"constant_us":1000},"min_tokens":1,"max_tokens":9}`
	if err := os.WriteFile(in("prefill.json"), []byte(model), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := `{"start_time":0,"dispatched":10,"wrote":20,"chunk_time":[90000,130000],"chunk_tokens":[1,1],"end":130000}
{"start_time":0,"outcome":"http_error"}
{"start_time":0,"phase":"warmup"}
{"start_time":0,"end":9}
`
	if err := os.WriteFile(in("rows.jsonl"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	for _, args := range [][]string{
		{"metron", "import", "jsonl", in("rows.jsonl"), "--out", in("rows.parquet"), "--json"},
		{"metron", "analyze", in("rows.parquet"), "--json", "--out", in("plots"), "--per-request", in("requests.csv"),
			"--by", "model", "--sections", "all", "--prefill-model", in("prefill.json"),
			"--slo", "ttft<=1s,ttft.p99<=1s"},
	} {
		stdout.Reset()
		if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
			t.Fatalf("%v: exit %d, %s", args, code, &stderr)
		}
	}
	names := map[string]bool{}
	var result any
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	addKeys(names, result)
	table, err := os.ReadFile(in("requests.csv"))
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(table), "\n")
	for column := range strings.SplitSeq(strings.TrimSpace(header), ",") {
		names[column] = true
	}
	for name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/metrics.md does not say what %s is", name)
		}
	}
	if !names["ttft_s"] || !names["acceptance_curve"] || len(names) < 80 {
		t.Errorf("only %d names were looked for", len(names))
	}
}

// addKeys collects the keys of all objects in a JSON value.
func addKeys(names map[string]bool, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			names[key] = true
			addKeys(names, inner)
		}
	case []any:
		for _, inner := range v {
			addKeys(names, inner)
		}
	}
}

// shellBlocks are the contents of a page's fenced sh blocks, in order; none of a
// page that is not there.
func shellBlocks(t *testing.T, page string) []string {
	text, err := os.ReadFile(page)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var blocks []string
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}
