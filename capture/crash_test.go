package capture

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
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
// finished a while before is recovered, once, and the clients of the others see
// a broken connection.
func TestKilled(t *testing.T) {
	const flush, late = 50 * time.Millisecond, 700 * time.Millisecond // the second has room for a busy machine
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
		child := exec.Command(os.Args[0], "capture", "--upstream", upstream.URL, "--listen", "127.0.0.1:0", "--out", dir, "--flush", flush.String())
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
		finished, broken := load(t, url, time.Second+rand.N(time.Second), func() time.Time {
			at := time.Now()
			child.Process.Kill()
			child.Wait()
			return at
		}, late)
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

// load runs 50 clients until kill, and gives the requests that had finished
// more than late before, and how many others were broken off.
func load(t *testing.T, url string, after time.Duration, kill func() time.Time, late time.Duration) (finished map[string]bool, broken int) {
	transport := &http.Transport{MaxIdleConnsPerHost: 50}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var mu sync.Mutex
	ended := map[string]time.Time{}
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
				ended[model] = time.Now()
				mu.Unlock()
				if resp.StatusCode != http.StatusOK || !strings.HasSuffix(string(text), "data: [DONE]\n\n") {
					t.Errorf("%s: a clean end with status %d after %d bytes", model, resp.StatusCode, len(text))
				}
			}
		})
	}
	time.Sleep(after)
	at := kill()
	clients.Wait()
	finished = map[string]bool{}
	for model, when := range ended {
		if at.Sub(when) > late {
			finished[model] = true
		}
	}
	return finished, broken
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
