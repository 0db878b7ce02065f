package analyze

import (
	"math"
	"strings"

	"metron/schema"
)

// tally is what a part of the rows adds up to. Tallies of disjoint parts merge
// into the tally of the whole, whatever their order.
type tally struct {
	config  *Config
	metrics []metric

	otherAPI           int64 // rows that asked no model; nothing below counts them
	rows, ok, measured int64
	outcomes           map[string]int64
	sources            map[string]int64 // token_source of the rows that metrics cover

	samples  []Samples          // of each metric
	excluded map[reason]int64   // rows that no metric covers
	leftOut  []map[reason]int64 // others that a metric does not cover; nil: none
	tbt      Hist
	icl      *Hist     // nil: as tbt, since no chunk carried more than a token
	clusters *clusters // nil: not counted, or no gaps
	minima   Samples   // minimum TBT deadlines with token 1 left out
	curve    *Curve    // nil: not asked for
	picks    []pick    // nil: not asked for

	sections sectionSet
	groups   *groups // nil: not asked for
	gathered gathering

	score        Score
	onTime, gaps int64 // of tokens with a deadline
	playback     Playback
	unattainable int64
	undated      int64 // rows whose deadlines depend on a prompt of unknown length
	extrapolated int64 // rows whose prompt is beyond those that the prefill model knows

	okRows                      int64 // that metrics cover
	inputTokens, outputTokens   int64 // of those rows
	unknownInput, unknownOutput int64 // rows that do not say
	unknownChunks, differ       int64 // rows without chunk_tokens; rows whose sum is not the reported count
	chunks, reads, together     int64
	backwards                   int64 // rows whose chunks run backwards in time
	firstSend, lastEnd          maybe[int64]
	unended                     int64 // sent rows that do not say when they ended
}

func newTally(c *Config, rows int64) *tally {
	t := &tally{config: c, metrics: metrics(), sections: newSectionSet(c, sections(c))}
	t.init()
	t.gathered = newGathering(c)
	if c.Plots {
		t.curve = NewCurve(rows)
	}
	if len(c.By) > 0 {
		t.groups = newGroups(c)
	}
	return t
}

// another is a tally of nothing that counts the same. Groups have neither curve nor
// groups.
func (t *tally) another() *tally {
	o := &tally{config: t.config, metrics: t.metrics, sections: newSectionSet(t.config, t.sections.kinds)}
	o.init()
	return o
}

func (t *tally) init() {
	t.outcomes, t.sources, t.excluded = map[string]int64{}, map[string]int64{}, map[reason]int64{}
	t.samples = make([]Samples, len(t.metrics))
	t.leftOut = make([]map[reason]int64, len(t.metrics))
}

// add counts one computed request. s counts its deadlines.
func (t *tally) add(r *request, s *scorer) {
	if !r.isLLM() {
		t.otherAPI++
		return
	}
	t.rows++
	countName(t.outcomes, r.outcome)
	if r.outcome == schema.OutcomeOK {
		t.ok++
	}
	if r.isMeasured() {
		t.measured++
		t.addSpan(r)
	}
	t.sections.add(r)
	t.gathered.add(r)
	if t.groups != nil {
		t.groups.add(r, s)
	}
	if why := r.whyExcluded(); why != "" {
		t.excluded[why]++
		return
	}
	for i := range t.metrics {
		t.addValue(i, &t.metrics[i], r)
	}
	t.addAnswered(r, s)
}

func (t *tally) addValue(i int, m *metric, r *request) {
	value, why := 0.0, reason("")
	if m.value == nil {
		why = r.whyNoGaps()
	} else if value, why = m.value(r, t.config); why == "" {
		t.samples[i].Add(value)
	}
	if why != "" {
		t.leaveOut(i, why, 1)
	}
}

func (t *tally) leaveOut(metric int, why reason, rows int64) {
	if t.leftOut[metric] == nil {
		t.leftOut[metric] = map[reason]int64{}
	}
	t.leftOut[metric][why] += rows
}

// addSpan widens the time from the first send to the last end.
func (t *tally) addSpan(r *request) {
	if r.outcome == schema.OutcomeNotSent {
		return
	}
	send := r.startTime + r.sent
	if !t.firstSend.ok || send < t.firstSend.value {
		t.firstSend = just(send)
	}
	seen := r.lastSeen()
	if !seen.ok {
		t.unended++
		return
	}
	if end := r.startTime + seen.value; !t.lastEnd.ok || end > t.lastEnd.value {
		t.lastEnd = just(end)
	}
}

// seconds is the duration, NaN where no row says.
func (t *tally) seconds() float64 {
	if !t.firstSend.ok || !t.lastEnd.ok {
		return math.NaN()
	}
	return float64(t.lastEnd.value-t.firstSend.value) / usPerSecond
}

// addAnswered counts a request that the distributions cover.
func (t *tally) addAnswered(r *request, s *scorer) {
	t.okRows++
	countName(t.sources, r.tokenSource)
	addKnown(&t.inputTokens, &t.unknownInput, r.inputTokens)
	addKnown(&t.outputTokens, &t.unknownOutput, r.n)
	if !r.streamed || r.tokens.chunks == 0 {
		return
	}
	t.chunks += r.tokens.chunks
	t.reads += r.tokens.reads
	t.together += r.tokens.together
	if r.tokens.backwards {
		t.backwards++
	}
	if reported := r.reportedTokens(); !r.tokens.known {
		t.unknownChunks++
	} else if reported.ok && reported.value != r.tokens.tokens {
		t.differ++
	}
	t.addDeadlines(r)
	if t.icl == nil && !r.tokens.aTokenAChunk() {
		t.icl = t.tbt.clone()
	}
	for _, gaps := range r.tokens.streams {
		t.tbt.Add(gaps[1:])
	}
	if t.icl != nil {
		for _, gaps := range r.tokens.chunkGaps(&r.row, r.sent) {
			t.icl.Add(gaps[1:])
		}
	}
	if r.decodeMin.ok {
		t.minima.Add(r.decodeMin.value)
		if t.curve != nil {
			t.curve.add(s)
		}
	}
}

// addDeadlines counts what became of the deadlines of an answer that has tokens.
func (t *tally) addDeadlines(r *request) {
	if !r.deadlines.ok {
		t.undated++
		return
	}
	if r.extrapolated {
		t.extrapolated++
	}
	t.score = t.score.Add(r.score)
	t.onTime += r.onTime
	t.gaps += r.gaps
	t.playback = t.playback.Add(r.playback)
	if r.unattainable() {
		t.unattainable++
	}
	if t.config.Plots {
		t.picks = append(t.picks, pickOf(r, t.config))
	}
}

// betweenChunks are the gaps between chunks.
func (t *tally) betweenChunks() *Hist {
	if t.icl == nil {
		return &t.tbt
	}
	return t.icl
}

func addKnown(sum, unknown *int64, v maybe[int64]) {
	if v.ok {
		*sum += v.value
	} else {
		*unknown++
	}
}

// merge adds what o counted.
func (t *tally) merge(o *tally) {
	t.otherAPI += o.otherAPI
	t.rows += o.rows
	t.ok += o.ok
	t.measured += o.measured
	addCounts(t.outcomes, o.outcomes)
	addCounts(t.sources, o.sources)
	addCounts(t.excluded, o.excluded)
	for i := range t.samples {
		t.samples[i].Merge(&o.samples[i])
		for why, rows := range o.leftOut[i] {
			t.leaveOut(i, why, rows)
		}
	}
	if t.icl != nil || o.icl != nil {
		if t.icl == nil {
			t.icl = t.tbt.clone()
		}
		t.icl.Merge(o.betweenChunks())
	}
	t.tbt.Merge(&o.tbt)
	t.minima.Merge(&o.minima)
	if t.curve != nil {
		t.curve.Merge(o.curve)
	}
	t.picks = append(t.picks, o.picks...)
	t.sections.merge(&o.sections)
	t.gathered.merge(o.gathered)
	if t.groups != nil {
		t.groups.merge(o.groups)
	}
	t.score = t.score.Add(o.score)
	t.playback = t.playback.Add(o.playback)
	for _, p := range []struct{ to, from *int64 }{
		{&t.onTime, &o.onTime}, {&t.gaps, &o.gaps}, {&t.unattainable, &o.unattainable}, {&t.okRows, &o.okRows},
		{&t.inputTokens, &o.inputTokens}, {&t.outputTokens, &o.outputTokens},
		{&t.unknownInput, &o.unknownInput}, {&t.unknownOutput, &o.unknownOutput},
		{&t.unknownChunks, &o.unknownChunks}, {&t.differ, &o.differ},
		{&t.chunks, &o.chunks}, {&t.reads, &o.reads}, {&t.together, &o.together},
		{&t.backwards, &o.backwards}, {&t.unended, &o.unended},
		{&t.undated, &o.undated}, {&t.extrapolated, &o.extrapolated},
	} {
		*p.to += *p.from
	}
	if o.firstSend.ok && (!t.firstSend.ok || o.firstSend.value < t.firstSend.value) {
		t.firstSend = o.firstSend
	}
	if o.lastEnd.ok && (!t.lastEnd.ok || o.lastEnd.value > t.lastEnd.value) {
		t.lastEnd = o.lastEnd
	}
}

func addCounts[K comparable](to, from map[K]int64) {
	for k, n := range from {
		to[k] += n
	}
}

// countName counts a name that shares the memory of a batch.
func countName(counts map[string]int64, name string) {
	if _, ok := counts[name]; !ok {
		name = strings.Clone(name)
	}
	counts[name]++
}
