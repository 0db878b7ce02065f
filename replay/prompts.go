package replay

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/internal/tokenizer"
)

// Prompts is what was asked of the bodies that are made up.
type Prompts struct {
	Extensions bool
	Seed       uint64               // another one, other prompts
	Tokenizer  *tokenizer.Tokenizer // the model's; nil: not given
	IDs        IDs                  // whether completions are asked by token ids
	From, To   int                  // range of those; 0: the usual one
	History    History
}

// IDs is whether the prompts of completions are lists of token ids.
type IDs string

const (
	IDsAuto IDs = "auto" // where a trial request shows that the target takes them
	IDsOnly IDs = "ids"  // always
	IDsNone IDs = "text" // never
)

// parseIDs reads the name of one.
func parseIDs(text string) (IDs, error) {
	switch i := IDs(text); i {
	case IDsAuto, IDsOnly, IDsNone:
		return i, nil
	}
	return "", fmt.Errorf("%q is none of auto, ids, text", text)
}

// promptFlags say how bodies are made up.
func promptFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "prompts", Value: string(IDsAuto), Usage: "prompts of completions are `ids|text|auto`: lists of token ids, text, or ids where a trial request shows that the target takes them; those of the other APIs are text"},
		&cli.StringFlag{Name: "token-ids", Usage: "the ids that those are made of, `FROM-TO`", DefaultText: "words of the --tokenizer, else 1000-31999"},
		&cli.Uint64Flag{Name: "prompt-seed", Usage: "of the made-up prompts; two runs with one `SEED` send the same, and the second finds them in the server's prefix cache", DefaultText: "drawn, and kept in the run file"},
		&cli.StringFlag{Name: "history", Usage: "in --mode session or closed, made-up turns begin with the conversation so far, its answers being `live|recorded|synthetic`: the target's own, the trace's where it has content, or made up; without reasoning", DefaultText: "none: a turn is its question"},
	}
}

// readPrompts reads flags that need no target.
func (r *Runner) readPrompts(c *cli.Context) (err error) {
	p := &r.prompts
	p.Extensions, p.Seed = c.Bool("extensions"), c.Uint64("prompt-seed")
	if err := read(c, "prompts", parseIDs, &p.IDs); err != nil {
		return err
	}
	if err := read(c, "history", ParseHistory, &p.History); err != nil {
		return err
	}
	r.History = p.History
	switch {
	case p.History != "" && !r.Plan.Mode.ordered():
		return term.WithHint(term.Usagef("--history needs turns that wait for each other"), "--mode session, --mode closed --users 8")
	case p.IDs == IDsOnly && p.History == HistoryLive:
		return term.WithHint(term.Usagef("--prompts ids has no place for an answer's text"), "--history synthetic, or --prompts text")
	case c.IsSet("token-ids") && p.History == HistoryLive:
		return term.WithHint(term.Usagef("--token-ids are for prompts by ids, which have no place for a live answer's text"), "--history synthetic")
	case c.IsSet("token-ids") && p.IDs == IDsNone:
		return term.Usagef("--token-ids are for prompts by ids, and --prompts text has none")
	}
	if text := c.String("token-ids"); text != "" {
		if p.From, p.To, err = parseRange(text); err != nil {
			return term.Usagef("--token-ids: %w", err)
		}
	}
	return nil
}

// parseRange reads 1000-31999.
func parseRange(text string) (from, to int, err error) {
	a, b, ok := strings.Cut(text, "-")
	from, errA := strconv.Atoi(a)
	to, errB := strconv.Atoi(b)
	if !ok || errA != nil || errB != nil || from < 0 || to-from < 31 || to > 9_999_999 {
		return 0, 0, fmt.Errorf("%q is no range of at least 32 ids such as 1000-31999", text)
	}
	return from, to, nil
}

// readTokenizer opens the tokenizer that the flags name, for prompts and for
// answers.
func (r *Runner) readTokenizer(c *cli.Context) error {
	t, err := tokenizer.OfFlag(c)
	r.prompts.Tokenizer, r.CountBy = t, t.CountBy()
	return err
}
