package replay

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"metron/internal/forms"
	"metron/schema"
)

// Plan is which rows of a trace are sent when: a pure function of the trace and
// the fields. Fill them, then call Measure.
//
// Rows take these steps in this order: the selection, the sample and the limit
// choose them; idle gaps are cut; the speed, or the one that a rate asks for,
// scales their times; loops put pass behind pass; a shard takes its part. So
// machines that differ in Shard alone send, together, what one would without it.
type Plan struct {
	Trace *schema.Archive

	// Selection is which rows are sent. Where its window begins, or else at
	// the trace's first arrival, the schedule begins: conditions take rows out
	// of it and move no other.
	Selection schema.Selection

	// Form is the one that all requests are sent in; "": each in its own. Rows that
	// have none are left out then.
	Form forms.Form

	// Sample takes whole sessions by a hash of their ids and SampleSeed, and
	// rows without a session one by one.
	Sample     Share
	SampleSeed uint64

	// Limit is the most rows that a pass has, the first ones; 0: all.
	Limit int64

	// MaxIdleGap is the longest time of the trace in which nothing arrives; the
	// rest of longer ones is cut out. 0: gaps stay as they are.
	MaxIdleGap time.Duration

	// Speed is how many times faster than recorded the trace is sent; the
	// zero value is recorded speed. Rate, instead, says which speed by what it makes.
	Speed Speed
	Rate  Rate

	// Loop sends the selection again and again, with ids of its own in each
	// pass. SamePrompts sends the same prompts in each, which a server then finds in its
	// prefix cache; otherwise each pass has its own. Recorded bodies are always sent
	// as they are.
	Loop        Loop
	SamePrompts bool

	// Shard is the part of it all that this machine sends, in whole sessions.
	Shard Shard

	// Mode is what a request waits for; "" is Open. Users are those of Closed
	// and ASAP.
	Mode  Mode
	Users int

	// Warmup and Cooldown are the parts of the whole that are sent, but marked
	// as not measured; in modes without a schedule, of what this shard sends.
	Warmup, Cooldown Extent

	firstUS  int64 // a_0, the window's first moment, us since the Unix epoch
	speed    Speed
	perPass  int64             // rows of a pass, of all shards
	periodUS int64             // from pass to pass, in the trace's time
	passes   int64             // the last may be cut short
	rows     int64             // to be sent by this shard
	whole    int64             // by all
	skipped  int64             // in the window, but not replayable
	lastUS   int64             // offset of this shard's last send after the first moment of the window
	endUS    int64             // of the last send of all
	prompted map[string]string // the first model that rows without a body name, by API; "": none does
	nameless nameless          // which rows that have to name no model
	turns    map[uint64]int32
	seed     maphash.Seed // of the keys of turns
}

// Send is one planned request.
type Send struct {
	DueUS  int64  // after the first moment of the window
	Pass   int64  // that it belongs to, from 1; 0 where there are no loops
	Phase  string // in modes without a schedule it is known at the send
	Source uuid.UUID
	Row    *schema.Record // as it is asked for: in a later pass its ids are renewed

	cutUS int64 // of the trace's time before it
	last  bool  // no turn of its session follows
}

// Rows is the number of requests that will be sent.
func (p *Plan) Rows() int64 { return p.rows }

// Skipped is the number of rows in the window that cannot be sent.
func (p *Plan) Skipped() int64 { return p.skipped }

// Duration is the time from the window's first moment to its last send.
func (p *Plan) Duration() time.Duration { return time.Duration(p.lastUS) * time.Microsecond }

// due gives the moment of a row in the schedule, send_i = (a_i - a_0)/speed, a_0
// being the window's first moment, for passes from 1.
func (p *Plan) due(pass int64, at place) int64 {
	return p.speed.scale(min(mul(pass-1, p.periodUS), 1<<61) + at.offsetUS)
}

// Sends yields the planned requests in order; call Measure first. In modes
// without a schedule all are due at once.
func (p *Plan) Sends() iter.Seq2[Send, error] {
	return func(yield func(Send, error) bool) {
		for pass := int64(1); pass <= p.passes; pass++ {
			if !p.sendPass(pass, yield) {
				return
			}
		}
	}
}

func (p *Plan) sendPass(number int64, yield func(Send, error) bool) (more bool) {
	w := pass{p: p}
	seen := map[uint64]int32{} // turns so far of the sessions that go on
	for r, err := range p.Trace.Records(context.Background(), p.Selection) {
		if err != nil {
			yield(Send{}, err)
			return false
		}
		if w.full() {
			return true
		}
		if !p.replayable(r.API, r.Recorded) {
			continue
		}
		at, ok := w.add(r.StartTime, func() identity { return identity{r.SessionID, r.RecordID} })
		if !ok {
			continue
		}
		s := Send{Source: r.RecordID, Row: r.Record, cutUS: at.cutUS}
		if p.Mode.scheduled() {
			s.DueUS = p.due(number, at)
			s.Phase = p.phaseOf((number-1)*p.perPass+at.index, p.whole, s.DueUS, p.endUS)
			if s.DueUS >= p.Loop.limitUS() {
				return false
			}
		}
		if !at.mine {
			continue
		}
		s.last = p.lastTurn(r.SessionID, seen)
		p.renew(&s, number)
		if !yield(s, nil) {
			return false
		}
	}
	return true
}

// renew makes a row one of its pass.
func (p *Plan) renew(s *Send, number int64) {
	if p.Sample > 0 {
		rate := float64(p.Sample)
		if s.Row.SampleRate != nil {
			rate *= *s.Row.SampleRate
		}
		s.Row.SampleRate = &rate
	}
	if p.Loop.isZero() {
		return
	}
	s.Pass = number
	s.Row.SessionID = renewSession(s.Row.SessionID, number)
	if !p.SamePrompts {
		s.Row.BlockHashes = slices.Clone(s.Row.BlockHashes)
		renewPrompt(s.Row, number)
	}
}

// lastTurn counts a turn of a session and says whether it was the last of its pass.
func (p *Plan) lastTurn(session string, seen map[uint64]int32) bool {
	if session == "" {
		return true
	}
	key := maphash.String(p.seed, session)
	total, several := p.turns[key]
	if !several {
		return true
	}
	if seen[key]++; seen[key] < total {
		return false
	}
	delete(seen, key)
	return true
}

func (p *Plan) selected() string {
	var text string
	if !p.Selection.IsZero() {
		text += " " + p.Selection.String()
	}
	if p.Sample > 0 {
		text += fmt.Sprintf(" in the sample of %.4g %% (seed %d)", 100*float64(p.Sample), p.SampleSeed)
	}
	return text
}
