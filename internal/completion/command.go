package completion

import (
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

//go:embed metron.bash metron.zsh metron.fish
var scripts embed.FS

// Shells are those that there is a script for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

// Command is `metron completion`, with a subcommand for each of Shells. The scripts ask
// `metron completion words` at each press of the key.
func Command(values func() []Values) *cli.Command {
	c := &cli.Command{
		Name:  "completion",
		Usage: "print a script that has a shell complete metron's commands, flags and their values",
		Description: "For this shell, and for all to come:\n\n" +
			"   source <(metron completion bash)\n" +
			"   metron completion bash > ~/.local/share/bash-completion/completions/metron\n" +
			"   metron completion zsh > ~/.zfunc/_metron     # with fpath+=~/.zfunc before compinit\n" +
			"   metron completion fish > ~/.config/fish/completions/metron.fish",
		Action: func(c *cli.Context) error {
			all := strings.Join(Shells(), ", ")
			if c.Args().Present() {
				return term.Usagef("completion: %q is none of %s", c.Args().First(), all)
			}
			return term.WithHint(term.Usagef("completion needs a shell: one of %s", all), "source <(metron completion bash)")
		},
		Subcommands: []*cli.Command{{
			Name: "words", Hidden: true, Usage: "what the last of the words after -- can become, a line each", HideHelp: true,
			Action: func(c *cli.Context) error {
				for _, word := range Next(c.App.Commands, values(), c.Args().Slice()) {
					fmt.Fprintln(c.App.Writer, word)
				}
				return nil
			},
		}},
	}
	for _, shell := range Shells() {
		c.Subcommands = append(c.Subcommands, &cli.Command{
			Name: shell, Usage: "the script for " + shell,
			Action: func(c *cli.Context) error {
				script, err := scripts.ReadFile("metron." + shell)
				if err == nil {
					_, err = c.App.Writer.Write(script)
				}
				return err
			},
		})
	}
	return c
}
