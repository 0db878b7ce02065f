package recovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron recover`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "recover",
		Usage:     "complete the files of a capture or run that was cut off",
		ArgsUsage: "DIR|FILE.arrows...",
		Description: "Seals each journal (.arrows) that a crash left, in DIR or by name, into the Parquet file that\n" +
			"it was to become. A batch that the crash cut off is lost, all others are kept. Journals that\n" +
			"a running metron writes are left alone, and doing it twice changes nothing. A journal that the\n" +
			"disk damaged gives what can be read of it and is kept under another name.\n\n" +
			"Example:\n\n" +
			"   metron recover traces",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON, an array of one object a journal"},
		},
		Action: run,
	}
}

// outcome is a line of the output.
type outcome struct {
	schema.Recovery
	Live  bool   `json:"live"`
	Error string `json:"error,omitempty"`
}

func run(c *cli.Context) error {
	if !c.Args().Present() {
		return term.WithHint(term.Usagef("recover needs a folder or a journal"), "metron recover traces")
	}
	journals, err := journalsOf(c.Args().Slice())
	if err != nil {
		return err
	}
	outcomes, failed, damaged := []outcome{}, 0, 0
	var at atomic.Int64
	progress := term.StartProgress(c.App.ErrWriter, func() string { return fmt.Sprintf("sealing journal %d of %d", at.Load(), len(journals)) })
	for _, path := range journals {
		at.Add(1)
		if c.Context.Err() != nil {
			break
		}
		r, err := schema.Recover(path)
		o := outcome{Recovery: r, Live: errors.Is(err, schema.ErrLive)}
		if err != nil && !o.Live {
			o.Error = err.Error()
			failed++
		}
		if r.DamagedBytes > 0 {
			damaged++
		}
		outcomes = append(outcomes, o)
	}
	progress.Stop()
	if err := print(c, outcomes); err != nil {
		return err
	}
	switch {
	case failed > 0:
		return term.WithHint(fmt.Errorf("%d of %d journals could not be recovered; they are as they were", failed, len(journals)),
			"make room, or rights, or rename what stands in the way, and run it again")
	case damaged > 0:
		return fmt.Errorf("%d of %d journals were damaged; what could be read is sealed", damaged, len(journals))
	}
	return c.Context.Err()
}

// journalsOf expands folders.
func journalsOf(names []string) ([]string, error) {
	var journals []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("recover: %w", err)
		}
		if !info.IsDir() {
			journals = append(journals, name)
			continue
		}
		found, err := schema.Journals(name)
		if err != nil {
			return nil, fmt.Errorf("recover: %w", err)
		}
		journals = append(journals, found...)
	}
	return journals, nil
}

func print(c *cli.Context, outcomes []outcome) error {
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(outcomes)
	}
	if len(outcomes) == 0 {
		fmt.Fprintln(c.App.Writer, "no journal there: nothing was cut off")
	}
	for _, o := range outcomes {
		rows := term.Plural(o.Rows, "row", "rows")
		switch {
		case o.Error != "":
			fmt.Fprintf(c.App.ErrWriter, "metron: %s\n", o.Error)
		case o.Live:
			fmt.Fprintf(c.App.Writer, "%s: left alone, a running metron writes it\n", o.Journal)
		case o.AlreadySealed:
			fmt.Fprintf(c.App.Writer, "%s: was complete (%s); its journal is removed\n", o.File, rows)
		case o.DamagedBytes > 0:
			fmt.Fprintf(c.App.Writer, "%s: %s; %s amid the journal cannot be read, it is kept as %s\n", o.File, rows, term.Bytes(o.DamagedBytes), o.Kept)
		case o.File == "":
			fmt.Fprintf(c.App.Writer, "%s: held no row; removed\n", o.Journal)
		case o.TornBytes > 0:
			fmt.Fprintf(c.App.Writer, "%s: %s; a last batch of %s was cut off\n", o.File, rows, term.Bytes(o.TornBytes))
		default:
			fmt.Fprintf(c.App.Writer, "%s: %s\n", o.File, rows)
		}
	}
	return nil
}
