package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// dryRun prints what a run would be.
func dryRun(c *cli.Context, r *Runner) error {
	progress := term.StartProgress(c.App.ErrWriter, term.Elapsed("reading the trace"))
	defer progress.Stop()
	if err := r.Plan.Measure(c.Context); err != nil {
		return err
	}
	f, err := r.Plan.Forecast(c.Context, min(max(term.Width(c.App.Writer)-20, 20), 120))
	progress.Stop()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(f)
	}
	return f.WriteText(c.App.Writer)
}

// WriteText prints the forecast as a person reads it.
func (f *Forecast) WriteText(w io.Writer) error {
	var l term.Fields
	l.Line("requests", "%s", term.Count(f.Requests))
	if f.Sessions > 0 {
		alone := ""
		if f.Alone > 0 {
			alone = fmt.Sprintf(", and %s of none", term.Plural(f.Alone, "request", "requests"))
		}
		l.Line("sessions", "%s%s", term.Count(f.Sessions), alone)
	}
	if f.Skipped > 0 {
		l.Line("skipped", "%s", term.Plural(f.Skipped, "row that no request can be made of", "rows that no request can be made of"))
	}
	if f.Passes > 1 {
		l.Line("passes", "%s", term.Count(f.Passes))
	}
	if n := f.Phases[schema.PhaseMeasure]; n < f.Requests {
		l.Line("measured", "%s, after %s of warm-up and before %s of cool-down", term.Count(n),
			term.Count(f.Phases[schema.PhaseWarmup]), term.Count(f.Phases[schema.PhaseCooldown]))
	}
	l.Line("prompt tokens", "%s%s", term.Count(f.PromptTokens), unknown(f.PromptTokensUnknown))
	l.Line("output tokens", "%s%s", term.Count(f.OutputTokens), unknown(f.OutputTokensUnknown))
	if f.Mode.scheduled() {
		l.Line("speed", "%s", term.Number(f.Speed))
		l.Line("last send", "after %s", term.Seconds(f.ScheduleS))
		l.Line("rate", "mean %s/s, %s in the busiest second", term.Number(f.MeanRate), term.Count(f.PeakRate))
	}
	l.Line("in flight", "about %s at most", term.Count(f.PeakInFlight))
	l.Line("takes", "about %s", term.Seconds(f.TakesS))
	l.Line("", "%s", f.basis())
	if _, err := l.WriteTo(w); err != nil || !f.Mode.scheduled() {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s", f.chart())
	return err
}

func unknown(rows int64) string {
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf(", and those of %s that the trace does not tell", term.Plural(rows, "request", "requests"))
}

// basis says what the durations of answers were taken from.
func (f *Forecast) basis() string {
	var parts []string
	if f.DurationsRecorded > 0 {
		parts = append(parts, fmt.Sprintf("%s as long as recorded", term.Plural(f.DurationsRecorded, "answer takes", "answers take")))
	}
	if f.DurationsGuessed > 0 {
		parts = append(parts, fmt.Sprintf("%s guessed at %s prompt tokens/s and %d output tokens/s", term.Plural(f.DurationsGuessed, "is", "are"), term.Count(guessedPrefill), guessedDecode))
	}
	if f.DurationsUnknown > 0 {
		parts = append(parts, fmt.Sprintf("%s as none", term.Plural(f.DurationsUnknown, "of unknown length counts", "of unknown length count")))
	}
	return "if " + strings.Join(parts, ", ")
}

func (f *Forecast) chart() string {
	c := term.Chart{Height: 6, From: "0", To: term.Seconds(f.BucketS * float64(len(f.PerBucket)))}
	most := 0.0
	for _, n := range f.PerBucket {
		c.Values = append(c.Values, float64(n)/f.BucketS)
		most = max(most, float64(n)/f.BucketS)
	}
	c.Top = term.Number(most) + "/s"
	return c.String()
}
