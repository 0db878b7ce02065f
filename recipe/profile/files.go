package profile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze/plot"
	"metron/analyze/prefill"
	"metron/internal/term"
)

// files are what the command writes.
type files struct {
	model, run string
	together   string // the run of --concurrency
	dir, name  string // of the plot
}

// filesOf are those of --out, none of which may be there.
func filesOf(c *cli.Context) (files, error) {
	out := c.String("out")
	stem, ok := strings.CutSuffix(out, ".json")
	switch {
	case c.Args().Present():
		return files{}, term.WithHint(term.Usagef("prefill takes no arguments, got %q", c.Args().First()), "--from FILE fits to a recorded run")
	case !ok:
		return files{}, term.WithHint(term.Usagef("--out %q is not a name that ends in .json", out), "--out prefill.json")
	}
	f := files{model: out, dir: filepath.Dir(out), name: filepath.Base(stem)}
	if len(term.Texts(c, "from")) == 0 {
		f.run = stem + ".parquet"
	}
	if c.IsSet("concurrency") {
		f.together = fmt.Sprintf("%s-%d-at-once.parquet", stem, c.Int("concurrency"))
	}
	for _, path := range []string{f.model, f.run, f.together} {
		if _, err := os.Stat(path); path != "" && err == nil && !c.Bool("force") {
			return files{}, term.WithHint(fmt.Errorf("%q is there already", path), "choose another --out, or --force to replace it")
		}
	}
	if _, err := os.Stat(f.dir); err != nil {
		return files{}, fmt.Errorf("--out %q: %w", out, err)
	}
	return f, nil
}

// finish writes and prints what was found. ask is a file to ask with it.
func finish(c *cli.Context, m *prefill.Model, f files, ask string) error {
	if err := save(m, f.model); err != nil {
		return err
	}
	written := slices.DeleteFunc([]string{f.model, f.run, f.together}, func(path string) bool { return path == "" })
	figure, err := Figure(m).Figure(plot.Style{})
	if err != nil {
		return err
	}
	pictures, err := figure.Write(f.dir, f.name, plot.PNG, plot.SVG)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return m.Write(c.App.Writer)
	}
	if err := WriteText(c.App.Writer, m); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "written    %s\nnext: metron analyze %s --prefill-model %s\n", strings.Join(append(written, pictures...), ", "), ask, f.model)
	return err
}

// save writes the model under its name once it is complete.
func save(m *prefill.Model, path string) error {
	w, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	defer os.Remove(w.Name())
	if err = m.Write(w); err == nil {
		err = w.Chmod(0o644)
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(w.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	return nil
}
