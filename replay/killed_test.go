package replay

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"metron/schema"
)

// asReplay makes this binary a replay, to be killed: its value is the target, the
// trace and the run are its arguments.
const asReplay = "METRON_TEST_AS_REPLAY"

func TestMain(m *testing.M) {
	target := os.Getenv(asReplay)
	if target == "" {
		os.Exit(m.Run())
	}
	if err := replayToBeKilled(target, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func replayToBeKilled(target, trace, run string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	a, err := schema.OpenArchive(trace)
	if err != nil {
		return err
	}
	r := &Runner{Plan: &Plan{Trace: a}, Targets: []*url.URL{u}, Prompt: fixedPrompt{},
		Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(run, m) }}
	_, err = r.Run(context.Background())
	return err
}

// TestKilled: what a replay that was killed had done is in its journal, and
// recovered whole.
func TestKilled(t *testing.T) {
	starts := make([]int64, 3000)
	for i := range starts {
		starts[i] = int64(i) * 10_000
	}
	r, run := runner(t, chat(3), starts...)
	child := exec.Command(os.Args[0], r.Plan.Trace.Files[0].Path(), run)
	child.Env = append(os.Environ(), asReplay+"="+r.Targets[0].String())
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	finished := 0
	for until := time.Now().Add(time.Minute); finished < 20 && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		finished = answered(schema.JournalPath(run))
	}
	_ = child.Process.Kill()
	_ = child.Wait() // killed
	if _, err := os.Stat(run); err == nil {
		t.Error("there is a file that looks complete")
	}
	kept := answered(schema.JournalPath(run))
	if finished < 20 || kept < finished || kept == len(starts) {
		t.Errorf("%d answers were in the journal, %d are, of %d requests", finished, kept, len(starts))
	}
	if _, err := schema.Recover(schema.JournalPath(run)); err != nil {
		t.Fatal(err)
	}
	if got := answered(run); got != kept {
		t.Errorf("%d answers were recovered, want the %d of the journal", got, kept)
	}
}

// answered counts the rows of a file, if it can be read, whose answer came.
func answered(path string) (n int) {
	f, err := schema.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err == nil && r.Outcome == schema.OutcomeOK {
			n++
		}
	}
	return n
}
