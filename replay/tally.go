package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"metron/schema"
)

// tally collects a Summary, a row at a time.
type tally struct {
	mu      sync.Mutex // guards what follows
	s       Summary
	sends   []sent // of every request that was written, from the moment it could leave
	noTTFT  bool   // its target's TTFT is none to judge by
	lost    int64  // due, not sent, and not for a cap
	steps   steps
	zeroUS  int64   // the beginning of the schedule, us since the Unix epoch
	ttftsUS []int64 // of ok rows, from the actual send
	firstUS int64   // first send, us since the Unix epoch
	lastUS  int64   // last end
}

// add counts a row that is complete; why is the reason of a client_abort.
func (t *tally) add(row *schema.Record, p *prepared, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, source := &t.s, p.Row
	if s.Outcomes == nil {
		s.Outcomes, s.Errors, s.Overload = map[string]int64{}, map[string]int64{}, map[string]int64{}
		s.Without, s.MadeUp = map[string]int64{}, map[string]int64{}
	}
	s.Outcomes[row.Outcome]++
	if row.Overload != "" {
		s.Overload[row.Overload]++
	}
	var did period
	defer func() { t.steps.at(p.dueUS-t.zeroUS, did) }()
	if row.Outcome == schema.OutcomeNotSent {
		did.counts.Shed++
		if row.Overload == "" {
			t.lost++
		}
		return
	}
	if failed(row, why) {
		s.Errors[failure(row)]++
	}
	s.addTranslation(&p.message)
	if p.leaves.ends() {
		s.AbortsPlanned++
		if errors.Is(why, errLeft) {
			s.AbortsReplayed++
		}
	}
	if p.lacking {
		s.HistoryLacking++
	}
	if row.Ready != nil && *row.Ready > 0 {
		s.TurnsHeld++
		s.LongestHoldS = max(s.LongestHoldS, float64(*row.Ready)/1e6)
	}
	if row.Wrote != nil {
		t.sends = append(t.sends, sent{p.dueUS, max(0, row.StartTime+*row.Wrote-p.dueUS)})
	}
	begin, end := row.StartTime+*row.Dispatched, row.StartTime+*row.End
	if t.firstUS == 0 || begin < t.firstUS {
		t.firstUS = begin
	}
	t.lastUS = max(t.lastUS, end)
	if row.ConnectionReused != nil && !*row.ConnectionReused {
		s.NewConnections++
		did.counts.NewConnections++
	}
	chunks, coalesced := s.Chunks, s.CoalescedChunks
	t.addChunks(row)
	did.counts.Chunks, did.counts.CoalescedChunks = s.Chunks-chunks, s.CoalescedChunks-coalesced
	if source.InputTokens != nil && row.InputTokens != nil {
		s.PromptTokensRecorded += *source.InputTokens
		s.PromptTokensSent += *row.InputTokens
		if prompted(source) && *row.InputTokens != *source.InputTokens {
			s.PromptLengthMismatch++
		}
	}
	if source.InputTokens == nil && prompted(source) {
		s.PromptLengthsGuessed++
	}
	if row.OutputTokens != nil {
		s.Tokens += *row.OutputTokens
		if row.Outcome == schema.OutcomeOK && row.ExpectedOutputTokens != nil && shares(*row.ExpectedOutputTokens, row.ChoiceCount) != *row.OutputTokens {
			s.OutputLengthMismatch++
			did.counts.LengthMismatches++
		}
	}
}

func (s *Summary) addTranslation(m *message) {
	if m.from != "" {
		s.Translated++
	}
	for _, field := range m.lost {
		s.Without[field]++
	}
	if m.madeUp != "" {
		s.MadeUp[m.madeUp]++
	}
}

// addChunks counts the chunks that carried something, and those of them that
// came out of one socket read with another.
func (t *tally) addChunks(row *schema.Record) {
	last, together := int32(-1), int64(0)
	for i, k := range row.ChunkKind {
		if k > schema.KindRefusal {
			continue
		}
		if t.s.Chunks++; last < 0 && row.Outcome == schema.OutcomeOK {
			t.ttftsUS = append(t.ttftsUS, row.ChunkTime[i]-*row.Dispatched)
		}
		if row.ChunkRead[i] != last {
			last, together = row.ChunkRead[i], 0
		}
		if together++; together == 2 {
			t.s.CoalescedChunks++ // the one before shared it, too
		}
		if together > 1 {
			t.s.CoalescedChunks++
		}
	}
}

// shares is the length of an answer that n choices share: each is as long.
func shares(tokens, n int64) int64 {
	n = max(n, 1)
	return (tokens + n - 1) / n * n
}

func failure(row *schema.Record) string {
	parts := []string{row.Outcome}
	if row.HTTPStatus != nil && *row.HTTPStatus >= 400 {
		parts[0] += fmt.Sprintf(" %d", *row.HTTPStatus)
	}
	if row.ErrorType != "" {
		parts = append(parts, row.ErrorType)
	}
	return strings.Join(parts, ": ")
}

// load adds what the process did around a moment.
func (t *tally) load(atUS int64, l load) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if atUS > t.zeroUS-1e6 { // a run that waits for its moment has no load yet
		t.steps.at(atUS-t.zeroUS, period{load: l})
	}
}

// recentLagP99 is the send lag p99 of the last thousand requests, us.
func (t *tally) recentLagP99() int64 {
	t.mu.Lock()
	recent := slices.Clone(t.sends[max(0, len(t.sends)-1000):])
	t.mu.Unlock()
	return nearestRank(lagsOf(recent), 99)
}

// summary completes the tally.
func (t *tally) summary(p *Plan, sent int64, interrupted bool) *Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.s
	s.Planned, s.Skipped, s.Sent, s.Interrupted = p.Rows(), p.Skipped(), sent, interrupted
	s.DurationS = float64(t.lastUS-t.firstUS) / 1e6
	slices.Sort(t.ttftsUS)
	sends := inOrder(t.sends)
	if t.noTTFT {
		t.ttftsUS = nil
	}
	s.Verdict = judge(evidence{sends, t.ttftsUS, t.lost})
	t.steps.describe(s.Verdict, sends, t.zeroUS)
	s.doubt()
	return &s
}
