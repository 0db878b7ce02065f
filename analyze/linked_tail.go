package analyze

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"metron/analyze/linked"
)

const (
	tailKept       = 30  // requests by each measure
	tailTokenLimit = 200 // points of a request's tokens
)

// TailRequest is one of the worst requests. Times are microseconds: that of its start after
// the first start_time of the files, the others after its send.
type TailRequest struct {
	RecordID      string   `json:"record_id"`
	StartUS       int64    `json:"start_us"`
	SentUS        int64    `json:"sent_us"` // after its start
	Model         string   `json:"model,omitempty"`
	InputTokens   *int64   `json:"input_tokens"`
	CachedTokens  *int64   `json:"cached_input_tokens"`
	OutputTokens  *int64   `json:"output_tokens"`
	TTFTUS        int64    `json:"ttft_us"`
	LongestGapUS  *int64   `json:"longest_gap_us"` // nil: nothing lies between its tokens
	E2EUS         int64    `json:"e2e_us"`
	FluidityIndex *float64 `json:"fluidity_index"`
	TTFTDeadline  *int64   `json:"ttft_deadline_us"`

	// When its tokens came: pairs of microseconds since the one before and how many tokens
	// came by then more than by the one before. Chunks is how many there were.
	Tokens []int64 `json:"tokens"`
	Chunks int     `json:"chunks"`

	// Requests that waited for their first token meanwhile: the longest prompts of them.
	Prefills      []Neighbour `json:"prefills"`
	PrefillsTotal int64       `json:"prefills_total"`
}

// tailMeasure is what requests are bad by: a new one is one entry in tailMeasures. A
// request without a value is not among the worst.
type tailMeasure struct {
	key string
	bad func(*request, *Config) (float64, reason) // the higher, the worse
}

func tailMeasures() []tailMeasure {
	return []tailMeasure{
		{"ttft", func(r *request, _ *Config) (float64, reason) { return r.first(r.sent) }},
		{"longest_gap", func(r *request, _ *Config) (float64, reason) {
			if why := r.whyNoGaps(); why != "" {
				return 0, why
			}
			return float64(r.tokens.longestGap()), ""
		}},
		{"fluidity", func(r *request, c *Config) (float64, reason) {
			index, why := r.deadlineValue(c.Fluidity.index(r.score))
			return -index, why
		}},
		{"e2e", func(r *request, _ *Config) (float64, reason) { return r.latency() }},
	}
}

// tailOfRun keeps the worst requests by each measure while rows pass by.
type tailOfRun struct {
	measures []tailMeasure
	worst    [][]tailEntry // of each measure, the worst first
}

// tailEntry is a request among the worst; its place in the files makes the order total, so
// that which are kept does not depend on who read them.
type tailEntry struct {
	bad   float64
	file  int
	place int64
	*tailKeep
}

func (e *tailEntry) compare(o *tailEntry) int {
	return cmp.Or(cmp.Compare(o.bad, e.bad), cmp.Compare(e.file, o.file), cmp.Compare(e.place, o.place))
}

// tailKeep is what is kept of a request, shared by the measures that it is bad by.
type tailKeep struct {
	request TailRequest
	times   []int64 // of its chunks, after the send
	tokens  []int64 // that came by then
}

func newTailOfRun() *tailOfRun {
	measures := tailMeasures()
	return &tailOfRun{measures, make([][]tailEntry, len(measures))}
}

// add keeps a request that distributions cover, if it is among the worst so far.
func (t *tailOfRun) add(r *request, c *Config) {
	if !r.streamed || r.tokens.chunks == 0 {
		return
	}
	var kept *tailKeep
	for i, m := range t.measures {
		bad, why := m.bad(r, c)
		if why != "" {
			continue
		}
		t.insert(i, tailEntry{bad: bad, file: r.file, place: r.place}, func() *tailKeep {
			if kept == nil {
				kept = keepOfTail(r, c)
			}
			return kept
		})
	}
}

// insert puts an entry where it belongs; what it keeps is asked for if it is among the worst.
func (t *tailOfRun) insert(measure int, e tailEntry, keep func() *tailKeep) {
	worst := t.worst[measure]
	if len(worst) == tailKept && e.compare(&worst[tailKept-1]) > 0 {
		return
	}
	e.tailKeep = keep()
	at, _ := slices.BinarySearchFunc(worst, e, func(a, b tailEntry) int { return a.compare(&b) })
	worst = slices.Insert(worst, at, e)
	t.worst[measure] = worst[:min(tailKept, len(worst))]
}

func (t *tailOfRun) merge(o *tailOfRun) {
	for i, worst := range o.worst {
		for _, e := range worst {
			t.insert(i, e, func() *tailKeep { return e.tailKeep })
		}
	}
}

func keepOfTail(r *request, c *Config) *tailKeep {
	k := &tailKeep{request: TailRequest{
		RecordID: r.recordID.String(), StartUS: r.startTime - c.origin, SentUS: r.sent, Model: strings.Clone(r.model),
		InputTokens: pointer(r.inputTokens), CachedTokens: pointer(r.cachedTokens), OutputTokens: pointer(r.n),
		TTFTUS: r.tokens.first - r.sent, E2EUS: r.tokens.last - r.sent,
		FluidityIndex: defined(r.deadlineValue(c.Fluidity.index(r.score))),
	}}
	if r.decodes() {
		k.request.LongestGapUS = new(r.tokens.longestGap())
	}
	if r.deadlines.ok {
		k.request.TTFTDeadline = new(r.deadlines.value.TTFT)
	}
	came := int64(0)
	for at, tokens := range r.tokensByChunk() {
		came += tokens
		// A clock that went back must not draw a line that does.
		at -= r.sent
		if n := len(k.times); n > 0 {
			at = max(at, k.times[n-1])
		}
		k.times, k.tokens = append(k.times, at), append(k.tokens, came)
	}
	return k
}

// tokensByChunk yields when chunks with tokens came, after the start, and how many they
// carried; one where that is not known.
func (r *request) tokensByChunk() iter.Seq2[int64, int64] {
	return func(yield func(at, tokens int64) bool) {
		for j, at := range r.chunkTime {
			k := int64(1)
			if r.tokens.known {
				k = int64(r.chunkTokens[j])
			}
			if isToken(r.chunkKind[j]) && k > 0 && !yield(at, k) {
				return
			}
		}
	}
}

// result numbers the requests in the order of their starts.
func (t *tailOfRun) result() LinkedTail {
	out := LinkedTail{Requests: []TailRequest{}}
	var all []tailEntry
	for _, worst := range t.worst {
		all = append(all, worst...)
	}
	slices.SortFunc(all, func(a, b tailEntry) int {
		return cmp.Or(cmp.Compare(a.request.StartUS, b.request.StartUS), cmp.Compare(a.file, b.file), cmp.Compare(a.place, b.place))
	})
	all = slices.CompactFunc(all, func(a, b tailEntry) bool { return a.tailKeep == b.tailKeep })
	number := map[*tailKeep]int{}
	for i, e := range all {
		number[e.tailKeep] = i
		out.Requests = append(out.Requests, e.thinned())
	}
	for i, m := range t.measures {
		by := TailMeasure{Key: m.key, Worst: []int{}}
		for _, e := range t.worst[i] {
			by.Worst = append(by.Worst, number[e.tailKeep])
		}
		out.By = append(out.By, by)
	}
	return out
}

// thinned is the request with as many of its tokens as can be told apart.
func (k *tailKeep) thinned() TailRequest {
	r := k.request
	r.Chunks, r.Tokens = len(k.times), []int64{}
	at, came := int64(0), int64(0)
	for _, i := range linked.Thin(k.times, tailTokenLimit) {
		r.Tokens = append(r.Tokens, k.times[i]-at, k.tokens[i]-came)
		at, came = k.times[i], k.tokens[i]
	}
	return r
}
