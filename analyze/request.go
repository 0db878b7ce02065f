package analyze

import (
	"math"

	"metron/schema"
)

// request is one row, computed: what the columns say about it, in microseconds.
type request struct {
	row
	file  int // index of the file it stands in
	place int64

	trimmed  bool // it started outside of Config.Trim
	streamed bool // the times of its tokens were recorded
	tokens   *tokenTimes

	sent     int64        // x: after start_time
	n        maybe[int64] // tokens of the answer
	finished maybe[int64] // when the answer was complete: its last token, or the end of its body

	prefill      maybe[int64] // the prefill model's time of its prompt
	extrapolated bool         // which is longer or shorter than any that was measured
	deadlines    maybe[Deadlines]

	// Absent where the deadlines are.
	score       Score
	minDeadline maybe[float64] // in Arithmetic.deadlineUnit; +Inf: unattainable
	onTime      int64
	playback    Playback

	decodeMin maybe[float64] // minDeadline with token 1 left out
	gaps      int64          // tokens as the multi-token policy counts them
}

// compute fills a request from its row. tokens is scratch space that the request
// points to until the next one.
func (r *request) compute(tokens *tokenTimes, s *scorer, c *Config) {
	r.measure(tokens, c)
	if !r.streamed || tokens.chunks == 0 {
		return
	}
	s.reset(tokens.streams)
	for _, gaps := range tokens.streams {
		r.gaps += int64(len(gaps))
	}
	if r.deadlines.ok {
		r.meetDeadlines(r.deadlines.value, s, c)
	}
	if r.decodes() {
		r.decodeMin = attainable(s.minTBTDeadline(Deadlines{DecodeOnly: true}, fluidMissRate()))
	}
}

// meetDeadlines computes what depends on when each token was due.
func (r *request) meetDeadlines(d Deadlines, s *scorer, c *Config) {
	r.score = s.score(d)
	for _, gaps := range r.tokens.streams {
		r.onTime += OnTime(gaps, d)
		r.playback = r.playback.Add(Play(gaps, d))
	}
	r.minDeadline = attainable(s.minTBTDeadline(d, c.TargetMissRate))
}

// measure fills what needs no deadline.
func (r *request) measure(tokens *tokenTimes, c *Config) {
	r.tokens = tokens
	r.trimmed = c.kept.excludes(r.startTime)
	r.sent = r.dispatched.value // 0 where nobody dispatched it: capture, import
	r.setDeadlines(c)
	tokens.reset(&r.row, r.sent, c.MultiToken)
	// A row of a streamed answer whose events were not recorded says as much as
	// one of an answer that came whole.
	r.streamed = r.stream && len(r.chunkTime) > 0
	if !r.streamed {
		r.n, r.finished = r.outputTokens, r.end
		return
	}
	r.n = r.countTokens()
	if tokens.chunks == 0 {
		return
	}
	r.finished = just(tokens.last)
}

// countTokens is n: what the chunks carried; where that is unknown, the reported
// count less the reasoning that never was streamed; else the chunks.
func (r *request) countTokens() maybe[int64] {
	if r.tokens.known {
		return just(r.tokens.tokens)
	}
	if reported := r.reportedTokens(); reported.ok {
		return reported
	}
	return just(r.tokens.chunks)
}

// reportedTokens is output_tokens less reasoning tokens that were never streamed.
func (r *request) reportedTokens() maybe[int64] {
	n := r.outputTokens
	if n.ok && r.reasoning.ok && !r.tokens.reasoning {
		n.value = max(0, n.value-r.reasoning.value)
	}
	return n
}

// decodes reports whether there are gaps between tokens at all.
func (r *request) decodes() bool { return r.gaps > int64(len(r.tokens.streams)) }

// whyNoGaps says why nothing lies between the tokens, if so.
func (r *request) whyNoGaps() reason {
	switch {
	case !r.streamed:
		return noTokenTimes
	case r.tokens.chunks == 0:
		return noTokens
	case !r.decodes():
		return oneToken
	}
	return ""
}

// tpot is the mean time between the tokens, per choice.
func (r *request) tpot() (float64, reason) {
	between := r.n.value - int64(len(r.tokens.streams))
	switch {
	case !r.streamed:
		return 0, noTokenTimes
	case r.tokens.chunks == 0:
		return 0, noTokens
	case between <= 0:
		return 0, oneToken
	}
	return float64(r.tokens.span) / float64(between), ""
}

// first is a_1 less a time after the start.
func (r *request) first(since int64) (float64, reason) {
	switch {
	case !r.streamed:
		return 0, noTokenTimes
	case r.tokens.chunks == 0:
		return 0, noTokens
	}
	return float64(r.tokens.first - since), ""
}

// firstVisible is the time to the first token that is no reasoning.
func (r *request) firstVisible() (float64, reason) {
	switch {
	case !r.streamed:
		return 0, noTokenTimes
	case r.tokens.chunks == 0:
		return 0, noTokens
	case !r.tokens.visible.ok:
		return 0, noVisible
	}
	return float64(r.tokens.visible.value - r.sent), ""
}

// decodeRate is the tokens a second after the first one, per choice.
func (r *request) decodeRate() (float64, reason) {
	tpot, why := r.tpot()
	switch {
	case why != "":
		return 0, why
	case tpot <= 0:
		return 0, noTimes
	}
	return usPerSecond / tpot, ""
}

// latency is a_n - x, or e - x of an answer that came whole.
func (r *request) latency() (float64, reason) {
	switch {
	case r.finished.ok:
		return float64(r.finished.value - r.sent), ""
	case r.streamed:
		return 0, noTokens
	}
	return 0, noTimes
}

func (r *request) normalizedLatency() (float64, reason) {
	e2e, n, why := r.latencyAndTokens()
	if why != "" {
		return 0, why
	}
	return e2e / n, ""
}

// throughput is in tokens a second.
func (r *request) throughput() (float64, reason) {
	e2e, n, why := r.latencyAndTokens()
	switch {
	case why != "":
		return 0, why
	case e2e <= 0:
		return 0, noTimes
	}
	return n * usPerSecond / e2e, ""
}

// latencyAndTokens are the E2E latency and n, which is not 0.
func (r *request) latencyAndTokens() (e2e, n float64, why reason) {
	e2e, why = r.latency()
	switch {
	case why != "":
		return 0, 0, why
	case !r.n.ok:
		return 0, 0, noTokenCount
	case r.n.value == 0:
		return 0, 0, noTokens
	}
	return e2e, float64(r.n.value), ""
}

// deadlineValue is a value that exists where tokens had deadlines.
func (r *request) deadlineValue(v float64, ok bool) (float64, reason) {
	switch {
	case !r.streamed:
		return 0, noTokenTimes
	case r.tokens.chunks > 0 && !r.deadlines.ok:
		return 0, noTokenCount
	case !ok:
		return 0, noTokens
	}
	return v, ""
}

// unattainable reports whether no TBT deadline meets the target miss rate.
func (r *request) unattainable() bool { return r.minDeadline.ok && math.IsInf(r.minDeadline.value, 1) }

// due is when it could leave, after its start: a turn that waits for the one before
// it is due when that and the time to think are over, if that is later.
func (r *request) due() int64 { return max(0, r.ready.value) }

// sendLag is how late a request that had its moment was handed to the kernel.
func (r *request) sendLag() (float64, reason) {
	if !r.dispatched.ok {
		return 0, notScheduled
	}
	lag, why := known(r.wrote, noTimes)
	return lag - float64(r.due()), why
}

// dispatchLag is the part of the send lag before the request was let go.
func (r *request) dispatchLag() (float64, reason) {
	if !r.dispatched.ok {
		return 0, notScheduled
	}
	return float64(r.dispatched.value - r.due()), ""
}

// lastSeen is when the request was over, as far as the row tells.
func (r *request) lastSeen() maybe[int64] {
	switch {
	case r.end.ok:
		return r.end
	case r.clientAbort.ok:
		return r.clientAbort
	case len(r.chunkTime) > 0:
		return just(r.chunkTime[len(r.chunkTime)-1])
	}
	return maybe[int64]{}
}

// isLLM reports whether the row asked a model for an answer. Health checks and
// model lists that passed a capture did not; a row of an API that no dialect
// reads did if it has tokens.
func (r *request) isLLM() bool { return r.api != schema.APIOther || r.streamed }

func (r *request) isMeasured() bool {
	return !r.trimmed && (r.phase == schema.PhaseMeasure || r.phase == "")
}

func attainable(v float64, ok bool) maybe[float64] {
	if !ok {
		v = math.Inf(1)
	}
	return just(v)
}
