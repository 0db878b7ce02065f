package analyze

import (
	"slices"

	"metron/schema"
)

// tokenTimes is when the tokens of one request came. It is reused from request
// to request.
type tokenTimes struct {
	streams [][]int64 // the gaps of each choice: from the send to its first token, then from token to token

	first, last     int64        // of all choices, after the row's start_time
	visible         maybe[int64] // the first token that is no reasoning
	span            int64        // from first to last token, summed over the choices
	tokens          int64        // sum of chunk_tokens, or the chunks where those are unknown
	known           bool         // chunk_tokens are
	chunks          int64        // that carry tokens
	reads, together int64        // chunks whose socket read is known; and those that shared it with another
	reasoning       bool         // some was streamed
	backwards       bool         // a chunk came before the one before it

	policy   Policy
	choices  []choice
	asChunks *tokenTimes // scratch of chunkGaps
}

// choice is the state of one choice's stream.
type choice struct {
	id          int16
	first, last int64
}

// reset reads the tokens of a row, sent at x, and lays several in one chunk out
// as the policy says.
func (t *tokenTimes) reset(r *row, x int64, policy Policy) {
	*t = tokenTimes{streams: t.streams[:0], choices: t.choices[:0], asChunks: t.asChunks, known: carriesTokens(r), policy: policy}
	if policy == Burst && len(r.chunkChoice) == 0 {
		t.readOne(r, x)
		t.countReads(r)
		return
	}
	for j, at := range r.chunkTime {
		if !isToken(r.chunkKind[j]) {
			continue
		}
		k := int64(1)
		if t.known {
			k = int64(r.chunkTokens[j])
		}
		if k <= 0 {
			continue // text whose tokens were counted with another chunk
		}
		if t.chunks == 0 {
			t.first, t.last = at, at
		}
		t.backwards = t.backwards || at < t.last
		t.first, t.last = min(t.first, at), max(t.last, at)
		t.chunks++
		t.tokens += k
		if r.chunkKind[j] == schema.KindReasoning {
			t.reasoning = true
		} else if !t.visible.ok || at < t.visible.value {
			t.visible = just(at)
		}
		t.add(r.choiceOf(j), at, x, k, policy)
	}
	for _, c := range t.choices {
		t.span += c.last - c.first
	}
	t.countReads(r)
}

// readOne reads the usual row, of one choice and tokens in bursts: what reset does for any,
// in a third of the time.
func (t *tokenTimes) readOne(r *row, x int64) {
	n := len(r.chunkTime)
	kinds, tokens, before := r.chunkKind[:n], r.chunkTokens, x
	t.streams = oneMore(t.streams)
	stream := t.streams[0]
	for j, at := range r.chunkTime {
		if uint8(kinds[j]) > uint8(schema.KindRefusal) {
			continue // carries no token
		}
		k := int64(1)
		if t.known {
			if k = int64(tokens[j]); k <= 0 {
				continue
			}
		}
		if t.chunks == 0 {
			t.first, t.last = at, at
			t.choices = append(t.choices, choice{first: at})
		}
		if at < t.last {
			t.backwards = true
			t.first = min(t.first, at)
		}
		t.last = max(t.last, at)
		t.chunks++
		t.tokens += k
		if kinds[j] == schema.KindReasoning {
			t.reasoning = true
		} else if !t.visible.ok || at < t.visible.value {
			t.visible = just(at)
		}
		stream = append(stream, at-before)
		before = at
		for ; k > 1; k-- {
			stream = append(stream, 0)
		}
	}
	if t.streams[0] = stream; t.chunks == 0 {
		t.streams = t.streams[:0]
		return
	}
	t.choices[0].last = before
	t.span = before - t.choices[0].first
}

// carriesTokens reports whether chunk_tokens say how many tokens each chunk
// carries: they stand there, and not all of them are 0.
func carriesTokens(r *row) bool {
	for j, k := range r.chunkTokens {
		if k > 0 && isToken(r.chunkKind[j]) {
			return true
		}
	}
	return false
}

func (r *row) choiceOf(j int) int16 {
	if len(r.chunkChoice) == 0 {
		return 0
	}
	return r.chunkChoice[j]
}

// add appends the gaps of a chunk with k tokens to the stream of its choice.
func (t *tokenTimes) add(id int16, at, x, k int64, policy Policy) {
	i, isFirst := 0, false
	if len(t.choices) == 0 || t.choices[0].id != id { // mostly there is one
		i = slices.IndexFunc(t.choices, func(c choice) bool { return c.id == id })
	}
	if i < 0 || len(t.choices) == 0 {
		i, isFirst = len(t.choices), true
		t.choices = append(t.choices, choice{id: id, first: at, last: x})
		t.streams = oneMore(t.streams)
	}
	c := &t.choices[i]
	t.streams[i] = appendGaps(t.streams[i], at-c.last, k, policy, isFirst)
	c.last = at
}

// oneMore adds an empty slice, within capacity the buffer of an earlier request.
func oneMore(all [][]int64) [][]int64 {
	if n := len(all); n < cap(all) {
		all = all[:n+1]
		all[n] = all[n][:0]
		return all
	}
	return append(all, nil)
}

// appendGaps lays out the k tokens of a chunk that came a gap after the one before.
// The first chunk is never spread: nothing came before it but the wait for it.
func appendGaps(gaps []int64, gap, k int64, policy Policy, isFirst bool) []int64 {
	if policy == Chunk {
		return append(gaps, gap)
	}
	if policy == Spread && !isFirst && k > 1 {
		before := int64(0)
		for i := int64(1); i <= k; i++ { // whole microseconds that add up to the gap
			after := gap / k * i
			after += gap % k * i / k
			gaps = append(gaps, after-before)
			before = after
		}
		return gaps
	}
	gaps = append(gaps, gap)
	for range k - 1 {
		gaps = append(gaps, 0)
	}
	return gaps
}

// aTokenAChunk reports whether the gaps between tokens are those between chunks.
func (t *tokenTimes) aTokenAChunk() bool { return t.policy == Chunk || t.tokens == t.chunks }

// chunkGaps are the gaps between the chunks of each choice, behind the wait for the first.
func (t *tokenTimes) chunkGaps(r *row, x int64) [][]int64 {
	if t.aTokenAChunk() {
		return t.streams
	}
	if t.asChunks == nil {
		t.asChunks = &tokenTimes{}
	}
	t.asChunks.reset(r, x, Chunk)
	return t.asChunks.streams
}

// longestGap is the longest time between two tokens of one choice.
func (t *tokenTimes) longestGap() int64 {
	longest := int64(0)
	for _, gaps := range t.streams {
		for _, g := range gaps[1:] {
			longest = max(longest, g)
		}
	}
	return longest
}

// countReads finds the chunks that came out of one socket read: their times
// are the read's, not the server's.
func (t *tokenTimes) countReads(r *row) {
	if len(r.chunkRead) == 0 {
		return
	}
	last, run := int32(0), int64(0)
	for j, kind := range r.chunkKind {
		if !isToken(kind) {
			continue
		}
		t.reads++
		if run > 0 && r.chunkRead[j] == last {
			run++
			t.together++
			if run == 2 {
				t.together++ // the one before shared it, too
			}
			continue
		}
		last, run = r.chunkRead[j], 1
	}
}
