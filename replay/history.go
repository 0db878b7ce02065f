package replay

import (
	"fmt"
	"slices"

	"metron/schema"
)

// History is where the answers are from in the conversations that made-up turns
// begin with; "" is none: a turn is its question alone.
type History string

const (
	HistoryLive      History = "live"      // the target's own, in this run
	HistoryRecorded  History = "recorded"  // the trace's, where it has content; else made up
	HistorySynthetic History = "synthetic" // made up, of the recorded length
)

// ParseHistory reads the name of one.
func ParseHistory(text string) (History, error) {
	switch h := History(text); h {
	case HistoryLive, HistoryRecorded, HistorySynthetic:
		return h, nil
	}
	return "", fmt.Errorf("%q is none of live, recorded, synthetic", text)
}

// Converser is a Prompter that makes turns with what goes before them.
type Converser interface {
	Prompter

	// Conversation is the body of the last of turns. answers are the texts that
	// answered those before it, "" where there is none to go on from.
	Conversation(turns []*schema.Record, answers []string) ([]byte, error)
}

// spoken is a turn of a conversation that goes on.
type spoken struct {
	before   *spoken        // nil: it began with this one
	row      *schema.Record // what was asked, without the rest of its row
	messages int            // of its recorded body; 0: it has none
	answer   string         // "": none to go on from
	talk     *talk
}

// sayAs is a row as a conversation knows it, without the batch that it was read in.
func sayAs(r *schema.Record) *schema.Record {
	return &schema.Record{RecordID: r.RecordID, API: r.API, InputTokens: r.InputTokens, OutputTokens: saidTokens(r),
		RequestBytes: r.RequestBytes, BlockHashes: slices.Clone(r.BlockHashes), BlockSize: r.BlockSize, BlockUnit: r.BlockUnit}
}

// body makes up the body of a row, with the conversation before it if there is one.
func (r *Runner) body(row *schema.Record, p *prepared) ([]byte, error) {
	c, ok := r.Prompt.(Converser)
	before := p.conversation
	if before == nil || !ok {
		return r.Prompt.Body(row)
	}
	p.continued = true
	turns, answers := []*schema.Record{row}, []string{""}
	for ; before != nil; before = before.before {
		turns, answers = append(turns, before.row), append(answers, before.answer)
	}
	slices.Reverse(turns)
	slices.Reverse(answers)
	return c.Conversation(turns, answers)
}

// withAnswers puts what the target answered into a recorded body.
func (r *Runner) withAnswers(row *schema.Record, p *prepared) *schema.Record {
	if r.History == HistoryLive && p.conversation != nil && hasMessages(row) {
		row.RequestBody = putAnswers(row.RequestBody, p.conversation)
		p.continued = true
	}
	return row
}

// lacks reports whether no text is known of one of the answers, up to this turn's.
func (s *spoken) lacks() bool {
	for ; s != nil; s = s.before {
		if s.answer == "" {
			return true
		}
	}
	return false
}

// history is a turn as later ones know it.
func (t *turn) history() *spoken {
	if t == nil {
		return nil
	}
	return t.said
}

// link finds the turn before a request, and has later ones find it.
func (r *Runner) link(p *prepared, links turns) {
	p.own, p.before = links.add(p.Send, r.recordID(p.Send))
	if r.History == "" {
		return
	}
	before := p.before.history()
	p.late = r.History == HistoryLive && before != nil && (prompted(p.Row) || hasMessages(p.Row))
	if p.late || r.History != HistoryLive { // live answers are there only when they were waited for
		p.conversation = before
	}
	if p.own == nil {
		return
	}
	p.own.said = &spoken{before: before, row: sayAs(p.Row), talk: &talk{held: &r.history}}
	if before != nil {
		p.own.said.talk = before.talk
	}
	switch {
	case r.History == HistoryRecorded:
		r.recall(p)
	case r.History == HistoryLive && hasMessages(p.Row):
		p.own.said.messages = len(messagesOf(p.Row.RequestBody))
	}
}

// makeLate makes a body that had to wait for the turn before it; false ends the run.
func (r *Runner) makeLate(p *prepared) bool {
	err := r.make(p)
	if err != nil {
		r.lateErr.set(err)
		r.errors.stop(err)
	}
	return err == nil
}
