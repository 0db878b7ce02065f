package generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// Generator makes one trace. Fill the fields, then call Run once. Specs are what
// the flags of `metron generate` take.
type Generator struct {
	Arrival  string        // process of arrivals, of sessions where there are sessions
	Requests int64         // rows to make; 0: as many as Duration has, or the arrivals
	Duration time.Duration // rows begin before it; 0: no end
	Start    time.Time     // time zero; the zero value is DefaultStart
	Seed     uint64

	Lengths   // how long requests are
	Structure // what of them belongs together

	Models, Tenants string // names and weights, a=3,b=1; "" for none
	AbortShare      float64
	AbortAfter      string // when those clients leave, after the arrival: a distribution of times

	Out string // of the trace; replaced when it is there, since it can be made again

	live atomic.Int64 // rows made so far, for Progress
}

// DefaultStart is the time zero of traces that are nobody's: that of
// `metron trace anonymize`.
func DefaultStart() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// latestUS bounds times after time zero, so that no sum of them is more than a
// trace can hold.
const latestUS = 1e17

// clocked is what a footer says of times that nobody took.
const clocked = "none: the times were drawn"

// check finds the conflicts that the fields have among themselves.
func (g *Generator) check() error {
	switch {
	case g.Requests < 0 || g.Duration < 0:
		return term.Usagef("--requests and --duration are not below 0")
	case g.OverMax != "" && g.OverMax != OverClip && g.OverMax != OverRedraw:
		return term.Usagef("--over-max %q is neither clip nor redraw", g.OverMax)
	case g.MaxInput < 0 || g.MaxOutput < 0 || g.MaxTotal < 0 || g.MaxTotal == 1:
		return term.Usagef("--max-input, --max-output and --max-total are 1 or more, a total 2")
	case !isFactor(g.Ratio) || !isFactor(g.ScaleInput) || !isFactor(g.ScaleOutput):
		return term.Usagef("--pd-ratio, --scale-input and --scale-output are above 0, and 1e9 at most")
	case g.OverMax == OverRedraw && g.MaxInput == 0 && g.MaxOutput == 0 && g.MaxTotal == 0:
		return term.WithHint(term.Usagef("--over-max redraw: there is no maximum"), "--max-input, --max-output or --max-total")
	case !(g.AbortShare >= 0 && g.AbortShare <= 1):
		return term.Usagef("--abort-share %v is not a share from 0 to 1", g.AbortShare)
	case (g.AbortShare > 0) != (g.AbortAfter != ""):
		return term.WithHint(term.Usagef("--abort-share and --abort-after belong together"), "--abort-share 0.05 --abort-after exponential:mean=5s")
	}
	if err := g.Structure.check(); err != nil {
		return err
	}
	return term.Apart(g.Out, g.reads()...)
}

func isFactor(v float64) bool { return v >= 0 && v <= 1e9 }

// reads are the files that specs name.
func (g *Generator) reads() []string {
	var paths []string
	for _, text := range []string{g.Arrival, g.Pair, g.Input, g.Output} {
		family, rest, _ := strings.Cut(text, ":")
		path, _, _ := strings.Cut(rest, ",")
		if !slices.Contains(fileFamilies(), family) {
			continue
		}
		if found, err := schema.Paths(path); err == nil { // else opening it says what is wrong
			paths = append(paths, found...)
		}
	}
	return paths
}

// Run makes the trace. When it fails there is nothing new under the final name.
func (g *Generator) Run(ctx context.Context) (*Report, error) {
	m, arrivals, err := g.open()
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(g.config())
	if err != nil {
		return nil, err
	}
	privacy := schema.RecordedLengths
	if m.prefixes != nil {
		privacy = schema.RecordedHash
	}
	// No host: the file is the same on every one.
	b, err := schema.NewBuilder(g.Out, schema.Meta{Vantage: schema.VantageGenerate, TimeZero: m.startUS, Clock: clocked, Host: "any",
		Config: config, Privacy: privacy})
	if err != nil {
		return nil, err
	}
	if err := g.fill(ctx, m, arrivals, b.Put); err != nil {
		return nil, errors.Join(err, b.Abandon())
	}
	b.SetMeta(func(meta *schema.Meta) { meta.Counters = m.counters() })
	if err := b.Close(); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return g.report(ctx, m, arrivals)
}

// Each makes the rows and hands each on instead of writing a file; a row is valid until the
// next.
func (g *Generator) Each(ctx context.Context, put func(*schema.Record) error) error {
	m, arrivals, err := g.open()
	if err != nil {
		return err
	}
	return g.fill(ctx, m, arrivals, put)
}

// open reads all specs, so that what is wrong with one is told before anything is
// made.
func (g *Generator) open() (*maker, process, error) {
	if err := g.check(); err != nil {
		return nil, process{}, err
	}
	limitUS := int64(math.MaxInt64)
	if g.Duration > 0 {
		limitUS = g.Duration.Microseconds()
	}
	each := g.Input != "" || g.Output != ""
	e := env{streams: streams(g.Seed), limitUS: limitUS, lengths: !each && (g.Pair == "" || g.Pair == g.Arrival)}
	arrivals, err := openProcess(g.Arrival, e)
	if err != nil {
		return nil, process{}, err
	}
	switch {
	case arrivals.endless && g.Requests == 0 && g.Duration == 0:
		return nil, process{}, term.WithHint(term.Usagef("these arrivals never end: --requests or --duration is missing"), "--requests 10000, or --duration 1h")
	case g.Arrival == "static" && g.Requests == 0:
		return nil, process{}, term.Usagef("--arrival static has no duration: --requests says how many")
	case arrivals.unordered && g.Requests > 0:
		return nil, process{}, term.WithHint(term.Usagef("--requests: ServeGen's clients are gone through one after the other, and have no first so many"),
			"--duration, and scale= for fewer of them")
	case arrivals.paired && e.lengths && g.Turns != "":
		return nil, process{}, term.WithHint(term.Usagef("--turns: the turns after the first need lengths of their own"), "give --lengths, or --input-lengths and --output-lengths")
	}
	m, err := g.maker(e, arrivals.paired)
	return m, arrivals, err
}

// fill makes the rows and hands each on, which is valid until the next.
func (g *Generator) fill(ctx context.Context, m *maker, arrivals process, put func(*schema.Record) error) error {
	for n := int64(0); g.Requests == 0 || m.rows < g.Requests; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return errors.New("generate interrupted; nothing was written")
		}
		a, ok := arrivals.next()
		switch {
		case a.err != nil:
			return fmt.Errorf("generate: %w", a.err)
		case !ok || a.us >= m.limitUS && !arrivals.unordered:
			if m.rows == 0 {
				return errors.New("generate: no request arrives within the duration")
			}
			return nil
		}
		if a.us < 0 || a.us > latestUS {
			return term.WithHint(errors.New("generate: arrivals go on for thousands of years"), "a --duration, or a higher rate")
		}
		if err := m.session(n, a, put); err != nil {
			return fmt.Errorf("generate %q: %w", g.Out, err)
		}
		g.live.Store(m.rows)
	}
	return nil
}

// Progress is the live line.
func (g *Generator) Progress() string { return "made " + term.Count(g.live.Load()) + " rows" }

// config is what the footer keeps of the fields: those that were set.
func (g *Generator) config() map[string]any {
	all := map[string]any{"arrival": g.Arrival, "requests": g.Requests, "duration_s": g.Duration.Seconds(), "seed": g.Seed,
		"lengths": g.Pair, "input_lengths": g.Input, "output_lengths": g.Output, "pd_ratio": g.Ratio,
		"scale_input": g.ScaleInput, "scale_output": g.ScaleOutput, "max_input": g.MaxInput, "max_output": g.MaxOutput,
		"max_total": g.MaxTotal, "over_max": g.OverMax, "system_prompt": g.SystemPrompt, "turns": g.Turns, "think": g.Think,
		"token_time_s": g.TokenTime.Seconds(), "max_context": g.MaxContext, "hit_share": g.HitShare, "block": g.Block,
		"models": g.Models, "tenants": g.Tenants, "abort_share": g.AbortShare, "abort_after": g.AbortAfter}
	for key, value := range all {
		switch value {
		case "", int64(0), 0.0, uint64(0):
			delete(all, key)
		}
	}
	all["seed"] = g.Seed
	return all
}
