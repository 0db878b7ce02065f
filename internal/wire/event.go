package wire

import (
	"math/bits"
	"sync"
)

// Kind says what an event is; the codes are those of the column chunk_kind.
type Kind = int8

// Kinds, the lowest first: it is the one that an event with several takes.
const (
	Content Kind = iota
	Reasoning
	Tool
	Refusal
	Role
	Finish
	Usage
	Ping
	Error
	Done
	Other
)

// isContent reports whether events of a kind carry tokens.
func isContent(k Kind) bool { return k <= Refusal }

// event is what a dialect found in one event, or in a document. Its slices
// point into the bytes it was read from.
type event struct {
	kinds       kindSet
	choice      int64 // index of the first choice
	choices     int   // how many there are
	finish      []finish
	counts      [sources]int64 // tokens by source; -1: not reported. Usage stands in usage.
	usage       usage
	usageOfAll  bool     // the usage is of the whole response, though it stands beside a choice
	inputUnsure bool     // the usage's input may lack what a cache had a part in
	apart       bool     // the usage tells thoughts apart from the rest of the output,
	answer      int64    // which is this; -1: not told
	text        [][]byte // what the event adds to the answer: insides of JSON strings
	unsaid      bool     // and something that is not among them
	id          []byte   // inside of a JSON string
	model       []byte   // inside of a JSON string
	failure     []byte   // the error, JSON or text; nil: none
	failureType []byte   // its type, where that stands beside it
	timings     []byte   // raw JSON; nil: none
	metrics     []byte   // raw JSON; nil: none
}

// eventPool has those for the decoders that are being fed: one a core, which its cache has.
var eventPool = sync.Pool{New: func() any { return new(event) }}

// eventRoom is how many texts and finish reasons an event keeps room for: a document may
// have a million.
const eventRoom = 64

// free gives an event back, without what its slices pointed into.
func (e *event) free() {
	if cap(e.text) > eventRoom || cap(e.finish) > eventRoom {
		return
	}
	clear(e.text[:cap(e.text)])
	clear(e.finish[:cap(e.finish)])
	*e = event{text: e.text[:0], finish: e.finish[:0]}
	eventPool.Put(e)
}

// say notes a text of the answer, the inside of a JSON string, and reports
// whether there is any.
func (e *event) say(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	e.text = append(e.text, raw)
	return true
}

// finish is the finish reason of a choice.
type finish struct {
	choice int64
	reason []byte // inside of a JSON string
}

// usage is a usage object; -1 means not told.
type usage struct {
	input, cached, output, reasoning int64
}

func noUsage() usage { return usage{-1, -1, -1, -1} }

// join takes over what a later usage tells.
func (u *usage) join(later usage) {
	for _, f := range []struct{ to, from *int64 }{
		{&u.input, &later.input}, {&u.cached, &later.cached},
		{&u.output, &later.output}, {&u.reasoning, &later.reasoning},
	} {
		if *f.from >= 0 {
			*f.to = *f.from
		}
	}
}

func (e *event) reset() {
	*e = event{finish: e.finish[:0], text: e.text[:0], usage: noUsage()}
	e.resetChoices()
}

// resetChoices forgets what was read of the choices.
func (e *event) resetChoices() {
	e.kinds &^= kindsOfChoice
	e.choice, e.choices, e.finish = 0, 0, e.finish[:0]
	e.text, e.unsaid = e.text[:0], false
	for i := range e.counts {
		e.counts[i] = -1
	}
}

// kindSet is a set of kinds, a bit each.
type kindSet uint16

// kindsOfChoice are the kinds that choices give.
const kindsOfChoice = kindSet(1<<(Finish+1) - 1)

func (s *kindSet) put(k Kind, in bool) {
	if in {
		*s |= 1 << k
	} else {
		*s &^= 1 << k
	}
}

func (s kindSet) has(k Kind) bool { return s>>k&1 == 1 }

// lowest returns the kind of an event that has these.
func (s kindSet) lowest() Kind {
	return min(Other, Kind(bits.TrailingZeros16(uint16(s))))
}
