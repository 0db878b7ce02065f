package completion

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// Values are the words that a flag takes.
type Values struct {
	Command string // its words, such as "trace slice", or the first of them; "": every command that has the flag
	Flag    string // "": the command's first argument
	Words   []string
	List    bool // several of them, joined by commas
}

// Next is what the last of the words can become, in order; the words are those after the
// program's name, and the last may be empty. None: the name of a file, if anything.
func Next(commands []*cli.Command, values []Values, words []string) []string {
	line, last := unsplit(words)
	var path []string
	var at *cli.Command
	var pending string // the flag that the next word is the value of
	arguments := 0
	for _, word := range line {
		switch {
		case pending != "":
			pending = ""
		case word == "--":
			return nil
		case strings.HasPrefix(word, "-"):
			if at != nil && !strings.Contains(word, "=") {
				pending = term.Wanting(at.Flags, word)
			}
		default:
			if next := term.Find(commands, word); next != nil {
				path, at, commands = append(path, word), next, next.Subcommands
			} else {
				arguments++
			}
		}
	}
	command := strings.Join(path, " ")
	if pending != "" {
		return valuesOf(values, command, pending, last, "")
	}
	if !strings.HasPrefix(last, "-") {
		if at != nil && len(commands) == 0 && arguments == 0 {
			return valuesOf(values, command, "", last, "")
		}
		return starting(names(commands), last)
	}
	if flag, value, ok := strings.Cut(last, "="); ok {
		return valuesOf(values, command, strings.TrimLeft(flag, "-"), value, flag+"=")
	}
	return starting(flags(at), last)
}

// unsplit parts the word to complete from those before it. bash takes the "=" of
// --flag=value for a word of its own, and then has the value completed alone.
func unsplit(words []string) (line []string, last string) {
	if len(words) == 0 {
		return nil, ""
	}
	for i, word := range words {
		if word == "=" && i > 0 && strings.HasPrefix(words[i-1], "-") {
			if i == len(words)-1 {
				return line, ""
			}
			continue
		}
		line = append(line, word)
	}
	return line[:len(line)-1], line[len(line)-1]
}

func valuesOf(values []Values, command, flag, typed, before string) []string {
	for _, v := range values {
		if v.Flag != flag || v.Command != "" && !strings.HasPrefix(command+" ", v.Command+" ") {
			continue
		}
		words := v.Words
		if comma := strings.LastIndexByte(typed, ','); v.List && comma >= 0 {
			said := strings.Split(typed[:comma], ",")
			words = nil
			for _, word := range v.Words {
				if !slices.Contains(said, word) {
					words = append(words, typed[:comma+1]+word)
				}
			}
		}
		var out []string
		for _, word := range starting(words, typed) {
			out = append(out, before+word)
		}
		return out
	}
	return nil
}

func starting(words []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, prefix) })
}

func names(commands []*cli.Command) (out []string) {
	for _, c := range commands {
		if !c.Hidden && c.Name != "help" {
			out = append(out, c.Name)
		}
	}
	return out
}

// flags are the long names of a command's flags.
func flags(c *cli.Command) []string {
	out := []string{"--help"}
	if c == nil {
		return out
	}
	for _, f := range c.Flags {
		if v, ok := f.(cli.VisibleFlag); !ok || v.IsVisible() {
			out = append(out, "--"+f.Names()[0])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
