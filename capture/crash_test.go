package capture

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/schema"
)

// crashes is how often the capture is killed: go test ./capture -run Killed -crashes 50
var crashes = flag.Int("crashes", 3, "how often TestKilled kills")

// asCommand makes this binary the capture command, to be killed.
const asCommand = "METRON_TEST_AS_CAPTURE"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		os.Exit(m.Run())
	}
	app := &cli.App{Commands: []*cli.Command{Command()}}
	if err := app.RunContext(context.Background(), os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilled kills the capture at random while 50 streams run: what had
// finished by some moment reaches the journal by itself, and is recovered once
// when the kill comes then; the clients of the others see a broken connection.
func TestKilled(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range rand.IntN(30) {
			io.WriteString(w, event("a"))
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
		io.WriteString(w, "data: [DONE]\n\n")
	}))
	defer upstream.Close()
	for round := range *crashes {
		dir := t.TempDir()
		child := exec.Command(os.Args[0], "capture", "--upstream", upstream.URL, "--listen", "127.0.0.1:0", "--out", dir, "--flush", "50ms")
		child.Env = append(os.Environ(), asCommand+"=1")
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		url := strings.TrimSuffix(strings.TrimPrefix(strings.Split(line, ", ")[0], "capturing on "), ",")
		finished, broken := load(t, url, time.Second+rand.N(time.Second), func(finished map[string]bool) {
			eventually(t, "what has finished is in the journal", func() bool { return holdsAll(dir, finished) })
			child.Process.Kill()
			child.Wait()
		})
		recovered := recoverRows(t, dir)
		missing := 0
		for model := range finished {
			if recovered[model] != 1 {
				missing++
			}
		}
		for model, n := range recovered {
			if n != 1 {
				t.Errorf("round %d: %s stands %d times in the files", round, model, n)
			}
		}
		if missing > 0 || len(finished) == 0 || broken == 0 {
			t.Errorf("round %d: of %d requests that had finished %d are missing; %d were broken off", round, len(finished), missing, broken)
		}
	}
}

// load runs 50 clients, tells kill after a while which requests have finished, and
// gives those, and how many others were broken off.
func load(t *testing.T, url string, after time.Duration, kill func(finished map[string]bool)) (finished map[string]bool, broken int) {
	transport := &http.Transport{MaxIdleConnsPerHost: 50}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var mu sync.Mutex
	ended := map[string]bool{}
	var clients sync.WaitGroup
	for i := range 50 {
		clients.Go(func() {
			for n := 0; ; n++ {
				model := fmt.Sprintf("m-%d-%d", i, n)
				body := fmt.Sprintf(`{"model":%q,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, model)
				resp, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
				var text []byte
				if err == nil {
					text, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				mu.Lock()
				if err != nil {
					broken++
					mu.Unlock()
					return
				}
				ended[model] = true
				mu.Unlock()
				if resp.StatusCode != http.StatusOK || !strings.HasSuffix(string(text), "data: [DONE]\n\n") {
					t.Errorf("%s: a clean end with status %d after %d bytes", model, resp.StatusCode, len(text))
				}
			}
		})
	}
	time.Sleep(after)
	mu.Lock()
	finished = maps.Clone(ended)
	mu.Unlock()
	kill(finished)
	clients.Wait()
	return finished, broken
}

// holdsAll reports whether the live journals hold a finished row of each model.
func holdsAll(dir string, models map[string]bool) bool {
	journals, err := schema.Journals(dir)
	if err != nil || len(journals) == 0 {
		return false
	}
	found := 0
	for _, path := range journals {
		f, err := schema.Open(path)
		if err != nil {
			return false
		}
		for r, err := range f.Records() {
			if err == nil && r.Outcome == schema.OutcomeOK && models[r.RequestModel] {
				found++
			}
		}
		f.Close()
	}
	return found >= len(models)
}

// recoverRows counts the finished rows of each model after a crash.
func recoverRows(t *testing.T, dir string) map[string]int {
	t.Helper()
	journals, err := schema.Journals(dir)
	if err != nil || len(journals) == 0 {
		t.Fatalf("journals %v, %v", journals, err)
	}
	for _, j := range journals {
		if r, err := schema.Recover(j); err != nil || r.DamagedBytes > 0 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	files, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]int{}
	ids := map[[16]byte]bool{}
	for _, path := range files {
		f, err := schema.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range f.Records() {
			if err != nil {
				t.Fatal(err)
			}
			if ids[r.RecordID] {
				t.Errorf("record %s stands twice", r.RecordID)
			}
			ids[r.RecordID] = true
			if r.Outcome == schema.OutcomeOK {
				models[r.RequestModel]++
			} else if r.Outcome != schema.OutcomeUnknown {
				t.Errorf("outcome %s of a request that was in flight", r.Outcome)
			}
		}
		f.Close()
	}
	return models
}
