package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// TestCommandLinesTellNoSecret: a page shows the command that made it, and is shown to others.
// Every flag that could carry a credential stands here.
func TestCommandLinesTellNoSecret(t *testing.T) {
	const secret = "s3cr3t"
	url := "http://me:" + secret + "@h/a?key=" + secret + "#" + secret
	carried := map[string][]string{
		"target":  {url},
		"publish": {"mlflow=" + url, "otlp=" + url},
		"header":  {"Authorization: Bearer " + secret, "X-Team: " + secret, secret},
		"body":    {"api_key=" + secret, `tools=[{"authorization":"` + secret + `"}]`, `metadata={"headers":{"x-token":["` + secret + `"]}}`, secret},
		// The name of a variable and of a file: what they hold stays there.
		"api-key-env": nil, "api-key-file": nil,
	}
	mayCarry := regexp.MustCompile(`(?i)url\b|header|body|credential|\bapi key|secret|tracker`)
	for _, name := range []string{"bench", "analyze"} {
		for _, f := range leaves([]*cli.Command{term.Find(commands(), name)}, "")[0].flags {
			values, known := carried[f.name]
			if !known && mayCarry.MatchString(f.name+" "+f.usage) {
				t.Errorf("%s --%s may carry a secret: what of it is shown?", name, f.name)
			}
			for _, v := range values {
				var said string
				all := commands()
				term.Find(all, name).Action = func(c *cli.Context) error { said = term.CommandLine(c); return nil }
				app := &cli.App{Name: "metron", Commands: all, Writer: io.Discard}
				if err := app.Run([]string{"metron", name, "--" + f.name, v}); err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(said, "metron "+name+" --"+f.name+" ") || strings.Contains(said, secret) {
					t.Errorf("%s --%s %s is shown as %s", name, f.name, v, said)
				}
			}
		}
	}
}
