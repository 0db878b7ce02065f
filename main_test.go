package main

import (
	"bytes"
	"context"
	"flag"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"metron/internal/llmsim"
)

// update rewrites what the scripts compare with: go test . -update
var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"metron": main})
}

// TestScripts runs whole commands as a person types them. $SIM is the URL of a
// simulated server that answers at once, $SLOW of one that takes its time,
// $LISTEN a free local address, $SHARED the folder of public
// traces, $GOLDEN the one of traces that this project recorded.
func TestScripts(t *testing.T) {
	shared, err := filepath.Abs("../shared")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := filepath.Abs("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			for name, profile := range map[string]string{"SIM": "instant", "SLOW": "small-gpu"} {
				c, err := llmsim.Profile(profile)
				if err != nil {
					return err
				}
				s, err := llmsim.Start(c, "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Defer(func() { s.Close() })
				e.Setenv(name, s.URL())
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			e.Setenv("LISTEN", l.Addr().String())
			e.Setenv("SHARED", shared)
			e.Setenv("GOLDEN", golden)
			return nil
		},
		Condition: func(c string) (bool, error) {
			_, err := os.Stat(shared)
			return c == "shared" && err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// await URL waits until a server answers there.
			"await": func(ts *testscript.TestScript, _ bool, args []string) {
				for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
					if resp, err := http.Get(args[0]); err == nil {
						resp.Body.Close()
						return
					}
				}
				ts.Fatalf("nothing answers at %s", args[0])
			},
		},
	})
}

// TestExitStatus holds the statuses of STYLE: 0 done, 1 failed, 2 the command
// line was wrong, and that every error names its thing on one line.
func TestExitStatus(t *testing.T) {
	status := func(code int) string {
		s := http.NewServeMux()
		s.HandleFunc("/v1/models", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"data":[{"id":"m"}]}`)) })
		s.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: s}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		return "http://" + l.Addr().String()
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{
		"a.csv":         "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109",
		"bad.csv":       "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,many,44\n",
		"foreign.csv":   "a,b\n1,2\n",
		"empty.csv":     "",
		"empty.parquet": "",
		"text.parquet":  "this is no Parquet file\n",
		"typo.jsonl":    `{"start_time":1,"imput_tokens":3}` + "\n",
	} {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	metron := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), append([]string{"metron"}, args...), strings.NewReader(""), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	if code, _, stderr := metron("import", "azure", in("a.csv"), "--out", in("a.parquet")); code != 0 {
		t.Fatalf("import: %d %s", code, stderr)
	}
	data, err := os.ReadFile(in("a.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("cut.parquet"), data[:len(data)*2/3], 0o600); err != nil {
		t.Fatal(err)
	}
	replay := func(target string, more ...string) []string {
		return append([]string{"replay", in("a.parquet"), "--target", target, "--out", in("never.parquet"), "--allow-invalid"}, more...)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"bogus"}, 2, `unknown command "bogus"`},
		{[]string{"replay", "--bogus"}, 2, "bogus"},
		{[]string{"replay"}, 2, "needs a trace"},
		{[]string{"replay", in("a.parquet")}, 2, "--target"},
		{replay("ftp://x"), 2, "ftp://x"},
		{replay("http://user:pw@127.0.0.1:1"), 2, "credentials"},
		{replay("http://127.0.0.1:1", "--speed", "fast"), 2, `"fast"`},
		{replay("http://127.0.0.1:1", "--from", "5s", "--to", "1s"), 2, "not a window"},
		{replay("http://127.0.0.1:1", "--sample", "0"), 2, `--sample: "0" is not a share`},
		{replay("http://127.0.0.1:1", "--shard", "3/2"), 2, "--shard"},
		{replay("http://127.0.0.1:1", "--rate", "5", "--speed", "2"), 2, "exclude each other"},
		{replay("http://127.0.0.1:1", "--rate", "5", "--peak-rate", "2"), 2, "exclude each other"},
		{replay("http://127.0.0.1:1", "--loop", "0"), 2, "--loop"},
		{replay("http://127.0.0.1:1", "--loop-prompts", "none"), 2, "--loop-prompts"},
		{replay("http://127.0.0.1:1", "--limit", "-1"), 2, "negative"},
		{replay("http://127.0.0.1:1", "--mode", "fast"), 2, "--mode"},
		{replay("http://127.0.0.1:1", "--mode", "closed"), 2, "needs users"},
		{replay("http://127.0.0.1:1", "--users", "3"), 2, "--mode closed"},
		{replay("http://127.0.0.1:1", "--mode", "asap"), 2, "needs a cap"},
		{replay("http://127.0.0.1:1", "--mode", "asap", "--max-in-flight", "2", "--overload", "shed"), 2, "cannot happen"},
		{replay("http://127.0.0.1:1", "--mode", "closed", "--users", "2", "--rate", "3"), 2, "there is no schedule"},
		{replay("http://127.0.0.1:1", "--overload", "shed"), 2, "--max-in-flight"},
		{replay("http://127.0.0.1:1", "--aborts", "maybe"), 2, "--aborts"},
		{replay("http://127.0.0.1:1", "--start-at", "2020-01-01T00:00:00Z"), 2, "is past"},
		{replay("http://127.0.0.1:1", "--warmup", "1h"), 1, "leave nothing to measure"},
		{replay("http://127.0.0.1:1", "--peak-rate", "9"), 1, "cannot be made of 2 requests"},
		{replay("http://127.0.0.1:1", "--api-key-env", "METRON_TEST_NO_SUCH"), 2, "METRON_TEST_NO_SUCH"},
		{replay("http://127.0.0.1:1"), 1, "http://127.0.0.1:1 cannot be reached"},
		{append(replay(status(200)), "--out", in("no/such/folder.parquet")), 1, "folder.parquet"},
		{replay(status(401)), 1, "401"},
		{replay(status(404)), 1, "404"},
		{replay(status(500)), 1, "500"},
		{replay("http://127.0.0.1:1", "--from", "1h"), 1, "no rows from 1h"},
		{[]string{"replay", in("none.parquet"), "--target", "http://127.0.0.1:1", "--out", in("never.parquet")}, 1, "none.parquet"},
		{[]string{"analyze"}, 2, "file"},
		{[]string{"analyze", in("none.parquet")}, 1, "no such file"},
		{[]string{"analyze", in("empty.parquet")}, 1, "empty"},
		{[]string{"analyze", in("text.parquet")}, 1, "not a Parquet file"},
		{[]string{"analyze", in("cut.parquet")}, 1, "cut short"},
		{[]string{"analyze", in("a.parquet"), "--fluidity", "fuzzy"}, 2, "fuzzy"},
		{[]string{"analyze", in("a.parquet"), "--per-request", in("x.xls")}, 2, "x.xls"},
		{[]string{"analyze", in("a.parquet"), "--target-miss-rate", "2"}, 2, "2"},
		{[]string{"plot", "ttft_cdf,compare_ttft", in("none.parquet")}, 2, "compare_ttft: it takes two runs, and 1"},
		{[]string{"inspect", in("none.parquet")}, 1, "no such file"},
		{[]string{"import", "azure", in("none.csv"), "--out", in("never.parquet")}, 1, "none.csv"},
		{[]string{"import", "azure", in("bad.csv"), "--out", in("never.parquet")}, 1, "many"},
		{[]string{"import", "azure", in("foreign.csv"), "--out", in("never.parquet")}, 1, "TIMESTAMP"},
		{[]string{"import", "azure", in("empty.csv"), "--out", in("never.parquet")}, 1, "empty"},
		{[]string{"import", "azure", in("a.csv")}, 2, "--out"},
		{[]string{"import", "jsonl", in("typo.jsonl"), "--out", in("never.parquet")}, 1, "input_tokens"},
		{[]string{"import", "csv", in("a.csv"), "--out", in("never.parquet")}, 2, "csv"},
		{[]string{"capture", "--out", in("c")}, 2, "--upstream"},
		{[]string{"capture", "--upstream", "http://127.0.0.1:1", "--listen", "nowhere", "--out", in("c")}, 2, "nowhere"},
		{[]string{"capture", "--upstream", "http://127.0.0.1:1", "--admin", "nowhere", "--out", in("c")}, 2, "--admin"},
		{[]string{"sim", "--profile", "huge"}, 2, "huge"},
		{[]string{"demo", "--duration", "1ms"}, 2, "1ms"},
		{[]string{"demo", "--out", dir}, 1, "not empty"},
	} {
		code, stdout, stderr := metron(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("metron %s: exit %d, stderr %q; want %d with %q", strings.Join(c.args, " "), code, stderr, c.code, c.want)
		}
		if stdout != "" {
			t.Errorf("metron %s: stdout %q", strings.Join(c.args, " "), stdout)
		}
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if len(lines) > 2 || !strings.HasPrefix(lines[0], "metron: ") || len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: ") {
			t.Errorf("metron %s: an error is one line and at most one hint, got %q", strings.Join(c.args, " "), stderr)
		}
	}
	for _, name := range []string{"never.parquet", "never.arrows", ".never.parquet.tmp", "c"} {
		if _, err := os.Stat(in(name)); err == nil {
			t.Errorf("%s was left behind", name)
		}
	}
}
