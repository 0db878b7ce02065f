package term

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// Only picks the flags of these names: for a command that takes a few of another's.
func Only(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f cli.Flag) bool { return !slices.Contains(names, f.Names()[0]) })
}
