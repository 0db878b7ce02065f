package llmsim

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// Command is `metron sim`.
func Command() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8000", Usage: "`ADDRESS` to listen on; port 0 takes a free one"},
		&cli.StringFlag{Name: "profile", Value: "small-gpu", Usage: "`NAME` of the server to simulate: " + strings.Join(Profiles(), ", ")},
	}
	for _, s := range settings() {
		flags = append(flags, s.flag())
	}
	return &cli.Command{
		Name:        "sim",
		Usage:       "run a simulated LLM server: for demos and tests",
		UsageText:   "metron sim --listen 127.0.0.1:8000 --profile small-gpu --seed 1",
		Description: description(),
		Flags:       flags,
		Action:      run,
	}
}

func description() string {
	var b strings.Builder
	fmt.Fprint(&b, `Speaks, streaming and not, OpenAI's chat completions, completions and Responses,
Anthropic's Messages, and Ollama's /api/chat and /api/generate, beside /v1/models,
/tokenize, /detokenize and /health. Calls the tool that tool_choice demands.
Prints its URL and runs until it is interrupted.

Its times come from a model of continuous batching with chunked prompts, a
bounded batch and queue, and a prefix cache; flags override the profile's
figures one by one. It is never evidence about a real server.

Profiles:
`)
	for _, p := range profiles() {
		fmt.Fprintf(&b, "  %-10s %s\n", p.name, p.about)
	}
	fmt.Fprint(&b, `
Example, with one answer in fifty cut off in the middle:

  metron sim --profile large-gpu --seed 7 --fault-cut 0.02`)
	return b.String()
}

func run(c *cli.Context) error {
	if c.Args().Present() {
		return term.Usagef("sim takes no arguments, got %q", c.Args().First())
	}
	config, err := Profile(c.String("profile"))
	if err != nil {
		return term.Usagef("%w", err)
	}
	for _, s := range settings() {
		s.apply(c, &config)
	}
	if err := config.withDefaults().check(); err != nil {
		return term.Usagef("%w", err)
	}
	server, err := Start(config, c.String("listen"))
	if err != nil {
		return term.WithHint(err, "`--listen 127.0.0.1:0` takes a free port")
	}
	fmt.Fprintf(c.App.ErrWriter, "metron: this server simulates (profile %s, seed %d): never quote its figures as those of a real one\n",
		c.String("profile"), config.Seed)
	fmt.Fprintf(c.App.Writer, "listening on %s\n", server.URL())
	<-c.Context.Done()

	err = server.Close()
	stats := server.Stats()
	fmt.Fprintf(c.App.ErrWriter, "metron: %s requests, %s tokens in %s steps, given out at most %s late\n",
		term.Count(stats.Requests), term.Count(stats.Tokens), term.Count(stats.Steps), term.Seconds(float64(stats.LatestUS)/1e6))
	return err
}
