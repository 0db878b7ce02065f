package capture

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/exchange"
	"metron/internal/term"
	"metron/internal/tokenizer"
	"metron/schema"
)

// recordingFlags are those of whatever records traffic.
func recordingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Usage: "`DIR` for the trace files"},
		&cli.StringFlag{Name: "privacy", Value: schema.RecordedHash, Usage: "what is kept of prompts and answers: `MODE` is hash (keyed hashes of the prompt's blocks, which show what prompts begin alike), content (prompts and answers themselves, in files for the owner alone) or lengths. Credentials never are"},
		&cli.StringFlag{Name: "hash-block", Value: "256B", Usage: "`SIZE` of the blocks that prompts are hashed by: bytes, or 64t for tokens of --tokenizer"},
		&cli.StringSliceFlag{Name: "keep-header", Usage: "with --privacy content, keep this header `FIELD` of requests, too"},
		&cli.StringFlag{Name: "max-body", Value: "8MiB", Usage: "with --privacy content, `SIZE` of the longest body that is kept"},
		&cli.StringFlag{Name: "max-memory", Value: "256MiB", Usage: "`SIZE` of what recording may hold in memory; near it rows keep less, beyond it they are dropped and counted"},
		&cli.DurationFlag{Name: "rotate-every", Value: time.Hour, Usage: "start a new file after this long; 0: never. SIGHUP starts one, too"},
		&cli.Int64Flag{Name: "rotate-rows", Usage: "start a new file after this many rows; 0: never"},
		&cli.StringFlag{Name: "rotate-size", Usage: "start a new file after about this `SIZE` has been journalled, such as 512MiB", DefaultText: "never"},
		&cli.StringFlag{Name: "max-disk", Usage: "remove the oldest sealed captures in --out when all take more than this `SIZE`", DefaultText: "nothing is removed"},
		&cli.DurationFlag{Name: "flush", Value: 200 * time.Millisecond, Usage: "how long a row may stay in memory, where a crash of metron loses it"},
		&cli.StringFlag{Name: "sample", Usage: "record this `SHARE` of the traffic, such as 10%", DefaultText: "all of it"},
		&cli.StringFlag{Name: "sample-by", Value: sampleBySession, Usage: "what is drawn: `WHAT` is session (they stay whole), tenant or request"},
		&cli.StringSliceFlag{Name: "only-path", Usage: "record only requests whose path matches this `PATTERN`, such as /v1/chat/*"},
		&cli.StringSliceFlag{Name: "only-model", Usage: "record only requests to a model that matches this `PATTERN`, such as llama-*"},
		&cli.StringSliceFlag{Name: "only-header", Usage: "record only requests with this header: `FIELD=PATTERN`"},
		&cli.StringSliceFlag{Name: "session-by", Usage: "what names the session of a request, the surest first: `SOURCE` is header:FIELD, user, conversation, previous_response, prefix (its prompt goes on from an earlier one), or none alone; names are kept as keyed hashes", DefaultText: "previous_response, prefix"},
		&cli.DurationFlag{Name: "session-window", Value: 30 * time.Minute, Usage: "how long after an answer a request may go on from it"},
		tokenizer.Flag(),
	}
}

// checkOut sees that there is a folder to record into.
func checkOut(c *cli.Context) error {
	if c.String("out") == "" {
		return term.WithHint(term.Usagef("--out is missing"), "--out traces")
	}
	return nil
}

// recordingOf checks those flags but --out.
func recordingOf(c *cli.Context) (r Recording, err error) {
	if c.Duration("rotate-every") < 0 || c.Int64("rotate-rows") < 0 {
		return r, term.Usagef("--rotate-every and --rotate-rows must not be negative")
	}
	if c.Duration("flush") < time.Millisecond {
		return r, term.Usagef("--flush %v is shorter than 1ms", c.Duration("flush"))
	}
	if c.Duration("session-window") <= 0 {
		return r, term.Usagef("--session-window %v is no time at all", c.Duration("session-window"))
	}
	r = Recording{Dir: c.String("out"), RotateEvery: c.Duration("rotate-every"), RotateRows: c.Int64("rotate-rows"), Flush: c.Duration("flush"),
		Privacy: c.String("privacy"), KeepHeaders: c.StringSlice("keep-header"), SessionWindow: c.Duration("session-window")}
	for _, size := range []struct {
		flag string
		to   *int64
	}{{"rotate-size", &r.RotateBytes}, {"max-disk", &r.MaxDisk}, {"max-body", &r.MaxBody}, {"max-memory", &r.MaxMemory}} {
		if text := c.String(size.flag); text != "" {
			if *size.to, err = term.ParseBytes(text); err != nil {
				return r, term.Usagef("--%s: %w", size.flag, err)
			}
		}
	}
	if r.MaxMemory < 1<<20 {
		return r, term.Usagef("--max-memory %s is less than 1MiB", c.String("max-memory"))
	}
	if r.SessionBy = c.StringSlice("session-by"); len(r.SessionBy) == 0 {
		r.SessionBy = nil
	}
	if err := checkSources(r.SessionBy); err != nil {
		return r, err
	}
	if err := r.privacy(c); err != nil {
		return r, err
	}
	if r.Only, err = selectionOf(c); err != nil {
		return r, err
	}
	return r, r.tokens(c)
}

// privacy checks what is kept.
func (r *Recording) privacy(c *cli.Context) error {
	modes := schema.Words("recorded")
	if !slices.Contains(modes, r.Privacy) {
		return term.WithHint(term.Usagef("--privacy %q is not known", r.Privacy), "it is %s", strings.Join(modes, ", "))
	}
	content := r.Privacy == schema.RecordedContent
	for _, flag := range []string{"keep-header", "max-body"} {
		if c.IsSet(flag) && !content {
			return term.WithHint(term.Usagef("--%s has nothing to keep under --privacy %s", flag, r.Privacy), "--privacy content")
		}
	}
	for _, name := range r.KeepHeaders {
		if exchange.IsSecretive(name) {
			return term.Usagef("--keep-header %q may carry a credential, which is never kept", name)
		}
	}
	return nil
}

// tokens reads the tokenizer, which may be what blocks are counted by.
func (r *Recording) tokens(c *cli.Context) error {
	text := c.String("hash-block")
	digits, tokens := strings.CutSuffix(text, "t")
	if tokens {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 1<<20 {
			return term.Usagef("--hash-block %q is no number of tokens such as 64t", text)
		}
		if c.String("tokenizer") == "" {
			return term.WithHint(term.Usagef("--hash-block %s counts tokens, and no tokenizer is given", text), "--tokenizer o200k_base, or a size in bytes")
		}
		r.HashBlock = n
	} else {
		n, err := term.ParseBytes(text)
		if err != nil || n < 16 || n > 1<<20 {
			return term.Usagef("--hash-block %q is neither a size from 16B to 1MiB nor tokens such as 64t", text)
		}
		r.HashBlock = int(n)
	}
	t, err := tokenizer.OfFlag(c)
	if err != nil || t == nil {
		return err
	}
	r.Tokenizer, r.CountBy = t.Name(), t.CountBy()
	if tokens {
		r.Encode = t.Encode
	}
	return nil
}

// selectionOf reads the sample and the filters.
func selectionOf(c *cli.Context) (s Selection, err error) {
	s = Selection{SampleBy: c.String("sample-by"), Paths: c.StringSlice("only-path"), Models: c.StringSlice("only-model")}
	if !slices.Contains([]string{sampleBySession, sampleByTenant, sampleByRequest}, s.SampleBy) {
		return s, term.WithHint(term.Usagef("--sample-by %q is not known", s.SampleBy), "it is session, tenant or request")
	}
	if text := c.String("sample"); text != "" {
		ok := false
		if s.Sample, ok = shareOf(text); !ok {
			return s, term.WithHint(term.Usagef("--sample %q is no share above 0 and up to 1", text), "--sample 10%%")
		}
	} else if c.IsSet("sample-by") {
		return s, term.Usagef("--sample-by says what a --sample is of, and none is given")
	} else {
		s.SampleBy = ""
	}
	for _, field := range c.StringSlice("only-header") {
		name, pattern, ok := strings.Cut(field, "=")
		if !ok || name == "" {
			return s, term.WithHint(term.Usagef("--only-header %q is not FIELD=PATTERN", term.RedactURL(field)), "--only-header 'X-Team=search'")
		}
		s.Headers = append(s.Headers, Header{Name: name, Pattern: pattern})
	}
	patterns := slices.Concat(s.Paths, s.Models)
	for _, h := range s.Headers {
		patterns = append(patterns, h.Pattern)
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return s, term.Usagef("pattern %q: %w", p, fmt.Errorf("a bracket is not closed"))
		}
	}
	return s, nil
}
