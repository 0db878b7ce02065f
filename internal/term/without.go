package term

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// Without leaves out the flags of these names: what a command that takes another's
// flags decides itself.
func Without(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f cli.Flag) bool { return slices.Contains(names, f.Names()[0]) })
}
