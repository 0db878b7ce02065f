package importer

import (
	"errors"
	"fmt"
	"io"

	"metron/schema"
)

func etalonFormat() Format {
	return Format{
		Name:  "etalon",
		Usage: "Etalon's request_level_metrics.json",
		Details: "One JSON object of lists with an entry a request: num_prompt_tokens, num_output_tokens, ttft and tbt (seconds).\n" +
			"There are no start times: all requests begin at the same moment, and rates, concurrency and timelines mean\n" +
			"nothing. Latencies, deadlines and the fluidity-index do not need them. Requests without output have no times.",
		Example: "metron import etalon request_level_metrics.json --out etalon.parquet",
		Takes:   []string{"epoch"},
		sniff: func(h *head) string {
			return h.because(h.hasAny("num_prompt_tokens") && h.only(etalonKeys()), "it is an object that begins with num_prompt_tokens")
		},
		open: openEtalon,
	}
}

func etalonKeys() []string {
	return []string{"num_prompt_tokens", "num_output_tokens", "num_total_tokens", "tpot", "ttft", "tbt", "end_to_end_latency",
		"normalized_end_to_end_latency", "output_throughput", "deadline_miss_rate", "min_tbt_deadline_to_meet"}
}

// etalonRun is the object as it stands.
type etalonRun struct {
	Prompt []int64    `json:"num_prompt_tokens"`
	Output []int64    `json:"num_output_tokens"`
	TTFT   []number   `json:"ttft"`
	TBT    [][]number `json:"tbt"`
}

type etalon struct {
	in  *input
	ids *rowIDs
	run etalonRun
	i   int
}

func openEtalon(in *input) (source, error) {
	elements, err := openElements(in)
	if err != nil {
		return nil, err
	}
	e := &etalon{in: in, ids: newRowIDs("etalon", in)}
	if err := elements.next(&e.run); err == io.EOF {
		return nil, in.errorf("there is no JSON in it")
	} else if err != nil {
		return nil, in.errorf("%w", err)
	}
	if err := elements.next(&etalonRun{}); err == nil {
		return nil, in.errorf("there is more than one run in it; import each by itself")
	} else if err != io.EOF {
		return nil, in.errorf("%w", err)
	}
	n := len(e.run.Prompt)
	switch {
	case n == 0:
		return nil, in.errorf("it has no num_prompt_tokens")
	case len(e.run.Output) != n || len(e.run.TTFT) != n || len(e.run.TBT) != n:
		return nil, in.errorf("num_prompt_tokens has %d entries, num_output_tokens %d, ttft %d, tbt %d", n, len(e.run.Output), len(e.run.TTFT), len(e.run.TBT))
	}
	return e, nil
}

func (e *etalon) next(r *schema.Record) error {
	if e.i == len(e.run.Prompt) {
		return io.EOF
	}
	i := e.i
	e.i++
	e.in.rows++
	fillChat(r)
	r.RecordID, r.StartTime = e.ids.id(e.in.rows, fmt.Append(nil, e.run.Prompt[i], e.run.Output[i], e.run.TTFT[i], e.run.TBT[i])), e.in.options.EpochUS
	r.InputTokens, r.OutputTokens = &e.run.Prompt[i], &e.run.Output[i]
	err := checkLengths("num_prompt_tokens", r.InputTokens, "num_output_tokens", r.OutputTokens)
	if err == nil && *r.OutputTokens > 0 {
		err = setStream(r, "ttft", e.run.TTFT[i], "tbt", e.run.TBT[i], secondsToNS)
	} else if err == nil && len(e.run.TBT[i]) > 0 {
		err = errors.New("it has gaps between tokens, and no tokens")
	}
	if err != nil {
		return e.bad(err)
	}
	return nil
}

// bad is the error of the request last read.
func (e *etalon) bad(err error) error { return &badRow{fmt.Sprintf("request %d", e.i), err} }

func (e *etalon) remarks() []string {
	return []string{"there are no start times, all requests begin at one moment: rates, concurrency and timelines mean nothing"}
}
