package analyze

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze/plot"
	"metron/internal/term"
)

// PlotCommand is `metron plot`.
func PlotCommand() *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "draw what traces and runs say: distributions, deadlines, stalls",
		ArgsUsage: "KIND FILE|GLOB|DIR...",
		Description: `Draws one KIND of figure, several joined by commas, or all that make sense of the
files, which are one population as they are to analyze; flags ask as they do there.
Prints the names of the files that it wrote.

` + kindsHelp() + `
Examples:
   metron plot ttft_cdf run.parquet
   metron plot all run.parquet --out plots --format png,pdf --theme dark
   metron plot tokens_over_time run.parquet --tbt-deadline 25ms --request worst --request median --size column --out stalls.pdf`,
		Flags: slices.Concat(QuestionFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "request", Usage: "a request for tokens_over_time, once for each: worst, median, best, or how a record_id begins (default: those three)"},
			&cli.StringFlag{Name: "format", Usage: "a list of png, svg, pdf (default: png,svg, or what --out ends in)"},
			&cli.StringFlag{Name: "theme", Value: string(plot.Themes()[0]), Usage: fmt.Sprintf("one of %v", plot.Themes())},
			&cli.StringFlag{Name: "size", Value: string(plot.Sizes()[0]), Usage: "slide (16:9) or column (of a paper's two)"},
			&cli.StringFlag{Name: "out", Value: ".", Usage: "`DIR` for the files, named by their kind; of one kind in one format a file that ends in it"},
		}),
		Action: runPlot,
	}
}

func kindsHelp() string {
	var b strings.Builder
	for _, k := range figureKinds() {
		fmt.Fprintf(&b, "   %-24s %s\n", k.name, k.usage)
	}
	return b.String()
}

func runPlot(c *cli.Context) error {
	job, err := plotJobOf(c)
	if err != nil {
		return err
	}
	job.config.Progress = &Progress{}
	progress := term.StartProgress(c.App.ErrWriter, job.config.Progress.Line)
	figures, err := job.figures(c)
	progress.Stop()
	if err != nil {
		return err
	}
	for i, f := range figures {
		switch {
		case f.Missing != "":
			fmt.Fprintf(c.App.ErrWriter, "metron: no %s: %s\n", f.Name, f.Missing)
		case job.file != "":
			figures[i].Name = job.file
		}
	}
	written, err := WriteDrawn(job.dir, figures, job.formats...)
	for _, path := range written {
		fmt.Fprintln(c.App.Writer, path)
	}
	return err
}

// plotJob is what `metron plot` is to do.
type plotJob struct {
	paths   []string
	config  Config
	style   plot.Style
	formats []plot.Format
	dir     string
	file    string // the name of the only figure, without its ending; "": that of its kind
}

// plotJobOf binds the flags. It opens nothing.
func plotJobOf(c *cli.Context) (j plotJob, err error) {
	if c.NArg() < 2 {
		return j, term.WithHint(term.Usagef("plot: want a KIND and a file to read"), "metron plot ttft_cdf run.parquet; `metron plot --help` lists the kinds")
	}
	if j.config, err = Question(c); err != nil {
		return j, err
	}
	j.paths, j.dir = c.Args().Tail(), c.String("out")
	j.style = plot.Style{Theme: plot.Theme(c.String("theme")), Size: plot.Size(c.String("size"))}
	if err := j.style.Check(); err != nil {
		return j, term.Usagef("plot: --%w", err)
	}
	j.config.Drawing = Drawing{Kinds: strings.Split(c.Args().First(), ","), Requests: c.StringSlice("request")}
	if c.Args().First() == "all" {
		j.config.Drawing.Kinds = ofOnePopulation(len(j.paths))
	}
	if err := j.config.Check(); err != nil {
		return j, term.Usagef("plot: %w", err)
	}
	for _, k := range j.config.Drawing.kinds() {
		if k.pair && len(j.paths) != 2 {
			return j, term.WithHint(term.Usagef("plot %s: it takes two runs, and %d were given", k.name, len(j.paths)), "metron plot %s base.parquet new.parquet", k.name)
		}
	}
	if len(j.config.Drawing.Requests) > 0 && !slices.Contains(j.config.Drawing.Kinds, "tokens_over_time") {
		return j, term.Usagef("plot: --request chooses what tokens_over_time shows, which is not drawn")
	}
	return j, j.bindOut(c)
}

// bindOut finds what --out and --format say together.
func (j *plotJob) bindOut(c *cli.Context) (err error) {
	j.formats = []plot.Format{plot.PNG, plot.SVG}
	if list := c.String("format"); list != "" {
		if j.formats, err = plot.ParseFormats(list); err != nil {
			return term.Usagef("plot: --%w", err)
		}
	}
	ending := plot.Format(strings.TrimPrefix(filepath.Ext(j.dir), "."))
	if !slices.Contains(plot.Formats(), ending) {
		return nil
	}
	switch {
	case len(j.config.Drawing.Kinds) != 1:
		return term.Usagef("plot: --out %s is a file, and %d figures are to be drawn: give a folder", j.dir, len(j.config.Drawing.Kinds))
	case c.IsSet("format") && !slices.Equal(j.formats, []plot.Format{ending}):
		return term.Usagef("plot: --out %s and --format %s: want one of them", j.dir, c.String("format"))
	}
	j.formats = []plot.Format{ending}
	j.file = strings.TrimSuffix(filepath.Base(j.dir), "."+string(ending))
	j.dir = filepath.Dir(j.dir)
	return nil
}

// ofOnePopulation is every kind that so many files can show together: with several, those
// that hold runs against one another must be asked for by name.
func ofOnePopulation(files int) (names []string) {
	for _, k := range figureKinds() {
		if k.across == nil || files == 1 && !k.pair {
			names = append(names, k.name)
		}
	}
	return names
}

// figures analyzes and draws. Files are one population to most kinds, and runs of
// their own to those that hold runs against one another.
func (j *plotJob) figures(c *cli.Context) ([]NamedFigure, error) {
	var single, across []string
	for _, k := range j.config.Drawing.kinds() {
		if k.across != nil && len(j.paths) > 1 {
			across = append(across, k.name)
		} else {
			single = append(single, k.name)
		}
	}
	var out []NamedFigure
	for _, part := range []struct {
		kinds []string
		runs  [][]string
	}{{single, [][]string{j.paths}}, {across, each(j.paths)}} {
		if len(part.kinds) == 0 {
			continue
		}
		config := j.config
		config.Drawing.Kinds = part.kinds
		var runs []*Result
		for _, paths := range part.runs {
			r, err := Analyze(c.Context, paths, config)
			if err != nil {
				return nil, err
			}
			runs = append(runs, r)
		}
		figures, err := Draw(j.style, runs...)
		if err != nil {
			return nil, err
		}
		out = append(out, figures...)
	}
	if !slices.ContainsFunc(out, func(f NamedFigure) bool { return f.Missing == "" }) {
		return nil, fmt.Errorf("plot %s: %s", out[0].Name, out[0].Missing)
	}
	return out, nil
}

// each is every path by itself.
func each(paths []string) (out [][]string) {
	for _, p := range paths {
		out = append(out, []string{p})
	}
	return out
}
