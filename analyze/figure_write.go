package analyze

import (
	"fmt"
	"os"

	"metron/analyze/plot"
)

// WriteFigures draws what results were asked for (Draw) into a folder, and gives the paths of
// the files. What makes no sense for the result is left out.
func WriteFigures(dir string, style plot.Style, formats []plot.Format, runs ...*Result) ([]string, error) {
	figures, err := Draw(style, runs...)
	if err != nil {
		return nil, err
	}
	return WriteDrawn(dir, figures, formats...)
}

// WriteDrawn writes figures into a folder, but for those that are missing, and gives the paths
// of the files, those before an error, too.
func WriteDrawn(dir string, figures []NamedFigure, formats ...plot.Format) (paths []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the folder for plots: %w", err)
	}
	for _, f := range figures {
		if f.Missing != "" {
			continue
		}
		written, err := f.Write(dir, f.Name, formats...)
		paths = append(paths, written...)
		if err != nil {
			return paths, err
		}
	}
	return paths, nil
}
