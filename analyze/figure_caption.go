package analyze

import (
	"fmt"
	"path/filepath"
	"strings"

	"metron/internal/term"
)

// caption is the line below a title: which files, how many of what, how they were counted,
// which rows, and what was trimmed.
func (r *Result) caption(parts ...string) string { return r.captionOf(r.name(), parts...) }

// captionOf is the same of files that go by another name.
func (r *Result) captionOf(name string, parts ...string) string {
	all := append([]string{name}, parts...)
	if s := r.Settings.Selection; s != "" {
		all = append(all, "where "+s)
	}
	if r.trimmed != "" {
		all = append(all, r.trimmed)
	}
	return strings.Join(all, "; ")
}

// name is the file, or the first of several.
func (r *Result) name() string {
	of := filepath.Base(r.Files[0].Path)
	if n := len(r.Files); n > 1 {
		return fmt.Sprintf("%s and %d more", of, n-1)
	}
	return of
}

// captionOfRuns is the caption of runs that are held against one another.
func captionOfRuns(runs []figureRun, parts ...string) string {
	var names, counts []string
	for _, r := range runs {
		names, counts = append(names, r.name()), append(counts, term.Count(r.Requests.MeasuredOK))
	}
	if len(runs) > 3 {
		names = append(names[:2], fmt.Sprintf("%d more", len(runs)-2))
	}
	parts = append([]string{"N = " + strings.Join(counts, ", ") + " answered requests"}, parts...)
	return runs[0].captionOf(strings.Join(names, ", "), parts...)
}
