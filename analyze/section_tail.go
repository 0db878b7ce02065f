package analyze

import (
	"cmp"
	"slices"

	"metron/internal/term"
)

// tailShare is the share of the slowest requests that the section "tail" takes apart.
func tailShare() Fraction { return Fraction{1, 100} }

// tailParts is the section "tail": what the slowest requests waited for. It keeps the
// parts of each.
type tailParts struct {
	requests []parts
	leftOut  int64 // ok requests without token times
	scratch  []int64
}

// parts is where the time of one request went, us. They are all integers, so that
// ttft = prefill + queue and e2e = ttft + decode + stalls hold to the microsecond.
type parts struct {
	ttft, e2e    int64
	prefill      int64 // at most ttft; queue is the rest
	prefillKnown bool
	stalls       int64 // what its stalled gaps were longer than the median; decode is the rest
}

func newTailParts(*Config) section { return &tailParts{} }

func (s *tailParts) add(r *request) {
	if r.whyExcluded() != "" {
		return
	}
	if !r.streamed || r.tokens.chunks == 0 {
		s.leftOut++
		return
	}
	p := parts{ttft: r.tokens.first - r.sent, e2e: r.tokens.last - r.sent}
	if r.prefill.ok {
		p.prefill, p.prefillKnown = min(p.ttft, r.prefill.value), true
	}
	for i := range r.tokens.choices {
		if r.tokens.choices[i].last == r.tokens.last { // the choice that all waited for
			p.stalls = stallsOf(r.tokens.streams[i], &s.scratch).excess
			break
		}
	}
	s.requests = append(s.requests, p)
}

func (s *tailParts) merge(o section) {
	other := o.(*tailParts)
	s.requests = append(s.requests, other.requests...)
	s.leftOut += other.leftOut
}

// Tail takes the slowest 1 % of the requests apart, beside all of them.
type Tail struct {
	LeftOut int64    `json:"left_out"` // ok requests without token times
	TTFT    TailPair `json:"ttft"`
	E2E     TailPair `json:"e2e"`
}

// TailPair is the slowest requests by one latency, and all.
type TailPair struct {
	FromS   *float64 `json:"from_s"` // the latency from which on a request is among the slowest
	Slowest PartSums `json:"slowest"`
	All     PartSums `json:"all"`
}

// PartSums adds the parts of requests up, us. TotalUS is the sum of all that follow it.
type PartSums struct {
	Requests  int64 `json:"requests"`
	TotalUS   int64 `json:"total_us"`
	PrefillUS int64 `json:"prefill_us"`
	QueueUS   int64 `json:"queue_us"`   // time to first token beyond the prefill
	UnsplitUS int64 `json:"unsplit_us"` // time to first token of requests whose prefill is not known
	DecodeUS  int64 `json:"decode_us"`
	StallsUS  int64 `json:"stalls_us"`
}

func (s *tailParts) result(*tally) sectionResult {
	return &Tail{
		LeftOut: s.leftOut,
		TTFT:    s.pair(func(p *parts) int64 { return p.ttft }, (*PartSums).addTTFT),
		E2E:     s.pair(func(p *parts) int64 { return p.e2e }, (*PartSums).addE2E),
	}
}

// pair sorts by a latency, the longest first. Requests that differ in nothing are the
// same here, so the order of the rows does not matter.
func (s *tailParts) pair(latency func(*parts) int64, add func(*PartSums, *parts)) (out TailPair) {
	slices.SortFunc(s.requests, func(a, b parts) int {
		return cmp.Or(cmp.Compare(latency(&b), latency(&a)), cmp.Compare(b.ttft, a.ttft), cmp.Compare(b.e2e, a.e2e),
			cmp.Compare(b.prefill, a.prefill), cmp.Compare(b.stalls, a.stalls))
	})
	n := int64(len(s.requests))
	if n == 0 {
		return out
	}
	slowest := nearestRank(tailShare(), n) + 1
	for i := range s.requests {
		add(&out.All, &s.requests[i])
		if int64(i) < slowest {
			add(&out.Slowest, &s.requests[i])
		}
	}
	out.FromS = new(float64(latency(&s.requests[slowest-1])) / usPerSecond)
	return out
}

func (p *PartSums) addTTFT(r *parts) {
	p.Requests++
	p.TotalUS += r.ttft
	if !r.prefillKnown {
		p.UnsplitUS += r.ttft
		return
	}
	p.PrefillUS += r.prefill
	p.QueueUS += r.ttft - r.prefill
}

func (p *PartSums) addE2E(r *parts) {
	p.addTTFT(r)
	p.TotalUS += r.e2e - r.ttft
	p.StallsUS += r.stalls
	p.DecodeUS += r.e2e - r.ttft - r.stalls
}

func (t *Tail) lines() []string {
	all := &t.E2E.All
	if all.Requests == 0 {
		return nil
	}
	// What the model of the prefill does not know is not split.
	columns := []partColumn{
		{"prefill", all.PrefillUS != 0, func(p *PartSums) int64 { return p.PrefillUS }},
		{"queue", all.UnsplitUS != all.TotalUS-all.DecodeUS-all.StallsUS, func(p *PartSums) int64 { return p.QueueUS }},
		{"first token", all.UnsplitUS != 0, func(p *PartSums) int64 { return p.UnsplitUS }},
		{"decode", true, func(p *PartSums) int64 { return p.DecodeUS }},
		{"stalls", true, func(p *PartSums) int64 { return p.StallsUS }},
	}
	columns = slices.DeleteFunc(columns, func(c partColumn) bool { return !c.shown })
	var out term.Table
	head := []string{"mean of the", "requests", "total"}
	for _, c := range columns {
		head = append(head, c.name)
	}
	out.Row(head...)
	for _, row := range []struct {
		name string
		sums *PartSums
	}{{"slowest to the first token", &t.TTFT.Slowest}, {"all to the first token", &t.TTFT.All}, {"slowest", &t.E2E.Slowest}, {"all", all}} {
		mean := func(us int64) string { return term.Seconds(float64(us) / float64(row.sums.Requests) / usPerSecond) }
		cells := []string{row.name, term.Count(row.sums.Requests), mean(row.sums.TotalUS)}
		for _, c := range columns {
			cells = append(cells, mean(c.us(row.sums)))
		}
		out.Row(cells...)
	}
	return tableLines(&out)
}

// partColumn is a column of the table at the terminal.
type partColumn struct {
	name  string
	shown bool
	us    func(*PartSums) int64
}
