package analyze

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"metron/analyze/publish"
)

// Published is what trackers of experiments are told of a result: the whole population,
// not its groups, which the JSON has.
func (r *Result) Published() (*publish.Report, error) {
	if !r.firstSend.ok { // a tracker wants to know when
		return nil, fmt.Errorf("publish %s: no measured request was sent, so there is no run to tell of", r.name())
	}
	var result bytes.Buffer
	if err := r.WriteJSON(&result); err != nil {
		return nil, err
	}
	out := &publish.Report{Name: r.name(), JSON: result.Bytes(), Settings: r.settings(),
		Start: time.UnixMicro(r.firstSend.value), End: time.UnixMicro(r.firstSend.value)}
	if r.DurationS != nil {
		out.End = out.Start.Add(time.Duration(*r.DurationS * float64(time.Second)))
	}
	lines := []string{r.headline(false)}
	for _, w := range r.Warnings {
		lines = append(lines, "", "- "+w.Message)
	}
	out.Summary = strings.Join(lines, "\n")
	for _, n := range r.numbers() {
		if n.value != nil {
			out.Numbers = append(out.Numbers, publish.Number{Metric: n.metric, Stat: n.stat, Unit: n.unit, Label: n.label, Value: *n.value})
		}
	}
	for _, key := range publish.Measured() {
		out.Distributions = append(out.Distributions, publish.Distribution{Metric: key, Values: r.values(key)})
	}
	return out, nil
}

// settings are what the numbers depend on, those that were not set left out.
func (r *Result) settings() []publish.Pair {
	s := &r.Settings
	seconds := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	var files, verdicts []string
	for _, f := range r.Files {
		files = append(files, f.Path)
		if f.Verdict != nil {
			verdicts = append(verdicts, f.Verdict.Status)
		}
	}
	var slos []string
	for _, slo := range r.SLOs() {
		verdict := "nothing to judge"
		if slo.Pass != nil {
			verdict = map[bool]string{true: "holds", false: "fails"}[*slo.Pass]
		}
		slos = append(slos, slo.SLO+": "+verdict)
	}
	var out []publish.Pair
	for _, p := range []publish.Pair{
		{Name: "files", Value: strings.Join(files, ", ")},
		{Name: "vantage", Value: r.Files[0].Vantage},
		{Name: "verdict", Value: strings.Join(verdicts, ", ")},
		{Name: "slo", Value: strings.Join(slos, "; ")},
		{Name: "ttft_deadline_s", Value: seconds(s.TTFTDeadlineS)},
		{Name: "prefill_slack_s", Value: seconds(s.PrefillSlackS)},
		{Name: "tbt_deadline_s", Value: seconds(&s.TBTDeadlineS)},
		{Name: "target_miss_rate", Value: seconds(&s.TargetMissRate)},
		{Name: "fluidity", Value: string(s.Fluidity)},
		{Name: "multi_token", Value: string(s.MultiToken)},
		{Name: "percentile", Value: string(s.Percentile)},
		{Name: "selection", Value: cmp.Or(s.Selection, "every row")},
		{Name: "trim", Value: s.Trim},
	} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out
}
