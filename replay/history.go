package replay

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

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

// maxHistory bounds the text of answers that are held for later turns.
const maxHistory = 256 << 20

// spoken is a turn of a conversation that goes on.
type spoken struct {
	before   *spoken        // nil: it began with this one
	row      *schema.Record // what was asked, without the rest of its row
	messages int            // of its recorded body; 0: it has none
	answer   string         // "": none to go on from
	talk     *atomic.Int64  // bytes of the answers that are held of its session
}

// sayAs is a row as a conversation knows it, without the batch that it was read in.
func sayAs(r *schema.Record) *schema.Record {
	output := r.OutputTokens
	if output == nil {
		output = streamedTokens(r)
	}
	return &schema.Record{RecordID: r.RecordID, API: r.API, InputTokens: r.InputTokens, OutputTokens: output,
		RequestBytes: r.RequestBytes, BlockHashes: slices.Clone(r.BlockHashes), BlockSize: r.BlockSize, BlockUnit: r.BlockUnit}
}

// body makes up the body of a row, with the conversation before it if there is one.
func (r *Runner) body(row *schema.Record, before *spoken) ([]byte, error) {
	c, ok := r.Prompt.(Converser)
	if r.History == "" || before == nil || !ok {
		return r.Prompt.Body(row)
	}
	turns, answers := []*schema.Record{row}, []string{""}
	for ; before != nil; before = before.before {
		turns, answers = append(turns, before.row), append(answers, before.answer)
	}
	slices.Reverse(turns)
	slices.Reverse(answers)
	return c.Conversation(turns, answers)
}

// withAnswers puts what the target answered into a recorded body.
func (r *Runner) withAnswers(row *schema.Record, before *spoken) *schema.Record {
	if r.History == HistoryLive && before != nil && hasMessages(row) {
		row.RequestBody = putAnswers(row.RequestBody, before)
	}
	return row
}

// late reports whether a request's body can be made only when the turn before it has
// ended.
func (r *Runner) late(p *prepared) bool {
	return r.History == HistoryLive && p.before != nil && (prompted(p.Row) || hasMessages(p.Row))
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
	if p.own == nil || r.History == "" {
		return
	}
	before := p.before.history()
	p.own.said = &spoken{before: before, row: sayAs(p.Row), talk: new(atomic.Int64)}
	if r.History == HistoryLive && hasMessages(p.Row) {
		p.own.said.messages = len(messagesOf(p.Row.RequestBody))
	}
	if before != nil {
		p.own.said.talk = before.talk
	}
}

// answer is the text of one while it comes.
type answer struct {
	text       []byte
	held, talk *atomic.Int64 // bytes of all answers, and of those of this conversation
	over       bool          // there was no room
}

// hear takes a piece of it.
func (a *answer) hear(piece string) {
	if a.over = a.over || a.held.Load() > maxHistory; a.over {
		return
	}
	a.text = append(a.text, piece...)
	a.grow(int64(len(piece)))
}

func (a *answer) grow(bytes int64) {
	a.held.Add(bytes)
	a.talk.Add(bytes)
}

// listen has the text of a request's answer kept for the turns behind it.
func (r *Runner) listen(p *prepared) {
	if r.History != HistoryLive || p.own == nil {
		return
	}
	p.answer = &answer{held: &r.history, talk: p.own.said.talk}
	p.exchange.Hear(p.answer.hear)
}

// keep notes what a target answered, if it did to the end, for the turns behind it. After
// the last one of a session nobody will ask.
func (r *Runner) keep(p *prepared, row *schema.Record) {
	if a := p.answer; a != nil {
		if row.Outcome == schema.OutcomeOK && !a.over && row.OutputTokens != nil {
			p.own.said.answer, p.own.said.row.OutputTokens = string(a.text), row.OutputTokens
		} else {
			a.grow(-int64(len(a.text)))
		}
	}
	if before := p.before.history(); before != nil && p.own == nil {
		r.history.Add(-before.talk.Swap(0))
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

// firstError keeps the first of several errors.
type firstError struct {
	mu  sync.Mutex // guards err
	err error
}

func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
