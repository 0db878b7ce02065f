package term

import (
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
		cmd := find(commands, rest[0])
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
		if !strings.Contains(arg, "=") && takesValue(flags, strings.TrimLeft(arg, "-")) && i+1 < len(rest) {
			i++
			named = append(named, rest[i])
		}
	}
	return append(append(out, named...), files...)
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func takesValue(flags []cli.Flag, name string) bool {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n != name {
				continue
			}
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}
