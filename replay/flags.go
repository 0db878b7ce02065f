package replay

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/forms"
	"metron/internal/term"
	"metron/schema"
)

// PlanFlags are those of the plan beside term.SelectionFlags.
func PlanFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "sample", Usage: "only this `SHARE` of the sessions, whole, and of the requests without one: 10% or 0.1"},
		&cli.Uint64Flag{Name: "sample-seed", Usage: "another `SEED`, another sample"},
		&cli.Int64Flag{Name: "limit", Usage: "only the first `N` requests of the selection", DefaultText: "all"},
		&cli.DurationFlag{Name: "max-idle-gap", Usage: "cut times of the trace in which nothing arrives to this `DURATION`", DefaultText: "kept"},
		&cli.StringFlag{Name: "speed", Value: "1", Usage: "times the recorded speed"},
		&cli.StringFlag{Name: "rate", Usage: "instead of --speed: `N` requests a second on average, of all shards; the shape stays"},
		&cli.StringFlag{Name: "peak-rate", Usage: "instead of --speed: `N` requests in the busiest second, of all shards"},
		&cli.StringFlag{Name: "loop", Usage: "send the selection again: `N|DURATION` is how often, or for how long, such as 3 or 10m"},
		&cli.StringFlag{Name: "loop-prompts", Value: "own", Usage: "prompts of each pass: `own|shared`; a server finds shared ones in its prefix cache"},
		&cli.StringFlag{Name: "shard", Usage: "send the `I/N`-th part, in whole sessions: N machines with the same other flags are one replay"},
		&cli.StringFlag{Name: "mode", Value: string(Open), Usage: "what a request waits for, `MODE`: open, its time alone; session, also the turn before it and the time to think; closed, a free one of --users; asap, room under --max-in-flight"},
		&cli.IntFlag{Name: "users", DefaultText: "none", Usage: "`N` send at once in --mode closed, each session after session"},
		&cli.StringFlag{Name: "warmup", Usage: "leave the first `N|DURATION`, requests or time of the schedule, out of the numbers"},
		&cli.StringFlag{Name: "cooldown", Usage: "and the last `N|DURATION`"},
	}
}

// readFlags reads those that need no target.
func (r *Runner) readFlags(c *cli.Context) error {
	p := r.Plan
	var err error
	if p.Selection, err = schema.ParseSelection(term.Selection(c)); err != nil {
		return term.Usagef("%w", err)
	}
	p.SampleSeed, p.Limit, p.MaxIdleGap, p.Users = c.Uint64("sample-seed"), c.Int64("limit"), c.Duration("max-idle-gap"), c.Int("users")
	err = errors.Join(
		read(c, "sample", ParseShare, &p.Sample),
		read(c, "speed", ParseSpeed, &p.Speed),
		read(c, "rate", ParseMeanRate, &p.Rate),
		read(c, "peak-rate", ParsePeakRate, &p.Rate),
		read(c, "loop", ParseLoop, &p.Loop),
		read(c, "loop-prompts", parseLoopPrompts, &p.SamePrompts),
		read(c, "shard", ParseShard, &p.Shard),
		read(c, "mode", ParseMode, &p.Mode),
		read(c, "warmup", ParseExtent, &p.Warmup),
		read(c, "cooldown", ParseExtent, &p.Cooldown),
		read(c, "start-at", parseStart, &r.StartAt),
		read(c, "timer", ParseTimer, &r.Timer),
		read(c, "overload", ParseOverload, &r.Overload),
		read(c, "aborts", ParseAborts, &r.Aborts),
		read(c, "spread", ParseSpread, &r.Spread),
		read(c, "warm", parseWarm, &r.Warm),
		read(c, "stream", parseStream, &r.Stream),
		read(c, "api", forms.ParseForm, &p.Form),
		r.readChanges(c),
	)
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0] // one at a time
	}
	if err := r.checkFlags(c); err != nil {
		return err
	}
	return r.readPrompts(c)
}

// read parses a flag that was given or has a default.
func read[T any](c *cli.Context, flag string, parse func(string) (T, error), into *T) error {
	text := c.String(flag)
	if text == "" && !c.IsSet(flag) || flag == "speed" && !c.IsSet(flag) {
		return nil
	}
	v, err := parse(text)
	if err != nil {
		return term.Usagef("--%s: %w", flag, err)
	}
	*into = v
	return nil
}

func parseLoopPrompts(text string) (same bool, err error) {
	if text != "own" && text != "shared" {
		return false, fmt.Errorf("%q is neither own nor shared", text)
	}
	return text == "shared", nil
}

func parseStart(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil:
		return at, fmt.Errorf("%q is no time such as 2026-11-24T10:00:00Z", text)
	case time.Until(at) <= 0:
		return at, fmt.Errorf("%s is past", text)
	}
	return at, nil
}

// checkFlags refuses what cannot be meant together.
func (r *Runner) checkFlags(c *cli.Context) error {
	p := r.Plan
	switch {
	case p.Limit < 0 || p.MaxIdleGap < 0 || r.MaxInFlight < 0 || p.Users < 0:
		return term.Usagef("--limit, --max-idle-gap, --max-in-flight and --users must not be negative")
	case c.IsSet("rate") && c.IsSet("peak-rate"), c.IsSet("speed") && !p.Rate.IsZero():
		return term.Usagef("--speed, --rate and --peak-rate exclude each other")
	case c.IsSet("overload") && r.MaxInFlight == 0:
		return term.WithHint(term.Usagef("--overload says what happens at a cap, and there is none"), "--max-in-flight N sets one")
	case c.IsSet("timer") && p.Mode == ASAP:
		return term.Usagef("--mode asap waits for no moment: --timer has no meaning")
	case p.Users > 0 && p.Mode != Closed:
		return term.Usagef("--users are those of --mode closed")
	case p.Mode == Closed && r.MaxInFlight > 0:
		return term.WithHint(term.Usagef("in --mode closed no more are in flight than there are users"), "--users N alone says how many")
	case p.Mode == Closed && p.Users == 0:
		return term.WithHint(term.Usagef("--mode closed needs users"), "--users 8")
	case p.Mode == ASAP && r.MaxInFlight == 0:
		return term.WithHint(term.Usagef("--mode asap needs a cap, or all would leave at once"), "--max-in-flight 64")
	case p.Mode == ASAP && cmp.Or(r.Overload, Queue) != Queue:
		return term.Usagef("--mode asap waits for room: --overload %s cannot happen", r.Overload)
	case p.Mode == ASAP:
		p.Users = r.MaxInFlight
	}
	if err := p.check(); err != nil {
		return term.Usagef("%w", err)
	}
	return nil
}

// config is the plan as the footer of a run keeps it.
func (p *Plan) config() map[string]any {
	m := map[string]any{"selection": p.Selection.String(), "speed": p.speed.String(), "mode": p.Mode}
	for key, value := range map[string]struct {
		set   bool
		value any
	}{
		"api":          {p.Form != "", p.Form},
		"sample":       {p.Sample > 0, p.Sample},
		"sample_seed":  {p.Sample > 0, p.SampleSeed},
		"limit":        {p.Limit > 0, p.Limit},
		"max_idle_gap": {p.MaxIdleGap > 0, p.MaxIdleGap.String()},
		"rate":         {!p.Rate.IsZero(), p.Rate.String()},
		"loop":         {!p.Loop.isZero(), p.Loop.String()},
		"loop_prompts": {!p.Loop.isZero(), map[bool]string{true: "shared", false: "own"}[p.SamePrompts]},
		"shard":        {p.Shard.Count > 0, p.Shard.String()},
		"users":        {p.Users > 0, p.Users},
		"warmup":       {p.Warmup != Extent{}, p.Warmup.String()},
		"cooldown":     {p.Cooldown != Extent{}, p.Cooldown.String()},
	} {
		if value.set {
			m[key] = value.value
		}
	}
	return m
}
