// Package docs holds those pages of the documentation that the program shows, too, so
// that a definition stands in one place.
package docs

import _ "embed"

//go:embed metrics.md
var metrics string

// Metrics is the page that defines every number, in Markdown.
func Metrics() string { return metrics }
