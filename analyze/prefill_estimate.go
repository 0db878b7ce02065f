package analyze

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"metron/analyze/prefill"
	"metron/internal/term"
	"metron/schema"
)

// minIdle is how many requests must have had an idle server for a fit to be more
// than a guess.
const minIdle = 10

// presence is when one request was with the server, in microseconds of the wall
// clock, and what its first token tells about a prefill.
type presence struct {
	from, to int64
	point    prefill.Point // US 0: tells nothing
}

// Prefill fits a prefill model to files: the one that EstimatePrefill asks for.
func Prefill(ctx context.Context, paths []string, c Config) (*prefill.Model, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("analyze: %w", err)
	}
	c = c.fill()
	a, err := schema.OpenArchive(paths...)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return estimatePrefill(ctx, a, &c)
}

// estimatePrefill fits the prefill model to the trace itself: to the lower edge of the
// times to first token of the requests that had an idle server to themselves; or, where all
// had, to the medians of lengths that were sent several times. It reads the files
// once more, because the deadlines must be known before anything is counted.
func estimatePrefill(ctx context.Context, a *schema.Archive, c *Config) (*prefill.Model, error) {
	var all []presence
	for b, err := range c.batches(ctx, a, columnNames()) {
		if err != nil {
			return nil, err
		}
		v, err := newView(b)
		if err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		if all, err = appendPresences(all, &v, c); err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
	}
	points := alone(all)
	repeated := int64(len(points)) == telling(all) && prefill.AreRepeated(points)
	if len(points) < minIdle && !repeated {
		return nil, term.WithHint(fmt.Errorf("estimate prefill: of %s with a prompt length and token times in %s, %d met an idle server and had it to themselves: want at least %d",
			requestsOf(telling(all)), a.Name(), len(points), minIdle), "`metron prefill --target URL` measures a server, and --prefill-model FILE takes what it found")
	}
	fit := prefill.Envelope
	if repeated {
		fit = prefill.Repeated
	}
	m, err := fit(points)
	if err != nil {
		return nil, fmt.Errorf("estimate prefill from %s: %w", a.Name(), err)
	}
	m.Source = fmt.Sprintf("time to first token of %d of %s in %s, which had an idle server to themselves", len(points), requestsOf(telling(all)), a.Name())
	return m, nil
}

func appendPresences(all []presence, v *view, c *Config) ([]presence, error) {
	var tokens tokenTimes
	for i := range v.rows {
		r := request{tokens: &tokens}
		if err := v.row(i, &r.row); err != nil {
			return nil, fmt.Errorf("row %d: %w", v.batch.Row(i)+1, err)
		}
		r.sent, r.streamed = r.dispatched.value, r.stream && len(r.chunkTime) > 0
		if r.outcome == schema.OutcomeNotSent || !r.isLLM() {
			continue
		}
		p := presence{from: r.startTime + r.sent, to: r.startTime + max(r.sent, r.lastSeen().value)}
		if r.outcome == schema.OutcomeOK && r.isMeasured() && r.streamed && r.inputTokens.ok {
			if tokens.reset(&r.row, r.sent, c.MultiToken); tokens.chunks > 0 {
				p.point = prefill.Point{Tokens: r.newTokens(), US: max(0, tokens.first-r.sent)}
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// alone returns the points of the requests that met an idle server, and had it to
// themselves until their first token.
func alone(all []presence) []prefill.Point {
	slices.SortFunc(all, func(a, b presence) int { return cmp.Compare(a.from, b.from) })
	var points []prefill.Point
	busyTo := int64(0)
	for i, p := range all {
		joined := i+1 < len(all) && all[i+1].from < p.from+p.point.US
		if (i == 0 || p.from >= busyTo) && !joined && p.point.US > 0 {
			points = append(points, p.point)
		}
		if i == 0 || p.to > busyTo {
			busyTo = p.to
		}
	}
	return points
}

// telling counts the requests that could tell about a prefill.
func telling(all []presence) int64 {
	n := int64(0)
	for _, p := range all {
		if p.point.US > 0 {
			n++
		}
	}
	return n
}
