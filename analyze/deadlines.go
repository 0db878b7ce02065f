package analyze

import (
	"time"

	"metron/internal/term"
)

// FirstDeadline is when the first token is due: Time after the send or, with
// Prefill, Time more than the prefill model's time of the prompt.
type FirstDeadline struct {
	Time    time.Duration
	Prefill bool
}

func (d FirstDeadline) String() string {
	switch {
	case !d.Prefill:
		return d.Time.String()
	case d.Time == 0:
		return "prefill"
	}
	return "prefill+" + d.Time.String()
}

// firstDeadline is that of the analysis.
func (c *Config) firstDeadline() FirstDeadline {
	if c.Prefill != nil {
		return FirstDeadline{Time: c.PrefillSlack, Prefill: true}
	}
	return FirstDeadline{Time: c.TTFTDeadline}
}

// fixedTTFTDeadline is in seconds, nil where it depends on the prompt.
func (c *Config) fixedTTFTDeadline() *float64 {
	if c.Prefill != nil {
		return nil
	}
	return new(c.TTFTDeadline.Seconds())
}

// firstDeadline says to a reader when the first token was due.
func (s *SettingsOfJSON) firstDeadline() string {
	if s.TTFTDeadlineS == nil {
		return "prefill + " + term.Seconds(*s.PrefillSlackS)
	}
	return term.Seconds(*s.TTFTDeadlineS)
}

// setDeadlines asks the prefill model, if there is one, and sets what the analysis
// holds the request to.
func (r *request) setDeadlines(c *Config) {
	r.prefill, r.extrapolated = maybe[int64]{}, false
	if c.Prefill != nil && r.inputTokens.ok {
		us, extrapolated := c.Prefill.US(r.newTokens())
		r.prefill, r.extrapolated = just(us), extrapolated
	}
	r.deadlines = r.deadlinesFor(c.firstDeadline(), c.TBTDeadline)
}

// deadlinesFor are the request's own deadlines; nobody knows them where they depend
// on a prompt of unknown length.
func (r *request) deadlinesFor(first FirstDeadline, tbt time.Duration) maybe[Deadlines] {
	d := Deadlines{TTFT: first.Time.Microseconds(), TBT: tbt.Microseconds()}
	if first.Prefill {
		if !r.prefill.ok {
			return maybe[Deadlines]{}
		}
		d.TTFT += r.prefill.value
	}
	return just(d)
}

// newTokens are those of the prompt that the server had to read: p - u.
func (r *request) newTokens() int64 {
	return max(0, r.inputTokens.value-r.cachedTokens.value)
}
