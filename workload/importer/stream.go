package importer

import (
	"fmt"

	"metron/schema"
)

// setStream gives a row the times of its content chunks: the first, and the gaps
// that followed, which ten to the power toNS makes nanoseconds. They are summed
// as such, so that rounding does not add up, and become microseconds in the end.
func setStream(r *schema.Record, firstKey string, first number, gapsKey string, gaps []number, toNS int) error {
	at, _, err := first.scaled(firstKey, toNS)
	if err == nil && at < 0 {
		err = fmt.Errorf("key %q: %s is %w", firstKey, first, errNegative)
	}
	if err != nil {
		return err
	}
	r.ChunkTime = append(make([]int64, 0, 1+len(gaps)), at/1000)
	for _, g := range gaps {
		gap, _, err := g.scaled(gapsKey, toNS)
		if err == nil && gap < 0 {
			err = fmt.Errorf("key %q: %s is %w", gapsKey, g, errNegative)
		}
		if err != nil {
			return err
		}
		if at += gap; at < 0 {
			return fmt.Errorf("key %q: its sum is %w", gapsKey, errTooLarge)
		}
		r.ChunkTime = append(r.ChunkTime, at/1000)
	}
	setChunks(r)
	return nil
}

// setChunks says of a row's chunk times what a tool leaves unsaid: they are of
// content, a token each where there are as many as tokens, and the last is the
// end.
func setChunks(r *schema.Record) {
	n := len(r.ChunkTime)
	if n == 0 {
		return
	}
	r.ChunkKind = make([]int8, n) // KindContent is 0
	if r.OutputTokens != nil && int64(n) == *r.OutputTokens {
		r.ChunkTokens = make([]int32, n)
		for i := range r.ChunkTokens {
			r.ChunkTokens[i] = 1
		}
	}
	if r.End == nil || *r.End < r.ChunkTime[n-1] {
		r.End = new(r.ChunkTime[n-1])
	}
}
