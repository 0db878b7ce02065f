package schema

import (
	"fmt"
	"slices"
)

// Fault is what is wrong with one column.
type Fault struct {
	Column   string
	Is, Want string // a sentence that names the column, and what should be there instead
}

// Error is what is wrong.
func (f *Fault) Error() string { return f.Is }

// Faultf is the fault of a column: what should be there, and a sentence on what is.
func Faultf(column, want, is string, args ...any) *Fault {
	return &Fault{Column: column, Is: fmt.Sprintf(is, args...), Want: want}
}

// Words lists what a column of few words may hold; nil where it holds any text.
func Words(column string) []string {
	switch column {
	case "outcome":
		return Outcomes()
	case "phase":
		return []string{PhaseWarmup, PhaseMeasure, PhaseCooldown}
	case "api":
		return []string{APIChat, APICompletions, APIResponses, APIMessages, APIOllamaChat, APIOllamaGenerate,
			APITGIGenerate, APIGemini, APISageMaker, APIBedrock, APIEmbeddings, APIOther}
	case "token_source":
		return []string{TokenSourceUsage, TokenSourceTokenIDs, TokenSourceLogprobs, TokenSourceTokenizer, TokenSourceChunks, TokenSourceTrace}
	case "recorded":
		return []string{RecordedLengths, RecordedHash, RecordedContent} // each keeps more than the one before
	case "block_unit":
		return []string{"tokens", "bytes"}
	case "overload":
		return []string{"queued", "shed", "aborted"}
	}
	return nil
}

// Check returns what is wrong with a row, if anything, as a *Fault: a missing
// identity, an unknown outcome or kind, chunk lists of different lengths, times
// that run backwards, counts below zero. It is what no row may be written with;
// what else a sound row keeps to, `metron inspect --verify` knows.
func (r *Record) Check() error {
	if r.RecordID == (Record{}).RecordID {
		return Faultf("record_id", "a UUID", "record_id is missing")
	}
	if !slices.Contains(Outcomes(), r.Outcome) {
		return Faultf("outcome", "a known outcome", "outcome %q is none of %v", r.Outcome, Outcomes())
	}
	if err := r.checkChunks(); err != nil { // a nil *Fault would be an error
		return err
	}
	for _, v := range []struct {
		name  string
		value *int64
	}{
		{"input_tokens", r.InputTokens}, {"cached_input_tokens", r.CachedInputTokens},
		{"output_tokens", r.OutputTokens}, {"reasoning_tokens", r.ReasoningTokens}, {"max_tokens", r.MaxTokens},
	} {
		if v.value != nil && *v.value < 0 {
			return Faultf(v.name, "0 or more", "%s is %d", v.name, *v.value)
		}
	}
	return nil
}

func (r *Record) checkChunks() *Fault {
	n := len(r.ChunkTime)
	for _, l := range []struct {
		name     string
		len      int
		optional bool
	}{
		{"chunk_kind", len(r.ChunkKind), false}, {"chunk_tokens", len(r.ChunkTokens), true}, {"chunk_choice", len(r.ChunkChoice), true},
		{"chunk_read", len(r.ChunkRead), true}, {"chunk_bytes", len(r.ChunkBytes), true},
	} {
		if l.len != n && !(l.optional && l.len == 0) {
			return Faultf(l.name, "an entry for each of chunk_time", "%s has %d entries, chunk_time %d", l.name, l.len, n)
		}
	}
	for i := range n {
		if i > 0 && r.ChunkTime[i] < r.ChunkTime[i-1] {
			return Faultf("chunk_time", "times that do not fall", "chunk_time[%d] is %d us, before chunk_time[%d] at %d us", i, r.ChunkTime[i], i-1, r.ChunkTime[i-1])
		}
		if k := r.ChunkKind[i]; k < 0 || k > KindOther {
			return Faultf("chunk_kind", "a known kind", "chunk_kind[%d] is %d, not in 0..%d", i, k, KindOther)
		}
	}
	for i, k := range r.ChunkTokens {
		if k < 0 {
			return Faultf("chunk_tokens", "0 or more", "chunk_tokens[%d] is %d", i, k)
		}
	}
	return nil
}
