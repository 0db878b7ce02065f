package term

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// FlagsFirst moves the flags of a subcommand before its file names, so that
// `metron replay trace.parquet --speed 2` means what it says: cli v2 stops
// reading flags at the first positional argument. args[0] is the program.
func FlagsFirst(commands []*cli.Command, args []string) []string {
	if len(args) < 2 {
		return args
	}
	out := append([]string(nil), args[:1]...)
	rest := args[1:]
	var flags []cli.Flag
	for len(rest) > 0 {
		cmd := Find(commands, rest[0])
		if cmd == nil {
			break
		}
		out, rest = append(out, rest[0]), rest[1:]
		flags, commands = cmd.Flags, cmd.Subcommands
	}
	if flags == nil {
		return args // no subcommand, or one without flags
	}
	var named, files []string
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		if arg == "--" {
			files = append(files, rest[i:]...)
			break
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			files = append(files, arg)
			continue
		}
		named = append(named, arg)
		if !strings.Contains(arg, "=") && Wanting(flags, arg) != "" && i+1 < len(rest) {
			i++
			named = append(named, rest[i])
		}
	}
	return append(append(out, named...), files...)
}

// Find is the command of a name, nil if there is none.
func Find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// Wanting is the long name of the flag, written as word, that takes the next word for its
// value; "": it takes none, or there is no such flag.
func Wanting(flags []cli.Flag, word string) string {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if !isBool && slices.Contains(f.Names(), strings.TrimLeft(word, "-")) {
			return f.Names()[0]
		}
	}
	return ""
}
