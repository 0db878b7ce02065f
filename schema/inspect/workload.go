package inspect

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
	"metron/schema/inspect/demand"
)

// Drawer draws a workload into a folder and gives the names of the files. How
// pictures look is not this package's to know.
type Drawer func(w *demand.Workload, dir string) ([]string, error)

// showWorkload is `metron inspect --workload`: all files together.
func showWorkload(c *cli.Context, selection schema.Selection, draw Drawer) error {
	a, err := schema.OpenArchive(c.Args().Slice()...)
	if err != nil {
		return err
	}
	defer a.Close()
	progress := term.StartProgress(c.App.ErrWriter, term.Elapsed("measuring "+a.Name()))
	w, err := demand.Measure(c.Context, a, selection)
	progress.Stop()
	if err != nil {
		return err
	}
	if w.Rows == 0 {
		if selection.IsZero() {
			return term.WithHint(fmt.Errorf("inspect %s: it has no rows", w.Name), "record or import it again")
		}
		return term.WithHint(fmt.Errorf("inspect %s: it has no rows %v", w.Name, selection), "widen --from, --to or --where")
	}
	dir := c.String("out")
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		files, err := draw(w, dir)
		for _, file := range files {
			fmt.Fprintf(c.App.ErrWriter, "wrote %s\n", file)
		}
		if err != nil {
			return err
		}
	}
	return write(c, w, true)
}

// checkWorkload finds the flags that do not go with each other.
func checkWorkload(c *cli.Context) error {
	switch {
	case c.Bool("workload") && c.Bool("verify"):
		return errors.New("--workload and --verify are two different questions")
	case c.String("out") != "" && !c.Bool("workload"):
		return errors.New("--out is the folder for the pictures of --workload")
	}
	return nil
}
