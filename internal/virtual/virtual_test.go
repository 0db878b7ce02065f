package virtual

import (
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/internal/llmsim"
	"metron/schema"
)

// requests arrive evenly.
func requests(n int, everyUS, input, output int64) iter.Seq[*schema.Record] {
	return func(yield func(*schema.Record) bool) {
		for i := range n {
			r := &schema.Record{RecordID: uuid.UUID{15: byte(i), 14: byte(i >> 8)}, StartTime: 1e15 + int64(i)*everyUS, API: schema.APIChat,
				InputTokens: new(input), OutputTokens: new(output)}
			if !yield(r) {
				return
			}
		}
	}
}

// TestTimesAreThoseOfTheCost: requests that meet an idle server take what the step model says.
func TestTimesAreThoseOfTheCost(t *testing.T) {
	run := Run{Engine: llmsim.EngineConfig{Cost: llmsim.Cost{PrefillUS: 1000, PrefillTokenUS: 10, DecodeUS: 500}},
		Warmup: time.Second, Until: 3 * time.Second}
	phases := map[string]int{}
	for row, err := range run.Rows(requests(4, 1e6, 100, 3)) {
		if err != nil {
			t.Fatal(err)
		}
		if err := row.Check(); err != nil {
			t.Fatal(err)
		}
		if want := []int64{2000, 2500, 3000, 3000}; !slices.Equal(row.ChunkTime, want) || *row.End != 3000 {
			t.Errorf("chunks at %v and the end at %d, want %v", row.ChunkTime, *row.End, want)
		}
		phases[row.Phase]++
	}
	if phases[schema.PhaseWarmup] != 1 || phases[schema.PhaseMeasure] != 2 || phases[schema.PhaseCooldown] != 1 {
		t.Errorf("phases %v, want 1, 2 and 1", phases)
	}
	if run.EndUS != 3_003_000 {
		t.Errorf("the run ended at %d us, want 3003000", run.EndUS)
	}
}

// TestFullQueueRefuses: a server that takes two requests at a time, and lets one wait.
func TestFullQueueRefuses(t *testing.T) {
	run := Run{Engine: llmsim.EngineConfig{MaxBatch: 2, MaxQueue: 1, Cost: llmsim.Cost{DecodeUS: 1000}}}
	outcomes := map[string]int{}
	for row, err := range run.Rows(requests(5, 0, 10, 4)) {
		if err != nil {
			t.Fatal(err)
		}
		outcomes[row.Outcome]++
	}
	if outcomes[schema.OutcomeOK] != 3 || outcomes[schema.OutcomeHTTPError] != 2 {
		t.Errorf("outcomes %v, want 3 ok and 2 refused", outcomes)
	}
}

// TestStop: what is in flight when a run is left off was given up by its client.
func TestStop(t *testing.T) {
	var inFlight, times []int64
	run := Run{Engine: llmsim.EngineConfig{MaxBatch: 1, Cost: llmsim.Cost{DecodeUS: 100_000}},
		Stop: func(atUS, sent, done int64) bool {
			inFlight, times = append(inFlight, sent-done), append(times, atUS)
			return sent-done >= 50
		}}
	rows, aborted := 0, 0
	for row, err := range run.Rows(requests(1000, 100_000, 10, 10)) {
		if err != nil {
			t.Fatal(err)
		}
		if rows++; row.Outcome == schema.OutcomeClientAbort {
			aborted++
		}
	}
	if !run.Stopped || rows == 1000 || int64(aborted) != inFlight[len(inFlight)-1] {
		t.Errorf("stopped %v after %d rows, %d of them given up; in flight at the end: %v", run.Stopped, rows, aborted, inFlight[len(inFlight)-1])
	}
	if first := times[1] - times[0]; first < sampleUS {
		t.Errorf("counted again after %d us, want %d", first, sampleUS)
	}
}
