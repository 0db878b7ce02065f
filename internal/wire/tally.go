package wire

import "math"

// Sources of the tokens of an event, the surest first.
const (
	byTokenIDs = iota
	byUsage
	byLogprobs
	byTokenizer
	sources
)

// sourceNames gives the values of token_source.
func sourceNames() [sources]string { return [...]string{"token_ids", "usage", "logprobs", "tokenizer"} }

// maxChoices bounds the choices that are told apart; no server offers as many.
const maxChoices = 1024

// tally counts the tokens of events by every source at once: which one holds
// to the end is known only there.
type tally struct {
	total   [sources]int64
	missing [sources]bool // a content event did not have it
	content int64         // content events
	choices []choiceTally
	first   [1]choiceTally // room for the only one, most often
	best    int64          // most that progress has shown
	again   bool           // a choice said more after its finish reason
}

// choiceTally is what is remembered of one choice.
type choiceTally struct {
	usage    int64          // completion tokens reported so far
	thoughts int64          // and those of thoughts, where they are told apart
	pending  [sources]int64 // reported by events that carry no tokens, for the next one that does
	counter  Counter        // of its text, with a tokenizer
	finished bool           // it had a finish reason,
	over     bool           // and has said nothing since
	reason   string
}

// choice returns the tally of a choice, nil for an index that is none.
func (t *tally) choice(index int64) *choiceTally {
	if index < 0 || index >= maxChoices {
		return nil
	}
	if t.choices == nil {
		t.choices = t.first[:0]
	}
	for int64(len(t.choices)) <= index {
		t.choices = append(t.choices, choiceTally{})
	}
	return &t.choices[index]
}

// add counts an event and returns its tokens by each source.
func (t *tally) add(e *event, kind Kind) (tokens [sources]int32) {
	content := isContent(kind)
	if content {
		t.content++
	}
	if e.choices == 0 {
		return tokens
	}
	reported := e.counts
	c := t.choice(e.choice)
	if c == nil {
		if content {
			for source := range t.missing {
				t.missing[source] = true
			}
		}
		return tokens
	}
	if content && e.choices == 1 { // which of several says something is not told
		t.again = t.again || c.finished
		c.over = false
	}
	switch {
	case !e.kinds.has(Usage), e.usageOfAll && (e.choice > 0 || e.choices > 1):
	case e.apart:
		reported[byUsage] = c.growApart(e)
	default:
		reported[byUsage] = grow(&c.usage, e.usage.output)
	}
	for source, n := range reported {
		if n > 0 {
			c.pending[source] += n
		}
		if !content {
			continue
		}
		if n < 0 {
			t.missing[source] = true
		}
		tokens[source] = int32(min(c.pending[source], math.MaxInt32))
		t.total[source] += int64(tokens[source])
		c.pending[source] = 0
	}
	return tokens
}

// grow takes a count so far and gives what it grew by, -1 if it is not told.
func grow(count *int64, now int64) int64 {
	if now < 0 {
		return -1
	}
	n := max(0, now-*count)
	*count = max(*count, now)
	return n
}

// growApart is what a usage that tells thoughts apart grew by in what the event says:
// thoughts that are not streamed are in no event, and would be in the first text's.
func (c *choiceTally) growApart(e *event) (n int64) {
	if e.kinds.has(Reasoning) {
		n = grow(&c.thoughts, e.usage.reasoning)
	}
	if n >= 0 && (e.kinds.has(Content) || e.kinds.has(Tool)) {
		answer := grow(&c.usage, e.answer)
		if answer < 0 {
			return -1
		}
		n += answer
	}
	return n
}

// source returns the surest source that every content event had, sources if
// there is none.
func (t *tally) source() int {
	for source, n := range t.total {
		if n > 0 && !t.missing[source] {
			return source
		}
	}
	return sources
}

// progress returns the tokens so far, else the content events; it never falls,
// though a source may turn out to be missing.
func (t *tally) progress() int64 {
	n := t.content
	if source := t.source(); source < sources {
		n = t.total[source]
	}
	t.best = max(t.best, n)
	return t.best
}

// finish notes finish reasons, once the event they stand in is added.
func (t *tally) finish(found []finish) {
	for _, f := range found {
		if c := t.choice(f.choice); c != nil {
			c.finished, c.over = true, true
			c.reason = label(f.reason)
		}
	}
}

// over reports whether want choices have come to their finish reason.
func (t *tally) over(want int64) bool {
	n := int64(0)
	for i := range t.choices {
		if t.choices[i].over {
			n++
		}
	}
	return n >= want
}

// reasons returns the finish reasons by choice, nil if there are none.
func (t *tally) reasons() []string {
	var reasons []string
	for i, c := range t.choices {
		if c.finished {
			reasons = append(reasons, make([]string, i+1-len(reasons))...)
			reasons[i] = c.reason
		}
	}
	return reasons
}

// output is the sum of the usage that the choices reported, each for itself.
func (t *tally) output() (n int64) {
	for i := range t.choices {
		n += t.choices[i].usage
	}
	return n
}
