package importer

import (
	"errors"
	"fmt"
	"math"

	"metron/internal/term"
	"metron/schema"
)

func vllmFormat() Format {
	return Format{
		Name:  "vllm",
		Usage: "results of `vllm bench serve --save-detailed`, and of SGLang's bench_serving",
		Details: "One JSON object a run, alone or a line each: input_lens, output_lens, ttfts, itls (seconds) and, from newer\n" +
			"versions, start_times. Without start_times all requests begin at the same moment, and rates, concurrency and\n" +
			"timelines mean nothing; latencies do not need them. TTFT is theirs: it ends at the first message with a choice,\n" +
			"which in a chat has no text yet. A message with several tokens counts as one chunk. Runs of one file\n" +
			"have one clock: what lies between them stays.",
		Example: "metron import vllm vllm-result.json --out vllm.parquet",
		Takes:   []string{"epoch"},
		sniff: func(h *head) string {
			return h.because(h.has("input_lens") || h.has("ttfts", "itls"), "it is an object with input_lens, of a benchmark's run")
		},
		open: openVLLM,
	}
}

// vllmRun is an object as it stands: lists with an entry a request.
type vllmRun struct {
	Model      string     `json:"model_id"`
	InputLens  []int64    `json:"input_lens"`
	OutputLens []int64    `json:"output_lens"`
	TTFTs      []number   `json:"ttfts"`
	ITLs       [][]number `json:"itls"`
	StartTimes []number   `json:"start_times"`
	Errors     []string   `json:"errors"`
}

type vllm struct {
	*elements
	ids     *rowIDs
	run     *vllmRun
	i       int    // of the next request
	zeroUS  *int64 // the earliest start_time of the first run that has them, which is the epoch
	untimed int64  // requests without a start_time
	all     int64
}

func openVLLM(in *input) (source, error) {
	e, err := openElements(in)
	if err != nil {
		return nil, err
	}
	return &vllm{elements: e, ids: newRowIDs("vllm", in)}, nil
}

func (v *vllm) next(r *schema.Record) error {
	for v.run == nil || v.i == len(v.run.InputLens) {
		run := &vllmRun{}
		if err := v.elements.next(run); err != nil {
			return err
		}
		if err := v.begin(run); err != nil {
			v.in.rows++
			return v.bad(err)
		}
	}
	i := v.i
	v.i++
	v.in.rows++
	if err := v.fill(r, i); err != nil {
		return v.bad(fmt.Errorf("request %d: %w", i+1, err))
	}
	return nil
}

// begin checks that the lists have an entry for each request. Runs of one file are
// of one clock, so what lies between them stays.
func (v *vllm) begin(run *vllmRun) error {
	n := len(run.InputLens)
	if n == 0 {
		return errors.New(`it has no "input_lens": was it saved with --save-detailed?`)
	}
	for _, l := range []struct {
		name string
		len  int
		must bool
	}{{"output_lens", len(run.OutputLens), true}, {"ttfts", len(run.TTFTs), true}, {"itls", len(run.ITLs), true},
		{"start_times", len(run.StartTimes), false}, {"errors", len(run.Errors), false}} {
		if l.len != n && (l.must || l.len > 0) {
			return fmt.Errorf("%q has %d entries, input_lens %d", l.name, l.len, n)
		}
	}
	firstUS := int64(math.MaxInt64)
	for _, start := range run.StartTimes {
		at, _, err := start.scaled("start_times", secondsToUS)
		if err != nil {
			return err
		}
		firstUS = min(firstUS, at)
	}
	switch {
	case len(run.StartTimes) == 0:
	case v.zeroUS == nil:
		v.zeroUS = &firstUS
	case firstUS < *v.zeroUS:
		return term.WithHint(errors.New("it starts before the first run: their clocks are not the same one"), "import such runs each by itself")
	}
	v.run, v.i = run, 0
	return nil
}

func (v *vllm) fill(r *schema.Record, i int) error {
	fillChat(r)
	r.RecordID = v.ids.id(v.in.rows, fmt.Append(nil, v.run.InputLens[i], v.run.OutputLens[i], v.run.TTFTs[i], v.run.ITLs[i]))
	r.StartTime, r.RequestModel = v.in.options.EpochUS, v.run.Model
	input, output := v.run.InputLens[i], v.run.OutputLens[i]
	if err := checkLengths("input_lens", &input, "output_lens", &output); err != nil {
		return err
	}
	r.InputTokens, r.OutputTokens = &input, &output
	v.all++
	if len(v.run.StartTimes) == 0 {
		v.untimed++
	} else {
		at, cut, err := v.run.StartTimes[i].scaled("start_times", secondsToUS)
		if err != nil {
			return err
		}
		r.StartTime += at - *v.zeroUS
		v.in.countCut(cut)
	}
	ttft, _, err := v.run.TTFTs[i].scaled("ttfts", secondsToUS)
	if err != nil {
		return err
	}
	failed := len(v.run.Errors) > 0 && v.run.Errors[i] != ""
	switch {
	case failed:
		fail(r, "", v.run.Errors[i])
		r.ErrorType = "error"
	case ttft == 0 && output == 0:
		fail(r, "no_output", "")
	}
	if ttft == 0 && len(v.run.ITLs[i]) == 0 {
		return nil // nothing was streamed
	}
	return setStream(r, "ttfts", v.run.TTFTs[i], "itls", v.run.ITLs[i], secondsToNS)
}

func (v *vllm) remarks() []string {
	if v.untimed == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d requests have no start times and begin at one moment: rates, concurrency and timelines mean nothing", v.untimed, v.all)}
}
