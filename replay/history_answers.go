package replay

import (
	"net/http"
	"sync"
	"sync/atomic"

	"metron/internal/wire"
	"metron/schema"
)

// maxHistory bounds the text of answers that are held for later turns.
const maxHistory = 256 << 20

// talk is what is held of the answers of one session.
type talk struct {
	held  *atomic.Int64 // bytes of all sessions
	mu    sync.Mutex    // guards what follows
	bytes int64         // of this one
	over  bool          // nobody will ask for them any more
}

func (t *talk) grow(bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.bytes += bytes
		t.held.Add(bytes)
	}
}

// end lets go of them.
func (t *talk) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held.Add(-t.bytes)
	t.bytes, t.over = 0, true
}

// answer is the text of one while it comes.
type answer struct {
	text []byte
	talk *talk
	lost bool // there was no room, or it is not whole
}

// hear takes a piece of it.
func (a *answer) hear(piece string) {
	if a.lost = a.lost || a.talk.held.Load() > maxHistory; a.lost {
		return
	}
	a.text = append(a.text, piece...)
	a.talk.grow(int64(len(piece)))
}

// listen has the text of a request's answer kept for the turns behind it.
func (r *Runner) listen(p *prepared) {
	if r.History != HistoryLive || p.own == nil {
		return
	}
	p.answer = &answer{talk: p.own.said.talk}
	p.exchange.Hear(p.answer.hear)
}

// keep notes what a target answered, if it did to the end, for the turns behind it.
func (r *Runner) keep(p *prepared, row *schema.Record) {
	a := p.answer
	if a == nil {
		return
	}
	tokens := saidTokens(row)
	a.lost = a.lost || row.Outcome != schema.OutcomeOK || tokens == nil
	p.own.said.take(a)
	if !a.lost {
		p.own.said.row.OutputTokens = tokens
	}
}

// forget lets go of the answers of a session when its last turn is over: nobody will ask.
func (r *Runner) forget(p *prepared) {
	if before := p.before.history(); before != nil && p.own == nil {
		before.talk.end()
	}
}

// recall takes the text of a recorded answer for the turns behind it.
func (r *Runner) recall(p *prepared) {
	if p.Row.Outcome != schema.OutcomeOK || len(p.Row.ResponseBody) == 0 {
		return
	}
	a := answer{talk: p.own.said.talk}
	d := wire.NewDecoder(wire.ParseRequest(p.Row.Method, p.Row.Path, p.Row.RequestBody), http.StatusOK, nil)
	d.Say(a.hear)
	d.Feed(p.Row.ResponseBody, 0, 0)
	d.Finish()
	p.own.said.take(&a)
}

// take keeps an answer if it is whole.
func (s *spoken) take(a *answer) {
	if a.lost {
		a.talk.grow(-int64(len(a.text)))
		return
	}
	s.answer = string(a.text)
}
