package pcap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/schema"
)

// TestLossIsNeverGuessed takes any packets out of a conversation: each row that is
// left says what the whole capture says, or how much of it was lost; no request
// is given another's answer, and chunks are a beginning of the true ones.
func TestLossIsNeverGuessed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk().shake()
		n := rapid.IntRange(1, 6).Draw(t, "exchanges")
		for i := range n {
			request := post(strings.Replace(chatBody, `"m"`, fmt.Sprintf(`"m%d"`, i), 1))
			if cut := rapid.IntRange(1, len(request)).Draw(t, "cut"); cut < len(request) {
				k.ask(request[:cut], request[cut:])
			} else {
				k.ask(request)
			}
			k.answer(sseHead)
			for range rapid.IntRange(0, 4).Draw(t, "tokens") {
				k.answer(chunk(strings.Replace(token, "r1", fmt.Sprintf("r%d", i), 1)))
				if rapid.Bool().Draw(t, "acked") {
					k.acked()
				}
			}
			k.answer(chunk(done), lastOne)
			k.wait(rapid.SampledFrom([]int64{0, 500_000, 3_000_000, 60_000_000}).Draw(t, "pause"))
		}
		if rapid.Bool().Draw(t, "closed") {
			k.leave(false).close(false)
		}
		whole, _ := read(t, k.segments)
		truth := map[string]*schema.Record{}
		for _, r := range whole {
			truth[r.RequestModel] = r
		}
		if len(truth) != n {
			t.Fatalf("%d rows of the whole capture: %q", len(truth), brief(whole))
		}
		lost := 0
		left := slices.DeleteFunc(slices.Clone(k.segments), func(segment) bool {
			gone := rapid.IntRange(0, 9).Draw(t, "lost") == 0
			if gone {
				lost++
			}
			return gone
		})
		rows, counts := read(t, left)
		for _, r := range rows {
			want := truth[r.RequestModel]
			if want == nil { // its request was not whole
				if r.RequestModel != "" || r.Outcome != schema.OutcomeUnknown || !strings.HasPrefix(r.ErrorType, "capture_") {
					t.Fatalf("a row of no request: %s %s %s\n%s", r.RequestModel, r.Outcome, r.ErrorType, listing(left))
				}
				continue
			}
			if r.ResponseID != "" && r.ResponseID != want.ResponseID {
				t.Fatalf("%s has the answer %s", r.RequestModel, r.ResponseID)
			}
			switch {
			case r.Outcome == schema.OutcomeOK:
				if !slices.Equal(r.ChunkKind, want.ChunkKind) || !slices.Equal(r.ChunkTime, want.ChunkTime) && counts.retransmitted == 0 {
					t.Fatalf("%s is ok with chunks %v at %v, not %v at %v\n%s", r.RequestModel, r.ChunkKind, r.ChunkTime, want.ChunkKind, want.ChunkTime, listing(left))
				}
			case !strings.HasPrefix(r.ErrorType, "capture_"):
				t.Fatalf("%s is %s (%s) though the traffic was well", r.RequestModel, r.Outcome, r.ErrorType)
			case len(r.ChunkKind) > len(want.ChunkKind) || !slices.Equal(r.ChunkKind, want.ChunkKind[:len(r.ChunkKind)]):
				t.Fatalf("%s has chunks %v, of %v", r.RequestModel, r.ChunkKind, want.ChunkKind)
			}
		}
		if lost == 0 && len(rows) != n {
			t.Fatalf("nothing was lost, and %d of %d rows are there", len(rows), n)
		}
	})
}

// listing shows segments to whoever looks into a failure.
func listing(segments []segment) string {
	var b strings.Builder
	for _, s := range segments {
		fmt.Fprintf(&b, "%d us from %d seq %d ack %d fin %v: %q\n", s.atUS-beginUS, s.from.Port(), s.seq, s.ack, s.fin, s.data)
	}
	return b.String()
}
