package replay

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/internal/tokenizer"
)

// Flags are those of every command that replays: whom it asks and how, which rows,
// and when. A command with a plan of its own leaves out those that it decides itself
// (term.Without); FromFlags reads the others.
func Flags() []cli.Flag {
	return slices.Concat(targetFlags(), changeFlags(), term.SelectionFlags(), PlanFlags(), promptFlags(), []cli.Flag{
		&cli.StringFlag{Name: "timer", Usage: "how sends are waited for, `HOW`: precise, in the kernel, and watching the clock for the last 100 us, a tenth of a core at 1,000 requests/s; cheap, by timers up to a millisecond late", DefaultText: "precise on Linux, else cheap"},
		&cli.IntFlag{Name: "max-in-flight", Usage: "at most `N` requests in flight", DefaultText: "no cap"},
		&cli.StringFlag{Name: "overload", Value: string(Queue), Usage: "what becomes of requests beyond --max-in-flight, `POLICY`: queue them, shed them, or abort the oldest in flight; each such row is marked"},
		&cli.StringFlag{Name: "aborts", Value: string(AbortsTime), Usage: "clients that left in the trace leave again, `HOW`: after the same time, after as many tokens, or off, not at all"},
		&cli.BoolFlag{Name: "extensions", Value: true, Usage: "use vLLM's request fields: ignore_eos and min_tokens for the recorded length, usage with every chunk, top_k and repetition_penalty; =false for servers that refuse them"},
		tokenizer.Flag(),
		&cli.BoolFlag{Name: "no-probe", Usage: "skip the trial requests before the run: prompts are not fitted to the target then"},
		&cli.DurationFlag{Name: "timeout", Usage: "how long one request may take, to the end of its answer", DefaultText: "for ever"},
		&cli.DurationFlag{Name: "grace", Value: 30 * time.Second, Usage: "after an interrupt, how long requests in flight may go on"},
	})
}

// FromFlags makes a Runner of Flags, for one run. Plan.Trace and Out are the
// caller's to set, and UsePrompts to be called.
func FromFlags(c *cli.Context) (*Runner, error) {
	r, err := fromPlan(c)
	if err == nil {
		err = r.askTarget(c)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// fromPlan reads the flags that need no target.
func fromPlan(c *cli.Context) (*Runner, error) {
	r := &Runner{Plan: &Plan{}, NoProbe: c.Bool("no-probe"), Timeout: c.Duration("timeout"), Grace: c.Duration("grace"),
		MaxInFlight: c.Int("max-in-flight")}
	return r, r.readFlags(c)
}

// askTarget reads those that do.
func (r *Runner) askTarget(c *cli.Context) error {
	switch {
	case len(term.Texts(c, "target")) == 0:
		return term.WithHint(term.Usagef("--target is missing"), "--target http://127.0.0.1:8000")
	case c.Duration("grace") < 0 || c.Duration("timeout") < 0:
		return term.Usagef("--grace and --timeout must not be negative")
	}
	if err := r.readTarget(c); err != nil {
		return err
	}
	return r.readTokenizer(c)
}

// UsePrompts makes the source of bodies that the flags ask for, with this seed.
func (r *Runner) UsePrompts(seed uint64, newPrompter func(Prompts) (Prompter, error)) (err error) {
	r.prompts.Seed = seed
	r.Prompt, err = newPrompter(r.prompts)
	return err
}

// Settings are the flags as the footer of a run keeps them, without a secret. What
// the trial requests taught is among them once Out is called.
func (r *Runner) Settings(c *cli.Context) map[string]any {
	config := r.Plan.config()
	maps.Copy(config, r.Changes.config())
	var targets []string
	for _, u := range r.Targets {
		targets = append(targets, u.Redacted())
	}
	maps.Copy(config, map[string]any{"target": strings.Join(targets, " "), "spread": r.Spread, "warm": c.String("warm"), "http2": r.HTTP2,
		"stop_on_errors": r.StopOnErrors, "start_at": c.String("start-at"), "max_in_flight": r.MaxInFlight,
		"timer": r.Timer.orDefault(), "overload": r.Overload, "aborts": r.Aborts, "extensions": c.Bool("extensions"), "prompts": r.prompts.IDs, "prompt_seed": r.prompts.Seed, "prompts_learned": r.learned, "history": r.History, "tokenizer": c.String("tokenizer"),
		"token_ids": c.String("token-ids"), "timeout": r.Timeout.String(), "grace": r.Grace.String(), "no_probe": r.NoProbe})
	if signed := r.signedFor(); signed != nil {
		config["aws"] = signed
	}
	return config
}

// Live is how far a run is.
type Live struct {
	Sent, Done int64
}

// Live may be called while Run goes on.
func (r *Runner) Live() Live {
	return Live{r.sent.Load(), r.done.Load()}
}
