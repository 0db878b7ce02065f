package search

import "metron/analyze"

// Asking is c with what Judge needs asked of the analysis of a run: its SLOs, second by
// second.
func Asking(c analyze.Config) analyze.Config {
	c.Sections = []string{"slo"}
	c.By = []string{"second"}
	return c
}

// Judge is what an analysis that was asked so says of SLO i of its configuration. The
// caller adds Rate, Seconds and Aborted.
func Judge(r *analyze.Result, i int) Run { panic("not yet") }
