package replay

import (
	"context"
	"net/url"
	"time"

	"metron/internal/descriptors"
	"metron/internal/forms"
	"metron/schema"
)

// roomFor gives how many requests may be in flight at once, if the target is as
// fast as the plan's estimate, and sees to it that the system has room for them.
func (r *Runner) roomFor(ctx context.Context) (peak int, err error) {
	if peak, err = r.Plan.peakInFlight(ctx); err != nil {
		return 0, err
	}
	if r.MaxInFlight > 0 {
		peak = min(peak, r.MaxInFlight)
	}
	if r.HTTP2 {
		return peak, nil
	}
	return peak, descriptors.Check(max(peak, r.Warm), 1, "requests in flight", "bound them with --max-in-flight")
}

// prepareTargets finds the model, tries one request at each target, and fits prompts to
// them.
func (r *Runner) prepareTargets(ctx context.Context) error {
	for s, err := range r.Plan.Sends() {
		if err != nil {
			return err
		}
		if r.Model == "" && r.Plan.nameless != namelessNone {
			// Recorded bodies may do without one, as where a path names a deployment.
			if r.served, err = r.client.model(ctx, r.plain(r.Targets[0])); err != nil && r.Plan.nameless == namelessMade {
				return err
			}
		}
		if r.NoProbe {
			return nil
		}
		for _, target := range r.Targets {
			if err := r.probe(ctx, target, s.Row); err != nil {
				return err
			}
		}
		return r.learn(ctx, s.Row)
	}
	return nil
}

// prompted reports whether a row's body is to be made up.
func prompted(row *schema.Record) bool {
	return row.RequestBody == nil && forms.Known(row.API)
}

// needsModel reports whether the request for a row of an API is to name a model that no
// recorded path tells.
func (p *Plan) needsModel(api string) bool {
	if p.Form != "" && p.Form.API() != api {
		return p.Form.NeedsModel()
	}
	return forms.Known(api) && forms.Form(api).ModelInBody()
}

// closing is how long a server that closes after its answer may take over it.
const closing = 50 * time.Millisecond

// sawKept finds out whether the connection of a trial request stays open.
func (r *Runner) sawKept() bool {
	newest := r.client.newest.Load()
	for until := time.Now().Add(closing); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if newest == nil || newest.Closed() {
			return false
		}
	}
	return true
}

// warmUp opens connections ahead.
func (r *Runner) warmUp(ctx context.Context, peak int) error {
	n := r.Warm
	if n == WarmAuto {
		if n = min(peak, maxWarm); !r.kept {
			n = 0 // idle connections may keep others waiting where each has a thread
		}
	}
	each := (n + len(r.Targets) - 1) / len(r.Targets)
	if r.HTTP2 {
		each = min(each, 1) // requests share it
	}
	for _, target := range r.Targets {
		if err := r.open(ctx, target, each); err != nil {
			return err
		}
	}
	return nil
}

// open opens connections to a target ahead.
func (r *Runner) open(ctx context.Context, target *url.URL, n int) error {
	if err := r.client.warm.open(ctx, r.client.dials[target.Scheme], addressOf(target), n); err != nil {
		return unreachable(target, err)
	}
	return nil
}
