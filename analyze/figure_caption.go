package analyze

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"metron/internal/term"
)

// caption is the line below a title: which files, how many of what, how they were counted,
// which rows, and what was trimmed.
func (r *Result) caption(parts ...string) string {
	return joinedCaption(r.name(), r.Settings.Selection, r.trimmed, parts...)
}

func joinedCaption(name, selection, trimmed string, parts ...string) string {
	all := append([]string{name}, parts...)
	if selection != "" {
		all = append(all, "where "+selection)
	}
	if trimmed != "" {
		all = append(all, trimmed)
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

// captionOfRuns is the caption of runs that are held against one another, which were asked
// the same; count is how many of what each of them shows.
func captionOfRuns(runs []figureRun, count func(*Result) int64, what string, parts ...string) string {
	var names, counts, trims []string
	for _, r := range runs {
		names, counts = append(names, r.name()), append(counts, term.Count(count(r.Result)))
		if r.trimmed != "" {
			trims = append(trims, r.name()+": "+r.trimmed)
		}
	}
	trimmed := strings.Join(trims, "; ")
	if !slices.ContainsFunc(runs, func(r figureRun) bool { return r.trimmed != runs[0].trimmed }) {
		trimmed = runs[0].trimmed
	}
	if len(runs) > 3 {
		names = append(names[:2], fmt.Sprintf("%d more", len(runs)-2))
	}
	parts = append([]string{"N = " + strings.Join(counts, ", ") + " " + what}, parts...)
	return joinedCaption(strings.Join(names, ", "), runs[0].Settings.Selection, trimmed, parts...)
}
