package replay

import "metron/schema"

// streamedTokens is the length of a recorded answer that came without usage,
// as most captured streams do: its chunks' tokens where they are known, else a
// token a chunk. It is nil for an answer that was not streamed to its end.
func streamedTokens(r *schema.Record) *int64 {
	if r.Outcome != schema.OutcomeOK || len(r.ChunkKind) == 0 {
		return nil
	}
	n := chunkTokens(r, len(r.ChunkKind))
	return &n
}

// saidTokens is what of an answer the next prompt of its conversation holds: one of its
// choices, without the reasoning. It is nil where nobody knows.
func saidTokens(r *schema.Record) *int64 {
	whole := r.OutputTokens
	if whole == nil {
		whole = streamedTokens(r)
	}
	if whole == nil {
		return nil
	}
	said := *whole
	if r.ReasoningTokens != nil {
		said -= *r.ReasoningTokens
	}
	return new(max(0, said) / max(1, r.ChoiceCount))
}

// chunkTokens is what the first chunks of a row carried.
func chunkTokens(r *schema.Record, chunks int) (n int64) {
	for i, k := range r.ChunkKind[:chunks] {
		switch {
		case len(r.ChunkTokens) > 0:
			n += int64(r.ChunkTokens[i])
		case k <= schema.KindRefusal:
			n++
		}
	}
	return n
}
