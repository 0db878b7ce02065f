package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// CommandLine is what a shell takes to do again what c does: its files, and then the
// flags that were set, in the order of the help. It may be shown to anybody: of what a
// SecretTextsFlag holds it has only what that shows.
func CommandLine(c *cli.Context) string {
	words := strings.Fields(c.Command.HelpName)
	for _, arg := range c.Args().Slice() {
		words = append(words, FileWord(arg))
	}
	return strings.Join(append(words, quoted(set(c, c.Command.Flags))...), " ")
}

// FlagLine is the part of it that sets some flags, by their names.
func FlagLine(c *cli.Context, names []string) string {
	flags := slices.DeleteFunc(slices.Clone(c.Command.Flags), func(f cli.Flag) bool { return !slices.Contains(names, f.Names()[0]) })
	return strings.Join(quoted(set(c, flags)), " ")
}

// set is the words of the flags that were set.
func set(c *cli.Context, flags []cli.Flag) (words []string) {
	for _, f := range flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		switch f.(type) {
		case *cli.GenericFlag:
			if list, ok := c.Generic(name).(interface{ Values() []string }); ok {
				for _, v := range list.Values() {
					words = append(words, "--"+name, v)
				}
				continue
			}
			words = append(words, "--"+name, fmt.Sprint(c.Generic(name)))
		case *cli.BoolFlag:
			if c.Bool(name) {
				words = append(words, "--"+name)
			} else {
				words = append(words, "--"+name+"=false")
			}
		case *cli.StringSliceFlag:
			for _, v := range c.StringSlice(name) {
				words = append(words, "--"+name, v)
			}
		default:
			words = append(words, "--"+name, fmt.Sprint(c.Value(name)))
		}
	}
	return words
}

func quoted(words []string) []string {
	for i := range words {
		words[i] = quote(words[i])
	}
	return words
}

// FileWord is the name of a file as a shell takes it: quoted where it must be, and never
// taken for a flag.
func FileWord(name string) string {
	if strings.HasPrefix(name, "-") && name != "-" {
		name = "./" + name
	}
	return quote(name)
}

// quote makes one word of a POSIX shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if word != "" && !slices.ContainsFunc([]rune(word), func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
