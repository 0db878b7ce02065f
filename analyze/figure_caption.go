package analyze

import (
	"fmt"
	"path/filepath"
	"strings"
)

// caption is the line below a title: which files, how many of what, how they were counted,
// which rows, and what was trimmed.
func (r *Result) caption(parts ...string) string {
	all := append([]string{r.name()}, parts...)
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
