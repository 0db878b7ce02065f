package schema

import (
	"fmt"
	"slices"
)

// Check returns what is wrong with a row, if anything: a missing identity, an
// unknown outcome or kind, chunk lists of different lengths, times that run
// backwards.
func (r *Record) Check() error {
	if r.RecordID == (Record{}).RecordID {
		return fmt.Errorf("record_id is missing")
	}
	if !slices.Contains(Outcomes(), r.Outcome) {
		return fmt.Errorf("outcome %q is none of %v", r.Outcome, Outcomes())
	}
	n := len(r.ChunkTime)
	if len(r.ChunkKind) != n {
		return fmt.Errorf("chunk_kind has %d entries, chunk_time %d", len(r.ChunkKind), n)
	}
	for _, l := range []struct {
		name string
		len  int
	}{
		{"chunk_tokens", len(r.ChunkTokens)}, {"chunk_choice", len(r.ChunkChoice)},
		{"chunk_read", len(r.ChunkRead)}, {"chunk_bytes", len(r.ChunkBytes)},
	} {
		if l.len != 0 && l.len != n {
			return fmt.Errorf("%s has %d entries, chunk_time %d", l.name, l.len, n)
		}
	}
	for i := range n {
		if i > 0 && r.ChunkTime[i] < r.ChunkTime[i-1] {
			return fmt.Errorf("chunk_time[%d] is %d us, before chunk_time[%d] at %d us", i, r.ChunkTime[i], i-1, r.ChunkTime[i-1])
		}
		if k := r.ChunkKind[i]; k < 0 || k > KindOther {
			return fmt.Errorf("chunk_kind[%d] is %d, not in 0..%d", i, k, KindOther)
		}
	}
	for i, k := range r.ChunkTokens {
		if k < 0 {
			return fmt.Errorf("chunk_tokens[%d] is %d", i, k)
		}
	}
	for _, v := range []struct {
		name  string
		value *int64
	}{
		{"input_tokens", r.InputTokens}, {"cached_input_tokens", r.CachedInputTokens},
		{"output_tokens", r.OutputTokens}, {"reasoning_tokens", r.ReasoningTokens}, {"max_tokens", r.MaxTokens},
	} {
		if v.value != nil && *v.value < 0 {
			return fmt.Errorf("%s is %d", v.name, *v.value)
		}
	}
	return nil
}
