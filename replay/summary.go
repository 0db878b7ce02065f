package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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

	// Lost is how many requests have no row in the run, because it could not be
	// written.
	Lost int64 `json:"lost_rows,omitempty"`

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

	// HistoryLacking counts turns that go on from an answer whose text is not there: one that
	// failed, could not be held, or was recorded without content. In its place stands one that is
	// made up, or in a recorded body the recorded one.
	HistoryLacking int64 `json:"history_lacking,omitempty"`

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

// doubt lets no run be VALID whose load a cap changed, although it was asked to.
func (s *Summary) doubt() {
	for _, did := range slices.Sorted(maps.Keys(s.Overload)) {
		if s.Verdict.Status == schema.VerdictValid {
			s.Verdict.Status = schema.VerdictSuspect
		}
		s.Verdict.Reasons = append(s.Verdict.Reasons, fmt.Sprintf("--max-in-flight %s %s: the load was not the trace's", did, term.Plural(s.Overload[did], "request", "requests")))
	}
}

// WriteText prints the summary as a person reads it.
func (s *Summary) WriteText(w io.Writer) error {
	var f term.Fields
	f.Line("requests", "%s of %s planned", term.Count(s.Sent), term.Count(s.Planned))
	if s.Skipped > 0 {
		f.Line("skipped", "%s", term.Plural(s.Skipped, "row that no request can be made of", "rows that no request can be made of"))
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
		f.Line("made up", "%s: %s", term.Plural(s.MadeUp[why], "prompt of the recorded length", "prompts of the recorded lengths"), why)
	}
	if s.AbortsPlanned > 0 {
		f.Line("clients left", "%s of the %s that did in the trace", term.Count(s.AbortsReplayed), term.Count(s.AbortsPlanned))
	}
	if s.TurnsHeld > 0 {
		f.Line("turns held", "%s by their predecessor, the longest for %s", term.Count(s.TurnsHeld), term.Seconds(s.LongestHoldS))
	}
	if s.HistoryLacking > 0 {
		f.Line("history", "%s from an answer whose text is not known", term.Plural(s.HistoryLacking, "turn goes on", "turns go on"))
	}
	if s.StoppedOnErrors > 0 {
		f.Line("stopped", "after %s in a row", term.Plural(s.StoppedOnErrors, "failure", "failures"))
	}
	if s.Lost > 0 {
		f.Line("lost", "the rows of %s", term.Plural(s.Lost, "request", "requests"))
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
		f.Line("", "%s", term.Plural(s.PromptLengthMismatch, "made-up prompt is not as long as the recorded one", "made-up prompts are not as long as the recorded ones"))
	}
	for i, line := range s.Prompts {
		f.Line([]string{"prompts", ""}[min(i, 1)], "%s", line)
	}
	if s.PromptLengthsGuessed > 0 {
		f.Line("", "%s of a guessed length: the trace does not tell it", term.Plural(s.PromptLengthsGuessed, "prompt", "prompts"))
	}
	if s.OutputLengthMismatch > 0 {
		f.Line("other length", "%s", term.Plural(s.OutputLengthMismatch, "answer is not as long as the recorded one", "answers are not as long as the recorded ones"))
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
