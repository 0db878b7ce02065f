package importer

import (
	"encoding/json"
	"errors"
	"fmt"

	"metron/schema"
)

func inferencePerfFormat() Format {
	return Format{
		Name:  "inference-perf",
		Usage: "inference-perf's per_request_lifecycle_metrics.json",
		Details: "A JSON array with an element a request: start_time, end_time (seconds of a clock of its own, so the array's first\n" +
			"request begins at the epoch, and one that began earlier lies before it), request (the body, kept as content),\n" +
			"info with input_tokens, output_tokens and output_token_times, at its top or in response_metrics as newer versions\n" +
			"have them, and error.",
		Example: "metron import inference-perf per_request_lifecycle_metrics.json --out inference-perf.parquet",
		Takes:   []string{"epoch"},
		sniff: func(h *head) string {
			return h.because(h.array && h.has("start_time", "end_time") && h.hasAny("info", "request"), "it is an array of objects with start_time, end_time and info")
		},
		open: openInferencePerf,
	}
}

// inferencePerfRow is an element as it stands.
type inferencePerfRow struct {
	Start   number `json:"start_time"`
	End     number `json:"end_time"`
	Request string `json:"request"`
	Info    struct {
		inferencePerfAnswer
		Input          *int64              `json:"input_tokens"`
		RequestMetrics inferencePerfPrompt `json:"request_metrics"`
		Response       inferencePerfAnswer `json:"response_metrics"`
	} `json:"info"`
	Error *struct {
		Type    string `json:"error_type"`
		Message string `json:"error_msg"`
	} `json:"error"`
}

type inferencePerfPrompt struct {
	Text struct {
		Input *int64 `json:"input_tokens"`
	} `json:"text"`
}

type inferencePerfAnswer struct {
	Output     *int64   `json:"output_tokens"`
	TokenTimes []number `json:"output_token_times"`
}

type inferencePerf struct {
	*elements
	ids    *rowIDs
	zeroNS *int64 // start of the array's first request
}

func openInferencePerf(in *input) (source, error) {
	e, err := openElements(in)
	if err != nil {
		return nil, err
	}
	return &inferencePerf{elements: e, ids: newRowIDs("inference-perf", in)}, nil
}

func (p *inferencePerf) next(r *schema.Record) error {
	var row inferencePerfRow
	if err := p.elements.next(&row); err != nil {
		return err
	}
	p.in.rows++
	fillChat(r)
	r.RecordID = p.ids.id(p.in.rows, fmt.Append(nil, row.Start, row.End, row.Request))
	if err := p.fill(r, &row); err != nil {
		return p.bad(err)
	}
	return nil
}

func (p *inferencePerf) fill(r *schema.Record, row *inferencePerfRow) error {
	start, _, err := row.Start.scaled("start_time", secondsToNS)
	if err != nil {
		return err
	}
	if p.zeroNS == nil {
		p.zeroNS = &start
	}
	r.StartTime = p.in.options.EpochUS + (start-*p.zeroNS)/1000
	end, _, err := row.End.scaled("end_time", secondsToNS)
	if err != nil {
		return err
	}
	if end < start {
		return errors.New("end_time lies before start_time")
	}
	r.End = new((end - start) / 1000)
	answer := row.Info.Response
	if answer.Output == nil {
		answer.Output = row.Info.inferencePerfAnswer.Output
	}
	if answer.TokenTimes == nil {
		answer.TokenTimes = row.Info.inferencePerfAnswer.TokenTimes
	}
	r.InputTokens, r.OutputTokens = row.Info.Input, answer.Output
	if r.InputTokens == nil {
		r.InputTokens = row.Info.RequestMetrics.Text.Input
	}
	if err := checkLengths("input_tokens", r.InputTokens, "output_tokens", r.OutputTokens); err != nil {
		return err
	}
	if row.Error != nil {
		fail(r, row.Error.Type, row.Error.Message)
	}
	r.Stream = len(answer.TokenTimes) > 0 || row.Error != nil
	for i, t := range answer.TokenTimes {
		at, _, err := t.scaled("output_token_times", secondsToNS)
		if err == nil && at < start {
			err = fmt.Errorf("output_token_times[%d] lies before start_time", i)
		}
		if err != nil {
			return err
		}
		r.ChunkTime = append(r.ChunkTime, (at-start)/1000)
	}
	setChunks(r)
	return p.body(r, row.Request)
}

// body keeps the request's body, and what it says.
func (p *inferencePerf) body(r *schema.Record, body string) error {
	var said struct {
		Model    string          `json:"model"`
		Prompt   json.RawMessage `json:"prompt"`
		Messages json.RawMessage `json:"messages"`
	}
	if body == "" || json.Unmarshal([]byte(body), &said) != nil {
		return nil
	}
	if said.Prompt != nil && said.Messages == nil {
		r.API, r.Path = schema.APICompletions, "/v1/completions"
	}
	r.RequestModel, r.RequestBody, r.RequestBytes, r.Recorded = said.Model, []byte(body), int64(len(body)), schema.RecordedContent
	return nil
}
