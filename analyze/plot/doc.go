// Package plot draws what analyze found: distributions, the acceptance curve,
// and the tokens of single requests against time. Data goes in, a PNG and an
// SVG of each figure come out; the package knows nothing of files of traces.
//
// Start with CDF, Acceptance and Timelines: each is data that becomes a Figure.
package plot
