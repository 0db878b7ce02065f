package analyze

import (
	"time"

	"github.com/google/uuid"
)

// RequestRow is one line of the per-request table: every row of the files, whatever
// its outcome. The names are the contract in CSV, jsonl and Parquet alike; what
// is undefined is empty, null, null.
type RequestRow struct {
	RecordID       uuid.UUID `parquet:"record_id,uuid"`
	SourceRecordID uuid.UUID `parquet:"source_record_id,optional,uuid"`
	Loop           *int64    `parquet:"loop,optional"` // the pass over its trace, from 1
	StartTime      time.Time `parquet:"start_time,timestamp(microsecond)"`
	Phase          string    `parquet:"phase,dict"`
	Measured       bool      `parquet:"measured"` // of phase measure, and not trimmed
	Outcome        string    `parquet:"outcome,dict"`
	API            string    `parquet:"api,dict"`
	RequestModel   string    `parquet:"request_model,optional,dict"`
	Stream         bool      `parquet:"stream"`
	TokenSource    string    `parquet:"token_source,optional,dict"`
	InputTokens    *int64    `parquet:"input_tokens,optional"`
	OutputTokens   *int64    `parquet:"output_tokens,optional"`
	Chunks         *int64    `parquet:"chunks,optional"` // that carry tokens

	TTFTS              *float64 `parquet:"ttft_s,optional"`
	ScheduledTTFTS     *float64 `parquet:"scheduled_ttft_s,optional"`
	TTFVTS             *float64 `parquet:"ttfvt_s,optional"`
	TBTMaxS            *float64 `parquet:"tbt_max_s,optional"`
	TPOTS              *float64 `parquet:"tpot_s,optional"`
	NormalizedLatencyS *float64 `parquet:"normalized_latency_s,optional"`
	E2ELatencyS        *float64 `parquet:"e2e_latency_s,optional"`
	OutputThroughput   *float64 `parquet:"output_throughput_tokens_per_s,optional"`
	SendLagS           *float64 `parquet:"send_lag_s,optional"`

	TTFTDeadlineS            *float64 `parquet:"ttft_deadline_s,optional"` // with a prefill model each prompt has its own
	FluidityIndex            *float64 `parquet:"fluidity_index,optional"`
	DeadlineMissRate         *float64 `parquet:"deadline_miss_rate,optional"`
	DeadlinesMet             *int64   `parquet:"deadlines_met,optional"`
	DeadlinesMissed          *int64   `parquet:"deadlines_missed,optional"`
	MinTBTDeadlineS          *float64 `parquet:"min_tbt_deadline_s,optional"` // null where unattainable, too
	MinTBTDeadlineAttainable *bool    `parquet:"min_tbt_deadline_attainable,optional"`
	AbsoluteAttainment       *float64 `parquet:"absolute_attainment,optional"`
	PlaybackContinuity       *float64 `parquet:"playback_continuity,optional"`
	Stalls                   *int64   `parquet:"stalls,optional"`
	LongestStallS            *float64 `parquet:"longest_stall_s,optional"`
}

func newRequestRow(r *request, c *Config) RequestRow {
	out := RequestRow{
		RecordID: r.recordID, SourceRecordID: r.sourceID, Loop: pointer(r.loop), StartTime: time.UnixMicro(r.startTime).UTC(),
		Phase: r.phase, Measured: r.isMeasured(), Outcome: r.outcome, API: r.api, RequestModel: r.model, Stream: r.stream, TokenSource: r.tokenSource,
	}
	seconds := func(v float64, why reason) *float64 { return defined(v/usPerSecond, why) }
	out.InputTokens, out.OutputTokens = pointer(r.inputTokens), pointer(r.n)
	out.TTFTS = seconds(r.first(r.sent))
	out.ScheduledTTFTS = seconds(r.first(r.due()))
	out.TTFVTS = seconds(r.firstVisible())
	out.TPOTS = seconds(r.tpot())
	out.NormalizedLatencyS = seconds(r.normalizedLatency())
	out.E2ELatencyS = seconds(r.latency())
	out.OutputThroughput = defined(r.throughput())
	out.SendLagS = seconds(r.sendLag())
	if !r.streamed {
		return out
	}
	out.Chunks = new(r.tokens.chunks)
	if r.tokens.chunks == 0 {
		return out
	}
	if r.decodes() {
		out.TBTMaxS = new(float64(r.tokens.longestGap()) / usPerSecond)
	}
	if !r.deadlines.ok {
		return out
	}
	out.TTFTDeadlineS = new(float64(r.deadlines.value.TTFT) / usPerSecond)
	out.FluidityIndex = defined(r.deadlineValue(c.Fluidity.index(r.score)))
	out.DeadlineMissRate = defined(r.deadlineValue(r.score.MissRate()))
	out.DeadlinesMet, out.DeadlinesMissed = new(r.score.Met), new(r.score.Missed)
	out.MinTBTDeadlineS = finite(r.minDeadline.value / c.Fluidity.deadlineUnit())
	out.MinTBTDeadlineAttainable = new(!r.unattainable())
	out.AbsoluteAttainment = new(float64(r.onTime) / float64(r.gaps))
	out.PlaybackContinuity = defined(r.deadlineValue(r.playback.Continuity()))
	out.Stalls = new(r.playback.Stalls)
	out.LongestStallS = new(float64(r.playback.Longest) / usPerSecond)
	return out
}

// defined is v, or nil where there is a reason for it not to be.
func defined(v float64, why reason) *float64 {
	if why != "" {
		return nil
	}
	return finite(v)
}

func pointer(v maybe[int64]) *int64 {
	if !v.ok {
		return nil
	}
	return &v.value
}
