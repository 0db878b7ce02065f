// Package plot draws what analyze found: distributions, the acceptance curve,
// and the tokens of single requests against time. Data goes in, a figure comes out, as PNG,
// SVG or PDF, light or dark, for a slide or for a column of a paper; the package knows
// nothing of files of traces.
//
// Start with Style and Data: each type that implements Data is a way of drawing, and look
// is what all of them are drawn with. A new one is a file: it makes plots (look.newPlot),
// colours them by the number of the series (look.curve), and puts them below a title
// and a key (Figure, look.key, look.panels).
package plot
