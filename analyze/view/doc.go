// Package view serves the page of package report over the files themselves: `metron view`.
// The page is the same; what it can only estimate in a file it asks here (Question), and
// each question is an analysis of its own (answers.go), whose numbers are exact.
//
// Only this machine can ask (guard.go), and a request names numbers, never a file: what is
// read was named on the command line. Start with Server.
package view
