package replay

import (
	"fmt"
	"strconv"
	"time"

	"metron/schema"
)

// Extent is how much of a run's beginning or end is not measured: a number of
// requests, or a time of the schedule. The zero value is nothing.
type Extent struct {
	Requests int64
	Time     time.Duration
}

// ParseExtent reads 100 or 30s.
func ParseExtent(text string) (Extent, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return Extent{Requests: n}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return Extent{Time: d}, nil
	}
	return Extent{}, fmt.Errorf("%q is neither a number of requests such as 100 nor a duration such as 30s", text)
}

func (e Extent) String() string {
	if e.Time > 0 {
		return e.Time.String()
	}
	return strconv.FormatInt(e.Requests, 10)
}

// phaseOf is the phase of request index, from 0, of total, due at dueUS of a
// schedule whose last request is due at lastUS.
func (p *Plan) phaseOf(index, total, dueUS, lastUS int64) string {
	switch {
	case index < p.Warmup.Requests || dueUS < p.Warmup.Time.Microseconds():
		return schema.PhaseWarmup
	case index >= total-p.Cooldown.Requests || dueUS > lastUS-p.Cooldown.Time.Microseconds():
		return schema.PhaseCooldown
	}
	return schema.PhaseMeasure
}

// checkPhases refuses a run of which nothing is measured. Without a schedule nobody knows
// where a request of this shard stands among those of all: each counts its own.
func (p *Plan) checkPhases() error {
	w, c, total := p.Warmup, p.Cooldown, p.whole
	if !p.Mode.scheduled() {
		total = p.rows
	}
	if w.Requests+c.Requests >= total || (w.Time > 0 || c.Time > 0) && (w.Time+c.Time).Microseconds() > p.endUS {
		return fmt.Errorf("--warmup %s and --cooldown %s leave nothing to measure of %d requests over %v",
			w, c, total, time.Duration(p.endUS)*time.Microsecond)
	}
	return nil
}
