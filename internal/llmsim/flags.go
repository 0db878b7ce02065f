package llmsim

import (
	"fmt"
	"reflect"
	"time"

	"github.com/urfave/cli/v2"
)

// setting is a flag and the field of Config that it overrides.
type setting struct {
	name  string
	usage string
	field func(*Config) any // *int, *uint64, *float64, *string or *time.Duration
}

// settings is the table of them: a new one is one line.
func settings() []setting {
	return []setting{
		{"seed", "`SEED` of jitter, answers, lengths and faults", func(c *Config) any { return &c.Seed }},
		{"model", "`NAME` of the one model", func(c *Config) any { return &c.Model }},
		{"max-model-len", "`TOKENS` of prompt and answer together", func(c *Config) any { return &c.MaxModelLen }},
		{"api-key", "`KEY` that clients must send as a bearer token", func(c *Config) any { return &c.APIKey }},

		{"max-batch", "`SEQUENCES` computed together (0: no bound)", func(c *Config) any { return &c.Engine.MaxBatch }},
		{"max-queue", "`SEQUENCES` waiting beside a full batch (0: no bound)", func(c *Config) any { return &c.Engine.MaxQueue }},
		{"queue-full-status", "HTTP `STATUS` when the queue is full", func(c *Config) any { return &c.QueueFullStatus }},
		{"step-tokens", "`TOKENS` that a step holds, prompt chunks and decodes (0: no bound)", func(c *Config) any { return &c.Engine.StepTokens }},
		{"block-tokens", "`TOKENS` of a prefix cache block", func(c *Config) any { return &c.Engine.BlockTokens }},
		{"cache-blocks", "`BLOCKS` that the prefix cache holds (0: off, -1: no bound)", func(c *Config) any { return &c.Engine.CacheBlocks }},
		{"prefill-us", "`US` a prompt costs before its tokens", func(c *Config) any { return &c.Engine.Cost.PrefillUS }},
		{"prefill-token-us", "`US` a prompt token costs", func(c *Config) any { return &c.Engine.Cost.PrefillTokenUS }},
		{"prefill-square-ns", "`NS` a squared prompt token costs", func(c *Config) any { return &c.Engine.Cost.PrefillSquareNS }},
		{"decode-us", "`US` a step with decodes costs", func(c *Config) any { return &c.Engine.Cost.DecodeUS }},
		{"decode-sequence-us", "`US` each decoding sequence costs", func(c *Config) any { return &c.Engine.Cost.DecodeSequenceUS }},
		{"decode-context-token-ns", "`NS` each token of their context costs", func(c *Config) any { return &c.Engine.Cost.DecodeContextTokenNS }},
		{"jitter", "`SIGMA` of the lognormal factor on every step", func(c *Config) any { return &c.Engine.JitterSigma }},

		{"output-median", "median `TOKENS` of answers that end by themselves", func(c *Config) any { return &c.Output.MedianTokens }},
		{"output-sigma", "`SIGMA` of the logarithm of their length", func(c *Config) any { return &c.Output.Sigma }},
		{"tokens-per-chunk", "`TOKENS` gathered into one event", func(c *Config) any { return &c.TokensPerChunk }},
		{"keepalive-comments", "send headers early and a comment every `INTERVAL` before the first token (0: off)", func(c *Config) any { return &c.Keepalive }},

		{"fault-http-error", "`SHARE` of requests answered by an HTTP error", func(c *Config) any { return &c.Faults.HTTPError }},
		{"fault-http-status", "its `STATUS`", func(c *Config) any { return &c.Faults.HTTPStatus }},
		{"fault-stream-error", "`SHARE` with an error event inside the stream", func(c *Config) any { return &c.Faults.StreamError }},
		{"fault-cut", "`SHARE` whose connection is closed inside the body", func(c *Config) any { return &c.Faults.Cut }},
		{"fault-reset", "`SHARE` whose connection is reset inside the body", func(c *Config) any { return &c.Faults.Reset }},
		{"fault-truncate", "`SHARE` whose body ends in good order, but too early", func(c *Config) any { return &c.Faults.Truncate }},
		{"fault-stall", "`SHARE` that is held back inside the stream for a while", func(c *Config) any { return &c.Faults.Stall }},
		{"stall-duration", "`DURATION` of a stall", func(c *Config) any { return &c.Faults.StallFor }},
	}
}

// flag is the command line's side of a setting.
func (s setting) flag() cli.Flag {
	switch v := s.field(new(Config)).(type) {
	case *int:
		return &cli.IntFlag{Name: s.name, Usage: s.usage, DefaultText: s.defaultText()}
	case *uint64:
		return &cli.Uint64Flag{Name: s.name, Usage: s.usage, DefaultText: s.defaultText()}
	case *float64:
		return &cli.Float64Flag{Name: s.name, Usage: s.usage, DefaultText: s.defaultText()}
	case *string:
		return &cli.StringFlag{Name: s.name, Usage: s.usage, DefaultText: s.defaultText()}
	case *time.Duration:
		return &cli.DurationFlag{Name: s.name, Usage: s.usage, DefaultText: s.defaultText()}
	default:
		panic(fmt.Sprintf("llmsim: flag --%s: no flag for a %T", s.name, v))
	}
}

// defaultText is the value that all profiles have, if they have one.
func (s setting) defaultText() string {
	text := ""
	for i, p := range profiles() {
		config := p.config.withDefaults()
		v := fmt.Sprint(reflect.ValueOf(s.field(&config)).Elem())
		if i > 0 && v != text {
			return "the profile's"
		}
		text = v
	}
	if text == "" {
		return "none"
	}
	return text
}

// apply overrides the field where the flag was given.
func (s setting) apply(c *cli.Context, config *Config) {
	if !c.IsSet(s.name) {
		return
	}
	switch v := s.field(config).(type) {
	case *int:
		*v = c.Int(s.name)
	case *uint64:
		*v = c.Uint64(s.name)
	case *float64:
		*v = c.Float64(s.name)
	case *string:
		*v = c.String(s.name)
	case *time.Duration:
		*v = c.Duration(s.name)
	}
}
