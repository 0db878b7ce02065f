package inspect

import (
	"slices"

	"metron/schema"
)

// timeOrder is the order in which the times of a request follow each other.
// wrote is in it only where nothing can overtake it: a server may answer before
// it has read the request, see earlyAnswer.
func (c *rowCheck) timeOrder() {
	var first, last *int64
	if n := len(c.ChunkTime); n > 0 {
		first, last = &c.ChunkTime[0], &c.ChunkTime[n-1]
	}
	// A request that was sent again has the stamps of its last connection, and
	// of its last complete write, which may have been on the one before.
	connected := c.Connected
	if c.Headers == nil {
		connected = nil
	}
	for _, o := range []struct {
		before, after string
		a, b          *int64
	}{
		{"ready", "dispatched", c.Ready, c.Dispatched},
		{"dispatched", "connected", c.Dispatched, c.Connected},
		{"dispatched", "wrote", c.Dispatched, c.Wrote},
		{"dispatched", "headers", c.Dispatched, c.Headers},
		{"dispatched", "chunk_time", c.Dispatched, first},
		{"dispatched", "end", c.Dispatched, c.End},
		{"connected", "wrote", connected, c.Wrote},
		{"connected", "headers", c.Connected, c.Headers},
		{"connected", "end", c.Connected, c.End},
		{"headers", "chunk_time", c.Headers, first},
		{"headers", "end", c.Headers, c.End},
		{"chunk_time", "end", last, c.End},
		{"client_abort", "end", c.ClientAbort, c.End},
		{"client_stall", "end", c.ClientStall, c.End},
	} {
		if o.a != nil && o.b != nil && *o.a > *o.b {
			c.fail(o.after, o.before+" first", "%s is %d us, before %s at %d us", o.after, *o.b, o.before, *o.a)
		}
	}
}

// earlyAnswer notes answers that came before the request was handed over: to a
// prompt that the server did not want whole, or within the microseconds between
// the write and its stamp.
func (c *rowCheck) earlyAnswer() {
	if c.Wrote == nil {
		return
	}
	for _, o := range []struct {
		column string
		at     *int64
	}{{"headers", c.Headers}, {"end", c.End}} {
		if o.at != nil && *c.Wrote > *o.at {
			c.fail("wrote", o.column+" after it", "wrote is %d us, after %s at %d us", *c.Wrote, o.column, *o.at)
			return
		}
	}
}

// chunks are the rules of what the entries of one event say together.
func (c *rowCheck) chunks() {
	for i, tokens := range c.ChunkTokens {
		if tokens > 0 && c.ChunkKind[i] > schema.KindRefusal {
			c.fail("chunk_tokens", "0, as only content, reasoning, tool and refusal carry tokens", "chunk_tokens[%d] is %d of kind %s",
				i, tokens, schema.Kinds()[c.ChunkKind[i]])
			break
		}
	}
	for i := 1; i < len(c.ChunkRead); i++ {
		switch read, before := c.ChunkRead[i], c.ChunkRead[i-1]; {
		case read < before:
			c.fail("chunk_read", "reads in their order", "chunk_read[%d] is %d, after %d", i, read, before)
			return
		case read == before && c.ChunkTime[i] != c.ChunkTime[i-1]:
			c.fail("chunk_time", "one time for one read", "chunk_time[%d] is %d us, and %d us in the same read", i, c.ChunkTime[i], c.ChunkTime[i-1])
			return
		}
	}
	if i := slices.IndexFunc(c.ChunkBytes, func(n int32) bool { return n < 0 }); i >= 0 {
		c.fail("chunk_bytes", "0 or more", "chunk_bytes[%d] is %d", i, c.ChunkBytes[i])
	}
	if i := slices.IndexFunc(c.ChunkChoice, func(n int16) bool { return n < 0 }); i >= 0 {
		c.fail("chunk_choice", "0 or more", "chunk_choice[%d] is %d", i, c.ChunkChoice[i])
	}
}

// choices notes choices that nobody asked for.
func (c *rowCheck) choices() {
	for i, n := range c.ChunkChoice {
		if int64(n) >= c.ChoiceCount {
			c.fail("chunk_choice", "a number below choice_count", "chunk_choice[%d] is %d of %d choices", i, n, c.ChoiceCount)
			return
		}
	}
}

// tokenCount notes rows whose stream and usage disagree: servers do.
func (c *rowCheck) tokenCount() {
	if c.OutputTokens == nil || len(c.ChunkTokens) == 0 {
		return
	}
	sum := int64(0)
	for _, n := range c.ChunkTokens {
		sum += int64(n)
	}
	if sum != *c.OutputTokens {
		c.fail("chunk_tokens", "a sum of output_tokens", "chunk_tokens sum to %d, output_tokens is %d", sum, *c.OutputTokens)
	}
}

// usage notes parts that are larger than what they are a part of.
func (c *rowCheck) usage() {
	for _, u := range []struct {
		part, whole string
		a, b        *int64
	}{
		{"cached_input_tokens", "input_tokens", c.CachedInputTokens, c.InputTokens},
		{"reasoning_tokens", "output_tokens", c.ReasoningTokens, c.OutputTokens},
	} {
		if u.a != nil && u.b != nil && *u.a > *u.b {
			c.fail(u.part, "at most "+u.whole, "%s is %d of %d %s", u.part, *u.a, *u.b, u.whole)
		}
	}
}

func (c *rowCheck) newAPI() {
	if c.API != "" && !slices.Contains(schema.Words("api"), c.API) {
		c.fail("api", "an API of schema "+schema.Version, "api is %q, which this version does not know", c.API)
	}
}

// privacy: a row keeps no more than it says, and than the file says.
func (c *rowCheck) privacy() {
	modes := schema.Words("recorded")
	row := slices.Index(modes, c.Recorded)
	if file := slices.Index(modes, c.meta.Privacy); row >= 0 && file >= 0 && row > file {
		c.fail("recorded", "no more than the footer's privacy, "+c.meta.Privacy, "recorded is %s", c.Recorded)
	}
	kept := func(column, mode string, there bool) {
		if there && row >= 0 && row < slices.Index(modes, mode) {
			c.fail(column, "null, as recorded is "+c.Recorded, "%s has a value", column)
		}
	}
	kept("request_headers", schema.RecordedContent, c.RequestHeaders != "")
	kept("request_body", schema.RecordedContent, c.RequestBody != nil)
	kept("response_body", schema.RecordedContent, c.ResponseBody != nil)
	kept("chunk_bytes", schema.RecordedContent, len(c.ChunkBytes) > 0)
	kept("block_hashes", schema.RecordedHash, len(c.BlockHashes) > 0)
}

// blocks: hashes mean something only with the size of what was hashed.
func (c *rowCheck) blocks() {
	if c.BlockSize != nil && *c.BlockSize <= 0 {
		c.fail("block_size", "1 or more", "block_size is %d", *c.BlockSize)
	}
	if len(c.BlockHashes) > 0 && c.BlockSize == nil {
		c.fail("block_size", "the size of what each of block_hashes is of", "block_size is null")
	}
	if n, want := c.countBlocks(); n != want && c.TokenSource == schema.TokenSourceTrace {
		c.fail("block_hashes", "as many as input_tokens has blocks", "block_hashes has %d entries for %d tokens in blocks of %d", n, *c.InputTokens, *c.BlockSize)
	}
}

// blockCount notes the same where the length is not the trace's but what
// another server counted.
func (c *rowCheck) blockCount() {
	if n, want := c.countBlocks(); n != want && c.TokenSource != schema.TokenSourceTrace {
		c.fail("block_hashes", "as many as input_tokens has blocks", "block_hashes has %d entries for %d tokens in blocks of %d", n, *c.InputTokens, *c.BlockSize)
	}
}

// countBlocks is how many block hashes there are and should be. A last block
// that is not full may have one or not.
func (c *rowCheck) countBlocks() (n, want int64) {
	n = int64(len(c.BlockHashes))
	if n == 0 || c.BlockUnit != "tokens" || c.InputTokens == nil || c.BlockSize == nil || *c.BlockSize <= 0 {
		return n, n
	}
	want = *c.InputTokens / *c.BlockSize
	if *c.InputTokens%*c.BlockSize != 0 && n == want+1 {
		want = n
	}
	return n, want
}
