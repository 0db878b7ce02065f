package view

import (
	"fmt"
	"os"
	"time"

	"metron/internal/term"
)

// files are those of the page, as they were when it was made.
type files []fileState

type fileState struct {
	path  string
	size  int64
	mtime time.Time
}

func stateOf(paths []string) (files, error) {
	var out files
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
		out = append(out, fileState{path, info.Size(), info.ModTime()})
	}
	return out, nil
}

// unchanged says whether an answer would be of other rows than the page shows.
func (f files) unchanged() error {
	for _, was := range f {
		info, err := os.Stat(was.path)
		if err == nil && info.Size() == was.size && info.ModTime().Equal(was.mtime) {
			continue
		}
		return term.WithHint(fmt.Errorf("%q changed after the page was made", was.path), "start `metron view` again; until then the page estimates")
	}
	return nil
}
