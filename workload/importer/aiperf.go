package importer

import (
	"fmt"

	"metron/schema"
)

func aiperfFormat() Format {
	return Format{
		Name:  "aiperf",
		Usage: "AIPerf's profile_export.jsonl, a line a request",
		Details: "Of metadata: request_start_ns, request_ack_ns (headers), request_end_ns, x_correlation_id (session), turn_index,\n" +
			"benchmark_phase, was_cancelled; of metrics: input_sequence_length, output_sequence_length,\n" +
			"time_to_first_token, inter_chunk_latency. Digits below a microsecond are cut off and counted. Without\n" +
			"inter_chunk_latency there are no times of tokens, and time_to_first_token is kept in server_metrics.",
		Example: "metron import aiperf profile_export.jsonl --out aiperf.parquet",
		sniff: func(h *head) string {
			return h.because(h.lines && h.has("metadata", "metrics"), "it is lines of objects with metadata and metrics")
		},
		open: openAIPerf,
	}
}

// aiperfRow is a line as it stands.
type aiperfRow struct {
	Metadata struct {
		Start       number `json:"request_start_ns"`
		Ack         number `json:"request_ack_ns"`
		End         number `json:"request_end_ns"`
		CancelledAt number `json:"cancellation_time_ns"`
		Session     string `json:"x_correlation_id"`
		Turn        *int64 `json:"turn_index"`
		Phase       string `json:"benchmark_phase"`
		Cancelled   bool   `json:"was_cancelled"`
	} `json:"metadata"`
	Metrics struct {
		Input     aiperfCount `json:"input_sequence_length"`
		ErrorISL  aiperfCount `json:"error_isl"`
		Output    aiperfCount `json:"output_sequence_length"`
		Reasoning aiperfCount `json:"reasoning_token_count"`
		TTFT      aiperfTime  `json:"time_to_first_token"`
		Gaps      struct {
			Value []number `json:"value"`
			Unit  string   `json:"unit"`
		} `json:"inter_chunk_latency"`
	} `json:"metrics"`
	Error *struct {
		Code    number `json:"code"`
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

type aiperfCount struct {
	Value *int64 `json:"value"`
}

type aiperfTime struct {
	Value number `json:"value"`
	Unit  string `json:"unit"`
}

type aiperf struct {
	in  *input
	ids *rowIDs
}

func openAIPerf(in *input) (source, error) { return &aiperf{in, newRowIDs("aiperf", in)}, nil }

func (a *aiperf) next(r *schema.Record) error {
	line, err := a.in.row()
	if err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = a.ids.id(a.in.rows, line)
	var row aiperfRow
	if err = decode(line, &row); err == nil {
		err = a.fill(r, &row)
	}
	if err != nil {
		return a.in.bad(err)
	}
	return nil
}

func (a *aiperf) fill(r *schema.Record, row *aiperfRow) error {
	const nsToUS = -3
	m := &row.Metadata
	start, cut, err := m.Start.scaled("request_start_ns", nsToUS)
	if err != nil {
		return err
	}
	r.StartTime = start
	a.in.countCut(cut)
	for _, t := range []struct {
		key  string
		at   number
		into **int64
	}{{"request_ack_ns", m.Ack, &r.Headers}, {"request_end_ns", m.End, &r.End}, {"cancellation_time_ns", m.CancelledAt, &r.ClientAbort}} {
		if t.at == "" {
			continue
		}
		at, _, err := t.at.scaled(t.key, nsToUS)
		if err != nil {
			return err
		}
		if at < start {
			return fmt.Errorf("key %q lies before request_start_ns", t.key)
		}
		*t.into = new(at - start)
	}
	r.SessionID, r.Turn = a.in.scopedName(m.Session), m.Turn
	if m.Phase == "warmup" {
		r.Phase = schema.PhaseWarmup
	}
	x := &row.Metrics
	r.InputTokens, r.OutputTokens, r.ReasoningTokens = x.Input.Value, x.Output.Value, x.Reasoning.Value
	if r.InputTokens == nil {
		r.InputTokens = x.ErrorISL.Value
	}
	if err := checkLengths("input_sequence_length", r.InputTokens, "output_sequence_length", r.OutputTokens); err != nil {
		return err
	}
	if row.Error != nil {
		if fail(r, string(row.Error.Code), row.Error.Message); r.HTTPStatus == nil {
			fail(r, row.Error.Type, row.Error.Message)
		}
		r.ErrorType = row.Error.Type
	}
	if m.Cancelled {
		r.Outcome, r.HTTPStatus = schema.OutcomeClientAbort, nil
	} else {
		r.ClientAbort = nil
	}
	return a.chunks(r, row)
}

// chunks gives the row its token times, if the line has them.
func (a *aiperf) chunks(r *schema.Record, row *aiperfRow) error {
	ttft, gaps := row.Metrics.TTFT, row.Metrics.Gaps
	switch {
	case ttft.Value == "":
		r.Stream = row.Error != nil
		return nil
	case gaps.Value == nil && (r.OutputTokens == nil || *r.OutputTokens > 1):
		r.ServerMetrics = fmt.Sprintf(`{"ttft":%s,"unit":%q}`, ttft.Value, ttft.Unit)
		return nil
	case gaps.Value != nil && gaps.Unit != ttft.Unit:
		return fmt.Errorf("time_to_first_token is in %q, inter_chunk_latency in %q", ttft.Unit, gaps.Unit)
	}
	toNS, ok := map[string]int{"ns": 0, "us": 3, "ms": 6, "sec": 9, "s": 9}[ttft.Unit]
	if !ok {
		return fmt.Errorf("time_to_first_token: unknown unit %q", ttft.Unit)
	}
	return setStream(r, "time_to_first_token", ttft.Value, "inter_chunk_latency", gaps.Value, toNS)
}
