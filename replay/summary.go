package replay

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"metron/internal/term"
	"metron/internal/verdict"
	"metron/schema"
)

// Summary is what a run was, for the person who waited for it. The numbers of
// record are analyze's, from the file.
type Summary struct {
	Planned     int64 `json:"planned"`
	Skipped     int64 `json:"skipped"` // rows that no request can be made of: of no known API, or of none with the asked form
	Sent        int64 `json:"sent"`
	Interrupted bool  `json:"interrupted"`

	// StoppedOnErrors is the number of failures in a row that ended the run; 0:
	// none did.
	StoppedOnErrors int64 `json:"stopped_on_errors,omitempty"`

	Outcomes  map[string]int64 `json:"outcomes"`
	Errors    map[string]int64 `json:"errors,omitempty"` // by "outcome: type: message"
	DurationS float64          `json:"duration_s"`       // first send to last end
	Tokens    int64            `json:"output_tokens"`

	// Translated requests were sent in another API's form than they were recorded in.
	// Without says what of them it has no place for, by field, and MadeUp how
	// many recorded bodies could not be read and were replaced by prompts of their
	// lengths, by reason.
	Translated int64            `json:"translated,omitempty"`
	Without    map[string]int64 `json:"translated_without,omitempty"`
	MadeUp     map[string]int64 `json:"made_up,omitempty"`

	// Overload is what the cap on requests in flight did: queued, shed, aborted.
	Overload map[string]int64 `json:"overload,omitempty"`

	// Clients that left in the trace: how many there were of them among the
	// requests sent, and how many left again before their answer ended.
	AbortsPlanned  int64 `json:"client_aborts_planned"`
	AbortsReplayed int64 `json:"client_aborts_replayed"`

	// Turns whose predecessor was over only after they were scheduled, and the
	// longest that one of them waited so.
	TurnsHeld    int64   `json:"turns_held"`
	LongestHoldS float64 `json:"longest_hold_s"`

	Verdict *schema.Verdict `json:"verdict"`

	// Prompts is what trial requests said of the prompts that were made up.
	Prompts []string `json:"prompts,omitempty"`

	// Sums over the rows where both sides are known.
	PromptTokensRecorded int64 `json:"prompt_tokens_recorded"`
	PromptTokensSent     int64 `json:"prompt_tokens_sent"`
	PromptLengthMismatch int64 `json:"prompt_length_mismatches"` // rows whose made-up prompt the target counted otherwise than the trace
	OutputLengthMismatch int64 `json:"output_length_mismatches"` // ok rows whose answer is not as long as the recorded one
	PromptLengthsGuessed int64 `json:"prompt_lengths_guessed"`   // rows whose prompt length the trace does not tell
	NewConnections       int64 `json:"new_connections"`
	CoalescedChunks      int64 `json:"coalesced_chunks"` // chunks that shared a socket read with another
	Chunks               int64 `json:"chunks"`
}

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

// doubt lets no run be VALID whose load a cap changed, although it was asked to.
func (s *Summary) doubt() {
	for _, did := range slices.Sorted(maps.Keys(s.Overload)) {
		if s.Verdict.Status == schema.VerdictValid {
			s.Verdict.Status = schema.VerdictSuspect
		}
		s.Verdict.Reasons = append(s.Verdict.Reasons, fmt.Sprintf("--max-in-flight %s %s requests: the load was not the trace's", did, term.Count(s.Overload[did])))
	}
}

// WriteText prints the summary as a person reads it.
func (s *Summary) WriteText(w io.Writer) error {
	var f term.Fields
	f.Line("requests", "%s of %s planned", term.Count(s.Sent), term.Count(s.Planned))
	if s.Skipped > 0 {
		f.Line("skipped", "%s rows that no request can be made of", term.Count(s.Skipped))
	}
	var outcomes []string
	for _, o := range schema.Outcomes() {
		if n := s.Outcomes[o]; n > 0 {
			outcomes = append(outcomes, o+" "+term.Count(n))
		}
	}
	f.Line("outcomes", "%s", strings.Join(outcomes, ", "))
	for _, e := range slices.Sorted(maps.Keys(s.Errors)) {
		f.Line("", "%s x %s", term.Count(s.Errors[e]), e)
	}
	if s.Translated > 0 {
		f.Line("translated", "%s from another API", term.Count(s.Translated))
	}
	for _, field := range slices.Sorted(maps.Keys(s.Without)) {
		f.Line("", "%s without %s", term.Count(s.Without[field]), field)
	}
	for _, why := range slices.Sorted(maps.Keys(s.MadeUp)) {
		f.Line("made up", "%s prompts of the recorded lengths: %s", term.Count(s.MadeUp[why]), why)
	}
	if s.AbortsPlanned > 0 {
		f.Line("clients left", "%s of the %s that did in the trace", term.Count(s.AbortsReplayed), term.Count(s.AbortsPlanned))
	}
	if s.TurnsHeld > 0 {
		f.Line("turns held", "%s by their predecessor, the longest for %s", term.Count(s.TurnsHeld), term.Seconds(s.LongestHoldS))
	}
	if s.StoppedOnErrors > 0 {
		f.Line("stopped", "after %s failures in a row", term.Count(s.StoppedOnErrors))
	}
	f.Line("duration", "%s", term.Seconds(s.DurationS))
	f.Line("output tokens", "%s", term.Count(s.Tokens))
	for _, line := range verdict.Lines(s.Verdict) {
		f.Line(line[0], "%s", line[1])
	}
	if s.PromptTokensRecorded > 0 {
		off := 100 * float64(s.PromptTokensSent-s.PromptTokensRecorded) / float64(s.PromptTokensRecorded)
		f.Line("prompt tokens", "%s sent, %+.2f %% of the trace's", term.Count(s.PromptTokensSent), off)
	}
	if s.PromptLengthMismatch > 0 {
		f.Line("", "%s made-up prompts are not as long as the recorded ones", term.Count(s.PromptLengthMismatch))
	}
	for i, line := range s.Prompts {
		f.Line([]string{"prompts", ""}[min(i, 1)], "%s", line)
	}
	if s.PromptLengthsGuessed > 0 {
		f.Line("", "%s prompts of a guessed length: the trace does not tell it", term.Count(s.PromptLengthsGuessed))
	}
	if s.OutputLengthMismatch > 0 {
		f.Line("other length", "%s answers are not as long as the recorded ones", term.Count(s.OutputLengthMismatch))
	}
	if s.Chunks > 0 {
		f.Line("coalesced", "%.2f %% of the chunks shared a socket read", 100*float64(s.CoalescedChunks)/float64(s.Chunks))
	}
	f.Line("connections", "%s new", term.Count(s.NewConnections))
	f.Line("verdict", "%s", s.Verdict.Status)
	for _, reason := range s.Verdict.Reasons {
		f.Line("", "%s", reason)
	}
	_, err := f.WriteTo(w)
	return err
}

func us(v int64) string { return term.Seconds(float64(v) / 1e6) }
